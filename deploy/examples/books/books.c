/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Subscribes to the books of a running `mycelium demo`, without DPDK.
 *
 *     mycelium-sbe header market.xml -o market_messages.h
 *     cc $(pkg-config --cflags mycelium-client) books.c $(pkg-config --libs mycelium-client) -o
 * books
 *     ./books /tmp/mycelium-demo-XXXXXX/alpha.sock 20
 *
 * The process is an actor of its own, its inbox: it finds the book by name, watches it, and is sent
 * the best of both sides of each symbol whenever they change. A program with more to do writes
 * actors of its own and spawns them on the client (mycelium/client.h).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <mycelium/client.h>
#include <mycelium/messages.h>

#include "market_messages.h"

#define BOOK       "demo.book"
#define WAIT_NS    10000000000ULL
#define PRICE_UNIT 10000.0

static int
failed(const char *what, enum myc_status status)
{
    fprintf(stderr, "%s: %s\n", what, myc_status_text(status));
    return 1;
}

static enum myc_status
subscribe(struct myc_node *node)
{
    const struct market_subscribe wanted = { .is_wanted = 1 };
    uint8_t body[MARKET_SUBSCRIBE_BLOCK_LENGTH];
    struct myc_ref book;
    uint64_t monitor;
    enum myc_status status = myc_client_find(node, BOOK, WAIT_NS, &book);

    if (status == MYC_OK)
        status = myc_client_monitor(node, book, &monitor);
    if (status != MYC_OK)
        return status;
    market_subscribe_encode(&wanted, body);
    return myc_client_send(node, book, &market_subscribe_type, body, sizeof(body), 0);
}

static void
print_quote(const struct market_quote *quote)
{
    printf("%.8s %8" PRIu64 " %10.4f | %10.4f %8" PRIu64 "  #%" PRIu64 "\n", quote->symbol,
           quote->bid_size, (double)quote->bid_price / PRICE_UNIT,
           (double)quote->ask_price / PRICE_UNIT, quote->ask_size, quote->sequence);
}

/* Until there were so many, or the book has ended. */
static enum myc_status
print_quotes(struct myc_node *node, unsigned long count)
{
    struct myc_message message;
    enum myc_status status = MYC_OK;

    while (count > 0 && status == MYC_OK) {
        struct market_quote quote;

        status = myc_client_receive(node, WAIT_NS, &message);
        if (status != MYC_OK)
            return status;
        if (myc_message_is(&message, &myc_down_type))
            return MYC_GONE;
        if (!market_quote_decode(&message, &quote))
            continue;
        print_quote(&quote);
        count--;
    }
    return status;
}

int
main(int argc, char **argv)
{
    unsigned long count = argc > 2 ? strtoul(argv[2], NULL, 10) : 100;
    struct myc_node *node = NULL;
    enum myc_status status;

    if (argc < 2) {
        fprintf(stderr, "usage: books CONTROL_SOCKET [QUOTES]\n");
        return 2;
    }
    status = myc_client_open(argv[1], NULL, &node);
    if (status != MYC_OK)
        return failed(argv[1], status);
    status = subscribe(node);
    if (status == MYC_OK)
        status = print_quotes(node, count);
    myc_node_stop(&node);
    return status == MYC_OK ? 0 : failed(BOOK, status);
}
