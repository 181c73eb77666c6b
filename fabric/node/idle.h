/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an lcore does with a turn that found nothing.
 *
 * `auto` spins while it has its CPU for itself and gives it up when it must share it. Nobody can
 * say beforehand who else runs on a CPU, so it is observed: an idle turn takes less than a
 * microsecond, and one that took GAP_NS was interrupted by another thread. From then on the lcore
 * yields, and goes back to spinning when for SHARED_NS nobody else has run. Yielding costs a system
 * call a turn; not yielding on a shared CPU costs the others a scheduler slice of milliseconds.
 *
 * A yield is answered within microseconds by other lcores that yield too. Beside a thread that
 * never gives up the CPU it is a bad bargain: since Linux 6.18 each yield forfeits what was left of
 * a slice of milliseconds, and lcores of one process stood still for seconds while compilers ran. A
 * yield that took CROWDED_NS met such a thread, and for CROWD_NS the lcore sleeps NAP_NS instead,
 * which the scheduler does not count against it (decisions/0004). *
 * In between, each yield that let nobody run doubles the idle turns before the next one, up to
 * PATIENCE_MAX (a few microseconds), and one that did makes it immediate again: who shares with
 * threads that mostly sleep does not pay a system call for each idle turn.
 *
 * Neither happens right after work: for BEFORE_YIELD_NS, and BEFORE_NAP_NS, an lcore looks again at
 * once, so that an answer from another CPU finds it awake. Somebody who waits for this CPU waits so
 * much longer, which is little beside what the scheduler gives a thread at once.
 */
#ifndef FAB_NODE_IDLE_H
#define FAB_NODE_IDLE_H

#include <stdbool.h>
#include <stdint.h>

#include <mycelium/node.h>

#define FAB_IDLE_GAP_NS       100000ULL     /* an idle turn this long was interrupted */
#define FAB_IDLE_HANDED_NS    3000ULL       /* a yield this long has let another thread run */
#define FAB_IDLE_SHARED_NS    1000000000ULL /* without sharing, for this long: spin again */
#define FAB_IDLE_CROWDED_NS   1000000ULL    /* a yield this long met a thread that never yields */
#define FAB_IDLE_CROWD_NS     1000000000ULL /* sleep instead of yielding, for this long */
#define FAB_IDLE_NAP_NS       20000L
#define FAB_IDLE_PATIENCE_MAX 64U /* idle turns in a row before a yield */

/* After the last work: how long an lcore looks again at once before it gives up its CPU. */
#define FAB_IDLE_BEFORE_YIELD_NS 2000ULL
#define FAB_IDLE_BEFORE_NAP_NS   20000ULL

#define FAB_IDLE_SLEEP_TURNS 1000U
#define FAB_IDLE_SLEEP_NS    50000L

struct fab_idle {
    enum myc_idle policy;
    bool is_sharing;         /* policy AUTO: others run on this CPU */
    bool was_idle;           /* the turn before found nothing */
    bool has_yielded;        /* the turn before ended with a yield */
    bool has_napped;         /* policy AUTO: it ended with a nap */
    bool is_crowded;         /* policy AUTO: one of them never gives up the CPU */
    uint32_t idle_turns;     /* in a row, saturating; AUTO: since the last yield */
    uint32_t patience;       /* AUTO: idle turns before a yield */
    uint64_t turn_ns;        /* when the turn before began */
    uint64_t work_ns;        /* when the last turn began that found something */
    uint64_t shared_seen_ns; /* when sharing was last seen */
    uint64_t crowd_seen_ns;  /* when a yield met such a thread */
    uint64_t shared_count;   /* times that spinning gave way to yielding: for display */
};

void fab_idle_init(struct fab_idle *idle, enum myc_idle policy);

/* At the end of a turn that began at now_ns and did `work`. Context: the lcore that owns it. */
void fab_idle_turn(struct fab_idle *idle, uint64_t now_ns, unsigned work);

#endif
