/* SPDX-License-Identifier: BSD-3-Clause */
#include "probe_source.h"

#include <string.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "env/clock.h"
#include "tools/probe.h"

#define TRY_NS   20000000ULL
#define AWAIT_NS 20000000000ULL

struct source {
    const struct bare_port *port;
    struct probe_run *run;
    uint32_t first; /* index of the run's first probe */
    uint32_t sent;  /* or dropped, because the port did not take them */
    uint32_t dropped;
    uint64_t start_ns;
    uint64_t last_ns; /* when the last came */
    uint8_t frame[TOOLS_PROBE_SIZE_MAX];
};

/* Probes have other indexes in each run: those of the last may come late. */
static uint32_t next_index;

static void
begin(struct source *source, const struct bare_port *port, struct probe_run *run)
{
    memset(source, 0, sizeof(*source));
    source->port = port;
    source->run = run;
    source->first = next_index;
    next_index += run->count;
    run->done_count = 0;
    memset(run->samples_ns, 0, run->count * sizeof(run->samples_ns[0]));
    tools_probe_write(source->frame, run->frame_size, source->first, 0);
    source->start_ns = source->last_ns = fab_clock_ns();
}

static uint64_t
due_ns(const struct source *source, uint32_t place)
{
    return source->start_ns + place * source->run->interval_ns;
}

static struct rte_mbuf *
make_probe(struct source *source, uint32_t place)
{
    struct rte_mbuf *mbuf = rte_pktmbuf_alloc(source->port->pool);

    if (!mbuf)
        return NULL;
    tools_probe_renew(source->frame, source->first + place, rte_rdtsc());
    memcpy(rte_pktmbuf_append(mbuf, source->run->frame_size), source->frame,
           source->run->frame_size);
    return mbuf;
}

/* Sends those whose time has come, so many at most; what is not taken is gone. */
static void
send_due(struct source *source, uint64_t now_ns, uint16_t most)
{
    struct rte_mbuf *burst[BARE_PORT_BURST];
    uint16_t filled = 0, taken;

    while (filled < most && source->sent < source->run->count &&
           due_ns(source, source->sent) <= now_ns) {
        burst[filled] = make_probe(source, source->sent++);
        if (burst[filled])
            filled++;
        else
            source->dropped++;
    }
    if (filled == 0)
        return;
    taken = rte_eth_tx_burst(source->port->id, 0, burst, filled);
    rte_pktmbuf_free_bulk(burst + taken, filled - taken);
    source->dropped += filled - taken;
}

static void
keep_sample(struct source *source, const struct rte_mbuf *mbuf, uint64_t from_ns, uint64_t now_ns)
{
    struct probe_run *run = source->run;
    struct tools_probe_mark mark;
    uint32_t place;

    if (!tools_probe_read(rte_pktmbuf_mtod(mbuf, const void *), rte_pktmbuf_data_len(mbuf), &mark))
        return;
    place = mark.index - source->first;
    if (place >= run->count || run->samples_ns[place] != 0)
        return;
    if (run->interval_ns)
        from_ns = due_ns(source, place);
    run->samples_ns[place] = now_ns > from_ns ? now_ns - from_ns : 1;
    run->done_count++;
    source->last_ns = now_ns;
}

static void
receive(struct source *source, uint64_t from_ns)
{
    struct rte_mbuf *burst[BARE_PORT_BURST];
    uint16_t count = rte_eth_rx_burst(source->port->id, 0, burst, BARE_PORT_BURST);
    uint64_t now_ns = count ? fab_clock_ns() : 0;

    for (uint16_t i = 0; i < count; i++)
        keep_sample(source, burst[i], from_ns, now_ns);
    rte_pktmbuf_free_bulk(burst, count);
}

static void
run_closed(struct source *source)
{
    struct probe_run *run = source->run;

    while (source->sent < run->count) {
        uint32_t done = run->done_count;
        uint64_t sent_ns = fab_clock_ns();

        send_due(source, UINT64_MAX, 1);
        while (run->done_count == done && fab_clock_ns() - sent_ns < run->patience_ns)
            receive(source, sent_ns);
    }
}

static void
run_open(struct source *source)
{
    const struct probe_run *run = source->run;
    uint64_t now_ns = source->start_ns, end_ns = due_ns(source, run->count);

    while (run->done_count + source->dropped < run->count) {
        now_ns = fab_clock_ns();
        if (source->sent == run->count && now_ns > end_ns + run->patience_ns &&
            now_ns > source->last_ns + run->patience_ns)
            break;
        send_due(source, now_ns, BARE_PORT_BURST);
        receive(source, 0);
    }
}

void
probe_source_run(const struct bare_port *port, struct probe_run *run)
{
    static struct source source;

    begin(&source, port, run);
    if (run->interval_ns)
        run_open(&source);
    else
        run_closed(&source);
    run->duration_ns = source.last_ns - source.start_ns;
}

bool
probe_source_await(const struct bare_port *port)
{
    uint64_t end_ns = fab_clock_ns() + AWAIT_NS, sample_ns;
    struct probe_run run = {
        .frame_size = TOOLS_PROBE_SIZE_MIN,
        .count = 1,
        .patience_ns = TRY_NS,
        .samples_ns = &sample_ns,
    };
    struct rte_eth_link link = { 0 };

    while (fab_clock_ns() < end_ns) {
        if (rte_eth_link_get_nowait(port->id, &link) != 0 || !link.link_status)
            continue;
        probe_source_run(port, &run);
        if (run.done_count)
            return true;
    }
    return false;
}
