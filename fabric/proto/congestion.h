/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Congestion control: how many bytes may be in flight, by delay and by the network's own marks.
 *
 * Once in each round (what was in flight is acknowledged) it compares the round's shortest trip
 * with the shortest known. A queue that lasts is in every trip of a round; what a busy CPU adds is
 * not, so the shortest is looked at and not the mean. Time that an lcore did not poll is taken off
 * before, as far as both sides know it.
 *
 *      marked frames (ECN)          cut by half their smoothed share, as DCTCP does
 *      queue longer than target     cut by the excess's share of the trip, to half at most
 *      much lost (a fifth, 8 up)    cut by three tenths: queues too short to show as delay
 *      else, if the window limited  grow: twofold at first, then an eighth while the queue is
 *                                   short, then a frame
 *
 * Loss alone is no signal: a hundredth lost at random must not cost a tenth of the goodput. A
 * window that has grown to its maximum, the flow's own limit, does not limit at all, and nothing
 * is paced; so an idle path costs a few rounds at the beginning and then nothing.
 *
 * After Swift (SIGCOMM 2020) and DCTCP (RFC 8257); their per-packet cuts were left out, because a
 * flow here acknowledges whole poll turns at once.
 */
#ifndef FAB_PROTO_CONGESTION_H
#define FAB_PROTO_CONGESTION_H

#include <stdbool.h>
#include <stdint.h>

#define FAB_CONGESTION_TARGET_NS   50000U /* of queueing, or a quarter of the shortest trip */
#define FAB_CONGESTION_FRAMES_INIT 8U
#define FAB_CONGESTION_FRAMES_MIN  2U
#define FAB_CONGESTION_NO_TRIP     UINT64_MAX

struct fab_congestion {
    uint64_t window;     /* bytes */
    uint64_t window_max; /* bytes; from there on it does not limit */
    uint64_t round_end;  /* the round ends when this packet number is acknowledged */
    uint64_t trip_ns;    /* shortest of the round */
    uint16_t frame_size; /* bytes of a full frame */
    uint16_t acked;      /* frames, in this round; likewise the next two */
    uint16_t lost;
    uint16_t marked;
    uint16_t marks;      /* sum of marked frames, as the peer last said; wraps */
    uint16_t mark_share; /* smoothed, of 1024 */
    bool is_off;
    bool is_starting; /* no sign of congestion yet: doubles */
    bool has_limited; /* in this round */
};

/* What an acknowledgement tells. */
struct fab_congestion_ack {
    uint64_t number;      /* largest acknowledged */
    uint64_t next_number; /* that will be sent */
    uint64_t trip_ns;     /* its round trip less known waits; FAB_CONGESTION_NO_TRIP: no news */
    uint64_t trip_ns_min; /* the shortest known */
    uint32_t frames;      /* acknowledged for the first time */
    uint16_t marks;       /* as the peer says */
};

/* `frame_size`: bytes of a full frame; `frames_max`: in flight at most for other reasons. */
void fab_congestion_init(struct fab_congestion *congestion, uint32_t frame_size,
                         uint32_t frames_max, bool is_off);

/* An acknowledgement came; returns whether a round ended with it. */
bool fab_congestion_on_ack(struct fab_congestion *congestion, const struct fab_congestion_ack *ack);

/* Probe after probe went without an answer: begin anew. */
void fab_congestion_on_silence(struct fab_congestion *congestion);

static inline void
fab_congestion_on_lost(struct fab_congestion *congestion)
{
    congestion->lost++;
}

/* Whether the window is anything but wide open. */
static inline bool
fab_congestion_is_limiting(const struct fab_congestion *congestion)
{
    return congestion->window < congestion->window_max;
}

/* Whether one more frame may be in flight beside `in_flight` bytes. */
static inline bool
fab_congestion_may_send(const struct fab_congestion *congestion, uint64_t in_flight)
{
    return in_flight < congestion->window;
}

/* So much is in flight now. */
static inline void
fab_congestion_on_sent(struct fab_congestion *congestion, uint64_t in_flight)
{
    if (in_flight >= congestion->window)
        congestion->has_limited = true;
}

#endif
