/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Round-trip estimate, as in RFC 6298 and RFC 9002 section 5, in nanoseconds.
 *
 * Every sample is unambiguous (packet numbers are never reused). The smallest round trip is that
 * of the last one to two windows of FAB_RTT_WINDOW_NS, so that a route that got longer is believed
 * after a while.
 */
#ifndef FAB_PROTO_RTT_H
#define FAB_PROTO_RTT_H

#include <stdbool.h>
#include <stdint.h>

#define FAB_RTT_WINDOW_NS 10000000000ULL

struct fab_rtt {
    uint64_t smoothed_ns;
    uint64_t variation_ns;
    uint64_t min_ns;        /* smallest of the last windows, without taking ack delay off */
    uint64_t min_ns_next;   /* smallest of the present window */
    uint64_t window_end_ns; /* 0: there was no sample yet */
};

void fab_rtt_init(struct fab_rtt *rtt, uint64_t initial_ns);

/*
 * One sample: `elapsed_ns` from sending to the arrival of the acknowledgement, of which the peer
 * says that it waited `delay_ns`.
 */
void fab_rtt_on_sample(struct fab_rtt *rtt, uint64_t elapsed_ns, uint64_t delay_ns,
                       uint64_t now_ns);

/*
 * How long to wait for a sign before probing: two round trips (RFC 8985 section 7.2), or more where
 * they vary, at least `floor_ns`.
 */
static inline uint64_t
fab_rtt_probe_timeout(const struct fab_rtt *rtt, uint64_t floor_ns)
{
    uint64_t twice_ns = 2 * rtt->smoothed_ns;
    uint64_t spread_ns = rtt->smoothed_ns + 4 * rtt->variation_ns;
    uint64_t timeout_ns = twice_ns > spread_ns ? twice_ns : spread_ns;

    return timeout_ns > floor_ns ? timeout_ns : floor_ns;
}

#endif
