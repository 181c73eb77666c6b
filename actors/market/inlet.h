/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The receiving end of a hop (hop.h): checks the numbers, keeps what its actor cannot handle yet,
 * and says what was consumed.
 *
 * The actor takes from the front as long as it can pass on what follows from a message; so nothing
 * is consumed that would have nowhere to go.
 */
#ifndef MARKET_INLET_H
#define MARKET_INLET_H

#include <mycelium/histogram.h>

#include "hop.h"
#include "journal.h"

struct market_inlet_item {
    uint64_t origin;
    uint32_t key; /* MYC_TYPE_KEY of the message */
    uint32_t size;
    uint16_t block_length; /* as the message's */
    uint16_t version;
    uint16_t life; /* of the hop when it came */
    uint8_t body[MARKET_BODY_MAX];
};

/* Counters of an inlet: member, and what it says. */
#define MARKET_INLET_COUNTERS(X)                                     \
    X(received, "messages that came, each once")                     \
    X(consumed, "messages that were handled")                        \
    X(gaps, "times that numbers were missing")                       \
    X(missed, "messages that are missing by their numbers")          \
    X(duplicates, "messages that came again")                        \
    X(stale, "messages of an earlier life, or of nobody who opened") \
    X(malformed, "messages that do not verify")                      \
    X(overflow, "messages beyond the window, dropped")

struct market_inlet {
#define MARKET_INLET_MEMBER(name, text) uint64_t name;
    MARKET_INLET_COUNTERS(MARKET_INLET_MEMBER)
#undef MARKET_INLET_MEMBER
    struct market_inlet_item *items; /* owned; MARKET_WINDOW of them; NULL when only accounted */
    struct market_journal *journal;  /* not owned */
    const char *peer_name;           /* of the producer, for the journal */
    struct myc_ref from;
    uint64_t monitor;
    uint64_t expected; /* number of the next message of this life */
    uint64_t life_consumed;
    uint64_t life_credited; /* what the producer was told */
    uint64_t head;          /* of items; counts up for ever */
    uint64_t tail;
    uint16_t life;
    enum market_lane lane;
    bool is_open;
    bool is_ready;                /* the actor can pass on what follows */
    bool is_credit_due;           /* also when little was consumed */
    struct myc_histogram latency; /* ns from the sender's fabric call to here */
};

bool market_inlet_init(struct market_inlet *inlet, enum market_lane lane, const char *peer_name,
                       struct market_journal *journal, bool has_messages);

void market_inlet_fini(struct market_inlet *inlet);

/* From now on the producer may send; idempotent. */
void market_inlet_set_ready(struct market_inlet *inlet);

/* Whether the message was for this inlet: Open and messages of the hop, and the producer's end. */
bool market_inlet_on_message(struct market_inlet *inlet, struct myc_self *self,
                             const struct myc_message *message);

/* The oldest message that waits, or NULL; valid until it is popped. */
const struct market_inlet_item *market_inlet_peek(const struct market_inlet *inlet);

/* A generated view of a waiting message: MARKET_INLET_VIEW(struct market_ack_view, item). */
#define MARKET_INLET_VIEW(type, item) \
    ((type){ (item)->body, (item)->size, (item)->block_length, (item)->version })

/* It was handled. */
void market_inlet_pop(struct market_inlet *inlet);

/* `count` that came another way were handled. */
void market_inlet_account(struct market_inlet *inlet, uint64_t count);

/* Tells the producer what was consumed, if there is enough to tell. */
void market_inlet_flush(struct market_inlet *inlet, struct myc_self *self);

/* Journals its counters, each under its member's name behind `prefix` and `_`. */
void market_inlet_report(const struct market_inlet *inlet, const char *prefix);

static inline uint32_t
market_inlet_depth(const struct market_inlet *inlet)
{
    return (uint32_t)(inlet->tail - inlet->head);
}

#endif
