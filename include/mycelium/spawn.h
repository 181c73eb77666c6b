/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file spawn.h
 * How actors come and go.
 */
#ifndef MYCELIUM_SPAWN_H
#define MYCELIUM_SPAWN_H

#include <mycelium/class.h>

MYC_BEGIN_DECLS

/** What a full mailbox does with one message more. */
enum myc_overflow {
    MYC_OVERFLOW_REJECT = 0,  /**< the sender is told FULL */
    MYC_OVERFLOW_DROP_NEWEST, /**< the new message is dropped and counted */
    MYC_OVERFLOW_DROP_OLDEST, /**< the oldest message is dropped and counted */
    /** The latest value of each key: a message takes the place of the waiting one of its type and
     * key (see struct myc_class), which is counted and told to nobody. So at most mailbox_max keys
     * wait; the sender of one more is told FULL. Asks are never replaced. A claim, whose key is not
     * known yet, needs a free place. */
    MYC_OVERFLOW_CONFLATE,
    /** The message goes to `redirect_to` instead, whose policy holds then. When that one has ended
     * or does not accept the type, or after MYC_REDIRECT_DEPTH_MAX redirections, the sender is told
     * FULL. */
    MYC_OVERFLOW_REDIRECT,
};

/** How an actor is to be spawned; zero everywhere but `size` gives the defaults. */
struct myc_spawn_options {
    size_t size;          /**< sizeof(struct myc_spawn_options) */
    const void *args;     /**< not owned; copied when the spawn is on another lcore */
    size_t args_size;     /**< bytes, 0 to MYC_ARGS_SIZE_MAX */
    const char *name;     /**< registered before init runs; NULL: none */
    uint32_t mailbox_max; /**< messages, 1 up; 0: MYC_MAILBOX_DEFAULT */
    enum myc_overflow overflow;
    struct myc_ref redirect_to; /**< with MYC_OVERFLOW_REDIRECT: a living actor of that lcore */
    /** The spawner gets ChildExited and decides: myc_restart or myc_release; the child ends with
     * it. Only on the spawner's lcore, and not together with is_linked. */
    bool is_supervised;
    bool is_linked; /**< as by myc_link: either's end but a NORMAL one ends the other */
};

/**
 * Spawns an actor on this lcore; its init has run when the call returns.
 * @param options  NULL for the defaults.
 * @param ref      set on OK, untouched else.
 * @return OK; NO_MEMORY (slots or state memory used up); EXISTS (the name is taken); INVALID;
 *         IGNORED or any other status that init answered.
 * Context: inside a handler.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_spawn(struct myc_self *self,
                                                 const struct myc_class *class_of,
                                                 const struct myc_spawn_options *options,
                                                 struct myc_ref *ref);

/**
 * Spawns an actor on another lcore of this node; the outcome comes as a Spawned event with `tag`.
 * @return PENDING; FULL; INVALID (no such lcore, args too large, is_supervised).
 * Context: inside a handler.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_spawn_on(struct myc_self *self, uint8_t lcore,
                                                    const struct myc_class *class_of,
                                                    const struct myc_spawn_options *options,
                                                    uint64_t tag);

/**
 * Asks an actor (or oneself) to stop: overtakes its waiting messages; its stop function runs; what
 * waits in its mailbox is returned to the senders as undelivered (GONE).
 * @param reason  SHUTDOWN or NORMAL, or a reason of the caller's.
 * @return OK (asked for); GONE; UNREACHABLE; FULL only when the system lane's reserve is used up.
 * Context: inside a handler.
 */
MYC_API enum myc_status myc_stop(struct myc_self *self, struct myc_ref ref, enum myc_status reason);

/**
 * Asks an actor (or oneself) to stop when it has handled what waits in its mailbox now. From when
 * the request arrives, overtaking what waits, later sends to it are refused as GONE.
 * @param reason  as myc_stop.
 * @return as myc_stop.
 * Context: inside a handler.
 */
MYC_API enum myc_status myc_drain(struct myc_self *self, struct myc_ref ref,
                                  enum myc_status reason);

/**
 * As myc_stop, but its stop function does not run and the reason is KILLED.
 * Context: inside a handler.
 */
MYC_API enum myc_status myc_kill(struct myc_self *self, struct myc_ref ref);

/** Ends the running actor when its handler returns, as failed. Context: inside a handler. */
MYC_API void myc_fail(struct myc_self *self, enum myc_status reason);

/**
 * Runs a failed or ended supervised child again: same ref, same mailbox, zeroed state, init with
 * the args of its spawn.
 * @return OK; NOT_FOUND (not a child of ours that waits for a decision); else what init answered
 * (and the child waits for a decision again). Context: inside a handler of the supervisor, on the
 * child's lcore.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_restart(struct myc_self *self, struct myc_ref ref);

/**
 * Lets a failed or ended supervised child go for ever: watchers get DOWN.
 * @return OK; NOT_FOUND (not a child of ours that waits for a decision).
 * Context: as myc_restart.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_release(struct myc_self *self, struct myc_ref ref);

MYC_END_DECLS

#endif
