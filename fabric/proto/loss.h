/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Loss detection by time: RACK of RFC 8985, in nanoseconds, over packet numbers that are never
 * reused.
 *
 * A frame is lost when one that was sent later has been acknowledged, and it is overdue by more
 * than the reorder window. The window begins at a quarter of the smallest round trip, and then
 * follows what the path does: each frame that is acknowledged after a later one tells by how much
 * it was late, and the window covers the latest of the last FAB_LOSS_MEMORY_RTTS round trips. (RFC
 * 8985 grows it in steps and stops at one round trip; paths with more jitter than that would see
 * spurious retransmissions for ever.) As long as no reordering has been seen, three later frames
 * are enough.
 */
#ifndef FAB_PROTO_LOSS_H
#define FAB_PROTO_LOSS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/rtt.h"
#include "proto/sent_map.h"

#define FAB_LOSS_THRESHOLD   3U  /* later frames, while no reordering has been seen */
#define FAB_LOSS_MEMORY_RTTS 64U /* for how long a late frame widens the window, once or twice */

struct fab_loss {
    uint64_t sent_ns;       /* when the latest-sent acknowledged frame was sent */
    uint64_t round_trip_ns; /* its round trip, with ack delay */
    uint64_t number;        /* its number */
    uint64_t memory_end_ns;
    uint64_t deadline_ns;  /* when the next frame will be lost if nothing comes; UINT64_MAX: none */
    uint32_t late_ns_max;  /* in the last full memory; at most 4 s */
    uint32_t late_ns_next; /* in the present one */
    bool has_acked;
    bool has_reordered;
};

void fab_loss_init(struct fab_loss *loss);

/* A frame's acknowledgement came; called before it is settled, in ascending order within one. */
void fab_loss_on_acked(struct fab_loss *loss, const struct fab_sent_frame *frame,
                       const struct fab_rtt *rtt, uint64_t now_ns);

/* How much later than a later-sent frame an acknowledgement may come. */
uint64_t fab_loss_reorder_ns(const struct fab_loss *loss, const struct fab_rtt *rtt);

/*
 * The next frame that is lost by now, which the caller settles; NULL when there is no further one,
 * and then the deadline is set.
 */
struct fab_sent_frame *fab_loss_next(struct fab_loss *loss, struct fab_sent_map *map,
                                     const struct fab_rtt *rtt, uint64_t now_ns);

#endif
