/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who watches the actors of this lcore: the target's side of monitors.
 *
 * Each record stands in the list of its target and in a hash by (link, monitor id), so that a
 * demonitor finds it however many watchers there are. A record for a watcher elsewhere holds a
 * reserved cell: its DOWN can always be sent.
 */
#ifndef FAB_ACTOR_WATCHED_H
#define FAB_ACTOR_WATCHED_H

#include <stdbool.h>
#include <stdint.h>

#include "actor/handle.h"

#define FAB_WATCHED_NONE UINT32_MAX
#define FAB_WATCHED_HERE UINT16_MAX /* in place of a link: the watcher is on this lcore */

struct fab_watched {
    uint64_t watcher; /* actor word */
    uint64_t monitor; /* the watcher's id */
    uint32_t slot;    /* the target */
    uint32_t next;    /* of the same target */
    uint32_t prev;
    uint32_t chain; /* next with the same hash */
    uint16_t link;  /* index of the link to the watcher */
};

struct fab_watched_table {
    struct fab_watched *watched;
    struct fab_handle *entries;
    uint32_t *chains;
    struct fab_handles handles;
    uint32_t chain_mask;
};

/* The arrays are there; `chain_count` is a power of two. */
void fab_watched_init(struct fab_watched_table *table, uint32_t count, uint32_t chain_count);

/* Adds a copy of `watched` to the list of its target, which begins at *first. False: the table is
 * full. */
bool fab_watched_push(struct fab_watched_table *table, const struct fab_watched *watched,
                      uint32_t *first);

/* Which record that is; FAB_WATCHED_NONE: there is none. */
uint32_t fab_watched_lookup(const struct fab_watched_table *table, uint16_t link, uint64_t monitor);

void fab_watched_remove(struct fab_watched_table *table, uint32_t index, uint32_t *first);

#endif
