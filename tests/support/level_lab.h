/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One case at each level: a sender `a`, a receiver on its own core or behind a ring, a segment or
 * a flow, and `c` beside the receiver.
 *
 * A message that comes over a link goes straight to a handler with nothing waiting. So that it has
 * to wait, `c` sends the receiver one first (level_hold), and level_arrive lets the receiver's core
 * take what comes without running anybody.
 */
#ifndef TESTS_SUPPORT_LEVEL_LAB_H
#define TESTS_SUPPORT_LEVEL_LAB_H

#include "support/cmocka.h"
#include "support/core_lab.h"
#include "support/probe_parts.h"

#include <mycelium/messages.h>

#define LEVEL_LOCAL ((enum fab_level)0)
#define LEVEL_HOLD  999999U /* value and tag of what c sends */
#define LEVEL_FIRST LEVEL_LOCAL
#define LEVEL_LAST  FAB_LEVEL_FLOW
#define LEVEL_LINKS 256U

struct level_lab {
    struct lab lab;
    struct probe a, c;
    struct fab_core *there; /* where receivers are spawned */
    unsigned there_index;
    enum fab_level level;
};

static inline void
level_begin(struct level_lab *own, enum fab_level level)
{
    memset(own, 0, sizeof(*own));
    own->level = level;
    lab_init_pair(&own->lab, level == LEVEL_LOCAL ? FAB_LEVEL_RING : level, LEVEL_LINKS);
    own->there_index = level == LEVEL_LOCAL ? 0 : 1;
    own->there = own->lab.cores[own->there_index];
    assert_int_equal(probe_spawn(&own->a, own->lab.cores[0], NULL), MYC_OK);
    assert_int_equal(probe_spawn(&own->c, own->there, NULL), MYC_OK);
}

static inline void
level_end(struct level_lab *own)
{
    lab_fini(&own->lab);
}

/* Gives the receiver something to do, so that what comes has to wait. */
static inline void
level_hold(struct level_lab *own, struct myc_ref to)
{
    assert_int_equal(probe_send(&own->c, to, LEVEL_HOLD), MYC_OK);
}

/* What was sent arrives, and waits; nobody there runs. */
static inline void
level_arrive(struct level_lab *own)
{
    own->lab.now_ns += LAB_TURN_NS;
    if (own->there_index == 0)
        return;
    (void)lab_turn_core(&own->lab, 0);
    fab_core_turn_begin(own->there, own->lab.now_ns);
    (void)fab_core_poll(own->there, LEVEL_LINKS);
    fab_core_flush(own->there, own->lab.now_ns);
    (void)lab_turn_core(&own->lab, 0); /* notices */
}

static inline const struct fab_core_counters *
level_counters(const struct level_lab *own)
{
    return lab_counters(&own->lab, own->there_index);
}

/* The sender was told FULL, at once or by a notice. */
static inline bool
level_was_told_full(const struct level_lab *own, enum myc_status status)
{
    const struct probe_note *note = probe_last(&own->a, MYC_UNDELIVERED_KEY);

    return status == MYC_FULL || (status == MYC_OK && note && note->status == MYC_FULL);
}

static inline void
level_each_from(enum fab_level first, struct level_lab *own, void (*run)(struct level_lab *own))
{
    for (unsigned level = first; level <= LEVEL_LAST; level++) {
        level_begin(own, (enum fab_level)level);
        run(own);
        level_end(own);
    }
}

/* Runs a case at every level. */
static inline void
level_each(struct level_lab *own, void (*run)(struct level_lab *own))
{
    level_each_from(LEVEL_FIRST, own, run);
}

/* Runs a case at each level whose links can break. */
static inline void
level_each_apart(struct level_lab *own, void (*run)(struct level_lab *own))
{
    level_each_from(FAB_LEVEL_SEGMENT, own, run);
}

#endif
