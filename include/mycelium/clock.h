/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file clock.h
 * The clocks of two nodes, and what a time that came over the network is worth.
 *
 * Every process of a host reads one clock, the CPU's time stamp counter, so that times of one mean
 * the same in all (myc_now_ns, myc_clock_ns). Between hosts the fabric measures how their clocks
 * stand to each other, by round trips of the flows between them (RFC 5905), with a bound of the
 * error that holds however uneven the way there and back is: half the shortest round trip, plus the
 * drift since.
 *
 * `origin` of a message (origin.h) is translated at every hop between hosts, and the bound of that
 * hop added to the error in it, so that the last actor reads wire-to-wire, and how wrong that may
 * be after all hops between hosts that the message and its causes took. It is 0 while nothing is
 * known of a hop's clocks, which the counter `origins_unrelated` counts.
 */
#ifndef MYCELIUM_CLOCK_H
#define MYCELIUM_CLOCK_H

#include <mycelium/class.h>

MYC_BEGIN_DECLS

/** How the clock of another node stands to ours. */
struct myc_peer_clock {
    bool is_same;      /**< it is one clock: same host; the rest is 0 */
    int64_t offset_ns; /**< theirs minus ours, now */
    uint64_t error_ns; /**< by how much that may be wrong, to either side */
};

/**
 * Tells how the clock of an actor's node stands to ours.
 * @param peer   any actor there; on the lcore whose flow was measured.
 * @param clock  set on OK; owned by the caller.
 * @return OK; PENDING (nothing is known yet, try again in some round trips); GONE, UNREACHABLE as
 *         for myc_send.
 * Context: inside a handler.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_clock_of(struct myc_self *self, struct myc_ref peer,
                                                    struct myc_peer_clock *clock);

MYC_END_DECLS

#endif
