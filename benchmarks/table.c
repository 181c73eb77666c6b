/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench.h"

const struct bench bench_table[] = {
    { "dispatch", "what does a send to a neighbour on the lcore cost?", bench_dispatch, NULL },
    { "spawn", "what does it cost to spawn an actor and to stop it?", bench_spawn, NULL },
    { "timers-1k", "what does a timer cost when a thousand are live?", bench_timers_1k, NULL },
    { "timers-100k", "what does a timer cost when a hundred thousand are live?", bench_timers_100k,
      NULL },
    { "timers-10m", "what does a timer cost when ten million are live?", bench_timers_10m, NULL },
    { "ring-rtt", "how long is the round trip between two lcores?", bench_ring_rtt, NULL },
    { "ring-rate", "how many messages a second go from one lcore to another?", bench_ring_rate,
      NULL },
    { "segment-rtt", "how long is the round trip between two processes?", bench_segment_rtt, NULL },
    { "segment-rate", "how many messages a second go from one process to another?",
      bench_segment_rate, NULL },
    { "flows", "what does a message cost with 10 000 flows beside 16?", bench_flows, NULL },
    { "flows-1k", "and with 1 000?", bench_flows_1k, NULL },
    { "flows-idle", "what does a turn cost with 10 000 idle flows beside 16?", bench_flows_idle,
      NULL },
    { "wire-rtt", "how long is the reliable round trip over a port?", bench_wire_rtt, NULL },
    { "wire-rate", "how many reliable messages a second go over a port?", bench_wire_rate, NULL },
    { "wire-bulk-1k", "what goodput have messages of 1 KiB over a port?", bench_wire_bulk_1k,
      NULL },
    { "wire-bulk-64k", "what goodput have messages of 64 KiB?", bench_wire_bulk_64k, NULL },
    { "wire-bulk", "what goodput have messages of 1 MiB?", bench_wire_bulk, NULL },
    { "wire-bulk-16m", "what goodput have messages of 16 MiB?", bench_wire_bulk_16m, NULL },
    { "wire-mixed", "does a message of 8 MB delay one of 32 bytes?", NULL, bench_wire_mixed },
    { "wire-incast", "what do several senders to one lcore get?", NULL, bench_wire_incast },
    { "wire-load", "how long are round trips at a given load?", NULL, bench_wire_load },
    { "wire-tail", "how long until a lost tail is repaired?", NULL, bench_wire_tail },
    { "wire-loss", "what does random loss cost, beside kernel TCP? (root)", NULL, bench_wire_loss },
};

const size_t bench_table_count = sizeof(bench_table) / sizeof(bench_table[0]);
