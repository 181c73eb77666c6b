/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One lane's send buffer: a ring of chunks (chunk header and record, as they stand in a frame), and
 * the spans in which they were sent.
 *
 *          tail            next            head
 *    -------+---------------+---------------+-------
 *           | sent in spans | not yet sent  | free
 *    -------+---------------+---------------+-------
 *
 * A span is the run of whole chunks that one frame carried for the first time. It is sent again as
 * a whole, acknowledged as a whole, and freed in order. So neither sending nor acknowledging looks
 * at single records, and a run goes into its frame with one copy. Chunks do not wrap at the ring's
 * end: what does not fit there is skipped, marked by a chunk of stream SKIP.
 */
#ifndef FAB_PROTO_SEND_LANE_H
#define FAB_PROTO_SEND_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/frame.h"

enum fab_span_state {
    FAB_SPAN_SENT = 0,
    FAB_SPAN_LOST, /* in no frame in flight: to be sent again */
    FAB_SPAN_ACKED,
};

struct fab_span {
    uint64_t start; /* place in the stream of the lane's bytes */
    uint32_t size;  /* bytes */
    uint32_t next_lost;
    uint16_t copies; /* frames in flight that carry it */
    uint8_t state;   /* enum fab_span_state */
    bool is_listed;  /* in the lost list: must not be freed */
};

struct fab_send_lane {
    uint8_t *ring;          /* size bytes; not owned */
    struct fab_span *spans; /* not owned */
    uint64_t head;          /* all places are counted in bytes from 0 and never wrap */
    uint64_t next;
    uint64_t tail;
    uint64_t claimed; /* place of the open claim's chunk */
    uint32_t size;    /* a power of two */
    uint32_t span_mask;
    uint32_t span_head; /* next span to be made; counts on, wraps */
    uint32_t span_tail; /* oldest span that is not freed */
    uint32_t lost_first;
    uint32_t lost_last;
    uint32_t lost_count;
    bool has_marks; /* records with deadlines or keys may be in it: each must be looked at */
    bool was_full;  /* a claim was refused since the last writable event */
};

/* A run of chunks that may go into a frame for the first time. */
struct fab_run {
    uint64_t start;
    uint32_t size;  /* bytes */
    uint32_t units; /* of credit */
};

/* `ring`: `size` bytes aligned to 8; `spans`: `span_count`; both powers of two, owned by the
 * caller for the lane's life. */
void fab_send_lane_init(struct fab_send_lane *lane, uint8_t *ring, uint32_t size,
                        struct fab_span *spans, uint32_t span_count);

/* Empties the lane. */
void fab_send_lane_reset(struct fab_send_lane *lane);

/* Room for a chunk of `stride` bytes (fab_chunk_stride), at most half the ring; NULL: full. */
struct fab_chunk *fab_send_lane_claim(struct fab_send_lane *lane, uint32_t stride);

/* The claimed chunk is written and `stride` bytes long, at most what was claimed. */
static inline void
fab_send_lane_commit(struct fab_send_lane *lane, uint32_t stride)
{
    lane->head = lane->claimed + stride;
}

/* The bytes at a place. */
static inline uint8_t *
fab_send_lane_bytes(const struct fab_send_lane *lane, uint64_t place)
{
    return lane->ring + (place & (lane->size - 1));
}

/* Bytes committed and never sent, skips included. */
static inline uint64_t
fab_send_lane_unsent(const struct fab_send_lane *lane)
{
    return lane->head - lane->next;
}

/* Bytes that a claim may still use, wrap losses not counted. */
static inline uint64_t
fab_send_lane_free(const struct fab_send_lane *lane)
{
    return lane->size - (lane->head - lane->tail);
}

/* Whether there is a span to spare and something that was never sent. */
static inline bool
fab_send_lane_has_new(const struct fab_send_lane *lane)
{
    return lane->next != lane->head && lane->span_head - lane->span_tail <= lane->span_mask;
}

/*
 * The longest run of unsent chunks of at most `capacity` bytes and `units` of credit.
 * Returns whether there is one; `*is_short_of_credit` is set when credit alone is in the way.
 */
bool fab_send_lane_next_run(struct fab_send_lane *lane, uint32_t capacity, uint64_t units,
                            struct fab_run *run, bool *is_short_of_credit);

/* The run is being sent: makes its span and returns its index. */
uint32_t fab_send_lane_take_run(struct fab_send_lane *lane, const struct fab_run *run);

/* The span of an index (its low 30 bits); NULL when it has been freed. */
struct fab_span *fab_send_lane_span(const struct fab_send_lane *lane, uint32_t index);

/* A frame that carried the span was acknowledged. */
void fab_send_lane_on_acked(struct fab_send_lane *lane, uint32_t index);

/* A frame that carried the span was lost. */
void fab_send_lane_on_lost(struct fab_send_lane *lane, uint32_t index);

/* The first span that has to be sent again; `*index` is set. NULL: none. */
struct fab_span *fab_send_lane_first_lost(struct fab_send_lane *lane, uint32_t *index);

/* That span is being sent again. */
void fab_send_lane_take_lost(struct fab_send_lane *lane);

/* Frees what is acknowledged without a gap. */
void fab_send_lane_advance(struct fab_send_lane *lane);

/* Goes through all chunks, in order: begin with *place = lane->tail and *span = lane->span_tail;
 * NULL at the end. */
const struct fab_chunk *fab_send_lane_next_chunk(const struct fab_send_lane *lane, uint64_t *place,
                                                 uint32_t *span, bool *is_acked);

/* --- send_mark.c: records that are left out on purpose -----------------------------------------
 */

/* What a run of chunks comes to in a frame. */
struct fab_settled {
    uint32_t size;    /* bytes */
    uint32_t expired; /* records whose deadline has just been found to have passed */
};

/* The record at `by` takes the place of the one at `place`, if both are the latest value of the
 * same thing. Returns whether it does. */
bool fab_send_lane_supersede(struct fab_send_lane *lane, uint64_t place, uint64_t by);

/* Leaves out what has expired between two places. */
struct fab_settled fab_send_lane_settle(struct fab_send_lane *lane, uint64_t start, uint32_t size,
                                        uint64_t now_ns);

/* Copies what is not left out into a frame, deadlines as the time that is left. Returns bytes. */
uint32_t fab_send_lane_copy(const struct fab_send_lane *lane, uint64_t start, uint32_t size,
                            uint8_t *to, uint64_t now_ns);

#endif
