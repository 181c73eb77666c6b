/* SPDX-License-Identifier: BSD-3-Clause */
/* Ends that stand still, because their lcore is kept from its CPU. */
#include <stdlib.h>

#include "sim/sim_parts.h"

void
sim_stand_still(struct sim *sim, uint32_t index, uint64_t ns)
{
    struct sim_end *end = &sim->ends[index];

    if (!end->is_alive || sim_is_away(sim, end))
        return;
    end->away_since_ns = sim->now_ns;
    end->away_until_ns = sim->now_ns + ns;
    sim_push_event(sim, (struct sim_event){ .at_ns = end->away_until_ns, .end = index });
}

bool
sim_is_away(struct sim *sim, struct sim_end *end)
{
    if (end->away_until_ns == 0)
        return false;
    if (sim->now_ns < end->away_until_ns)
        return true;
    fab_presence_came_back(&end->presence, sim->now_ns - end->away_since_ns, sim->now_ns);
    end->away_until_ns = 0;
    return false;
}

void
sim_keep_unread(struct sim_end *end, struct sim_event *event)
{
    if (end->unread == NULL)
        end->unread = calloc(SIM_UNREAD_MAX, sizeof(*end->unread));
    if (end->unread == NULL)
        abort();
    if (end->unread_count == SIM_UNREAD_MAX) {
        end->unread_dropped++;
        return;
    }
    end->unread[(end->unread_first + end->unread_count++) % SIM_UNREAD_MAX] = *event;
    event->memory = NULL;
}

struct sim_event
sim_take_unread(struct sim_end *end)
{
    struct sim_event event = end->unread[end->unread_first];

    end->unread_first = (end->unread_first + 1) % SIM_UNREAD_MAX;
    end->unread_count--;
    return event;
}

void
sim_drop_unread(struct sim_end *end)
{
    while (end->unread_count > 0) {
        struct sim_event event = sim_take_unread(end);

        free(event.memory);
    }
    free(end->unread);
    end->unread = NULL;
    end->away_until_ns = 0;
}
