/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stands for the parts that are not written yet: nobody has a timer, an ask, a monitor or a name.
 * Whoever writes a part takes its functions out of here; the file goes with the last of them.
 */
#include "actor/parts.h"

enum myc_status
fab_timers_create(struct fab_core *core)
{
    (void)core;
    return MYC_OK;
}

void
fab_timers_destroy(struct fab_core *core)
{
    (void)core;
}

unsigned
fab_timers_run(struct fab_core *core, unsigned budget)
{
    (void)core, (void)budget;
    return 0;
}

uint64_t
fab_timers_next_ns(const struct fab_core *core)
{
    (void)core;
    return UINT64_MAX;
}

void
fab_timers_on_end(struct fab_core *core, struct fab_slot *slot)
{
    (void)core, (void)slot;
}

bool
fab_timers_is_wanted(struct fab_core *core, struct fab_slot *slot, uint64_t source)
{
    (void)core, (void)slot, (void)source;
    return false;
}

enum myc_status
fab_asks_create(struct fab_core *core)
{
    (void)core;
    return MYC_OK;
}

void
fab_asks_destroy(struct fab_core *core)
{
    (void)core;
}

bool
fab_asks_on_reply(struct fab_core *core, struct fab_slot *slot, const struct fab_msg *msg,
                  uint64_t *tag, enum fab_cell_class *cell)
{
    (void)core, (void)slot, (void)msg, (void)tag, (void)cell;
    return false;
}

void
fab_asks_on_undelivered(struct fab_core *core, struct fab_slot *slot, uint64_t ask,
                        enum myc_status reason)
{
    (void)core, (void)slot, (void)ask, (void)reason;
}

void
fab_asks_on_request(struct fab_core *core, struct fab_slot *slot, struct myc_ref from, uint64_t ask)
{
    (void)core, (void)slot, (void)from, (void)ask;
}

void
fab_asks_on_end(struct fab_core *core, struct fab_slot *slot)
{
    (void)core, (void)slot;
}

void
fab_asks_on_link_down(struct fab_core *core, struct fab_link *link)
{
    (void)core, (void)link;
}

bool
fab_asks_on_system(struct fab_core *core, struct fab_link *link, uint16_t op, const void *body,
                   uint32_t size)
{
    (void)core, (void)link, (void)op, (void)body, (void)size;
    return false;
}

enum myc_status
fab_monitors_create(struct fab_core *core)
{
    (void)core;
    return MYC_OK;
}

void
fab_monitors_destroy(struct fab_core *core)
{
    (void)core;
}

void
fab_monitors_on_end(struct fab_core *core, struct fab_slot *slot, enum myc_status reason)
{
    (void)core, (void)slot, (void)reason;
}

void
fab_monitors_on_restart(struct fab_core *core, struct fab_slot *slot)
{
    (void)core, (void)slot;
}

void
fab_monitors_on_link_up(struct fab_core *core, struct fab_link *link)
{
    (void)core, (void)link;
}

void
fab_monitors_on_link_down(struct fab_core *core, struct fab_link *link)
{
    (void)core, (void)link;
}

bool
fab_monitors_is_wanted(struct fab_core *core, struct fab_slot *slot, uint64_t source)
{
    (void)core, (void)slot, (void)source;
    return false;
}

bool
fab_monitors_on_system(struct fab_core *core, struct fab_link *link, uint16_t op, const void *body,
                       uint32_t size)
{
    (void)core, (void)link, (void)op, (void)body, (void)size;
    return false;
}

enum myc_status
fab_names_create(struct fab_core *core)
{
    (void)core;
    return MYC_OK;
}

void
fab_names_destroy(struct fab_core *core)
{
    (void)core;
}

enum myc_status
fab_names_register(struct fab_core *core, struct fab_slot *slot, const char *name)
{
    (void)core, (void)slot, (void)name;
    return MYC_UNSUPPORTED;
}

void
fab_names_on_end(struct fab_core *core, struct fab_slot *slot)
{
    (void)core, (void)slot;
}

void
fab_names_on_link_up(struct fab_core *core, struct fab_link *link)
{
    (void)core, (void)link;
}

void
fab_names_on_link_down(struct fab_core *core, struct fab_link *link)
{
    (void)core, (void)link;
}

bool
fab_names_on_system(struct fab_core *core, struct fab_link *link, uint16_t op, const void *body,
                    uint32_t size)
{
    (void)core, (void)link, (void)op, (void)body, (void)size;
    return false;
}
