/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What came of a run: what each actor counted, the latencies per hop, and the final top of book per
 * symbol. Filled by the reporter actor, printed by the program as JSON or as a table.
 *
 * One thread writes. Another may look at `progress` and `is_complete` meanwhile; the rest is for
 * afterwards: is_complete is set with release order when the last expected actor has finished.
 */
#ifndef MARKET_REPORT_H
#define MARKET_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define MARKET_REPORT_ROLES      5U
#define MARKET_REPORT_COUNTS_MAX 128U
#define MARKET_REPORT_LATENCIES  16U
#define MARKET_REPORT_TOPS_MAX   16384U
#define MARKET_REPORT_PEERS_MAX  256U
#define MARKET_REPORT_NAME_SIZE  33U

struct market_report_progress {
    uint64_t received;
    uint64_t sent;
    uint64_t gaps;
    uint64_t dropped;
    uint64_t depth;
};

struct market_report_count {
    char name[MARKET_REPORT_NAME_SIZE];
    uint64_t value;   /* of the life that reports now */
    uint64_t earlier; /* of lives before it, to within the last second of each */
};

struct market_report_role {
    struct market_report_progress progress;
    struct market_report_count counts[MARKET_REPORT_COUNTS_MAX];
    uint32_t count_count;
    bool is_finished;
};

struct market_report_latency {
    char name[MARKET_REPORT_NAME_SIZE];
    uint64_t count;
    uint64_t p50_ns;
    uint64_t p99_ns;
    uint64_t p999_ns;
    uint64_t max_ns;
};

struct market_report_top {
    uint64_t symbol;
    int64_t bid_price; /* 1/10000 dollar */
    int64_t ask_price;
    uint64_t bid_size; /* 0: no such side */
    uint64_t ask_size;
};

/* A peer that somebody found or lost, in order of time. */
struct market_report_peer {
    char name[MARKET_REPORT_NAME_SIZE];
    uint64_t at_ns; /* the fabric's clock */
    uint8_t role;   /* who says it */
    uint8_t reason; /* enum myc_status, when it was lost */
    bool is_there;
};

struct market_report {
    struct market_report_role roles[MARKET_REPORT_ROLES];
    struct market_report_latency latencies[MARKET_REPORT_LATENCIES];
    struct market_report_top tops[MARKET_REPORT_TOPS_MAX];
    struct market_report_peer peers[MARKET_REPORT_PEERS_MAX];
    uint32_t latency_count;
    uint32_t top_count;
    uint32_t peer_count;
    uint32_t overflow; /* notes beyond the limits above */
    bool is_complete;  /* every actor has finished */
};

/* Notes of the actors, one function each; `name` need not end with NUL within `size` bytes. A note
 * that comes again (an actor was restarted, or a message repeated) replaces the one before. */
void market_report_count(struct market_report *report, uint32_t role, const char *name, size_t size,
                         uint64_t value);
void market_report_latency(struct market_report *report, const char *name, size_t size,
                           const struct market_report_latency *latency);
void market_report_top(struct market_report *report, const struct market_report_top *top);
void market_report_peer(struct market_report *report, const char *name, size_t size,
                        const struct market_report_peer *peer);
void market_report_progress(struct market_report *report, uint32_t role,
                            const struct market_report_progress *progress);
void market_report_finished(struct market_report *report, uint32_t role);

/* The role is another actor from now on: what the one before it had counted stays as `earlier`. */
void market_report_restart(struct market_report *report, uint32_t role);

/* Whether every actor has finished. Any thread. */
bool market_report_is_complete(const struct market_report *report);

/* The last progress of a role. Any thread. */
struct market_report_progress market_report_look(const struct market_report *report, uint32_t role);

/* The value of a role's counter in its present life; 0 when it has none of that name. */
uint64_t market_report_value(const struct market_report *report, uint32_t role, const char *name);

/* The name of a role: "exchange", "feed_handler", "book", "strategy" or "gateway". */
const char *market_report_role_name(uint32_t role);

/* One hop in figures, made from the counters of its two ends in all their lives. */
struct market_report_hop {
    const char *name;
    uint64_t out;     /* what the producer had to send */
    uint64_t in;      /* what the consumer received, each once */
    uint64_t gaps;    /* seen in the numbers */
    uint64_t missed;  /* by the numbers */
    uint64_t dropped; /* with a cause, by the producer or the consumer */
};

#define MARKET_REPORT_HOPS 5U

/* `hop` 0 to MARKET_REPORT_HOPS - 1: frames, events, tops, reactions, acks. */
struct market_report_hop market_report_hop(const struct market_report *report, uint32_t hop);

/*
 * Writes the whole report as one JSON object. `extra` is NULL or text of further members, with its
 * commas ("\"speed\":\"max\","); it is written first.
 */
void market_report_write_json(const struct market_report *report, const char *extra, FILE *out);

/* Writes the report as tables for people. */
void market_report_write_table(const struct market_report *report, FILE *out);

#endif
