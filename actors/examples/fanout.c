/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A conflating fan-out of market data: every subscriber gets each quote while it keeps up, and the
 * newest of each symbol when it does not.
 *
 * A send that is FULL marks the symbol for that subscriber; Writable sends what is marked, newest
 * only. So a slow subscriber costs one bit a symbol, holds up nobody, and is never told an old
 * price after a new one. A subscriber that has ended is forgotten by its Down.
 */
#include "examples.h"

#include <string.h>

#include <mycelium/messages.h>

#include "examples_messages.h"

struct subscriber {
    struct myc_ref ref; /* null: the place is free */
    uint64_t monitor;
    uint64_t behind; /* bit for each symbol whose newest quote it has not got */
};

struct fanout {
    struct example_quote newest[EXAMPLE_FANOUT_SYMBOLS_MAX];
    struct subscriber subscribers[EXAMPLE_FANOUT_SUBSCRIBERS_MAX];
};

/* Sends one quote, or remembers that it is owed. */
static void
pass_on(struct myc_self *self, const struct fanout *fanout, struct subscriber *subscriber,
        uint32_t symbol)
{
    uint64_t bit = 1ULL << symbol;

    if (example_quote_send(self, subscriber->ref, &fanout->newest[symbol]) == MYC_OK)
        subscriber->behind &= ~bit;
    else
        subscriber->behind |= bit;
}

static void
catch_up(struct myc_self *self, const struct fanout *fanout, struct subscriber *subscriber)
{
    for (uint32_t symbol = 0; symbol < EXAMPLE_FANOUT_SYMBOLS_MAX; symbol++)
        if (subscriber->behind & 1ULL << symbol)
            pass_on(self, fanout, subscriber, symbol);
}

static void
on_quote(struct myc_self *self, struct fanout *fanout, const struct example_quote *quote)
{
    if (quote->symbol >= EXAMPLE_FANOUT_SYMBOLS_MAX)
        return;
    fanout->newest[quote->symbol] = *quote;
    for (uint32_t i = 0; i < EXAMPLE_FANOUT_SUBSCRIBERS_MAX; i++) {
        struct subscriber *subscriber = &fanout->subscribers[i];

        if (myc_ref_is_null(subscriber->ref))
            continue;
        /* Who is behind waits for Writable: trying each time would cost it its turn. */
        if (subscriber->behind)
            subscriber->behind |= 1ULL << quote->symbol;
        else
            pass_on(self, fanout, subscriber, quote->symbol);
    }
}

static struct subscriber *
find(struct fanout *fanout, struct myc_ref ref)
{
    for (uint32_t i = 0; i < EXAMPLE_FANOUT_SUBSCRIBERS_MAX; i++)
        if (myc_ref_is_equal(fanout->subscribers[i].ref, ref))
            return &fanout->subscribers[i];
    return NULL;
}

static void
on_subscribe(struct myc_self *self, struct fanout *fanout, struct myc_ref ref)
{
    struct subscriber *subscriber = find(fanout, (struct myc_ref){ 0, 0 });

    if (subscriber == NULL || find(fanout, ref) != NULL)
        return;
    *subscriber = (struct subscriber){ .ref = ref };
    if (myc_monitor(self, ref, &subscriber->monitor) != MYC_OK)
        subscriber->ref = (struct myc_ref){ 0, 0 };
}

static enum myc_status
fanout_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct fanout *fanout = state;
    struct subscriber *subscriber;
    struct myc_undelivered undelivered;
    struct myc_writable writable;
    struct example_quote quote;
    struct myc_down down;

    if (example_quote_decode(message, &quote)) {
        on_quote(self, fanout, &quote);
    } else if (myc_message_is(message, &example_subscribe_type)) {
        on_subscribe(self, fanout, message->from);
    } else if (myc_writable_decode(message, &writable)) {
        subscriber = find(fanout, writable.ref);
        if (subscriber != NULL)
            catch_up(self, fanout, subscriber);
    } else if (myc_undelivered_decode(message, &undelivered)) {
        /* It was full when it came; which one it was does not matter: all are owed anew. */
        subscriber = find(fanout, undelivered.ref);
        if (subscriber != NULL)
            subscriber->behind = UINT64_MAX;
    } else if (myc_down_decode(message, &down)) {
        subscriber = find(fanout, down.ref);
        if (subscriber != NULL)
            *subscriber = (struct subscriber){ .behind = 0 };
    }
    return MYC_OK;
}

static const struct myc_type *const accepts[] = { &example_quote_type, &example_subscribe_type };

const struct myc_class example_fanout_class = {
    .size = sizeof(struct myc_class),
    .name = "example_fanout",
    .state_size = sizeof(struct fanout),
    .accepts = accepts,
    .accepts_count = 2,
    .receive = fanout_receive,
};
