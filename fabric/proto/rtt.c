/* SPDX-License-Identifier: BSD-3-Clause */
#include "proto/rtt.h"

void
fab_rtt_init(struct fab_rtt *rtt, uint64_t initial_ns)
{
    *rtt = (struct fab_rtt){
        .smoothed_ns = initial_ns,
        .variation_ns = initial_ns / 2,
        .min_ns = initial_ns,
    };
}

static void
track_minimum(struct fab_rtt *rtt, uint64_t elapsed_ns, uint64_t now_ns)
{
    if (now_ns >= rtt->window_end_ns) {
        rtt->min_ns = rtt->window_end_ns ? rtt->min_ns_next : elapsed_ns;
        rtt->min_ns_next = elapsed_ns;
        rtt->window_end_ns = now_ns + FAB_RTT_WINDOW_NS;
    }
    if (elapsed_ns < rtt->min_ns_next)
        rtt->min_ns_next = elapsed_ns;
    if (elapsed_ns < rtt->min_ns)
        rtt->min_ns = elapsed_ns;
}

void
fab_rtt_on_sample(struct fab_rtt *rtt, uint64_t elapsed_ns, uint64_t delay_ns, uint64_t now_ns)
{
    bool is_first = rtt->window_end_ns == 0;
    uint64_t sample_ns = elapsed_ns;
    uint64_t distance_ns;

    track_minimum(rtt, elapsed_ns, now_ns);
    if (elapsed_ns >= rtt->min_ns + delay_ns)
        sample_ns -= delay_ns; /* else the peer's clock exaggerates */
    if (is_first) {
        rtt->smoothed_ns = sample_ns;
        rtt->variation_ns = sample_ns / 2;
        return;
    }
    distance_ns =
        rtt->smoothed_ns > sample_ns ? rtt->smoothed_ns - sample_ns : sample_ns - rtt->smoothed_ns;
    rtt->variation_ns = (3 * rtt->variation_ns + distance_ns) / 4;
    rtt->smoothed_ns = (7 * rtt->smoothed_ns + sample_ns) / 8;
}
