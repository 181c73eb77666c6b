/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file class.h
 * What an actor is, and what it is given to act with.
 */
#ifndef MYCELIUM_CLASS_H
#define MYCELIUM_CLASS_H

#include <mycelium/message.h>

MYC_BEGIN_DECLS

struct myc_self;

/** Bytes of state that one actor may have. */
#define MYC_STATE_SIZE_MAX (1024U * 1024U)
/** Bytes of arguments that travel with a spawn. */
#define MYC_ARGS_SIZE_MAX 1024U
/** Messages that wait in a mailbox unless the spawn says otherwise. */
#define MYC_MAILBOX_DEFAULT 1024U
/** Keys that wait in a mailbox that conflates, at most: its mailbox_max. */
#define MYC_CONFLATE_KEYS_MAX 32768U
/** Mailboxes that a message passes on its way through those that redirect. */
#define MYC_REDIRECT_DEPTH_MAX 4U
/** Waiting for ever, as a time-out. */
#define MYC_FOREVER UINT64_MAX

/** Class flags. */
enum myc_class_flag {
    MYC_CLASS_ACCEPTS_ANY = 1 << 0, /**< every type reaches receive; `accepts` is not looked at */
    /** A stop asked for by another comes as a StopRequested event, ahead of what waits; the actor
     * ends when it stops itself. A kill, and the stop of the node, do not ask. */
    MYC_CLASS_HANDLES_STOP = 1 << 1,
    /** A request that a handler returns from without having answered it or passed it on will not be
     * answered: its asker hears BROKEN at once. For actors that never keep a request. */
    MYC_CLASS_ANSWERS_AT_ONCE = 1 << 2,
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
     * @param args       bytes given to the spawn, of any alignment: copy out what is in them; valid
     *                   during the call; NULL when size is 0.
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
    /** NULL for a class to spawn. Else this is a behaviour of that class, for myc_become: the state
     * is the class's, `state_size` and `init` are not looked at, and a `stop` that is NULL is the
     * class's. */
    const struct myc_class *behaviour_of;
    /** For a mailbox that conflates (MYC_OVERFLOW_CONFLATE): the key of a message, such as an
     * instrument's number. A pure function of the message; NULL: its tag. */
    uint64_t (*key)(const struct myc_message *message);
};

/**
 * From the next message on the actor behaves as another class says: what it accepts, how it
 * receives. What already waits was accepted by the behaviour before, and comes to the new one. A
 * restart begins with the class again.
 * @param behaviour  the actor's class, or a behaviour of it (asserted); must outlive the actor.
 * Context: inside a handler.
 */
MYC_API void myc_become(struct myc_self *self, const struct myc_class *behaviour);

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

MYC_END_DECLS

#endif
