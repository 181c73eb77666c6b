/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench.h"

const struct bench bench_table[] = {
    { "dispatch", "what does a send to a neighbour on the lcore cost?", bench_dispatch },
    { "spawn", "what does it cost to spawn an actor and to stop it?", bench_spawn },
    { "timers-1k", "what does a timer cost when a thousand are live?", bench_timers_1k },
    { "timers-100k", "what does a timer cost when a hundred thousand are live?",
      bench_timers_100k },
    { "timers-10m", "what does a timer cost when ten million are live?", bench_timers_10m },
    { "ring-rtt", "how long is the round trip between two lcores?", bench_ring_rtt },
    { "ring-rate", "how many messages a second go from one lcore to another?", bench_ring_rate },
    { "segment-rtt", "how long is the round trip between two processes?", bench_segment_rtt },
    { "segment-rate", "how many messages a second go from one process to another?",
      bench_segment_rate },
    { "wire-rtt", "how long is the reliable round trip over a port?", bench_wire_rtt },
    { "wire-rate", "how many reliable messages a second go over a port?", bench_wire_rate },
    { "wire-bulk-1k", "what goodput have messages of 1 KiB over a port?", bench_wire_bulk_1k },
    { "wire-bulk-64k", "what goodput have messages of 64 KiB?", bench_wire_bulk_64k },
    { "wire-bulk", "what goodput have messages of 1 MiB?", bench_wire_bulk },
    { "wire-bulk-16m", "what goodput have messages of 16 MiB?", bench_wire_bulk_16m },
};

const size_t bench_table_count = sizeof(bench_table) / sizeof(bench_table[0]);
