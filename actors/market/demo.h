/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The parent's side of `mycelium demo`: what the actors are to be started with, the live lines, and
 * the end. It stands on the public API alone; the program starts the processes and gives a node
 * (a client will do) on which the reporter lives.
 *
 *     market_demo_arguments(...)   for each actor, before its process is started
 *     market_demo_start            spawns the reporter
 *     market_demo_poll             as often as you like, until it says that all is over
 *     market_demo_print            the final report
 */
#ifndef MARKET_DEMO_H
#define MARKET_DEMO_H

#include <mycelium/node.h>

#include "report.h"

#define MARKET_DEMO_ARGUMENTS_SIZE 512U

struct market_demo_options {
    const char *pcap;  /* a path; NULL: the generator */
    double speed;      /* times as fast as the feed's own pace; 0: as fast as the last hop */
    uint64_t seed;     /* of the generator */
    uint64_t messages; /* of the generator */
    uint64_t symbols;  /* of the generator, 1 to 676 */
    bool keeps_books_at_restart; /* a session that restarts does not empty the books */
    bool is_json;
    bool do_lcores_share_cpus; /* the machine has fewer CPUs than the demo has lcores */
};

struct market_demo {
    struct market_demo_options options;
    struct market_report *report; /* owned */
    struct market_report_progress before[MARKET_REPORT_ROLES];
    uint64_t start_ns;
    uint64_t line_ns; /* time of the last live line */
    uint64_t end_ns;  /* 0 until all is over */
    uint32_t peers_told;
    uint32_t restarts; /* of processes, counted by the program */
};

/* The defaults: the generator, 1 000 000 messages of 8 symbols, speed max. */
void market_demo_options_init(struct market_demo_options *options);

/* The arguments of an actor by the name of its class, as text of MARKET_DEMO_ARGUMENTS_SIZE bytes.
 * False when a path is too long. */
bool market_demo_arguments(const struct market_demo_options *options, const char *class_name,
                           char *text);

/* Spawns the reporter on lcore 0 of a node. @return as myc_node_spawn; NO_MEMORY. */
enum myc_status market_demo_start(struct market_demo *demo,
                                  const struct market_demo_options *options, struct myc_node *node,
                                  uint64_t now_ns);

/* Prints what is new to `live` (NULL: nothing): a line a second, and each peer that was lost or
 * came back. Returns whether all is over. */
bool market_demo_poll(struct market_demo *demo, uint64_t now_ns, FILE *live);

/* Prints the final report, as JSON or tables. */
void market_demo_print(const struct market_demo *demo, FILE *out);

/* Whether every actor finished, every message passed every hop, and nothing was dropped. */
bool market_demo_is_lossless(const struct market_demo *demo);

/* Frees the report; the reporter must have ended with its node. */
void market_demo_fini(struct market_demo *demo);

#endif
