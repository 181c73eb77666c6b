/* SPDX-License-Identifier: BSD-3-Clause */
#include "actor/wait_cycle.h"

#include "actor/event.h"
#include "actor/owed.h"
#include "actor/parts.h"
#include "actor/request.h"
#include "actor/system.h"
#include "wire/system.h"

#include <mycelium/messages.h>

#define WAIT_HOPS_MAX 16U
#define BRANCHES_MAX  4U /* asks of one actor that are followed, the newest */

static void follow(struct fab_core *core, const struct fab_system_wait_probe *probe);

static bool
is_ref(const struct fab_core *core, const struct fab_slot *slot, uint64_t home, uint64_t actor)
{
    return home == core->home && actor == fab_slot_actor(core, slot);
}

/* Notes that the probe is passed on by the slot. False: it was before. */
static bool
note_seen(struct fab_core *core, const struct fab_system_wait_probe *probe, uint32_t slot)
{
    uint64_t h =
        (probe->origin_actor ^ (uint64_t)probe->number << 20 ^ slot) * 0x9e3779b97f4a7c15ULL;
    struct fab_wait_seen *seen = &core->wait_cycles.seen[h >> 32 & (FAB_WAIT_SEEN_MAX - 1)];

    if (seen->origin == probe->origin_actor && seen->number == probe->number && seen->slot == slot)
        return false;
    *seen = (struct fab_wait_seen){ probe->origin_actor, probe->number, slot };
    return true;
}

/* To whoever was asked. */
static void
send_probe(struct fab_core *core, const struct fab_system_wait_probe *probe, struct myc_ref to)
{
    const struct fab_system_record record = { FAB_SYSTEM_WAIT_PROBE, to.actor, probe,
                                              sizeof(*probe) };
    struct fab_link *link;

    if (fab_route(core, to, &link) != MYC_OK)
        return;
    if (link)
        (void)fab_system_send(core, link, &record);
    else
        follow(core, probe);
}

/* The slot waits for whom it has asked. */
static void
pass_on(struct fab_core *core, const struct fab_slot *slot, struct fab_system_wait_probe probe)
{
    uint32_t index = fab_slot_cold(core, slot)->first_ask;

    probe.asker_home = core->home;
    probe.asker_actor = fab_slot_actor(core, slot);
    probe.hops++;
    for (unsigned i = 0; i < BRANCHES_MAX && index != FAB_SLOT_NONE; i++) {
        struct myc_ref to;

        index = fab_asks_read(core, index, &to, &probe.ask);
        probe.target = to.actor;
        send_probe(core, &probe, to);
    }
}

static void
report(struct fab_core *core, const struct fab_slot *slot,
       const struct fab_system_wait_probe *probe)
{
    const struct myc_wait_cycle value = {
        .actor = fab_slot_ref(core, slot),
        .asker = { probe->asker_home, probe->asker_actor },
        .length = probe->hops,
    };
    uint8_t body[MYC_WAIT_CYCLE_SIZE];
    const struct fab_event event = { .type = &myc_wait_cycle_type,
                                     .body = body,
                                     .size = sizeof(body) };

    core->counters.wait_cycles++;
    myc_wait_cycle_encode(&value, body);
    (void)fab_letter_say(core, &event);
}

/* Whoever was asked holds the request: the probe is back, or goes on. */
static void
follow(struct fab_core *core, const struct fab_system_wait_probe *probe)
{
    const struct fab_slot *slot = fab_slot_lookup(core, probe->target);
    const struct myc_request request = { { probe->asker_home, probe->asker_actor }, probe->ask };
    uint32_t index = slot ? fab_owed_lookup(core->requests, request) : FAB_OWED_NONE;

    if (index == FAB_OWED_NONE || core->requests->owed[index].slot != fab_slot_index(core, slot))
        return;
    if (is_ref(core, slot, probe->origin_home, probe->origin_actor))
        report(core, slot, probe);
    else if (probe->hops < WAIT_HOPS_MAX && note_seen(core, probe, fab_slot_index(core, slot)))
        pass_on(core, slot, *probe);
}

void
fab_wait_cycle_look(struct fab_core *core, struct fab_slot *slot)
{
    if (core->requests->first[fab_slot_index(core, slot)] == FAB_OWED_NONE)
        return;
    pass_on(core, slot,
            (struct fab_system_wait_probe){
                .origin_home = core->home,
                .origin_actor = fab_slot_actor(core, slot),
                .number = ++core->wait_cycles.number,
            });
}

bool
fab_wait_cycle_receive(struct fab_core *core, const void *body, uint32_t size)
{
    struct fab_system_wait_probe probe;

    if (size != sizeof(probe))
        return false;
    memcpy(&probe, body, sizeof(probe));
    if (probe.hops == 0 || probe.hops > WAIT_HOPS_MAX)
        return false;
    follow(core, &probe);
    return true;
}
