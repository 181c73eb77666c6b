/* SPDX-License-Identifier: BSD-3-Clause */
/* What the fabric tells an actor: messages of its own, behind those that wait in the mailbox. */
#ifndef FAB_ACTOR_EVENT_H
#define FAB_ACTOR_EVENT_H

#include <stdbool.h>
#include <stdint.h>

struct fab_core;
struct fab_slot;
struct myc_type;

struct fab_event {
    const struct myc_type *type;
    uint64_t tag;    /* the receiver's own */
    uint64_t source; /* id of the timer, monitor or ask: see fab_*_is_wanted; 0 none */
    const void *body;
    uint32_t size; /* bytes of body, 0 to FAB_MSG_SMALL_MAX */
};

/* Appends an event to an actor's mailbox, behind its messages. False: no cell was left. */
bool fab_event_post(struct fab_core *core, struct fab_slot *slot, const struct fab_event *event);

/* As fab_event_post with a cell that was reserved, of the class that the body needs (small up to
 * FAB_CELL_BODY_SMALL bytes): cannot fail. */
void fab_event_post_reserved(struct fab_core *core, struct fab_slot *slot,
                             const struct fab_event *event);

#endif
