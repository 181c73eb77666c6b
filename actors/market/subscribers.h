/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who wants to hear of the book's tops: actors from outside the demo, a script among them.
 *
 * They are not part of the lossless hops and hold up nobody. For each of them the book keeps a mark
 * at every symbol whose top it has not been told; one that has no room is told later, and then the
 * latest (what came between is conflated).
 */
#ifndef MARKET_SUBSCRIBERS_H
#define MARKET_SUBSCRIBERS_H

#include <mycelium/actor.h>

#include "book.h"

#define MARKET_SUBSCRIBERS_MAX 16U

struct market_subscriber {
    struct myc_ref ref; /* null: free */
    uint64_t monitor;
    bool *is_due; /* by symbol; not owned */
    uint32_t due; /* how many of them */
    uint32_t next;
};

struct market_subscribers {
    struct market_subscriber each[MARKET_SUBSCRIBERS_MAX];
    bool *marks; /* owned */
    uint32_t symbols_max;
    uint32_t count;
    uint64_t told;
    uint64_t refused; /* who came when there were as many as can be */
};

/* False: no memory. */
bool market_subscribers_init(struct market_subscribers *subscribers, uint32_t symbols_max);
void market_subscribers_fini(struct market_subscribers *subscribers);

/* Takes Subscribe and Down; false: the message is somebody else's. */
bool market_subscribers_on_message(struct market_subscribers *subscribers, struct myc_self *self,
                                   const struct myc_message *message,
                                   const struct market_book *book);

/* The top of a symbol has changed. */
void market_subscribers_mark(struct market_subscribers *subscribers, uint32_t symbol);

/* Tells what is due, as far as there is room, a burst at most. */
void market_subscribers_flush(struct market_subscribers *subscribers, struct myc_self *self,
                              const struct market_book *book, uint64_t sequence);

#endif
