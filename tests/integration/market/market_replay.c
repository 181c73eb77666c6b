/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Replays a capture through the demo's five actors over the fake fabric and prints their report as
 * JSON, for compare.py: what the actors tell must be what the file holds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "market/reporter.h"
#include "support/fake_fabric.h"

#define STEP_NS   100000U
#define TURNS_MAX 10000000U

static void
spawn(const struct myc_class *class_of, const char *text)
{
    (void)fake_fabric_spawn(class_of, text, strlen(text));
}

int
main(int argc, char **argv)
{
    const struct fake_faults faults = { .seed = 1, .full = 1000, .undelivered = 10 };
    struct market_reporter_args args = { calloc(1, sizeof(struct market_report)) };
    char text[512];

    if (argc != 2 || args.report == NULL) {
        (void)fprintf(stderr, "usage: market_replay FILE\n");
        return 2;
    }
    (void)snprintf(text, sizeof(text), "port=feed\nspeed=max\npcap=%s\n", argv[1]);
    fake_fabric_init(&faults);
    (void)fake_fabric_spawn(&market_reporter_class, &args, sizeof(args));
    spawn(&market_exchange_class, text);
    spawn(&market_feed_handler_class, "port=feed\n");
    spawn(&market_book_class, "levels=4096\n");
    spawn(&market_strategy_class, "symbols=1024\n");
    spawn(&market_gateway_class, "\n");
    for (uint32_t i = 0; i < TURNS_MAX && !market_report_is_complete(args.report); i++)
        (void)fake_fabric_turn(STEP_NS);
    market_report_write_json(args.report, NULL, stdout);
    bool is_complete = market_report_is_complete(args.report);

    fake_fabric_fini();
    free(args.report);
    return is_complete ? 0 : 1;
}
