/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How large should a slot be? The question behind fabric/decisions/0001-ring-slot-size.md.
 *
 * Built once for each size (FAB_RING_SLOT_SIZE 64, 128, 192). Two threads on two CPUs send records
 * by value through a plain rte_ring with such slots, through a ring link and through a segment
 * link, batch by batch in turn, because the time between two cores changes from one moment to the
 * next; a record that exceeds a slot takes several. Figures are the tenth percentile of many short
 * batches, ratios the median over turns.
 *
 *      bench_slot_size_64 [CPU CPU]       one JSON object a line
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_eal.h>
#include <rte_pause.h>
#include <rte_ring.h>
#include <rte_ring_elem.h>

#include "base/compiler.h"
#include "link/ring.h"
#include "link/segment.h"
#include "link/slot.h"

#define SLOTS        1024U
#define BURST        32U
#define BATCHES      60U
#define RTT_COUNT    300U
#define RATE_COUNT   5000U
#define WARM_BATCHES 4U
#define WAYS         3U

/* One side of a way to carry records; both directions. */
struct side {
    struct fab_link *link; /* NULL: raw */
    struct rte_ring *out;
    struct rte_ring *in;
    uint64_t received;
    uint64_t last_tag;
    uint8_t staged[BURST * FAB_RING_SPAN_MAX * FAB_RING_SLOT_SIZE];
    uint8_t taken[BURST * FAB_RING_SPAN_MAX * FAB_RING_SLOT_SIZE];
};

struct bench {
    struct side here;
    struct side there;
    uint32_t size; /* bytes of body */
    uint32_t count;
    bool is_rtt;
};

/* Raw, ring and segment, run in turn. */
static struct bench benches[WAYS];
static int cpu_there = 1;
static _Atomic unsigned go; /* batches that the other thread is to run */
static _Atomic bool is_over;

static uint64_t
now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

static void
pin(int cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

static void
on_message(void *context, struct fab_link *link, const struct fab_msg *msg)
{
    struct side *side = context;

    (void)link;
    side->last_tag += msg->tag + ((const uint8_t *)fab_msg_body_const(msg))[msg->size - 1U];
    side->received++;
}

static void
on_nothing(void *context, struct fab_link *link)
{
    (void)context;
    (void)link;
}

static const struct fab_link_sink sink = {
    .on_message = on_message,
    .on_up = on_nothing,
    .on_room = on_nothing,
};

static void
write_record(void *place, uint64_t tag, uint32_t size)
{
    struct fab_msg *msg = place;

    *msg = (struct fab_msg){ .to = 1, .from = 2, .size = size, .tag = tag };
    memset(fab_msg_body(msg), (int)tag, size);
}

/* Sends up to BURST records and makes them visible. Returns how many went. */
static uint32_t
send_burst(struct side *side, uint32_t size, uint32_t want)
{
    uint32_t stride = FAB_MSG_HEADER_SIZE + ((size + 7U) & ~7U);
    uint32_t span = fab_ring_span(stride);
    struct fab_msg *record;
    uint32_t sent = 0;

    if (side->link) {
        while (sent < want &&
               side->link->ops->claim(side->link, FAB_LANE_USER, stride, 1, &record) == MYC_OK) {
            write_record(record, sent, size);
            side->link->ops->commit(side->link);
            sent++;
        }
        side->link->ops->flush(side->link, 0);
        return sent;
    }
    for (uint32_t i = 0; i < want; i++)
        write_record(side->staged + (size_t)i * span * FAB_RING_SLOT_SIZE, i, size);
    return rte_ring_sp_enqueue_bulk_elem(side->out, side->staged, FAB_RING_SLOT_SIZE, want * span,
                                         NULL)
               ? want
               : 0;
}

static void
receive(struct side *side, uint32_t size)
{
    uint32_t span = fab_ring_span(FAB_MSG_HEADER_SIZE + ((size + 7U) & ~7U));
    uint32_t got;

    if (side->link) {
        side->link->ops->poll(side->link, BURST, 0);
        return;
    }
    got = rte_ring_sc_dequeue_burst_elem(side->in, side->taken, FAB_RING_SLOT_SIZE, BURST * span,
                                         NULL);
    for (uint32_t i = 0; i + span <= got; i += span)
        on_message(
            side, NULL,
            (const struct fab_msg *)(const void *)(side->taken + (size_t)i * FAB_RING_SLOT_SIZE));
}

static void
run_there(struct bench *bench)
{
    struct side *side = &bench->there;
    uint64_t until = side->received + bench->count;

    while (side->received < until) {
        uint64_t before = side->received;

        receive(side, bench->size);
        if (side->received == before)
            rte_pause();
        for (uint64_t i = before; bench->is_rtt && i < side->received; i++)
            while (send_burst(side, bench->size, 1) == 0)
                rte_pause();
    }
}

static void *
thread_there(void *argument)
{
    unsigned done = 0;

    (void)argument;
    pin(cpu_there);
    while (!atomic_load_explicit(&is_over, memory_order_acquire)) {
        if (atomic_load_explicit(&go, memory_order_acquire) == done) {
            rte_pause();
            continue;
        }
        run_there(&benches[done % WAYS]);
        done++;
    }
    return NULL;
}

static uint64_t
run_rtt(struct bench *bench)
{
    uint64_t start_ns = now_ns();

    for (uint32_t i = 0; i < bench->count; i++) {
        uint64_t until = bench->here.received + 1;

        while (send_burst(&bench->here, bench->size, 1) == 0)
            rte_pause();
        while (bench->here.received < until)
            receive(&bench->here, bench->size);
    }
    return now_ns() - start_ns;
}

static uint64_t
run_rate(struct bench *bench)
{
    uint64_t start_ns = now_ns();
    uint32_t sent = 0;

    while (sent < bench->count) {
        uint32_t left = bench->count - sent;

        sent += send_burst(&bench->here, bench->size, left < BURST ? left : BURST);
    }
    while (*(volatile uint64_t *)&bench->there.received % bench->count != 0)
        rte_pause();
    return now_ns() - start_ns;
}

static int
compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

static double
percentile(double *values, unsigned percent)
{
    qsort(values, BATCHES, sizeof(values[0]), compare);
    return values[BATCHES * percent / 100];
}

/* ns for each message by each way, and its ratio to the first. */
static void
measure(uint32_t size, bool is_rtt, double ns[WAYS], double ratio[WAYS])
{
    static double took[WAYS][BATCHES];
    static double to_raw[WAYS][BATCHES];
    uint32_t count = is_rtt ? RTT_COUNT : RATE_COUNT;
    pthread_t thread;

    for (unsigned w = 0; w < WAYS; w++) {
        benches[w].size = size;
        benches[w].is_rtt = is_rtt;
        benches[w].count = count;
        benches[w].here.received = benches[w].there.received = 0;
    }
    atomic_store(&is_over, false);
    atomic_store(&go, 0);
    if (pthread_create(&thread, NULL, thread_there, NULL) != 0)
        exit(1);
    for (unsigned i = 0; i < BATCHES + WARM_BATCHES; i++) {
        for (unsigned w = 0; w < WAYS; w++) {
            unsigned at = i < WARM_BATCHES ? 0 : i - WARM_BATCHES;

            atomic_fetch_add_explicit(&go, 1, memory_order_release);
            took[w][at] = (double)(is_rtt ? run_rtt(&benches[w]) : run_rate(&benches[w])) / count;
            to_raw[w][at] = took[w][at] / took[0][at];
        }
    }
    atomic_store_explicit(&is_over, true, memory_order_release);
    pthread_join(thread, NULL);
    for (unsigned w = 0; w < WAYS; w++) {
        ns[w] = percentile(took[w], 10);
        ratio[w] = percentile(to_raw[w], 50);
    }
}

static void
set_link(struct side *side, struct fab_link *link)
{
    side->link = link;
    link->sink = &sink;
    link->core = side;
}

static struct fab_segment_link *
segment_end(struct fab_segment_area *own, struct fab_segment_area *peer)
{
    const struct fab_segment_link_options options = {
        .size = sizeof(options),
        .slots = SLOTS,
        .peer_slots = SLOTS,
        .own = own,
        .peer = peer,
    };
    struct fab_segment_link *link = aligned_alloc(FAB_CACHE_LINE, sizeof(*link));

    if (!link || fab_segment_link_init(link, &options) != MYC_OK)
        exit(1);
    return link;
}

static void
make_sides(struct bench *raw, struct bench *ring, struct bench *segment)
{
    const struct fab_ring_link_options options = {
        .size = sizeof(options),
        .slots = SLOTS,
        .lcore_count = 2,
        .a = { -1, 0 },
        .b = { -1, 1 },
    };
    size_t size = (fab_segment_area_size(SLOTS) + 4095U) & ~(size_t)4095U;
    struct fab_segment_area *a = aligned_alloc(4096, size);
    struct fab_segment_area *b = aligned_alloc(4096, size);
    struct fab_link *here;
    struct fab_link *there;

    raw->here.out = raw->there.in =
        rte_ring_create_elem("a", FAB_RING_SLOT_SIZE, SLOTS, -1, RING_F_SP_ENQ | RING_F_SC_DEQ);
    raw->here.in = raw->there.out =
        rte_ring_create_elem("b", FAB_RING_SLOT_SIZE, SLOTS, -1, RING_F_SP_ENQ | RING_F_SC_DEQ);
    if (!a || !b || !raw->here.out || !raw->here.in ||
        fab_ring_link_pair_create(&options, &here, &there) != MYC_OK)
        exit(1);
    memset(a, 0, size);
    memset(b, 0, size);
    set_link(&ring->here, here);
    set_link(&ring->there, there);
    set_link(&segment->here, &segment_end(a, b)->link);
    set_link(&segment->there, &segment_end(b, a)->link);
    segment->here.link->ops->poll(segment->here.link, 1, 0);
    segment->there.link->ops->poll(segment->there.link, 1, 0);
}

int
main(int argc, char **argv)
{
    static const char *const names[] = { "rte_ring", "ring", "segment" };
    static const uint32_t sizes[] = { 8, 16, 32, 80, 144, 512 };
    static char *eal[] = { "slot_size",
                           "--no-huge",
                           "-m",
                           "64",
                           "--no-pci",
                           "--no-telemetry",
                           "-l",
                           "0",
                           "--log-level=3",
                           "--file-prefix=slot_size",
                           "--in-memory" };
    int cpu_here = argc > 2 ? atoi(argv[1]) : 0;

    cpu_there = argc > 2 ? atoi(argv[2]) : 1;
    if (rte_eal_init((int)FAB_COUNT_OF(eal) - 1, eal) < 0)
        return 77;
    make_sides(&benches[0], &benches[1], &benches[2]);
    pin(cpu_here);
    for (unsigned s = 0; s < FAB_COUNT_OF(sizes); s++) {
        for (unsigned is_rtt = 0; is_rtt < 2; is_rtt++) {
            double ns[WAYS];
            double ratio[WAYS];

            measure(sizes[s], is_rtt, ns, ratio);
            for (unsigned i = 0; i < WAYS; i++)
                printf("{\"bench\": \"slot-size\", \"slot\": %u, \"body\": %u, \"what\": \"%s\", "
                       "\"by\": \"%s\", \"ns\": %.1f, \"ratio\": %.2f}\n",
                       FAB_RING_SLOT_SIZE, sizes[s], is_rtt ? "round trip" : "one way", names[i],
                       ns[i], ratio[i]);
            fflush(stdout);
        }
    }
    rte_eal_cleanup();
    return 0;
}
