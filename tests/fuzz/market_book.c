/* SPDX-License-Identifier: BSD-3-Clause */
/* Events of any values, 8 bytes each: the book stays sound, and each event is counted once. */
#include <stdlib.h>

#include "market/book.h"
#include "market/bytes.h"

#define EVENT_SIZE 8U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct market_book_limits limits = { 3, 4, 7 };
    struct market_book *book = market_book_create(&limits);
    uint64_t accounted = 0;

    if (book == NULL)
        abort();
    for (; size >= EVENT_SIZE; data += EVENT_SIZE, size -= EVENT_SIZE) {
        struct market_event event = {
            .kind = data[0] % 8,
            .side = data[1],
            .symbol = data[2] % 5,
            .order = data[3] % 16,
            .order_new = data[4] % 16,
            .price = (int8_t)data[5],
            .size = data[7] & 1 ? data[6] : data[6] * 0x01010101U,
        };
        struct market_change change;

        market_book_apply(book, &event, &change);
        if (!market_book_check(book))
            abort();
    }
    const struct market_book_counters *counters = market_book_counters(book);

#define ADD(name, text) accounted += counters->name;
    MARKET_BOOK_COUNTERS(ADD)
    /* Everything but `events` and `resets` (which are among the applied). */
    if (accounted - counters->events - counters->resets != counters->events)
        abort();
    market_book_destroy(book);
    return 0;
}
