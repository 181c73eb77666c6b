/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file stash.h
 * A stash: messages that an actor keeps for later, because it cannot handle them now.
 *
 * It lies in the actor's own state, so it is as large as its owner says, goes with the actor and is
 * empty after a restart. What it holds are copies; a kept request (kind ASK) is still owed its
 * answer. To take up work again, an actor pops one after the other and gives each to its own
 * receive, often after myc_become.
 */
#ifndef MYCELIUM_STASH_H
#define MYCELIUM_STASH_H

#include <mycelium/message.h>

MYC_BEGIN_DECLS

/** Bytes of room that a message takes beyond its body, rounded up to 8. */
#define MYC_STASH_OVERHEAD 64U

/** A bounded queue of messages. Its fields are its own. */
struct myc_stash {
    uint8_t *room; /**< not owned */
    uint32_t size; /**< bytes of room */
    uint32_t head; /**< where the oldest begins */
    uint32_t used; /**< bytes from there on, around the end */
    uint32_t count;
};

/**
 * Makes an empty stash.
 * @param room  owned by the caller, valid as long as the stash; 8-aligned.
 * @param size  bytes, a multiple of 8.
 * Context: any thread.
 */
MYC_API void myc_stash_init(struct myc_stash *stash, void *room, uint32_t size);

/**
 * Keeps a copy of a message behind those that are kept.
 * @return OK; FULL (no room left for it now); TOO_BIG (it would not fit into an empty one).
 * Context: any thread.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_stash_push(struct myc_stash *stash,
                                                      const struct myc_message *message);

/**
 * Takes the oldest message out.
 * @param message   set when there is one; its body is in `body`.
 * @param body      memory for it, owned by the caller.
 * @param capacity  bytes of body; at least as large as any that was kept (asserted).
 * @return whether there was one.
 * Context: any thread.
 */
MYC_API bool myc_stash_pop(struct myc_stash *stash, struct myc_message *message, void *body,
                           uint32_t capacity);

/** Messages that it keeps. Context: any thread. */
static inline uint32_t
myc_stash_count(const struct myc_stash *stash)
{
    return stash->count;
}

MYC_END_DECLS

#endif
