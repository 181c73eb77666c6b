/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Payloads of either protocol into a feed and its events into a book: nothing is read out of
 * bounds, all messages are accounted for, and the book stays sound. The input is a run of payloads,
 * each with its length in two bytes in front.
 */
#include <stdlib.h>

#include "market/book.h"
#include "market/feed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool condition)
{
    if (!condition)
        abort();
}

/* A copy of its own, so that reading one byte beyond is seen. */
static void
read_payload(struct market_feed *feed, struct market_book *book, const uint8_t *data, size_t size)
{
    struct market_event event;
    struct market_change change;
    uint8_t *copy = malloc(size + 1);

    require(copy != NULL);
    memcpy(copy + 1, data, size);
    if (market_feed_open(feed, (struct market_bytes){ copy + 1, size }) == MARKET_ACCEPTED) {
        while (market_feed_next(feed, &event))
            market_book_apply(book, &event, &change);
    }
    free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct market_book_limits limits = { 3, 5, 9 };
    struct market_book *book = market_book_create(&limits);
    struct market_feed feed;

    require(book != NULL);
    market_feed_init(&feed);
    while (size >= 2) {
        size_t length = market_le16(data);

        data += 2;
        size -= 2;
        length = length < size ? length : size;
        read_payload(&feed, book, data, length);
        data += length;
        size -= length;
    }
    require(market_book_check(book));
    require(feed.messages == feed.messages_book + feed.messages_other + feed.messages_duplicate +
                                 feed.messages_short + feed.messages_unknown);
    market_book_destroy(book);
    return 0;
}
