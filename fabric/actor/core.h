/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The actor core: what one lcore knows and does about actors.
 *
 * One struct fab_core for each lcore; it has one writer, the thread that runs the lcore. It is
 * pure: time, memory, links and ports are given to it, so the same code runs in a node, in a client
 * without DPDK and in the simulator. One turn of an lcore is
 *
 *      fab_core_turn_begin(core, now)      the clock, read once
 *      fab_core_poll(core, burst)          links that poll themselves (rings, segments)
 *      ... ports, which feed flows ...     the node's own
 *      fab_core_run(core, budget)          handlers, timers, pollers
 *      fab_core_flush(core, now)           what was sent becomes visible
 *
 * Messages that arrive are handled straight from the link's memory when the receiver has none
 * waiting, else copied into its mailbox. A message sent on the lcore is always queued.
 *
 * Everything is allocated by fab_core_create and nothing later. The parts are one noun to a file:
 * slot, cell (mailbox memory), state (slabs), mailbox, run (the queue), route (links), send,
 * dispatch, overflow and keyed (full mailboxes), bounce (the gapless prefix), waiter (FULL and
 * writable), meter, spawn, system (records between cores), poller; and those of their own: timer,
 * ask, monitor, name (see parts.h).
 */
#ifndef FAB_ACTOR_CORE_H
#define FAB_ACTOR_CORE_H

#include <stddef.h>
#include <stdint.h>

#include "link/link.h"

#include <mycelium/actor.h>
#include <mycelium/node.h>
#include <mycelium/port.h>

struct fab_core;

/* Where a core's memory comes from: on its own socket, touched and locked by whoever gives it.
 * Called by create and destroy only. */
struct fab_core_memory {
    /* Zeroed; NULL when there is none. `align` is a power of two, at least 8. */
    void *(*alloc)(void *context, size_t size, size_t align);
    void (*free)(void *context, void *pointer);
    void *context; /* not owned */
};

/* How an actor's calls of mycelium/port.h reach the node's ports. Runs on the core's lcore. */
struct fab_core_ports {
    enum myc_status (*listen)(void *context, struct myc_ref actor, const char *port,
                              uint16_t udp_port, myc_frame_fn on_frame);
    /* The actor has ended or restarts: whatever it listened to is free again. */
    void (*release)(void *context, struct myc_ref actor);
    enum myc_status (*transmit)(void *context, const char *port, const void *frame, uint32_t size);
    void *context; /* not owned */
};

/* What a core is. Everything is copied by create. */
struct fab_core_config {
    size_t size;   /* sizeof(struct fab_core_config) */
    uint64_t home; /* home word of the node's refs */
    uint8_t lcore; /* index of this lcore */
    uint8_t lcore_count;
    uint32_t links_max; /* 0: 1024; at most 65535 */
    /* Entries of each table about back-pressure (who waits, who is full, who is held back), a power
     * of two; 0: FAB_WAITERS_MAX and its like. When one is full the answers are more cautious. */
    uint32_t tables_max;
    struct myc_limits limits; /* zeroes are replaced by the defaults; messages_max is "at least" */
    bool finds_wait_cycles;   /* see wait_cycle.h */
    uint64_t seed;
    uint64_t (*clock_ns)(void *context); /* for myc_clock_ns; NULL: the turn's time */
    void *clock_context;                 /* not owned */
    void *heap;         /* for bodies of large messages; not owned; NULL: large sends NO_MEMORY */
    uint64_t heap_size; /* bytes, a multiple of FAB_HEAP_UNIT */
    uint64_t heap_incoming; /* of these, for what comes in parts over flows; a multiple likewise */
    const char *const *exported; /* names whose holders other nodes may address; copied */
    uint32_t exported_count;     /* 0: they may address everybody */
    struct fab_core_ports ports; /* zeroes: myc_port_* answer NOT_FOUND */
};

/* Counters of a core; every refusal and loss adds one to exactly one of the refusing kinds. */
/* clang-format off */
#define FAB_CORE_COUNTERS(X)                                                                       \
    X(sent, "messages accepted from actors here")                                                  \
    X(received, "messages that came over links for actors here")                                   \
    X(delivered, "messages given to a handler")                                                    \
    X(delivered_in_place, "of these, straight from the link's memory")                             \
    X(events, "events given to a handler")                                                         \
    X(refused_full, "sends answered FULL")                                                         \
    X(refused_gone, "sends answered GONE")                                                         \
    X(refused_unreachable, "sends answered UNREACHABLE")                                           \
    X(refused_no_memory, "sends answered NO_MEMORY")                                               \
    X(refused_too_big, "sends answered TOO_BIG")                                                   \
    X(refused_bad_type, "sends answered BAD_TYPE")                                                 \
    X(refused_margin, "sends answered INVALID: the mailbox is not larger than their margin")       \
    X(bounced_full, "messages that came and found a full mailbox")                                 \
    X(bounced_gone, "messages that came for an actor that has ended")                              \
    X(bounced_bad_type, "messages that came with a type that the actor does not accept")           \
    X(unverified, "of these, because their bytes did not verify")                                  \
    X(bounced_reach, "messages, stops and kills for an actor that the other end may not reach")    \
    X(bounced_refused, "messages that came from elsewhere for an actor that is not exported")      \
    X(unexported, "watches and stops from elsewhere of an actor that is not exported")             \
    X(bounced_no_memory, "messages that came when no slot for them was left")                      \
    X(bounced_margin, "messages that came for a mailbox not larger than their margin")             \
    X(bounced_gap, "messages held back because one before them was not delivered")                 \
    X(dropped_newest, "messages dropped by a full mailbox that drops the newest")                  \
    X(dropped_oldest, "messages dropped by a full mailbox that drops the oldest")                  \
    X(conflated, "messages whose place a later one of their key took")                             \
    X(redirected, "messages that a full mailbox passed on to another")                             \
    X(redirect_too_deep, "messages that too many full mailboxes had passed on, refused as FULL")   \
    X(expired, "messages whose deadline passed before their handler")                              \
    X(dead_letters, "messages that waited in a mailbox when the actor ended")                      \
    X(undelivered, "undelivered notices given to actors here")                                     \
    X(notices_unclaimed, "undelivered notices whose sender had ended")                             \
    X(notices_lost, "notices for which no cell was left")                                          \
    X(in_doubt, "messages reported in doubt because their link broke")                             \
    X(writable, "writable events given to actors here")                                            \
    X(replies_late, "replies that came after their ask had ended")                                 \
    X(system_sent, "system records sent")                                                          \
    X(system_received, "system records received")                                                  \
    X(system_waited, "system records that had to wait for room in their link")                     \
    X(system_bad, "system records that were not valid")                                            \
    X(system_lost, "system records for a link that was down")                                      \
    X(spawned, "actors started")                                                                   \
    X(spawn_failed, "spawns that were refused or whose init failed")                               \
    X(stopped, "actors that ended by their own or another's wish")                                 \
    X(failed, "actors that failed")                                                                \
    X(faults, "functions of actors that raised a fault signal, under a guard")                     \
    X(killed, "actors that were killed")                                                           \
    X(restarted, "supervised actors run again")                                                    \
    X(slots_retired, "slots whose generations are used up")                                        \
    X(timers_fired, "timer events given to actors here")                                           \
    X(timer_periods_skipped, "periods of timers that had passed before the event was handled")     \
    X(asks_opened, "asks that were begun")                                                         \
    X(asks_timed_out, "asks that ended by their deadline")                                         \
    X(asks_failed, "asks that ended by another failure")                                           \
    X(requests_untracked, "requests whose asker will not hear at once if they are never answered") \
    X(ask_ends_lost, "asks that ended with no memory to tell who was asked")                       \
    X(wait_cycles, "times that actors were found to wait for each other's answers (debug builds)") \
    X(replies_duplicate, "replies to an ask that had been replied to")                             \
    X(downs, "Down events given to actors here")                                                   \
    X(downs_unsaid, "refused monitors and links whose watcher could not be told")                  \
    X(exits, "ends of linked actors that ended one here")                                          \
    X(nodes_untold, "nodes that came up when the table of nodes was full")                         \
    X(large_sent, "messages whose body went through the heap")                                     \
    X(large_received, "messages that came over links with their body in a heap")                   \
    X(bodies_copied, "bodies copied because they lay in another heap, or in no heap when kept")    \
    X(lent_over_quota, "large messages refused: their process keeps as much as it may")            \
    X(heap_empty, "times that the heap or a table of buffers was used up")                         \
    X(loans_broken, "bodies that came back because the link to who had them broke")                \
    X(releases_lost, "bodies that come back only with the end of their link")                      \
    X(stalls, "times that an actor kept its lcore for longer than stall_report_us")                \
    X(stalls_untold, "Stalled events for which no cell was left")                                  \
    X(mailbox_high_water, "most messages seen waiting in one mailbox")                             \
    X(mailbox_wait_ns_max, "longest time that messages were seen to wait in a mailbox, ns")        \
    X(turns, "turns of the loop")                                                                  \
    X(turns_busy, "turns that found work")
/* clang-format on */

struct fab_core_counters {
#define FAB_CORE_COUNTER_FIELD(name, text) uint64_t name;
    FAB_CORE_COUNTERS(FAB_CORE_COUNTER_FIELD)
#undef FAB_CORE_COUNTER_FIELD
};

/* OK; NO_MEMORY; INVALID (a limit out of its range). On OK the core is the caller's to destroy. */
enum myc_status fab_core_create(const struct fab_core_config *config,
                                const struct fab_core_memory *memory, struct fab_core **core);

/* Frees everything without running a stop function: see fab_core_stop_all. NULL inside is fine. */
void fab_core_destroy(struct fab_core **core);

/* What it was made of, limits with their defaults. Valid as long as the core. */
const struct fab_core_config *fab_core_config_of(const struct fab_core *core);

/* Begins a turn. `now_ns` never goes back. */
void fab_core_turn_begin(struct fab_core *core, uint64_t now_ns);

/* Polls every link that has a poll function, at most `burst` records each. Returns work done. */
unsigned fab_core_poll(struct fab_core *core, unsigned burst);

/* Records that may be handed to the core now such that each can be answered. While many of its own
 * wait for room in their link, it takes no messages for actors, which might be bounced, but goes on
 * with replies and system records, on which that room may depend. fab_core_poll keeps to the
 * former. */
struct fab_room fab_core_room(const struct fab_core *core);

/* Runs actors that have something to do (`budget` messages at most, a batch for each), timers
 * that are due, and pollers. Returns work done: 0 is an idle turn. */
unsigned fab_core_run(struct fab_core *core, unsigned budget);

/* Runs only more of the actors, later in the same turn. Returns messages handled. */
unsigned fab_core_run_more(struct fab_core *core, unsigned budget);

/* The clock now, not at the turn's beginning; without one, that. */
uint64_t fab_core_clock_ns(const struct fab_core *core);

/* Makes what was sent in this turn visible to the other lcores. `now_ns` may be later than the
 * turn's beginning: frames of a flow that leave now are stamped with it. */
void fab_core_flush(struct fab_core *core, uint64_t now_ns);

/* Earliest time at which fab_core_run has work that does not come over a link; UINT64_MAX: none. */
uint64_t fab_core_next_ns(const struct fab_core *core);

/* Whether an actor has something to do now. */
bool fab_core_has_work(const struct fab_core *core);

/* What every carrier of this core is given as sink, with the core as its context. */
extern const struct fab_link_sink fab_core_sink;

/* Makes a link known: sets its sink, core and index. An up link (a ring) is routed to at once,
 * others when they say on_up. Of several links to one lcore the lowest level that is up is used.
 * OK; NO_MEMORY (links_max). The link is not owned. */
enum myc_status fab_core_add_link(struct fab_core *core, struct fab_link *link);

/* Forgets a link. One that is up goes down first, as if it had said NO_CONNECTION. */
void fab_core_remove_link(struct fab_core *core, struct fab_link *link);

/* Whether bodies that the link's other end owns are still read here: the memory that they lie in
 * must stay. */
bool fab_core_link_is_borrowed(const struct fab_core *core, const struct fab_link *link);

/* Spawns an actor without a parent. Context: the core's thread, between turns or within one, not
 * inside a handler. As myc_spawn. */
enum myc_status fab_core_spawn(struct fab_core *core, const struct myc_class *class_of,
                               const struct myc_spawn_options *options, struct myc_ref *ref);

/* Asks every actor to stop (SHUTDOWN); supervised and suspended ones end too. They end as
 * fab_core_run goes on; `fab_core_actor_count` tells when all have. From the call on, spawns are
 * refused with BAD_STATE. */
void fab_core_stop_all(struct fab_core *core);

/* Actors that live here now. */
uint32_t fab_core_actor_count(const struct fab_core *core);

/* Runs a frame callback as a handler of the actor. False: the actor has ended, or is suspended. */
bool fab_core_frame(struct fab_core *core, struct myc_ref actor, myc_frame_fn on_frame,
                    const struct myc_frame *frame);

/* Read by anybody for display; written by the core's thread. Valid as long as the core. */
const struct fab_core_counters *fab_core_counters(const struct fab_core *core);

/* Name, sentence and place of each counter, in the order of FAB_CORE_COUNTERS. */
struct fab_core_counter_info {
    const char *name;
    const char *text;
};
extern const struct fab_core_counter_info fab_core_counter_table[];
extern const unsigned fab_core_counter_count;

/* Whether nothing is taken: no actor, message, waiter, reservation or bounce is left. For tests. */
bool fab_core_is_quiet(const struct fab_core *core);

#endif
