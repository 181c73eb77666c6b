/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The parts that plug into a core: timers, asks, monitors and names, one file each.
 *
 * Each part has its own table, made by its create from limits of core->config and freed by its
 * destroy, and is told what happens by the functions below; the core calls them and knows nothing
 * else of the parts. The public functions (myc_timer_start, myc_ask, ...) are defined by the parts.
 *
 * Lists of what belongs to one actor begin in its struct fab_slot_cold.
 */
#ifndef FAB_ACTOR_PARTS_H
#define FAB_ACTOR_PARTS_H

#include "actor/state.h"

/* --- all of them ------------------------------------------------------------------------------ */

/* What is due by the clock at core->now_ns: timers (at most `budget`), asks, discovers. Returns
 * work done. Called when core->parts_ns has come, and sets it anew. */
unsigned fab_parts_run(struct fab_core *core, unsigned budget);

/* A part will have something to do at that time, 0: in the next turn. Whoever starts a timer of any
 * kind or leaves something for fab_parts_run says so; between two of these the parts cost a turn
 * nothing. */
static inline void
fab_parts_due(struct fab_core *core, uint64_t due_ns)
{
    if (due_ns < core->parts_ns)
        core->parts_ns = due_ns;
}

/* When fab_parts_run has work; UINT64_MAX: never. May be early, never late. */
uint64_t fab_parts_next_ns(const struct fab_core *core);

/* The actor is suspended or runs again under its ref: its watches of others and what it looked for
 * are forgotten; its names stay, and those who watch it see nothing. */
void fab_parts_on_restart(struct fab_core *core, struct fab_slot *slot);

/* Whether no table has an entry. For tests. */
bool fab_parts_are_quiet(const struct fab_core *core);

/* --- timer ------------------------------------------------------------------------------------ */

enum myc_status fab_timers_create(struct fab_core *core); /* sets core->timers */
void fab_timers_destroy(struct fab_core *core);           /* also when create failed half-way */

/* Fires what is due at core->now_ns, at most `budget`. Returns how many fired. */
unsigned fab_timers_run(struct fab_core *core, unsigned budget);

/* When the next one is due; UINT64_MAX: none. May be early, never late. */
uint64_t fab_timers_next_ns(const struct fab_core *core);

/* Entries of the table. For tests. */
uint32_t fab_timers_count(const struct fab_core *core);

/* The actor ends or restarts: all its timers go. */
void fab_timers_on_end(struct fab_core *core, struct fab_slot *slot);

/* A TimerFired event with this source is about to be handled: false drops it (cancelled since). */
bool fab_timers_is_wanted(struct fab_core *core, struct fab_slot *slot, uint64_t source);

/* --- ask -------------------------------------------------------------------------------------- */

enum myc_status fab_asks_create(struct fab_core *core);
void fab_asks_destroy(struct fab_core *core);

/* Ends asks whose deadline has come, at most `budget`. Returns how many. */
unsigned fab_asks_run(struct fab_core *core, unsigned budget);

/* When the next deadline is due; UINT64_MAX: none. May be early, never late. */
uint64_t fab_asks_next_ns(const struct fab_core *core);

/* Asks that are open and requests that are owed. For tests. */
uint32_t fab_asks_count(const struct fab_core *core);

/* A reply for an actor of this lcore has come. False: no such ask is open, the reply goes (counted
 * here: late, duplicate or too big). True: the ask is closed, *tag is what its asker gave, and one
 * reserved cell, whose class is *cell, is now the core's to use or to give back. */
bool fab_asks_on_reply(struct fab_core *core, struct fab_slot *slot, const struct fab_msg *msg,
                       uint64_t *tag, enum fab_cell_class *cell);

/* The request `ask` of an actor of this lcore was not delivered, for this reason (GONE, FULL,
 * BAD_TYPE, NO_MEMORY, IN_DOUBT, ...). */
void fab_asks_on_undelivered(struct fab_core *core, struct fab_slot *slot, uint64_t ask,
                             enum myc_status reason);

/* A message of kind ASK is about to be given to this actor's handler. */
void fab_asks_on_request(struct fab_core *core, struct fab_slot *slot, struct myc_ref from,
                         uint64_t ask);

/* Its handler has returned: one of MYC_CLASS_ANSWERS_AT_ONCE owes nothing any more. */
void fab_asks_on_returned(struct fab_core *core, struct fab_slot *slot, struct myc_ref from,
                          uint64_t ask);

/* The actor ends or restarts: its own asks are forgotten, the requests that it owes an answer to
 * are BROKEN. */
void fab_asks_on_end(struct fab_core *core, struct fab_slot *slot);
void fab_asks_on_link_down(struct fab_core *core, struct fab_link *link);

/* --- monitor ---------------------------------------------------------------------------------- */

enum myc_status fab_monitors_create(struct fab_core *core);
void fab_monitors_destroy(struct fab_core *core);

/* Records of both sides, and actors that follow the nodes. For tests. */
uint32_t fab_monitors_count(const struct fab_core *core);

/* The actor has ended: whoever watches it gets its Down, and its own watches go. */
void fab_monitors_on_end(struct fab_core *core, struct fab_slot *slot, enum myc_status reason);
void fab_monitors_on_restart(struct fab_core *core, struct fab_slot *slot);
void fab_monitors_on_link_up(struct fab_core *core, struct fab_link *link);
void fab_monitors_on_link_down(struct fab_core *core, struct fab_link *link);

/* A Down event with this source is about to be handled: false drops it (demonitored since). */
bool fab_monitors_is_wanted(struct fab_core *core, struct fab_slot *slot, uint64_t source);

/* --- name ------------------------------------------------------------------------------------- */

enum myc_status fab_names_create(struct fab_core *core);
void fab_names_destroy(struct fab_core *core);

/* For struct myc_spawn_options.name. OK; EXISTS; NO_MEMORY; INVALID. */
enum myc_status fab_names_register(struct fab_core *core, struct fab_slot *slot, const char *name);
/* Ends discovers whose time is over, and says what could not be said before. Returns work done. */
unsigned fab_names_run(struct fab_core *core, unsigned budget);
uint64_t fab_names_next_ns(const struct fab_core *core);
/* Names that are held here or not yet forgotten, and seekers. For tests. */
uint32_t fab_names_count(const struct fab_core *core);
void fab_names_on_restart(struct fab_core *core, struct fab_slot *slot);
void fab_names_on_end(struct fab_core *core, struct fab_slot *slot);
void fab_names_on_link_up(struct fab_core *core, struct fab_link *link);
void fab_names_on_link_down(struct fab_core *core, struct fab_link *link);

/* Every name that holds, for display. */
void fab_names_each(const struct fab_core *core,
                    void (*each)(void *context, const char *name, struct myc_ref ref),
                    void *context);

/* --- system records of the parts -------------------------------------------------------------- */

/* A system record whose op is at or above FAB_SYSTEM_PARTS has come (wire/system.h): body and size
 * are bytes from outside, checked by the part. False: not valid (the core counts it). */
bool fab_asks_on_system(struct fab_core *core, struct fab_link *link, uint16_t op, const void *body,
                        uint32_t size);
bool fab_monitors_on_system(struct fab_core *core, struct fab_link *link, uint16_t op,
                            const void *body, uint32_t size);
bool fab_names_on_system(struct fab_core *core, struct fab_link *link, uint16_t op,
                         const void *body, uint32_t size);

#endif
