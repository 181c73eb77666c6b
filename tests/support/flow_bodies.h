/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Large bodies for the driver of flows: a heap in place of the core's, which spoils what it has got
 * back. So a frame that still refers to a body that has come home carries other bytes than it was
 * made for, and whoever looks at it sees that.
 */
#ifndef TESTS_SUPPORT_FLOW_BODIES_H
#define TESTS_SUPPORT_FLOW_BODIES_H

#include <stdbool.h>
#include <stdint.h>

#include "link/link.h"

#define FLOW_BODIES      64U   /* each way */
#define FLOW_BODIES_PAGE 8192U /* the heap is of such: larger than what the kernel may move */

struct flow_bodies {
    uint8_t *heap;    /* owned: those to lend, then those that come; NULL: there are none */
    uint32_t size;    /* bytes of a body */
    uint32_t stride;  /* bytes from one to the next */
    size_t heap_size; /* bytes, a multiple of FLOW_BODIES_PAGE, as its address is */
    bool is_lent[FLOW_BODIES];
    bool is_kept[FLOW_BODIES]; /* the loan is over, and the port has frames */
    bool is_borrowed[FLOW_BODIES];
    uint64_t kept; /* bodies that were */
};

/* Exits without memory. */
void flow_bodies_init(struct flow_bodies *bodies, uint32_t size);
void flow_bodies_fini(struct flow_bodies *bodies);

/* One to be written and lent; FLOW_BODIES: there is none. */
uint32_t flow_bodies_take(struct flow_bodies *bodies);

/* It was not lent after all, or its loan is over. */
void flow_bodies_give(struct flow_bodies *bodies, uint32_t index);

/* The loans of a link that goes down are over. */
void flow_bodies_break(struct flow_bodies *bodies);

static inline uint8_t *
flow_bodies_lent(const struct flow_bodies *bodies, uint32_t index)
{
    return bodies->heap + (size_t)index * bodies->stride;
}

static inline uint8_t *
flow_bodies_borrowed(const struct flow_bodies *bodies, uint64_t name)
{
    return bodies->heap + (FLOW_BODIES + name) * bodies->stride;
}

/* The word of a record that lends it. */
uint64_t flow_bodies_word(const struct flow_bodies *bodies, uint32_t index);

/* What a sink does: names of bodies to come and of those kept are told apart by their size. */
bool flow_bodies_want(struct flow_bodies *bodies, uint32_t size, uint8_t **bytes, uint64_t *name);
void flow_bodies_drop(struct flow_bodies *bodies, uint64_t name);
uint64_t flow_bodies_keep(struct flow_bodies *bodies, uint64_t loan);

/* Whether all are home. */
bool flow_bodies_are_home(const struct flow_bodies *bodies);

#endif
