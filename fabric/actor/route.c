/* SPDX-License-Identifier: BSD-3-Clause */
#include "actor/route.h"

#include "actor/buffer.h"
#include "actor/lend.h"
#include "actor/notice.h"
#include "actor/parts.h"
#include "actor/system.h"

/* Of two lives of a node the later has the greater incarnation (mycelium/ref.h): a ref to one that
 * we have not met yet is not gone, only out of reach. */
static enum myc_status
judge_life(uint64_t home, uint64_t present)
{
    return home < present ? MYC_GONE : MYC_UNREACHABLE;
}

/* No link leads to that lcore: has the node restarted, or does nobody know it? */
static enum myc_status
judge_unlinked(const struct fab_core *core, uint64_t home)
{
    const struct fab_routes *routes = &core->routes;

    for (uint32_t i = 0; i < routes->state_count; i++) {
        const struct fab_link_state *state = &routes->states[i];

        if (state->is_up && state->link->peer_home >> 48 == home >> 48)
            return judge_life(home, state->link->peer_home);
    }
    return home >> 48 == core->home >> 48 ? judge_life(home, core->home) : MYC_UNREACHABLE;
}

static enum myc_status
route_out(const struct fab_core *core, struct myc_ref ref, struct fab_link **link)
{
    const struct fab_route_entry *entry =
        fab_route_find(&core->routes, fab_route_key(ref.home, myc_ref_lcore(ref)));

    if (entry->key == 0)
        return judge_unlinked(core, ref.home);
    if (!fab_link_state((struct fab_core *)core, entry->link)->is_up)
        return MYC_UNREACHABLE;
    if (entry->home != ref.home)
        return judge_life(ref.home, entry->home);
    *link = entry->link;
    return MYC_OK;
}

enum myc_status
fab_route(const struct fab_core *core, struct myc_ref ref, struct fab_link **link)
{
    *link = NULL;
    if (ref.home != core->home)
        return route_out(core, ref, link);
    if (ref.actor >> 56 == core->lcore)
        return MYC_OK;
    *link = core->routes.own[ref.actor >> 56];
    return *link ? MYC_OK : MYC_UNREACHABLE;
}

struct fab_link *
fab_route_broken(const struct fab_core *core, struct myc_ref ref)
{
    const struct fab_route_entry *entry =
        fab_route_find(&core->routes, fab_route_key(ref.home, myc_ref_lcore(ref)));

    return entry->key != 0 && entry->home == ref.home ? entry->link : NULL;
}

/* The link is one way to its lcore: is it better than the one that is known? */
static void
consider(struct fab_core *core, struct fab_link *link)
{
    struct fab_route_entry *entry;
    bool is_better;

    if (link->peer_home == core->home) {
        core->routes.own[link->peer_lcore] = link;
        return;
    }
    entry = fab_route_find(&core->routes, fab_route_key(link->peer_home, link->peer_lcore));
    is_better =
        entry->key == 0 || (fab_link_state(core, link)->is_up &&
                            (!fab_link_state(core, entry->link)->is_up ||
                             entry->home != link->peer_home || link->level < entry->link->level));
    entry->key = fab_route_key(link->peer_home, link->peer_lcore);
    if (!is_better)
        return;
    entry->link = link;
    entry->home = link->peer_home;
}

/* Makes the table anew from the links that are left. */
static void
rebuild(struct fab_core *core)
{
    struct fab_routes *routes = &core->routes;

    memset(routes->table, 0, (routes->mask + 1) * sizeof(routes->table[0]));
    memset(routes->own, 0, sizeof(routes->own));
    for (uint32_t i = 0; i < routes->state_count; i++) {
        const struct fab_link_state *state = &routes->states[i];

        if (state->link && state->link->peer_home)
            consider(core, state->link);
    }
}

/* The link is down: another one may lead to the same lcore. It counts as broken with this one, for
 * asks end with any of them. */
static void
reroute(struct fab_core *core, const struct fab_link *link)
{
    struct fab_routes *routes = &core->routes;

    routes->breaks++;
    if (link->peer_home == core->home && routes->own[link->peer_lcore] == link)
        routes->own[link->peer_lcore] = NULL;
    for (uint32_t i = 0; i < routes->state_count; i++) {
        struct fab_link_state *state = &routes->states[i];

        if (!state->is_up || state->link->peer_home != link->peer_home ||
            state->link->peer_lcore != link->peer_lcore)
            continue;
        state->breaks = routes->breaks;
        consider(core, state->link);
    }
}

/* Breaks of the lcore at the other end that another link to it has seen. */
static uint32_t
breaks_of_peer(const struct fab_core *core, const struct fab_link *link)
{
    const struct myc_ref any = { link->peer_home, (uint64_t)link->peer_lcore << 56 };
    struct fab_link *other;

    if (fab_route(core, any, &other) != MYC_OK || other == NULL)
        return core->routes.breaks;
    return fab_link_state((struct fab_core *)core, other)->breaks;
}

void
fab_link_up(struct fab_core *core, struct fab_link *link)
{
    fab_link_state(core, link)->breaks = breaks_of_peer(core, link);
    fab_link_state(core, link)->is_up = true;
    consider(core, link);
    fab_quota_on_link_up(core, link);
    fab_notice_on_link_up(core, link);
    fab_monitors_on_link_up(core, link);
    fab_names_on_link_up(core, link);
}

void
fab_link_down(struct fab_core *core, struct fab_link *link)
{
    struct fab_link_state *state = fab_link_state(core, link);

    if (!state->is_up)
        return;
    state->is_up = false;
    reroute(core, link);
    fab_lends_on_link_down(core, link);
    fab_quota_on_link_down(core, link);
    fab_notice_on_link_down(core, link);
    fab_doubts_on_link_down(core, link);
    fab_waiters_on_link_down(core, link);
    fab_asks_on_link_down(core, link);
    fab_monitors_on_link_down(core, link);
    fab_names_on_link_down(core, link);
}

/* A link without a bell rings always. */
static void
find_bell(struct fab_link *link)
{
    static const _Atomic uint32_t nothing;

    if (link->bell.news)
        return;
    link->bell = (struct fab_bell){ &nothing, &nothing, FAB_LINK_ASK };
}

enum myc_status
fab_core_add_link(struct fab_core *core, struct fab_link *link)
{
    struct fab_routes *routes = &core->routes;
    uint32_t index = 0;

    while (index < routes->state_count &&
           (routes->states[index].link || routes->states[index].borrowed > 0))
        index++;
    if (index == core->config.links_max)
        return MYC_NO_MEMORY;
    if (index == routes->state_count)
        routes->state_count++;
    routes->states[index] = (struct fab_link_state){ .link = link,
                                                     .first_waiter = FAB_PAIR_NONE,
                                                     .first_lend = FAB_LEND_NONE,
                                                     .account = FAB_ACCOUNT_NONE };
    link->index = (uint16_t)index;
    link->sink = &fab_core_sink;
    link->core = core;
    link->is_dirty = false;
    link->own_heap = core->buffers->heap.base;
    find_bell(link);
    if (link->ops->poll)
        routes->polled[routes->polled_count++] = link;
    if (link->is_up)
        fab_link_up(core, link);
    return MYC_OK;
}

/* Takes the link off the list of those to be flushed. */
static void
undirty(struct fab_core *core, struct fab_link *link)
{
    struct fab_link **place = &core->dirty;

    while (*place && *place != link)
        place = &(*place)->dirty_next;
    if (*place)
        *place = link->dirty_next;
    link->is_dirty = false;
}

void
fab_core_remove_link(struct fab_core *core, struct fab_link *link)
{
    struct fab_routes *routes = &core->routes;
    uint32_t kept = 0;

    FAB_ASSERT(fab_link_state(core, link)->link == link);
    fab_link_down(core, link);
    fab_notice_forget(core, link);
    undirty(core, link);
    for (uint32_t i = 0; i < routes->polled_count; i++)
        if (routes->polled[i] != link)
            routes->polled[kept++] = routes->polled[i];
    routes->polled_count = kept;
    fab_link_state(core, link)->link = NULL;
    rebuild(core);
}

void
fab_links_each(struct fab_core *core,
               void (*each)(struct fab_core *core, struct fab_link *link, void *context),
               void *context)
{
    for (uint32_t i = 0; i < core->routes.state_count; i++) {
        const struct fab_link_state *state = &core->routes.states[i];

        if (state->link && state->is_up)
            each(core, state->link, context);
    }
}

unsigned
fab_core_poll(struct fab_core *core, unsigned burst)
{
    struct fab_routes *routes = &core->routes;
    unsigned done = 0;

    for (uint32_t i = 0; i < routes->polled_count; i++) {
        struct fab_link *link = routes->polled[i];
        unsigned room;

        if (fab_link_is_quiet(link))
            continue;
        room = fab_core_room(core).records;
        done += link->ops->poll(link, room < burst ? room : burst, core->now_ns);
    }
    return done;
}

void
fab_core_flush(struct fab_core *core, uint64_t now_ns)
{
    struct fab_link *link = core->dirty;

    core->dirty = NULL;
    while (link) {
        struct fab_link *next = link->dirty_next;
        bool is_drained = fab_link_drain(core, link);

        link->ops->flush(link, now_ns);
        link->is_dirty = false;
        if (!is_drained)
            fab_link_touch(core, link);
        link = next;
    }
}
