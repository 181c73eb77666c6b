/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The largest frame that gets over a path (RFC 8899, packetization layer path MTU discovery).
 *
 * Both ends say in the handshake what they take, but something between them may take less, and says
 * so to nobody that we could trust. So an epoch begins with frames that any Ethernet carries, and
 * what both ends take beyond that is tried by padded probes, beside the records: first all of it,
 * then halfway between what got through and what did not. A probe's loss is no sign of congestion.
 *
 *      base            size                      failed          max
 *      |----------------|--------- search --------|---------------|
 *        gets through                               does not
 *
 * Should even frames of the base not get through while small ones do, a black hole, then the epoch
 * has to end, because records that were cut for one size do not fit into frames of a smaller one;
 * the next epoch begins with the smallest frame that the protocol allows, and searches from there.
 *
 * Pure; one for each path. Sizes are those of frames without the tag of a sealed one.
 */
#ifndef FAB_PROTO_PATH_MTU_H
#define FAB_PROTO_PATH_MTU_H

#include <stdbool.h>
#include <stdint.h>

#define FAB_PATH_MTU_COMMON     1452U /* an IPv6 packet of 1500 bytes: any Ethernet carries it */
#define FAB_PATH_MTU_STEP       32U   /* the search ends when what is not known is less */
#define FAB_PATH_MTU_TRIES      3U    /* probes of a size that are lost before it does not fit */
#define FAB_PATH_MTU_HOLE_LOST  16U   /* large frames lost in a row ... */
#define FAB_PATH_MTU_HOLE_SMALL 8U    /* ... among which so many small ones arrived ... */
#define FAB_PATH_MTU_HOLE_NS    500000000ULL /* ... for so long: a black hole */

struct fab_path_mtu {
    uint16_t size;   /* bytes of a frame that gets through */
    uint16_t max;    /* what both ends take */
    uint16_t failed; /* does not get through; max + 1: nothing is known not to */
    uint16_t probe;  /* is being tried; 0: the search is over */
    uint8_t tries;   /* of `probe` that were lost */
    bool is_out;     /* one is in flight */
    bool is_wary;    /* there was a black hole: kept over epochs */
    uint64_t number; /* of the probe in flight */
    /* whether frames of this size still get through */
    uint32_t lost_large;  /* in a row */
    uint32_t acked_small; /* since a large one was */
    uint64_t large_ns;    /* when the first of those in a row was found lost */
};

/* What became of a frame. */
enum fab_path_mtu_verdict {
    FAB_PATH_MTU_NOTHING = 0,
    FAB_PATH_MTU_PROBED, /* it was a probe; the search goes on */
    FAB_PATH_MTU_FOUND,  /* it was a probe, and the search is over */
};

/* An epoch begins. `max`: what both ends take, FAB_FRAME_SIZE_MIN less a tag up. `can_probe`: the
 * peer knows padded frames. */
void fab_path_mtu_init(struct fab_path_mtu *mtu, uint16_t max, bool can_probe);

/* Whether a probe of `mtu->probe` bytes should be sent. */
static inline bool
fab_path_mtu_wants_probe(const struct fab_path_mtu *mtu)
{
    return mtu->probe != 0 && !mtu->is_out;
}

void fab_path_mtu_on_probe(struct fab_path_mtu *mtu, uint64_t number);

/* A frame was acknowledged, or is lost. `size`: its bytes, with a tag. */
enum fab_path_mtu_verdict fab_path_mtu_on_acked(struct fab_path_mtu *mtu, uint64_t number,
                                                uint16_t size);
enum fab_path_mtu_verdict fab_path_mtu_on_lost(struct fab_path_mtu *mtu, uint64_t number,
                                               uint16_t size, uint64_t now_ns);

/* Whether large frames have vanished for long while small ones arrive. */
static inline bool
fab_path_mtu_is_hole(const struct fab_path_mtu *mtu, uint64_t now_ns)
{
    return mtu->lost_large >= FAB_PATH_MTU_HOLE_LOST &&
           mtu->acked_small >= FAB_PATH_MTU_HOLE_SMALL &&
           now_ns - mtu->large_ns >= FAB_PATH_MTU_HOLE_NS;
}

/* The epoch ends because of one: the next does not trust the base. */
static inline void
fab_path_mtu_distrust(struct fab_path_mtu *mtu)
{
    mtu->is_wary = true;
}

#endif
