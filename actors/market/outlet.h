/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The sending end of a hop (hop.h): a window of messages that were not consumed yet, in a ring.
 *
 *            first             next              last
 *     - - - -+-----------------+-----------------+- - - - -
 *      gone  | sent            | waiting         | free
 *     - - - -+-----------------+-----------------+- - - - -
 *
 * All three are numbers of messages and only grow within a life, except that `next` goes back when
 * the fabric returns a message. last - first is at most the window.
 */
#ifndef MARKET_OUTLET_H
#define MARKET_OUTLET_H

#include "hop.h"
#include "journal.h"

enum market_outlet_state {
    MARKET_OUTLET_CLOSED = 0, /* nobody has that name yet; what is pushed waits */
    MARKET_OUTLET_OPENING,    /* somebody has; it has not said yet that it is ready */
    MARKET_OUTLET_OPEN,
    MARKET_OUTLET_LOST, /* was open; nobody has the name now */
};

struct market_outlet_item {
    const struct myc_type *type;
    uint64_t origin;
    uint8_t body[MARKET_BODY_MAX];
};

/* Counters of an outlet: member, and what it says. */
#define MARKET_OUTLET_COUNTERS(X)                                             \
    X(pushed, "messages that were to go")                                     \
    X(sent, "messages that the fabric accepted, each once")                   \
    X(resent, "messages given to the fabric again after it returned them")    \
    X(full, "times that the fabric had no room")                              \
    X(dropped_no_peer, "messages dropped as the consumer is lost")            \
    X(in_doubt, "messages accepted, but not consumed when the consumer left") \
    X(refused, "messages dropped as the fabric will never take them")         \
    X(lives, "times that the hop was opened")

struct market_outlet {
#define MARKET_OUTLET_MEMBER(name, text) uint64_t name;
    MARKET_OUTLET_COUNTERS(MARKET_OUTLET_MEMBER)
#undef MARKET_OUTLET_MEMBER
    struct market_outlet_item *items; /* owned; MARKET_WINDOW of them; NULL when only accounted */
    struct market_journal *journal;   /* not owned */
    const char *peer_name;            /* a constant */
    struct myc_ref to;
    uint64_t monitor;
    uint64_t first;
    uint64_t next;
    uint64_t last;
    uint64_t sent_most;  /* the largest number that the fabric has accepted, for `resent` */
    uint32_t ticks_away; /* since the name was last looked up */
    uint16_t life;
    enum market_lane lane;
    enum market_outlet_state state;
    bool is_full;       /* the fabric had no room; a Writable event follows */
    bool has_been_open; /* once: from then on nobody waits for a lost consumer */
};

/* Takes memory for a window when there are messages (else they go another way and are only
 * accounted); false when there is none. */
bool market_outlet_init(struct market_outlet *outlet, enum market_lane lane, const char *peer_name,
                        struct market_journal *journal, bool has_messages);

void market_outlet_fini(struct market_outlet *outlet);

/* Begins to look for the consumer. */
enum myc_status market_outlet_start(struct market_outlet *outlet, struct myc_self *self);

/* Whether one more may be pushed. */
bool market_outlet_has_room(const struct market_outlet *outlet);

/* Takes a message; its Hop is filled in here. There must be room. */
void market_outlet_push(struct market_outlet *outlet, const struct myc_type *type, const void *body,
                        uint64_t origin);

/* Accounts one that goes another way. There must be room. */
void market_outlet_account(struct market_outlet *outlet);

/* Gives the fabric what waits, until it is full. */
void market_outlet_flush(struct market_outlet *outlet, struct myc_self *self);

/* Whether the message was for this outlet; it is then taken into account. */
bool market_outlet_on_message(struct market_outlet *outlet, struct myc_self *self,
                              const struct myc_message *message);

/* Takes the last message of a hop's life, which says how many came before it. There must be room.
 */
void market_outlet_push_end(struct market_outlet *outlet);

/* Journals its counters, each under its member's name behind `prefix` and `_`. */
void market_outlet_report(const struct market_outlet *outlet, const char *prefix);

/* Every MARKET_TICK_NS: makes good what was lost of the opening. */
void market_outlet_on_tick(struct market_outlet *outlet, struct myc_self *self);

/* How many are not consumed yet. */
static inline uint32_t
market_outlet_depth(const struct market_outlet *outlet)
{
    return (uint32_t)(outlet->last - outlet->first);
}

#endif
