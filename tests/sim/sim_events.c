/* SPDX-License-Identifier: BSD-3-Clause */
/* A binary heap. */
#include <stdlib.h>

#include "sim/sim_parts.h"

static bool
is_before(const struct sim_event *a, const struct sim_event *b)
{
    return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

static void
swap(struct sim_event *a, struct sim_event *b)
{
    struct sim_event kept = *a;

    *a = *b;
    *b = kept;
}

void
sim_push_event(struct sim *sim, struct sim_event event)
{
    size_t at = sim->event_count++;

    if (sim->event_count > sim->event_capacity) {
        sim->event_capacity = sim->event_capacity * 2 + 64;
        sim->events = realloc(sim->events, sim->event_capacity * sizeof(*sim->events));
        if (sim->events == NULL)
            abort();
    }
    event.order = sim->sequence++;
    sim->events[at] = event;
    while (at > 0 && is_before(&sim->events[at], &sim->events[(at - 1) / 2])) {
        swap(&sim->events[at], &sim->events[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
}

struct sim_event
sim_pop_event(struct sim *sim)
{
    struct sim_event first = sim->events[0];
    size_t at = 0;

    sim->events[0] = sim->events[--sim->event_count];
    for (;;) {
        size_t least = at;

        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < sim->event_count; child++) {
            if (is_before(&sim->events[child], &sim->events[least]))
                least = child;
        }
        if (least == at)
            return first;
        swap(&sim->events[at], &sim->events[least]);
        at = least;
    }
}
