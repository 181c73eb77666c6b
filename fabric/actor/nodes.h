/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which other nodes this lcore is linked with, and which actors follow that.
 *
 * A node is up while at least one link leads there. Each watcher keeps what it was last told of
 * each node; the difference to what is so is posted as events, at once or, when there is no memory
 * for an event, in a later turn. So a watcher may miss a life of a node that came and went
 * meanwhile, but never believes in the end what is not so.
 */
#ifndef FAB_ACTOR_NODES_H
#define FAB_ACTOR_NODES_H

#include "actor/state.h"

#define FAB_NODE_WATCHERS_MAX 32U /* actors of a lcore that may follow the nodes */

enum myc_status fab_nodes_create(struct fab_core *core);
void fab_nodes_destroy(struct fab_core *core);

void fab_nodes_on_link_up(struct fab_core *core, const struct fab_link *link);
void fab_nodes_on_link_down(struct fab_core *core, const struct fab_link *link);

/* The actor ends or restarts: it follows no more. */
void fab_nodes_on_end(struct fab_core *core, const struct fab_slot *slot);

uint32_t fab_nodes_watcher_count(const struct fab_core *core);

/* Whether something could not be posted and is to be tried again. */
bool fab_nodes_is_behind(const struct fab_core *core);

/* Posts what could not be posted before. */
void fab_nodes_run(struct fab_core *core);

#endif
