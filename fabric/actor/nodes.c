/* SPDX-License-Identifier: BSD-3-Clause */
#include "actor/nodes.h"

#include "actor/event.h"
#include "actor/parts.h"

#include <mycelium/messages.h>

struct node {
    uint64_t home;  /* 0: the entry is free */
    uint32_t links; /* that are up; 0: the node is down, and not all watchers know */
    uint32_t epoch; /* counts the times it came up, from 1 */
};

struct watcher {
    uint32_t slot;  /* FAB_SLOT_NONE: free */
    bool is_behind; /* an event found no memory */
    uint32_t *seen; /* for each node: the epoch that it was told of; 0: knows it as down */
};

struct fab_nodes {
    struct node *nodes;
    uint32_t count; /* entries in use are below this */
    uint32_t behind;
    uint32_t watcher_end; /* watchers from here on were never used */
    struct watcher watchers[FAB_NODE_WATCHERS_MAX];
    uint32_t *seen; /* memory of all watchers */
};

enum myc_status
fab_nodes_create(struct fab_core *core)
{
    struct fab_nodes *nodes = fab_core_alloc(core, sizeof(*nodes));
    uint32_t max = core->config.links_max;

    core->nodes = nodes;
    if (nodes == NULL)
        return MYC_NO_MEMORY;
    nodes->nodes = fab_core_alloc(core, max * sizeof(nodes->nodes[0]));
    nodes->seen = fab_core_alloc(core, FAB_NODE_WATCHERS_MAX * max * sizeof(nodes->seen[0]));
    if (nodes->nodes == NULL || nodes->seen == NULL)
        return MYC_NO_MEMORY;
    for (uint32_t i = 0; i < FAB_NODE_WATCHERS_MAX; i++)
        nodes->watchers[i] =
            (struct watcher){ .slot = FAB_SLOT_NONE, .seen = nodes->seen + (size_t)i * max };
    return MYC_OK;
}

void
fab_nodes_destroy(struct fab_core *core)
{
    struct fab_nodes *nodes = core->nodes;

    if (nodes == NULL)
        return;
    fab_core_free(core, nodes->nodes);
    fab_core_free(core, nodes->seen);
    fab_core_free(core, nodes);
    core->nodes = NULL;
}

static bool
post_up(struct fab_core *core, const struct watcher *watcher, uint64_t home)
{
    uint8_t body[MYC_NODE_UP_SIZE];
    const struct fab_event event = {
        .type = &myc_node_up_type,
        .body = body,
        .size = sizeof(body),
    };

    myc_node_up_encode(&(struct myc_node_up){ .home = home }, body);
    return fab_event_post(core, &core->slots[watcher->slot], &event);
}

static bool
post_down(struct fab_core *core, const struct watcher *watcher, uint64_t home)
{
    uint8_t body[MYC_NODE_DOWN_SIZE];
    const struct fab_event event = {
        .type = &myc_node_down_type,
        .body = body,
        .size = sizeof(body),
    };

    myc_node_down_encode(&(struct myc_node_down){ .home = home, .reason = MYC_NO_CONNECTION },
                         body);
    return fab_event_post(core, &core->slots[watcher->slot], &event);
}

/* Tells a watcher how it stands with a node. False: there is no memory for an event now. */
static bool
tell(struct fab_core *core, struct watcher *watcher, uint32_t index)
{
    const struct node *node = &core->nodes->nodes[index];
    uint32_t epoch = node->links > 0 ? node->epoch : 0;
    uint32_t *seen = &watcher->seen[index];

    if (*seen != 0 && *seen != epoch) {
        if (!post_down(core, watcher, node->home))
            return false;
        *seen = 0;
    }
    if (*seen != epoch) {
        if (!post_up(core, watcher, node->home))
            return false;
        *seen = epoch;
    }
    return true;
}

static void
mark_behind(struct fab_core *core, struct watcher *watcher)
{
    core->nodes->behind += watcher->is_behind ? 0 : 1;
    watcher->is_behind = true;
    fab_parts_due(core, 0);
}

/* A node that is down and of which nobody believes otherwise needs no entry. */
static void
release_if_forgotten(struct fab_nodes *nodes, uint32_t index)
{
    if (nodes->nodes[index].links > 0)
        return;
    for (uint32_t i = 0; i < FAB_NODE_WATCHERS_MAX; i++)
        if (nodes->watchers[i].seen[index] != 0)
            return;
    nodes->nodes[index].home = 0;
}

static void
tell_all(struct fab_core *core, uint32_t index)
{
    for (uint32_t i = 0; i < FAB_NODE_WATCHERS_MAX; i++) {
        struct watcher *watcher = &core->nodes->watchers[i];

        if (watcher->slot != FAB_SLOT_NONE && !tell(core, watcher, index))
            mark_behind(core, watcher);
    }
    release_if_forgotten(core->nodes, index);
}

/* The entry of a node, a new one if need be: there are as many as links, so there is one. */
static uint32_t
entry_of(struct fab_nodes *nodes, uint64_t home, uint32_t max)
{
    uint32_t free = FAB_SLOT_NONE;

    for (uint32_t i = 0; i < nodes->count; i++) {
        if (nodes->nodes[i].home == home)
            return i;
        if (nodes->nodes[i].home == 0 && free == FAB_SLOT_NONE)
            free = i;
    }
    if (free == FAB_SLOT_NONE && nodes->count < max)
        free = nodes->count++;
    if (free != FAB_SLOT_NONE)
        nodes->nodes[free] = (struct node){ .home = home };
    return free;
}

void
fab_nodes_on_link_up(struct fab_core *core, const struct fab_link *link)
{
    struct fab_nodes *nodes = core->nodes;
    uint32_t index;

    if (link->peer_home == core->home)
        return;
    index = entry_of(nodes, link->peer_home, core->config.links_max);
    /* All entries are of nodes that are down and of which some watcher does not know yet. */
    if (index == FAB_SLOT_NONE) {
        core->counters.nodes_untold++;
        return;
    }
    if (nodes->nodes[index].links++ > 0)
        return;
    nodes->nodes[index].epoch++;
    tell_all(core, index);
}

void
fab_nodes_on_link_down(struct fab_core *core, const struct fab_link *link)
{
    struct fab_nodes *nodes = core->nodes;

    for (uint32_t i = 0; i < nodes->count; i++) {
        struct node *node = &nodes->nodes[i];

        if (node->home != link->peer_home || node->links == 0)
            continue;
        if (--node->links == 0)
            tell_all(core, i);
        return;
    }
}

void
fab_nodes_on_end(struct fab_core *core, const struct fab_slot *slot)
{
    struct fab_nodes *nodes = core->nodes;
    uint32_t index = fab_slot_index(core, slot);

    for (uint32_t i = 0; i < nodes->watcher_end; i++) {
        struct watcher *watcher = &nodes->watchers[i];

        if (watcher->slot != index)
            continue;
        watcher->slot = FAB_SLOT_NONE;
        nodes->behind -= watcher->is_behind ? 1 : 0;
        watcher->is_behind = false;
        for (uint32_t k = 0; k < nodes->count; k++) {
            watcher->seen[k] = 0;
            release_if_forgotten(nodes, k);
        }
    }
}

/* Tells a watcher all that it does not know. */
static void
catch_up(struct fab_core *core, struct watcher *watcher)
{
    struct fab_nodes *nodes = core->nodes;

    for (uint32_t i = 0; i < nodes->count; i++) {
        if (nodes->nodes[i].home == 0)
            continue;
        if (!tell(core, watcher, i)) {
            mark_behind(core, watcher);
            return;
        }
        release_if_forgotten(nodes, i);
    }
    nodes->behind -= watcher->is_behind ? 1 : 0;
    watcher->is_behind = false;
}

void
fab_nodes_run(struct fab_core *core)
{
    struct fab_nodes *nodes = core->nodes;

    if (fab_likely(nodes->behind == 0))
        return;
    for (uint32_t i = 0; i < FAB_NODE_WATCHERS_MAX; i++)
        if (nodes->watchers[i].is_behind)
            catch_up(core, &nodes->watchers[i]);
}

enum myc_status
myc_watch_nodes(struct myc_self *self)
{
    struct fab_core *core FAB_WITHIN = fab_self_enter(self, __func__);
    struct fab_nodes *nodes = core->nodes;
    uint32_t index = fab_slot_index(core, self->slot);
    struct watcher *free = NULL;

    for (uint32_t i = 0; i < FAB_NODE_WATCHERS_MAX; i++) {
        if (nodes->watchers[i].slot == index)
            return MYC_OK;
        if (nodes->watchers[i].slot == FAB_SLOT_NONE && free == NULL)
            free = &nodes->watchers[i]; /* the first: at most watcher_end */
    }
    if (free == NULL)
        return MYC_NO_MEMORY;
    free->slot = index;
    if (free == &nodes->watchers[nodes->watcher_end])
        nodes->watcher_end++;
    catch_up(core, free);
    return MYC_OK;
}

bool
fab_nodes_is_behind(const struct fab_core *core)
{
    return core->nodes->behind > 0;
}

uint32_t
fab_nodes_watcher_count(const struct fab_core *core)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < FAB_NODE_WATCHERS_MAX; i++)
        count += core->nodes->watchers[i].slot != FAB_SLOT_NONE;
    return count;
}
