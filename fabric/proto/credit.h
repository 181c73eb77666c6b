/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Credit: how much the other side may have outstanding, per lane, in units of FAB_CREDIT_UNIT bytes
 * of chunk.
 *
 * The receiver has a window of cells, one for each unit, in which a record that came before its
 * turn can wait; so it grants what it really has (flow_credit.c says how wide). It tells a limit,
 * the sum of all units that may ever have been sent in this epoch; a limit never sinks, and one
 * that is lost is replaced by the next. Both sides count in 64 bits from the peer's first number;
 * 32 bits travel.
 */
#ifndef FAB_PROTO_CREDIT_H
#define FAB_PROTO_CREDIT_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/frame.h"
#include "wire/lane.h"

/* What the peer lets us send. */
struct fab_credit_out {
    uint64_t sent;
    uint64_t limit;
};

/* What we let the peer send. */
struct fab_credit_in {
    uint64_t returned; /* units whose records have left the flow */
    uint64_t told;     /* the largest limit that was put into a frame */
    uint32_t window;   /* units reserved for it */
    uint32_t least;    /* of them, those that were promised for ever */
};

static inline void
fab_credit_out_init(struct fab_credit_out *credit, uint64_t first, uint32_t window)
{
    credit->sent = first;
    credit->limit = first + window;
}

/* A limit came; returns whether it is a new, larger one. */
static inline bool
fab_credit_out_on_limit(struct fab_credit_out *credit, uint32_t wire)
{
    uint64_t limit = fab_number_expand(credit->limit, wire);

    if (limit <= credit->limit)
        return false;
    credit->limit = limit;
    return true;
}

static inline uint64_t
fab_credit_out_left(const struct fab_credit_out *credit)
{
    return credit->limit - credit->sent;
}

static inline void
fab_credit_in_init(struct fab_credit_in *credit, uint64_t first, uint32_t window)
{
    credit->returned = first;
    credit->told = first + window;
    credit->window = window;
}

static inline uint64_t
fab_credit_in_limit(const struct fab_credit_in *credit)
{
    return credit->returned + credit->window;
}

/* Whether so much has come back that the peer should be told. */
static inline bool
fab_credit_in_is_due(const struct fab_credit_in *credit)
{
    return fab_credit_in_limit(credit) - credit->told >= (credit->window + 3) / 4;
}

#endif
