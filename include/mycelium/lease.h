/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file lease.h
 * Children on other nodes, of which never two act at once.
 *
 * A *host* (myc_host_class, an ordinary actor) offers classes on its node and joins a group. A
 * *remote child* (myc_remote_class) stands in a supervisor for an actor that runs on one of these
 * hosts: it has it started there, watches it and ends with its reason, so that the supervisor does
 * with it what it does with any child; a lost node is NO_CONNECTION, a crash is the crash's reason.
 *
 *      supervisor --- remote child ------ links ------ host --- the actor, leased
 *                        grants  <-------- renews ------'
 *
 * The actor acts only under a *lease*. The host asks for it again and again; a grant counts from
 * before it was asked for, less the drift of clocks. The remote child grants for one life of the
 * actor only, and begins with a wait of one lease, more the drift: whatever an earlier life of it
 * had granted, here or in a node that has crashed, is over by then. So two lives do not act at once
 * as long as no clock is wrong by more than `drift_ppm`, whatever is cut, stopped and resumed. The
 * price is one lease of rest before each start.
 *
 * The lease is looked at before every handler; an actor whose lease has run out is ended instead.
 * Before an effect on the outside (an order), it asks myc_lease_valid as well.
 */
#ifndef MYCELIUM_LEASE_H
#define MYCELIUM_LEASE_H

#include <mycelium/group.h>

MYC_BEGIN_DECLS

/** Leased actors of one host. */
#define MYC_HOST_CHILDREN_MAX 32U
/** Bytes of arguments of a leased actor. */
#define MYC_LEASED_ARGS_MAX 64U
/** Drift of a clock that is assumed when none is said: one in a thousand. */
#define MYC_LEASE_DRIFT_PPM 1000U

/** A class whose actors act only under a lease. Must outlive them. */
struct myc_leased_class {
    struct myc_class wrapper; /**< what is spawned */
    const struct myc_class *base;
};

/**
 * Makes a leased class of a class: state, types and functions are its own; myc_become is not for
 * its actors.
 * @param base  must outlive it.
 * Context: any thread.
 */
MYC_API void myc_leased_class_init(struct myc_leased_class *leased, const struct myc_class *base);

/** Whether the running actor may act now: its lease has not run out, or it needs none. Reads the
 * clock. Context: inside a handler. */
MYC_API bool myc_lease_valid(const struct myc_self *self);

/**
 * Sets until when a child may act.
 * @param until_ns  as myc_clock_ns.
 * @return OK; NOT_FOUND (no leased child of the running actor on this lcore).
 * Context: inside a handler of its parent.
 */
MYC_API enum myc_status myc_lease_set(struct myc_self *self, struct myc_ref child,
                                      uint64_t until_ns);

/** What a host offers. It and all it points to must outlive the host. */
struct myc_host_spec {
    size_t size;       /**< sizeof(struct myc_host_spec) */
    const char *group; /**< that it joins, for remote children to find it */
    const struct myc_leased_class *classes;
    uint32_t class_count;
    uint32_t drift_ppm; /**< 0: MYC_LEASE_DRIFT_PPM; the same for all hosts and remote children */
};

/** The host; its arguments are a struct myc_host_spec. */
MYC_API extern const struct myc_class myc_host_class;

/** What a remote child is. It and all it points to must outlive it. */
struct myc_remote_spec {
    size_t size;            /**< sizeof(struct myc_remote_spec) */
    const char *group;      /**< of hosts */
    const char *class_name; /**< of the leased class's base; 1 to 31 bytes */
    const void *args;       /**< for its init; NULL: none */
    size_t args_size;       /**< 0 to MYC_LEASED_ARGS_MAX */
    uint64_t lease_ns;      /**< 1 ms up; a third of it is the time between renewals */
    uint32_t drift_ppm;     /**< as the hosts' */
};

/** The remote child; its arguments are a struct myc_remote_spec. */
MYC_API extern const struct myc_class myc_remote_class;

MYC_END_DECLS

#endif
