/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who may send large bodies to this lcore now: one budget for all flows of an end.
 *
 * Bytes that were granted and have not come yet are *outstanding*. All flows together may have so
 * many outstanding as the port's buffers take at once, so that a hundred senders that begin at the
 * same moment do not overrun them. When the budget is used up, flows take a seat in the queue and
 * are called in turn; each gets one quantum and goes to the end, so all get on alike.
 *
 * The carrier calls: while fab_granter_call gives a context, fab_flow_grant of that flow.
 */
#ifndef FAB_PROTO_GRANTER_H
#define FAB_PROTO_GRANTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAB_GRANT_BUDGET_DEFAULT (1024U * 1024U) /* bytes outstanding, all flows together */
#define FAB_GRANT_WINDOW_DEFAULT (256U * 1024U)  /* bytes outstanding of one message */
#define FAB_GRANT_QUANTUM        (16U * 1024U)   /* bytes of one turn while others wait */

/* A flow's place in the queue. */
struct fab_grant_seat {
    struct fab_grant_seat *next;
    void *context; /* of the flow's owner */
    bool is_taken;
};

struct fab_granter {
    uint64_t outstanding; /* bytes */
    uint64_t limit;       /* bytes */
    struct fab_grant_seat *first;
    struct fab_grant_seat *last;
};

static inline void
fab_granter_init(struct fab_granter *granter, uint64_t limit)
{
    *granter = (struct fab_granter){ .limit = limit };
}

/* Bytes that may be granted now; less than a quantum is nothing, so that grants do not come in
 * crumbs. */
static inline uint64_t
fab_granter_room(const struct fab_granter *granter)
{
    return granter->outstanding + FAB_GRANT_QUANTUM <= granter->limit
               ? granter->limit - granter->outstanding
               : 0;
}

/* Waits at the end of the queue; no effect for one that waits already. */
static inline void
fab_granter_wait(struct fab_granter *granter, struct fab_grant_seat *seat)
{
    if (seat->is_taken)
        return;
    seat->is_taken = true;
    seat->next = NULL;
    if (granter->first)
        granter->last->next = seat;
    else
        granter->first = seat;
    granter->last = seat;
}

/* Leaves the queue, wherever in it. */
static inline void
fab_granter_leave(struct fab_granter *granter, struct fab_grant_seat *seat)
{
    struct fab_grant_seat *before = NULL;
    struct fab_grant_seat *at = granter->first;

    if (!seat->is_taken)
        return;
    while (at != seat) {
        before = at;
        at = at->next;
    }
    if (before)
        before->next = seat->next;
    else
        granter->first = seat->next;
    if (granter->last == seat)
        granter->last = before;
    seat->is_taken = false;
}

/* Calls the first of the queue, which gives up its seat; NULL: nobody waits, or for nothing. */
static inline void *
fab_granter_call(struct fab_granter *granter)
{
    struct fab_grant_seat *seat = granter->first;

    if (!seat || fab_granter_room(granter) == 0)
        return NULL;
    fab_granter_leave(granter, seat);
    return seat->context;
}

#endif
