/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file actor.h
 * Actors: state plus a receive function, owned by one lcore, run to completion.
 *
 * A class says what an actor is; spawning one gives a ref. Everything an actor does goes through
 * the `struct myc_self` that its functions are given: it stands for the running actor, is valid
 * until the function returns, and must not be stored or handed to another thread.
 *
 * A handler never blocks and is never entered twice: a message to oneself or to a neighbour on the
 * lcore is queued, not called. What comes later (a reply, an end, room after FULL) comes as a
 * message of the schema mycelium.xml with kind EVENT; its views are in <mycelium/messages.h>.
 */
#ifndef MYCELIUM_ACTOR_H
#define MYCELIUM_ACTOR_H

#include <mycelium/message.h>

MYC_BEGIN_DECLS

struct myc_self;

/** Bytes of state that one actor may have. */
#define MYC_STATE_SIZE_MAX (1024U * 1024U)
/** Bytes of arguments that travel with a spawn. */
#define MYC_ARGS_SIZE_MAX 1024U
/** Messages that wait in a mailbox unless the spawn says otherwise. */
#define MYC_MAILBOX_DEFAULT 1024U
/** Waiting for ever, as a time-out. */
#define MYC_FOREVER UINT64_MAX

/** Class flags. */
enum myc_class_flag {
    MYC_CLASS_ACCEPTS_ANY = 1 << 0, /**< every type reaches receive; `accepts` is not looked at */
};

/**
 * What an actor is. Constant; must outlive every actor of the class. Functions that are NULL do
 * nothing and answer OK.
 */
struct myc_class {
    size_t size;       /**< sizeof(struct myc_class) */
    const char *name;  /**< unique in the program; used in configs and logs */
    size_t state_size; /**< bytes, 0 to MYC_STATE_SIZE_MAX; zeroed before init */
    const struct myc_type *const *accepts; /**< types of SEND and ASK that reach receive */
    uint32_t accepts_count;
    uint32_t flags; /**< enum myc_class_flag */
    /**
     * Runs before any message.
     * @param args       bytes given to the spawn; valid during the call; NULL when size is 0.
     * @return OK to live; IGNORED to end quietly; else the spawn fails with that status, and stop
     * is not called.
     */
    enum myc_status (*init)(struct myc_self *self, void *state, const void *args, size_t args_size);
    /**
     * Runs for each message.
     * @return OK; anything else fails the actor with that reason, as myc_fail does.
     */
    enum myc_status (*receive)(struct myc_self *self, void *state,
                               const struct myc_message *message);
    /** Runs once when the actor ends in any way but a kill; it may still send. */
    void (*stop)(struct myc_self *self, void *state, enum myc_status reason);
};

/** What a full mailbox does with one message more. */
enum myc_overflow {
    MYC_OVERFLOW_REJECT = 0,  /**< the sender is told FULL */
    MYC_OVERFLOW_DROP_NEWEST, /**< the new message is dropped and counted */
    MYC_OVERFLOW_DROP_OLDEST, /**< the oldest message is dropped and counted */
};

/** How an actor is to be spawned; zero everywhere but `size` gives the defaults. */
struct myc_spawn_options {
    size_t size;          /**< sizeof(struct myc_spawn_options) */
    const void *args;     /**< not owned; copied when the spawn is on another lcore */
    size_t args_size;     /**< bytes, 0 to MYC_ARGS_SIZE_MAX */
    const char *name;     /**< registered before init runs; NULL: none */
    uint32_t mailbox_max; /**< messages, 1 up; 0: MYC_MAILBOX_DEFAULT */
    enum myc_overflow overflow;
    bool is_supervised; /**< the spawner gets ChildExited and decides: myc_restart or myc_release */
    bool is_linked;     /**< either's abnormal end ends the other */
};

/* ---- who and when --------------------------------------------------------------------------- */

/** The running actor's own ref. Context: inside a handler. */
MYC_API struct myc_ref myc_self_ref(const struct myc_self *self);

/** Index of the lcore that runs this actor, 0 to 254. Context: inside a handler. */
MYC_API uint8_t myc_self_lcore(const struct myc_self *self);

/** Number of lcores of this node, 1 to 255. Context: inside a handler. */
MYC_API uint8_t myc_self_lcore_count(const struct myc_self *self);

/**
 * Nanoseconds of this host's monotonic clock, read once per poll turn.
 * The same on all processes of a host (it is derived from the TSC). Context: inside a handler.
 */
MYC_API uint64_t myc_now_ns(const struct myc_self *self);

/** The clock itself, read now: for measuring within one turn. Context: inside a handler. */
MYC_API uint64_t myc_clock_ns(const struct myc_self *self);

/** A random number from the lcore's seeded generator; not for keys. Context: inside a handler. */
MYC_API uint64_t myc_random(struct myc_self *self);

/* ---- life ----------------------------------------------------------------------------------- */

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
 * @return PENDING; FULL; INVALID (no such lcore, args too large).
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

/** As myc_stop, but its stop function does not run and the reason is KILLED. */
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

/** Lets a failed or ended supervised child go for ever: watchers get DOWN. As myc_restart. */
MYC_API MYC_MUST_CHECK enum myc_status myc_release(struct myc_self *self, struct myc_ref ref);

/* ---- sending -------------------------------------------------------------------------------- */

/** Send flags. */
enum myc_send_flag {
    MYC_SEND_NOW = 1 << 0,    /**< flush the link at once instead of at the end of the turn */
    MYC_SEND_URGENT = 1 << 1, /**< before waiting messages that are not urgent */
};

/** What a send may add; zero everywhere but `size` gives the defaults. */
struct myc_send_options {
    size_t size;        /**< sizeof(struct myc_send_options) */
    uint32_t flags;     /**< enum myc_send_flag */
    uint64_t tag;       /**< comes with the message, and back in an undelivered notice */
    uint64_t ttl_ns;    /**< dropped before the handler after this time; 0: never */
    uint64_t origin_ns; /**< 0: that of the message being handled */
};

/**
 * Sends a message: never blocks, never allocates.
 * OK means accepted: what is found out later comes back as an Undelivered event.
 * @param body  `size` bytes: the type's root block and what follows; copied before the call
 * returns.
 * @return OK; FULL (a Writable event follows); GONE; UNREACHABLE; NO_MEMORY; TOO_BIG; BAD_TYPE (the
 *         receiver is on this lcore and does not accept it).
 * Context: inside a handler.
 */
MYC_API enum myc_status myc_send(struct myc_self *self, struct myc_ref to,
                                 const struct myc_type *type, const void *body, uint32_t size);

/** As myc_send, with options; `options` NULL is myc_send itself. */
MYC_API enum myc_status myc_send_with(struct myc_self *self, struct myc_ref to,
                                      const struct myc_type *type, const void *body, uint32_t size,
                                      const struct myc_send_options *options);

/**
 * Gives memory for a message at its destination, to be written in place and committed.
 * A claim that is not committed is forgotten by the next claim, send or ask, or when the handler
 * ends.
 * @param size  bytes of body.
 * @param body  set on OK: `size` bytes, 8-aligned, not zeroed; owned by the fabric.
 * @return as myc_send.
 * Context: inside a handler.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_send_claim(struct myc_self *self, struct myc_ref to,
                                                      const struct myc_type *type, uint32_t size,
                                                      void **body);

/** Sends what was claimed last. Asserts that there is a claim. Context: inside a handler. */
MYC_API void myc_send_commit(struct myc_self *self);

/* ---- asking --------------------------------------------------------------------------------- */

/** How to ask. */
struct myc_ask_options {
    size_t size;             /**< sizeof(struct myc_ask_options) */
    uint64_t timeout_ns;     /**< from now, 1 up */
    uint64_t tag;            /**< comes with the reply or the AskFailed event */
    uint32_t reply_size_max; /**< bytes of the reply's body; 0: 256 */
};

/**
 * Sends a request that is answered exactly once: by a message of kind REPLY, or by an AskFailed
 * event with TIMEOUT, GONE, BROKEN, NO_CONNECTION, FULL, BAD_TYPE or TOO_BIG.
 * @param ask  set on OK unless NULL: its id, for myc_ask_cancel.
 * @return OK; as myc_send; NO_MEMORY also when the table of open asks is full.
 * Context: inside a handler.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_ask(struct myc_self *self, struct myc_ref to,
                                               const struct myc_type *type, const void *body,
                                               uint32_t size, const struct myc_ask_options *options,
                                               uint64_t *ask);

/** Forgets an open ask: neither reply nor failure will come. @return OK; NOT_FOUND. */
MYC_API enum myc_status myc_ask_cancel(struct myc_self *self, uint64_t ask);

/** A request to answer later or elsewhere: a value, copy it freely, answer it once. */
struct myc_request {
    struct myc_ref asker;
    uint64_t ask; /**< id within the asker's table */
};

/** The request within a message of kind ASK. Context: any thread. */
MYC_API struct myc_request myc_message_request(const struct myc_message *message);

/**
 * Answers a request. Replies take no credit and are never FULL.
 * @return OK; GONE; UNREACHABLE; TOO_BIG (more than the asker allowed, or than any ask may allow).
 * Context: inside a handler, also of another actor than the one that was asked.
 */
MYC_API enum myc_status myc_reply(struct myc_self *self, struct myc_request request,
                                  const struct myc_type *type, const void *body, uint32_t size);

/** Answers a request with a failure: the asker gets AskFailed with this status. As myc_reply. */
MYC_API enum myc_status myc_reply_failure(struct myc_self *self, struct myc_request request,
                                          enum myc_status status);

/* ---- time ----------------------------------------------------------------------------------- */

/**
 * Starts a timer: TimerFired events with `tag`, never early, gone with the actor and on restart.
 * @param delay_ns   from now; 0: next turn.
 * @param period_ns  0: once.
 * @param timer      set on OK unless NULL: its id.
 * @return OK; NO_MEMORY (the lcore's timers are used up).
 * Context: inside a handler.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_timer_start(struct myc_self *self, uint64_t delay_ns,
                                                       uint64_t period_ns, uint64_t tag,
                                                       uint64_t *timer);

/** Stops a timer; after it no event of it comes, also not one already queued. @return OK;
 * NOT_FOUND. */
MYC_API enum myc_status myc_timer_cancel(struct myc_self *self, uint64_t timer);

/**
 * A bounded function of an actor that the loop runs, for what is not an actor: a file, a kernel
 * socket, a foreign stack. It may do whatever a handler may.
 * @return work done, in any unit: 0 counts the turn as idle.
 */
typedef unsigned (*myc_poller_fn)(struct myc_self *self, void *state);

/**
 * Runs a poller each turn, or every `period_ns`; at most 4 for each actor; gone with the actor.
 * @param poller  set on OK unless NULL: its id, for myc_poller_stop.
 * @return OK; NO_MEMORY (the lcore's pollers are used up).
 * Context: inside a handler.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_poller_start(struct myc_self *self, myc_poller_fn poll,
                                                        uint64_t period_ns, uint64_t *poller);

/** Ends a poller. @return OK; NOT_FOUND. Context: inside a handler, also inside the poller. */
MYC_API enum myc_status myc_poller_stop(struct myc_self *self, uint64_t poller);

/* ---- watching ------------------------------------------------------------------------------- */

/**
 * Watches an actor: exactly one Down event with its reason, after its last message to us;
 * NO_PROCESS when there was none, NO_CONNECTION when the link to its node is lost.
 * @param monitor  set on OK: the id that the event will carry.
 * @return OK; NO_MEMORY (the lcore's monitors are used up).
 * Context: inside a handler.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_monitor(struct myc_self *self, struct myc_ref ref,
                                                   uint64_t *monitor);

/** Ends a watch; after it no Down of it comes, also not one already queued. @return OK; NOT_FOUND.
 */
MYC_API enum myc_status myc_demonitor(struct myc_self *self, uint64_t monitor);

/**
 * From now on NodeUp and NodeDown events come, first one NodeUp for each node that is up.
 * @return OK; NO_MEMORY.
 * Context: inside a handler.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_watch_nodes(struct myc_self *self);

MYC_END_DECLS

#endif
