/* SPDX-License-Identifier: BSD-3-Clause */
/* Between the two sides of monitors: monitor.c (who watches) and target.c (who is watched). */
#ifndef FAB_ACTOR_TARGET_H
#define FAB_ACTOR_TARGET_H

#include "actor/state.h"
#include "actor/watched.h"
#include "wire/system.h"

/* Sets core->watched: a table of `count` records. */
enum myc_status fab_targets_create(struct fab_core *core, uint32_t count);
void fab_targets_destroy(struct fab_core *core);

/* Adds a record. False: no room for it or for its DOWN. */
bool fab_target_add(struct fab_core *core, const struct fab_watched *watched);

/* Takes a record out, if it is there. */
void fab_target_forget(struct fab_core *core, uint16_t link, uint64_t monitor);

/* The actor has ended: whoever watches it hears. */
void fab_targets_on_end(struct fab_core *core, struct fab_slot *slot, enum myc_status reason);
void fab_targets_on_link_down(struct fab_core *core, const struct fab_link *link);

/* MONITOR or DEMONITOR has come; `body` is as long as it must be. False: not valid. */
bool fab_target_on_record(struct fab_core *core, struct fab_link *link, uint16_t op,
                          const void *body);

/* The target of a watch on this core has ended: said by target.c here or over that link. */
void fab_watch_on_down(struct fab_core *core, uint16_t link, const struct fab_system_down *down);

#endif
