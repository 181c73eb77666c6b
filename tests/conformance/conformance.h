/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The conformance suite: what every locality promises (design section 5), as one list of cases run
 * over each.
 *
 * A case knows two places, A and B. How they are joined is the fixture's: one node's lcores (ring),
 * two nodes of a host (segment), two nodes and a wire (flow), or two cores in memory and virtual
 * time. Nothing is shared between the places but messages, so B may be in another process:
 *
 *  - Actors are spawned by the name of their class (actors.c, linked into whatever hosts a place)
 *    with a struct conf_plan as arguments.
 *  - What they see, they report to a collector at A, which writes it into a struct conf_log. A is
 *    always in the test's own process.
 *
 * A program for one locality defines conf_setup and conf_teardown, which make and unmake a fixture
 * (or take up and clear one that stays), and runs conf_cases. Times are generous bounds, never
 * measured. What is not possible over a locality is zero in its fixture, and the cases that need it
 * skip.
 */
#ifndef TESTS_CONFORMANCE_CONFORMANCE_H
#define TESTS_CONFORMANCE_CONFORMANCE_H

#include "support/cmocka.h"

#include <stdatomic.h>
#include <stdbool.h>

#include <mycelium/actor.h>
#include <mycelium/messages.h>
#include <mycelium/name.h>

#include "conformance_messages.h"

#define CONF_LOG_MAX    4096U
#define CONF_TIMEOUT_NS 30000000000ULL /* what takes longer has failed */

/* Of a teller whose mailbox conflates: numbers below CONF_KEYED have CONF_KEYS keys. */
#define CONF_KEYS  3U
#define CONF_KEYED 30U

enum conf_place {
    CONF_A = 0,
    CONF_B = 1,
};

/* What the collector has been told. Its actor writes, in whatever thread it runs; the test reads
 * what is below `count`. */
struct conf_log {
    _Atomic uint32_t count;
    struct conf_report reports[CONF_LOG_MAX];
};

/* How the places are joined. The functions are called on the test's thread. */
struct conf_fixture {
    const char *locality;
    /* Spawns an actor of the class with that name. As myc_node_spawn. */
    enum myc_status (*spawn)(struct conf_fixture *fixture, enum conf_place place,
                             const char *class_name, const struct myc_spawn_options *options,
                             struct myc_ref *ref);
    /* Lets the places run until is_done answers true or the time is over. Returns is_done's last
     * answer. */
    bool (*run_until)(struct conf_fixture *fixture, bool (*is_done)(void *context), void *context,
                      uint64_t timeout_ns);
    /* Ends B's node as a crash would; A goes on. Over one node, A ends with it. */
    void (*crash_b)(struct conf_fixture *fixture);
    /* Stops B's node in order, and waits for its end; A goes on. NULL: there is no other node. */
    void (*stop_b)(struct conf_fixture *fixture);
    /* Starts again what crash_b or stop_b ended. It need not be linked yet when the call returns.
     */
    void (*start_b)(struct conf_fixture *fixture);
    bool is_renumbered; /* B, started again, has another node id */
    bool is_one_node;   /* A and B are lcores of one node */
    bool can_export;    /* start_b obeys `exported` */
    /* Set by a case: the only name of B's, started next, that A may address; NULL: everybody. */
    const char *exported;
    uint64_t many;         /* messages in the case of many; 0: the case is not run here */
    uint64_t crossfire_ns; /* how long two saturate each other with asks */
    struct conf_log log;
    struct myc_ref collector; /* set by each case */
};

/* Arguments of every class but the collector's; what a class does not need is zero. */
struct conf_plan {
    struct myc_ref collector;
    struct myc_ref peer;
    uint64_t count;
    uint64_t option;
    uint64_t ttl_ns;   /* of a source's first number; 0: none */
    uint32_t source;   /* comes back in reports */
    uint32_t margin;   /* of what a source sends */
    uint32_t overflow; /* enum myc_overflow: of the mailbox of a keeper's child */
    bool is_told;      /* a keeper's child tells each number instead of counting them */
    char name[MYC_NAME_SIZE_MAX + 1];
};

/* The class of that name; NULL: none. */
const struct myc_class *conf_class_lookup(const char *name);

/* By the program of one locality: *state is a struct conf_fixture, in which all but log and
 * collector is set. */
int conf_setup(void **state);
int conf_teardown(void **state);

extern const struct CMUnitTest conf_cases[];
extern const size_t conf_case_count;

#endif
