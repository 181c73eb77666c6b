/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Leased classes: a wrapper that looks at the clock before each function of the class it wraps.
 *
 * Until when the actor may act is the last word of its state, behind the class's own, so that the
 * state is where the class expects it. The hot path knows nothing of leases.
 */
#include "actor/run.h"

#include <mycelium/lease.h>

static const struct myc_leased_class *
leased_of(const struct fab_slot *slot)
{
    return (const void *)slot->class_of;
}

static size_t
offset_of(const struct myc_class *base)
{
    return (base->state_size + 7) & ~(size_t)7;
}

static uint64_t *
until_of(const struct fab_slot *slot)
{
    return (uint64_t *)((uint8_t *)slot->actor + offset_of(leased_of(slot)->base));
}

static bool
is_valid(const struct myc_self *self)
{
    return fab_core_clock_ns(self->core) < *until_of(self->slot);
}

static enum myc_status
leased_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    const struct myc_class *base = leased_of(self->slot)->base;
    uint64_t *until = until_of(self->slot);

    FAB_ASSERT(args_size >= sizeof(*until));
    memcpy(until, args, sizeof(*until));
    args_size -= sizeof(*until);
    if (!is_valid(self))
        return MYC_TIMEOUT;
    if (!base->init)
        return MYC_OK;
    return base->init(self, state, args_size ? (const uint8_t *)args + sizeof(*until) : NULL,
                      args_size);
}

static enum myc_status
leased_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    const struct myc_class *base = leased_of(self->slot)->base;

    if (!is_valid(self))
        return MYC_TIMEOUT;
    return base->receive ? base->receive(self, state, message) : MYC_OK;
}

static void
leased_stop(struct myc_self *self, void *state, enum myc_status reason)
{
    const struct myc_class *base = leased_of(self->slot)->base;

    if (base->stop && is_valid(self))
        base->stop(self, state, reason);
}

void
myc_leased_class_init(struct myc_leased_class *leased, const struct myc_class *base)
{
    leased->base = base;
    leased->wrapper = *base;
    leased->wrapper.state_size = offset_of(base) + sizeof(uint64_t);
    leased->wrapper.init = leased_init;
    leased->wrapper.receive = leased_receive;
    leased->wrapper.stop = leased_stop;
}

bool
myc_lease_valid(const struct myc_self *self)
{
    fab_self_core(self, __func__);
    return self->slot->class_of->receive != leased_receive || is_valid(self);
}

enum myc_status
myc_lease_set(struct myc_self *self, struct myc_ref child, uint64_t until_ns)
{
    struct fab_core *core FAB_WITHIN = fab_self_enter(self, __func__);
    struct fab_slot *slot = fab_is_here(core, child) ? fab_slot_lookup(core, child.actor) : NULL;

    if (!slot || slot->class_of->receive != leased_receive ||
        fab_slot_cold(core, slot)->parent != self->actor)
        return MYC_NOT_FOUND;
    *until_of(slot) = until_ns;
    return MYC_OK;
}
