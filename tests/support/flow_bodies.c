/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/flow_bodies.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/heap.h"
#include "wire/message.h"

#define SPOILED 0xee

void
flow_bodies_init(struct flow_bodies *bodies, uint32_t size)
{
    *bodies = (struct flow_bodies){ .size = size };
    bodies->stride = (size + FAB_HEAP_UNIT - 1) / FAB_HEAP_UNIT * FAB_HEAP_UNIT;
    bodies->heap_size = (2 * FLOW_BODIES * (size_t)bodies->stride + FLOW_BODIES_PAGE - 1) /
                        FLOW_BODIES_PAGE * FLOW_BODIES_PAGE;
    bodies->heap = aligned_alloc(FLOW_BODIES_PAGE, bodies->heap_size);
    FAB_ASSERT(bodies->heap != NULL);
}

void
flow_bodies_fini(struct flow_bodies *bodies)
{
    free(bodies->heap);
    bodies->heap = NULL;
}

uint32_t
flow_bodies_take(struct flow_bodies *bodies)
{
    uint32_t index = 0;

    while (index < FLOW_BODIES && (bodies->is_lent[index] || bodies->is_kept[index]))
        index++;
    if (index < FLOW_BODIES)
        bodies->is_lent[index] = true;
    return index;
}

static void
spoil(const struct flow_bodies *bodies, uint32_t index)
{
    memset(flow_bodies_lent(bodies, index), SPOILED, bodies->size);
}

void
flow_bodies_give(struct flow_bodies *bodies, uint32_t index)
{
    FAB_ASSERT(index < FLOW_BODIES && bodies->is_lent[index] && !bodies->is_kept[index]);
    bodies->is_lent[index] = false;
    spoil(bodies, index);
}

void
flow_bodies_break(struct flow_bodies *bodies)
{
    for (uint32_t i = 0; i < FLOW_BODIES; i++) {
        if (bodies->is_lent[i] && !bodies->is_kept[i])
            spoil(bodies, i);
        bodies->is_lent[i] = false;
    }
}

uint64_t
flow_bodies_word(const struct flow_bodies *bodies, uint32_t index)
{
    return fab_msg_lent_word(index * (bodies->stride / FAB_HEAP_UNIT), index);
}

bool
flow_bodies_want(struct flow_bodies *bodies, uint32_t size, uint8_t **bytes, uint64_t *name)
{
    for (uint32_t i = 0; i < FLOW_BODIES; i++) {
        if (bodies->is_borrowed[i])
            continue;
        FAB_ASSERT(size <= bodies->size);
        bodies->is_borrowed[i] = true;
        *bytes = flow_bodies_borrowed(bodies, i);
        *name = i;
        return true;
    }
    return false;
}

void
flow_bodies_drop(struct flow_bodies *bodies, uint64_t name)
{
    FAB_ASSERT(name < 2 * FLOW_BODIES);
    if (name < FLOW_BODIES) {
        FAB_ASSERT(bodies->is_borrowed[name]);
        bodies->is_borrowed[name] = false;
        return;
    }
    FAB_ASSERT(bodies->is_kept[name - FLOW_BODIES]);
    bodies->is_kept[name - FLOW_BODIES] = false;
    spoil(bodies, (uint32_t)name - FLOW_BODIES);
}

uint64_t
flow_bodies_keep(struct flow_bodies *bodies, uint64_t loan)
{
    FAB_ASSERT(loan < FLOW_BODIES && bodies->is_lent[loan] && !bodies->is_kept[loan]);
    bodies->is_kept[loan] = true;
    bodies->kept++;
    return FLOW_BODIES + loan;
}

bool
flow_bodies_are_home(const struct flow_bodies *bodies)
{
    for (uint32_t i = 0; i < FLOW_BODIES; i++)
        if (bodies->is_lent[i] || bodies->is_kept[i] || bodies->is_borrowed[i])
            return false;
    return true;
}
