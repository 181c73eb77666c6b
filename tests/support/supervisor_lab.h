/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A supervisor in virtual time, with children that do as they are told, on the core of the one that
 * speaks with it or, as SUPERVISOR_LEVEL in the environment says (local, ring, segment, flow,
 * lossy), on another one. `flow` is a real flow; `lossy` one of whose frames the wire loses,
 * doubles and shuffles one in ten. So each case is one case at every level.
 *
 * A child is a class of its own for each letter 'a' to 'h'; what its init answers and how it ends
 * is set from outside. The trace says what happened in what order: "+a" a started, "-a" its stop
 * function ran.
 */
#ifndef TESTS_SUPPORT_SUPERVISOR_LAB_H
#define TESTS_SUPPORT_SUPERVISOR_LAB_H

#include "support/cmocka.h"
#include "support/core_lab.h"
#include "support/probe_parts.h"

#include <mycelium/supervisor.h>

#define KIDS_MAX 8U
#define MS       1000000ULL
#define S        1000000000ULL

struct kid {
    struct myc_ref ref;          /* of its last start */
    enum myc_status init_answer; /* OK at first */
    unsigned failures_left;      /* inits that answer `init_answer`; UINT_MAX: all */
    unsigned starts;
    unsigned handled; /* messages */
    bool is_deaf;     /* handles its stop itself, and never ends */
};

struct supervisor_lab {
    struct lab lab;
    struct fab_core *there; /* the core of the supervisor */
    struct probe boss;      /* watches the supervisor, asks it and its children */
    struct myc_ref ref;     /* the supervisor */
    enum myc_status began;  /* what its spawn answered */
    struct kid kids[KIDS_MAX];
    char trace[512];
    struct myc_child_spec specs[KIDS_MAX];
    struct myc_supervisor_spec spec;
    struct myc_child_reply reply; /* the last answers */
    struct myc_child_counts counts;
    struct myc_child_list list;
    enum myc_child_stage stages[64];
    struct myc_ref refs[64];
    char listed[64];
    unsigned reply_count;
    enum myc_status failure; /* of the last ask that failed; OK: none */
};

extern struct supervisor_lab sup;
extern const struct myc_class *const kid_classes[KIDS_MAX];
extern const struct myc_class deaf_class;

/* Everything fresh; specs for children a, b, c, ... permanent, FRESH_REF if asked. */
void sup_begin(unsigned count, enum myc_supervisor_strategy strategy, uint32_t flags);
void sup_end(void);

/* Spawns the supervisor of sup.spec. */
void sup_start(void);

/* Actors that live beside the boss. */
unsigned sup_actors(void);

/* As lab_advance, but from deadline to deadline: hours are cheap. */
void sup_advance(uint64_t ns);

/* Makes a child end: FAILED and others as failure; NORMAL and SHUTDOWN by its own stop; KILLED. */
void kid_end(char id, enum myc_status reason);

struct kid *kid(char id);
/* Lets the next inits of a child answer so; UINT_MAX: all. */
void kid_fail_inits(char id, enum myc_status status, unsigned count);
bool kid_is_alive(char id);
bool sup_is_alive(void);

/* Requests; the answer is in sup.reply, sup.counts or sup.list after the lab has settled. */
void sup_start_child(char id, enum myc_restart_policy restart, uint32_t flags);
void sup_terminate(char id);
void sup_terminate_ref(struct myc_ref ref);
void sup_restart(char id);
void sup_delete(char id);
void sup_count(void);
void sup_which(void);
/* Asks the supervisor to stop. */
void sup_stop(void);

/* Checks CountChildren's answer. */
void assert_counts(unsigned specs, unsigned active, unsigned supervisors, unsigned workers);
/* Compares the trace and empties it. */
void assert_trace(const char *expected);

#endif
