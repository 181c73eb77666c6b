/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Walking a core for display. Context: the lcore that owns it; not on the hot path.
 */
#ifndef FAB_ACTOR_INSPECT_H
#define FAB_ACTOR_INSPECT_H

#include "actor/core.h"
#include "actor/meter.h"

/* Every link that the core knows, up or not. */
void fab_core_each_link(const struct fab_core *core,
                        void (*each)(void *context, const struct fab_link *link), void *context);

/* Every name in the table of this lcore, wherever its holder lives. */
void fab_core_each_name(const struct fab_core *core,
                        void (*each)(void *context, const char *name, struct myc_ref ref),
                        void *context);

/* What can be seen of a mailbox. */
struct fab_mailbox_view {
    struct myc_ref ref;
    const char *class_name;
    uint32_t waiting;
    uint32_t waiting_max; /* messages that it takes; 0 while it drains */
    uint32_t high_water;  /* most that waited at one time */
    uint64_t age_ns;      /* what waits has waited for at least so long; 0: not known */
    bool is_suspended;    /* its supervisor has not decided yet */
};

/* The mailboxes of living actors with the highest marks, at most FAB_METERS_BUSIEST, in no order.
 */
void fab_core_each_mailbox(const struct fab_core *core,
                           void (*each)(void *context, const struct fab_mailbox_view *mailbox),
                           void *context);

#endif
