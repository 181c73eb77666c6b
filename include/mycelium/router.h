/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file router.h
 * Routers: which member of a group gets the next message.
 *
 * A router is a part of the sender's state, not an actor of its own: a message goes straight to its
 * receiver, with no hop between. It follows the group; its owner gives it the GroupChanged events.
 *
 *     struct gateway { struct myc_router router; struct myc_routee routees[16]; ... };
 *
 *     init:     myc_router_init(&gateway->router, MYC_ROUTE_ROUND_ROBIN, gateway->routees, 16);
 *               status = myc_router_follow(self, &gateway->router, "workers");
 *     receive:  if (myc_router_on_event(self, &gateway->router, message)) return MYC_OK;
 *     sending:  status = myc_router_send(self, &gateway->router, &routed, NULL);
 */
#ifndef MYCELIUM_ROUTER_H
#define MYCELIUM_ROUTER_H

#include <mycelium/group.h>

MYC_BEGIN_DECLS

/** How a routee is picked. */
enum myc_route_by {
    MYC_ROUTE_ROUND_ROBIN = 0, /**< one after the other */
    /** The one with the fewest that its owner has sent and not called done (myc_router_done). */
    MYC_ROUTE_LEAST_LOADED,
    /** By the key, the same on every node that sees the same members; when members come or go only
     * their own share of the keys moves. */
    MYC_ROUTE_CONSISTENT_HASH,
};

/** One routee. */
struct myc_routee {
    struct myc_ref ref;
    uint64_t load; /**< sent to it and not done */
};

/** A router. Its fields are its own, but for `dropped`. */
struct myc_router {
    enum myc_route_by by;
    struct myc_routee *routees; /**< not owned */
    uint32_t capacity;
    uint32_t count;
    uint32_t next;
    char group[MYC_GROUP_SIZE_MAX + 1];
    uint64_t dropped; /**< sends that found no routee at all */
};

/**
 * Makes a router without routees.
 * @param routees   `capacity` places, owned by the caller, valid as long as the router. Members
 *                  beyond that are not used.
 * Context: any thread.
 */
MYC_API void myc_router_init(struct myc_router *router, enum myc_route_by by,
                             struct myc_routee *routees, uint32_t capacity);

/** From now on its routees are the members of a group. @return as myc_watch_group. Context: inside
 * a handler of its owner. */
MYC_API MYC_MUST_CHECK enum myc_status myc_router_follow(struct myc_self *self,
                                                         struct myc_router *router,
                                                         const char *group);

/** Takes a GroupChanged event of its group. @return whether it was one. Context: inside a handler.
 */
MYC_API bool myc_router_on_event(struct myc_self *self, struct myc_router *router,
                                 const struct myc_message *message);

/** A message for a router. */
struct myc_routed {
    size_t size;  /**< sizeof(struct myc_routed) */
    uint64_t key; /**< of CONSISTENT_HASH; else not looked at */
    const struct myc_type *type;
    const void *body;   /**< not owned */
    uint32_t body_size; /**< bytes */
};

/**
 * Sends to one routee. One that is gone or unreachable is passed over; so is one that is full,
 * unless the key decides.
 * @param ref  set on OK unless NULL: who got it.
 * @return as myc_send to the last that was tried; NOT_FOUND (no routee; counted as dropped).
 * Context: inside a handler of its owner.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_router_send(struct myc_self *self,
                                                       struct myc_router *router,
                                                       const struct myc_routed *message,
                                                       struct myc_ref *ref);

/** Picks the routee for a key without sending: for an ask, or several messages to one.
 * @return OK; NOT_FOUND. Context: inside a handler of its owner. */
MYC_API MYC_MUST_CHECK enum myc_status myc_router_pick(struct myc_router *router, uint64_t key,
                                                       struct myc_ref *ref);

/** What was sent to a routee is done (answered, or known to have failed). Context: any thread. */
MYC_API void myc_router_done(struct myc_router *router, struct myc_ref ref);

/** Sends to every routee. @return how many accepted it. Context: inside a handler of its owner. */
MYC_API uint32_t myc_router_broadcast(struct myc_self *self, const struct myc_router *router,
                                      const struct myc_type *type, const void *body, uint32_t size);

MYC_END_DECLS

#endif
