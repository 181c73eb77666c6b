/* SPDX-License-Identifier: BSD-3-Clause */
/* What the cases of the suite are made of: spawning actors, waiting for what they report. */
#ifndef TESTS_CONFORMANCE_STEPS_H
#define TESTS_CONFORMANCE_STEPS_H

#include "conformance/conformance.h"

#define MS 1000000ULL

/* Which reports a case waits for. */
struct want {
    const struct conf_log *log;
    enum conf_what what;
    uint32_t count;     /* at least so many */
    struct myc_ref ref; /* about that actor; null: any */
};

/* Reports so far. */
uint32_t conf_log_count(const struct conf_log *log);

/* Reports of that kind so far. */
uint32_t conf_count_of(const struct conf_log *log, enum conf_what what);

/* The last report of that kind; NULL: none. */
const struct conf_report *conf_last_of(const struct conf_log *log, enum conf_what what);

/* The first report of that kind about that actor; NULL: none. */
const struct conf_report *conf_report_of(const struct conf_log *log, enum conf_what what,
                                         struct myc_ref ref);

/* How often sources have been refused: at once, or by what came back. */
uint32_t conf_refusals(const struct conf_log *log);

/* Waits until they have been refused more often than `before`, or fails. */
void conf_await_refusal(struct conf_fixture *fixture, uint32_t before);

/* Waits for so many reports of that kind, or fails. */
void conf_await_within(struct conf_fixture *fixture, enum conf_what what, uint32_t count,
                       uint64_t timeout_ns);

void conf_await(struct conf_fixture *fixture, enum conf_what what, uint32_t count);

/* Waits for so many reports of that kind about that actor, or fails. */
void conf_await_of(struct conf_fixture *fixture, enum conf_what what, struct myc_ref ref,
                   uint32_t count);

/* A new collector: the others went with a node. */
void conf_spawn_collector(struct conf_fixture *fixture);

/* Spawns an actor of the suite that reports to the collector. */
struct myc_ref conf_spawn_with(struct conf_fixture *fixture, enum conf_place place,
                               const char *class_name, struct conf_plan plan,
                               struct myc_spawn_options options);

/* As conf_spawn_with, where the spawn may fail. */
enum myc_status conf_try_spawn(struct conf_fixture *fixture, enum conf_place place,
                               const char *class_name, struct conf_plan plan,
                               struct myc_spawn_options options);

struct myc_ref conf_spawn(struct conf_fixture *fixture, enum conf_place place,
                          const char *class_name, struct conf_plan plan);

/* An ask and its answer go over whatever joins the places, from either side; waits until they are
 * joined. */
void conf_cross(struct conf_fixture *fixture);

/* Lets what is still on its way arrive. */
void conf_linger(struct conf_fixture *fixture);

/* Lets that time pass. */
void conf_pass(struct conf_fixture *fixture, uint64_t ns);

/* The start of a case: an empty log, a collector, places that are joined. */
struct conf_fixture *conf_begin(void **state);

/* Ends a case that has no sense over this locality, and says why. */
void conf_skip(const char *why);

/* B's node ends without a word, and comes again. */
void conf_restart_b(struct conf_fixture *fixture);

#endif
