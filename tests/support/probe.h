/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A probe: an actor that notes what it is given, and in whose name a test acts.
 *
 *      probe_spawn(&p, lab.cores[0], NULL);
 *      PROBE_AS(&p) { assert_int_equal(probe_send(self, q.ref, 7), MYC_OK); }
 *
 * is not possible in C, so a test acts through small functions here: each runs as a handler of the
 * probe's actor (fab_core_frame does that).
 */
#ifndef TESTS_SUPPORT_PROBE_H
#define TESTS_SUPPORT_PROBE_H

#include "actor/core.h"

#define PROBE_NOTES_MAX 4096U

/* A note about one message or event. */
struct probe_note {
    enum myc_kind kind;
    uint32_t key;
    uint64_t tag;
    uint64_t value;         /* of a number: its value */
    enum myc_status status; /* of an event that has one */
    struct myc_ref ref;     /* of an event that has one; else the sender */
    uint64_t origin;
};

struct probe {
    struct fab_core *core;
    struct myc_ref ref;
    struct probe_note notes[PROBE_NOTES_MAX];
    unsigned count;
    bool is_silent; /* counts and acts, but notes nothing */
    unsigned init_count;
    unsigned stop_count;
    enum myc_status stop_reason;
    enum myc_status answer;      /* of receive, to the next message only; OK at first */
    enum myc_status init_answer; /* of init */
    /* NULL, or what to do with a message beyond noting it. */
    void (*on_message)(struct myc_self *self, struct probe *probe,
                       const struct myc_message *message);
};

/* Two types: a probe accepts numbers, and strangers only when it is of the open class. */
extern const struct myc_type probe_number_type;
extern const struct myc_type probe_stranger_type;
extern const struct myc_class probe_class;
extern const struct myc_class probe_open_class;

/* Spawns one on a core; `probe` must be zeroed or hold what init needs. */
enum myc_status probe_spawn(struct probe *probe, struct fab_core *core,
                            const struct myc_spawn_options *options);

/* As a child of another probe's actor. */
enum myc_status probe_spawn_child(struct probe *probe, struct probe *parent,
                                  const struct myc_spawn_options *options);

/* Runs code in the name of the probe's actor. */
void probe_do(struct probe *probe, void (*act)(struct myc_self *self, void *context),
              void *context);

/* From inside: a number to somebody. */
enum myc_status probe_send_from(struct myc_self *self, struct myc_ref to, uint64_t value);

/* The same from outside: one act each. */
enum myc_status probe_send(struct probe *from, struct myc_ref to, uint64_t value);
enum myc_status probe_send_with(struct probe *from, struct myc_ref to, uint64_t value,
                                const struct myc_send_options *options);
enum myc_status probe_send_stranger(struct probe *from, struct myc_ref to);
enum myc_status probe_stop(struct probe *by, struct myc_ref ref, enum myc_status reason);
enum myc_status probe_kill(struct probe *by, struct myc_ref ref);
enum myc_status probe_restart(struct probe *by, struct myc_ref ref);
enum myc_status probe_release(struct probe *by, struct myc_ref ref);

/* How many notes are of this key. */
unsigned probe_count(const struct probe *probe, uint32_t key);

/* The last note of this key; NULL: none. */
const struct probe_note *probe_last(const struct probe *probe, uint32_t key);

#define PROBE_NUMBER_KEY   MYC_TYPE_KEY(900, 1)
#define PROBE_STRANGER_KEY MYC_TYPE_KEY(900, 2)

#endif
