/* SPDX-License-Identifier: BSD-3-Clause */
#include "subscribers.h"

#include <stdlib.h>
#include <string.h>

#include <mycelium/messages.h>
#include <mycelium/monitor.h>

#include "market_messages.h"
#include "memory.h"

#define BURST 64U /* tops told to one subscriber at a time */

bool
market_subscribers_init(struct market_subscribers *subscribers, uint32_t symbols_max)
{
    subscribers->symbols_max = symbols_max;
    subscribers->marks =
        market_memory_take(MARKET_SUBSCRIBERS_MAX, symbols_max * sizeof(*subscribers->marks));
    if (subscribers->marks == NULL)
        return false;
    for (uint32_t i = 0; i < MARKET_SUBSCRIBERS_MAX; i++)
        subscribers->each[i].is_due = subscribers->marks + (size_t)i * symbols_max;
    return true;
}

void
market_subscribers_fini(struct market_subscribers *subscribers)
{
    free(subscribers->marks);
    subscribers->marks = NULL;
}

static void
mark(struct market_subscriber *subscriber, uint32_t symbol)
{
    subscriber->due += !subscriber->is_due[symbol];
    subscriber->is_due[symbol] = true;
}

/* The place of an actor, or with the null ref a free one; NULL: none. */
static struct market_subscriber *
place_of(struct market_subscribers *subscribers, struct myc_ref ref)
{
    for (uint32_t i = 0; i < MARKET_SUBSCRIBERS_MAX; i++)
        if (myc_ref_is_equal(subscribers->each[i].ref, ref))
            return &subscribers->each[i];
    return NULL;
}

static void
add(struct market_subscribers *subscribers, struct myc_self *self, struct myc_ref ref,
    const struct market_book *book)
{
    struct market_subscriber *subscriber = place_of(subscribers, ref);

    if (subscriber == NULL) {
        subscriber = place_of(subscribers, (struct myc_ref){ 0 });
        if (subscriber == NULL || myc_monitor(self, ref, &subscriber->monitor) != MYC_OK) {
            subscribers->refused++;
            return;
        }
        subscriber->ref = ref;
        subscribers->count++;
    }
    for (uint32_t symbol = 0; symbol < market_book_symbols(book); symbol++)
        mark(subscriber, symbol);
}

static void
drop(struct market_subscribers *subscribers, struct market_subscriber *subscriber)
{
    memset(subscriber->is_due, 0, subscribers->symbols_max * sizeof(*subscriber->is_due));
    *subscriber = (struct market_subscriber){ .is_due = subscriber->is_due };
    subscribers->count--;
}

/* False: it is not of a subscriber. */
static bool
on_down(struct market_subscribers *subscribers, const struct myc_message *message)
{
    struct myc_down down;
    struct market_subscriber *subscriber =
        myc_down_decode(message, &down) ? place_of(subscribers, down.ref) : NULL;

    if (subscriber == NULL || subscriber->monitor != down.monitor)
        return false;
    drop(subscribers, subscriber);
    return true;
}

static void
on_subscribe(struct market_subscribers *subscribers, struct myc_self *self,
             const struct myc_message *message, const struct market_book *book)
{
    struct market_subscriber *subscriber = place_of(subscribers, message->from);
    struct market_subscribe subscribe;

    if (!market_subscribe_decode(message, &subscribe) || myc_ref_is_null(message->from))
        return;
    if (subscribe.is_wanted) {
        add(subscribers, self, message->from, book);
    } else if (subscriber != NULL) {
        (void)myc_demonitor(self, subscriber->monitor);
        drop(subscribers, subscriber);
    }
}

bool
market_subscribers_on_message(struct market_subscribers *subscribers, struct myc_self *self,
                              const struct myc_message *message, const struct market_book *book)
{
    if (myc_message_is(message, &myc_down_type))
        return on_down(subscribers, message);
    if (!myc_message_is(message, &market_subscribe_type))
        return false;
    on_subscribe(subscribers, self, message, book);
    return true;
}

void
market_subscribers_mark(struct market_subscribers *subscribers, uint32_t symbol)
{
    for (uint32_t i = 0; subscribers->count > 0 && i < MARKET_SUBSCRIBERS_MAX; i++)
        if (!myc_ref_is_null(subscribers->each[i].ref))
            mark(&subscribers->each[i], symbol);
}

static enum myc_status
tell(struct myc_self *self, struct myc_ref ref, const struct market_top *top, uint64_t sequence)
{
    struct market_quote message = {
        .bid_price = top->bid.price,
        .bid_size = top->bid.size,
        .ask_price = top->ask.price,
        .ask_size = top->ask.size,
        .sequence = sequence,
    };
    uint8_t body[MARKET_QUOTE_SIZE];

    memcpy(message.symbol, &top->symbol, sizeof(message.symbol));
    market_quote_encode(&message, body);
    return myc_send(self, ref, &market_quote_type, body, sizeof(body));
}

static void
tell_due(struct market_subscribers *subscribers, struct market_subscriber *subscriber,
         struct myc_self *self, const struct market_book *book, uint64_t sequence)
{
    uint32_t told = 0;

    while (subscriber->due > 0 && told < BURST) {
        uint32_t symbol = subscriber->next;
        struct market_top top;

        if (subscriber->is_due[symbol]) {
            top = market_book_top(book, symbol);
            if (tell(self, subscriber->ref, &top, sequence) != MYC_OK)
                return;
            subscriber->is_due[symbol] = false;
            subscriber->due--;
            told++;
        }
        subscriber->next = (symbol + 1) % subscribers->symbols_max;
    }
    subscribers->told += told;
}

void
market_subscribers_flush(struct market_subscribers *subscribers, struct myc_self *self,
                         const struct market_book *book, uint64_t sequence)
{
    for (uint32_t i = 0; subscribers->count > 0 && i < MARKET_SUBSCRIBERS_MAX; i++)
        if (subscribers->each[i].due > 0)
            tell_due(subscribers, &subscribers->each[i], self, book, sequence);
}
