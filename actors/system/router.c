/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Routers (mycelium/router.h), on the public API alone.
 *
 * Consistent hashing is by rendezvous: each routee has a score for a key and the highest wins, so
 * no ring is kept, and the loss of a routee moves its own keys and no others.
 */
#include <mycelium/router.h>

#include <string.h>

#include <mycelium/messages.h>

#define NONE UINT32_MAX

void
myc_router_init(struct myc_router *router, enum myc_route_by by, struct myc_routee *routees,
                uint32_t capacity)
{
    *router = (struct myc_router){ .by = by, .routees = routees, .capacity = capacity };
}

enum myc_status
myc_router_follow(struct myc_self *self, struct myc_router *router, const char *group)
{
    strncpy(router->group, group, MYC_GROUP_SIZE_MAX);
    return myc_watch_group(self, group, 0);
}

static uint64_t
load_of(const struct myc_routee *routees, uint32_t count, struct myc_ref ref)
{
    for (uint32_t i = 0; i < count; i++)
        if (myc_ref_is_equal(routees[i].ref, ref))
            return routees[i].load;
    return 0;
}

/* Takes the members over; those who stay keep their load. */
static void
refresh(struct myc_self *self, struct myc_router *router)
{
    struct myc_ref refs[256];
    struct myc_routee kept[256];
    uint32_t kept_count = router->count < 256 ? router->count : 256;
    uint32_t count = myc_members(self, router->group, refs, 256);

    memcpy(kept, router->routees, kept_count * sizeof(kept[0]));
    count = count < 256 ? count : 256;
    router->count = count < router->capacity ? count : router->capacity;
    for (uint32_t i = 0; i < router->count; i++)
        router->routees[i] = (struct myc_routee){ refs[i], load_of(kept, kept_count, refs[i]) };
    if (router->next >= router->count)
        router->next = 0;
}

bool
myc_router_on_event(struct myc_self *self, struct myc_router *router,
                    const struct myc_message *message)
{
    struct myc_group_changed changed;

    if (!myc_group_changed_decode(message, &changed) ||
        strncmp(changed.name, router->group, MYC_GROUP_SIZE_MAX) != 0)
        return false;
    refresh(self, router);
    return true;
}

/* A number that looks random, for each pair (finaliser of splitmix64). */
static uint64_t
score(struct myc_ref ref, uint64_t key)
{
    uint64_t x = key * 0x9e3779b97f4a7c15ULL ^ ref.home ^ (ref.actor << 32 | ref.actor >> 32);

    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
    return x ^ x >> 31;
}

/* Whether routee i is better for the key than routee j. */
static bool
is_better(const struct myc_router *router, uint64_t key, uint32_t i, uint32_t j)
{
    const struct myc_routee *routees = router->routees;

    if (router->by == MYC_ROUTE_CONSISTENT_HASH)
        return score(routees[i].ref, key) > score(routees[j].ref, key);
    if (router->by == MYC_ROUTE_LEAST_LOADED && routees[i].load != routees[j].load)
        return routees[i].load < routees[j].load;
    /* The one that comes first from `next` on. */
    return (i + router->count - router->next) % router->count <
           (j + router->count - router->next) % router->count;
}

/* The best routee of those after `before` in the order of preference; NONE: no more. */
static uint32_t
best_after(const struct myc_router *router, uint64_t key, uint32_t before)
{
    uint32_t best = NONE;

    for (uint32_t i = 0; i < router->count; i++) {
        if (i == before || (before != NONE && !is_better(router, key, before, i)))
            continue;
        if (best == NONE || is_better(router, key, i, best))
            best = i;
    }
    return best;
}

static void
on_picked(struct myc_router *router, uint32_t index)
{
    router->routees[index].load++;
    router->next = (index + 1) % router->count;
}

enum myc_status
myc_router_pick(struct myc_router *router, uint64_t key, struct myc_ref *ref)
{
    uint32_t index = best_after(router, key, NONE);

    if (index == NONE) {
        router->dropped++;
        return MYC_NOT_FOUND;
    }
    *ref = router->routees[index].ref;
    on_picked(router, index);
    return MYC_OK;
}

enum myc_status
myc_router_send(struct myc_self *self, struct myc_router *router, const struct myc_routed *message,
                struct myc_ref *ref)
{
    enum myc_status status = MYC_NOT_FOUND;
    uint32_t index = NONE;

    while ((index = best_after(router, message->key, index)) != NONE) {
        status = myc_send(self, router->routees[index].ref, message->type, message->body,
                          message->body_size);
        if (status == MYC_OK) {
            if (ref != NULL)
                *ref = router->routees[index].ref;
            on_picked(router, index);
            return MYC_OK;
        }
        if (status != MYC_GONE && status != MYC_UNREACHABLE &&
            (status != MYC_FULL || router->by == MYC_ROUTE_CONSISTENT_HASH))
            return status;
    }
    router->dropped += status == MYC_NOT_FOUND;
    return status;
}

void
myc_router_done(struct myc_router *router, struct myc_ref ref)
{
    for (uint32_t i = 0; i < router->count; i++)
        if (myc_ref_is_equal(router->routees[i].ref, ref) && router->routees[i].load > 0) {
            router->routees[i].load--;
            return;
        }
}

uint32_t
myc_router_broadcast(struct myc_self *self, const struct myc_router *router,
                     const struct myc_type *type, const void *body, uint32_t size)
{
    uint32_t accepted = 0;

    for (uint32_t i = 0; i < router->count; i++)
        accepted += myc_send(self, router->routees[i].ref, type, body, size) == MYC_OK;
    return accepted;
}
