/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An actor whose first life faults, where and how it is told, and its parent, which notes why it
 * ended and runs it again: for the tests of the fault guard.
 */
#ifndef TESTS_INTEGRATION_NODE_GUARD_ACTORS_H
#define TESTS_INTEGRATION_NODE_GUARD_ACTORS_H

#include <stdatomic.h>

#include <mycelium/class.h>

enum guard_fault {
    GUARD_NONE,
    GUARD_READ,   /* through a null pointer */
    GUARD_DIVIDE, /* by zero */
    GUARD_LIBC,   /* within the C library, which the handler called */
    GUARD_STACK,  /* the stack used up */
    GUARD_INIT,   /* in its init */
    GUARD_POLLER,
    GUARD_STOP,
    GUARD_CLAIM,   /* between claim and commit */
    GUARD_SEND,    /* within myc_send: a body that cannot be read */
    GUARD_MONITOR, /* within a function of the fabric that sets what it is given */
    GUARD_SENT,    /* not a fault of its own: somebody sends the signal to the lcore */
};

/* What faults on purpose is no finding. */
#define GUARD_FAULTS __attribute__((no_sanitize("address", "undefined")))

struct guard_notes {
    _Atomic enum guard_fault wanted; /* of the first life */
    _Atomic unsigned lives;
    _Atomic unsigned stops;
    _Atomic unsigned exits;
    _Atomic int last_reason; /* as the parent heard it */
};

extern struct guard_notes guard_notes;
extern char *volatile guard_nowhere; /* null, and the compiler does not know */

extern const struct myc_class guard_faulty_class;
extern const struct myc_class guard_parent_class; /* spawns one, and runs it again */

/* From now on the next one faults so; nothing has been noted. */
void guard_want(enum guard_fault fault);

#endif
