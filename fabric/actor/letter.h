/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Dead letters: samples of what was accepted and not delivered, for one actor of the lcore.
 *
 * Every loss has its counter; this says of some of them whose they were. The watcher gets an event
 * for the first few in each stretch of time, and with the next one how many there were in between,
 * so that a storm of losses costs no more than a few events. A sample needs a cell that nobody was
 * promised and a place among those the watcher has not handled yet; without, it is only counted.
 * Samples that were passed on and lost are not sampled again.
 */
#ifndef FAB_ACTOR_LETTER_H
#define FAB_ACTOR_LETTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "wire/message.h"

#include <mycelium/dead_letter.h>

struct fab_cell;
struct fab_core;
struct fab_event;
struct fab_link;
struct fab_slot;

struct fab_letters {
    const struct fab_slot *watcher; /* not owned; NULL: nobody watches */
    uint64_t begin_ns;              /* of the stretch that runs */
    uint32_t said;                  /* samples in it */
    uint32_t unsaid;                /* losses since the last sample */
    uint32_t unhandled;             /* samples in the watcher's mailbox */
};

/* Takes a sample, perhaps. Only when somebody watches. */
void fab_letter_sample(struct fab_core *core, const struct fab_msg *msg, struct myc_ref to,
                       struct myc_ref from, enum myc_status cause);

/* Gives the watcher another event in place of a sample. False: nobody watches, or not now. */
bool fab_letter_say(struct fab_core *core, const struct fab_event *event);

/* A message that came over a link for an actor here was not delivered. */
void fab_letter_came(struct fab_core *core, const struct fab_link *link, const struct fab_msg *msg,
                     enum myc_status cause);

/* A message that waited here was not. */
void fab_letter_waited(struct fab_core *core, const struct fab_cell *cell, enum myc_status cause);

/* A sample is handled, or goes with the watcher. */
void fab_letter_on_handled(struct fab_core *core, const struct fab_slot *slot);

/* The actor ends or restarts. */
void fab_letters_on_end(struct fab_core *core, const struct fab_slot *slot);

#endif
