/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an actor has to say about its work, kept until the reporter has room for it.
 *
 * The reporter is an actor like any other, found by name, so the report comes together wherever the
 * actors run. A demo without a reporter runs as well: its notes fall out of the journal, counted.
 */
#ifndef MARKET_JOURNAL_H
#define MARKET_JOURNAL_H

#include <mycelium/actor.h>
#include <mycelium/histogram.h>

#include "book.h"
#include "market_messages.h"

#define MARKET_JOURNAL_BODY_MAX 80U
#define MARKET_JOURNAL_NOTES    512U /* that wait; an actor has some 60 a second */

struct market_journal_note {
    const struct myc_type *type;
    uint8_t body[MARKET_JOURNAL_BODY_MAX];
};

struct market_journal {
    struct market_journal_note *notes; /* owned; MARKET_JOURNAL_NOTES of them */
    struct myc_ref reporter;           /* null when nobody has the name */
    uint64_t head;                     /* counts up for ever */
    uint64_t tail;
    uint64_t lost; /* notes that found no room */
    enum market_role role;
    bool is_full;
    uint32_t ticks; /* since the last Progress */
};

bool market_journal_init(struct market_journal *journal, enum market_role role);

void market_journal_fini(struct market_journal *journal);

/* Begins to look for the reporter. */
enum myc_status market_journal_start(struct myc_self *self);

/* Whether `count` more notes find room. */
bool market_journal_has_room(const struct market_journal *journal, uint32_t count);

void market_journal_peer(struct market_journal *journal, const char *name, bool is_there,
                         enum myc_status reason);

void market_journal_count(struct market_journal *journal, const char *name, uint64_t value);

/* A counter of a part of the actor: it is called `part`_`name`. */
void market_journal_part(struct market_journal *journal, const char *part, const char *name,
                         uint64_t value);

void market_journal_latency(struct market_journal *journal, const char *name,
                            const struct myc_histogram *histogram);

void market_journal_top(struct market_journal *journal, const struct market_top *top);

/* To be called at each tick; once a second it is noted, with the role filled in, and true is
 * returned: then the counters are noted too, so that they outlive a process that is killed. */
bool market_journal_progress(struct market_journal *journal, struct market_progress progress);

void market_journal_finished(struct market_journal *journal);

/* Gives the reporter what waits, until it is full. */
void market_journal_flush(struct market_journal *journal, struct myc_self *self);

/* Whether the message was for the journal. */
bool market_journal_on_message(struct market_journal *journal, const struct myc_message *message);

#endif
