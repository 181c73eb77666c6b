/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A load between two nodes: pings, closed or open loop, and beside them or instead a stream of
 * messages. It answers how long each ping took and how long the stream.
 *
 * In an open loop pings leave by a schedule, whatever became of those before, and their time counts
 * from when they should have left: a stall shows in every ping that it held up (no coordinated
 * omission). The end of a stream is a ping behind it, which comes back from the last actor.
 */
#ifndef BENCHMARKS_LOAD_H
#define BENCHMARKS_LOAD_H

#include <semaphore.h>
#include <stdatomic.h>

#include <mycelium/actor.h>

#include "bench.h"

#define BENCH_LOAD_BODY_MAX 2048U
#define BENCH_FOREVER       UINT32_MAX

struct bench_load {
    const char *partner;  /* name of the other end; NULL: BENCH_PARTNER_NAME */
    uint32_t ping_count;  /* 0: none */
    uint32_t ping_bytes;  /* 32 to BENCH_LOAD_BODY_MAX */
    uint64_t interval_ns; /* of an open loop; 0: closed, the next when the last is back */
    uint64_t pause_ns;    /* of a closed loop: rest between two */
    uint64_t time_max_ns; /* after which pings and stream end, however many there were */
    /* Before each ping of a closed loop, on the lcore; NULL: nothing. */
    void (*before_ping)(void *context, uint32_t index);
    void *context;       /* not owned */
    uint32_t bulk_bytes; /* of each message of the stream; 0: no stream */
    uint32_t bulk_count; /* BENCH_FOREVER: until the time is over, or it is stopped */
    /* Instead of all this the baseline, from the lcore; NULL: no. As raw_port_load. */
    uint32_t (*raw_load)(void *context, struct myc_self *self, uint64_t interval_ns,
                         uint64_t time_max_ns, uint64_t *samples_ns, uint32_t count);
    void *raw_context;      /* not owned */
    uint64_t *samples_ns;   /* ping_count places; 0: it did not come back */
    uint32_t done_count;    /* pings that came back */
    uint32_t refused_count; /* pings of an open loop that were not taken at their time */
    uint32_t bulk_sent;
    const struct myc_node *node; /* on which it runs: set when it is started */
    uint64_t duration_ns;        /* from the start to the last ping, or the end of the stream */
    enum myc_status status;      /* how it ended */
    atomic_bool is_stopping;     /* from any thread: the stream is to end */
    sem_t done;
};

/* Runs it from an lcore of a node to the partner; waits for its end (wait.h); why it failed has
 * been printed. As myc_node_spawn and bench_wait; NOT_FOUND (no partner within a minute); TIMEOUT
 * (a partner that does not answer); NO_CONNECTION (it has ended). */
enum myc_status bench_load_run(struct myc_node *node, uint8_t lcore, struct bench_load *load);

/* The two halves of it, for several at once. After a failure the actor may still be running, and
 * `load` with its samples in use, until the node has stopped. */
enum myc_status bench_load_start(struct myc_node *node, uint8_t lcore, struct bench_load *load);
enum myc_status bench_load_wait(struct bench_load *load);

/* Percentiles of the pings that came back; sorts the samples. */
struct bench_figures bench_load_figures(struct bench_load *load);

#endif
