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
 * at single records, and a run goes into its frame with one copy.
 *
 * The ring is one of pages, which are taken from a pool as the head comes to them and given back as
 * the tail leaves them; so are the spans' pages. An empty lane has none, and begins anew. Chunks do
 * not go over a page's end: what does not fit there is skipped, marked by a chunk of stream SKIP.
 */
#ifndef FAB_PROTO_SEND_LANE_H
#define FAB_PROTO_SEND_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/pool.h"
#include "wire/frame.h"

enum fab_span_state {
    FAB_SPAN_SENT = 0,
    FAB_SPAN_LOST, /* in no frame in flight: to be sent again */
    FAB_SPAN_ACKED,
};

struct fab_span {
    uint32_t start; /* place in the stream of the lane's bytes */
    uint32_t size;  /* bytes */
    uint32_t next_lost;
    uint16_t copies; /* frames in flight that carry it */
    uint8_t state;   /* enum fab_span_state */
    bool is_listed;  /* in the lost list: must not be freed */
};

struct fab_send_lane {
    struct fab_pool *pool; /* not owned */
    void **pages;          /* page_mask + 1 places for chunks, then as many for spans as they need;
                            * not owned */
    uint32_t head;         /* places are counted in bytes and wrap */
    uint32_t next;
    uint32_t tail;
    uint32_t claimed;   /* place of the open claim's chunk */
    uint32_t span_head; /* next span to be made; counts on, wraps */
    uint32_t span_tail; /* oldest span that is not freed */
    uint32_t lost_first;
    uint32_t lost_last;
    uint32_t lost_count;
    uint16_t page_mask;
    uint16_t span_page_mask;
    uint8_t page_shift; /* log2 of a page's bytes */
    bool is_claimed;    /* a claim may be open: its page stays */
    bool has_marks;     /* records with deadlines or keys may be in it: each must be looked at */
    bool was_full;      /* a claim was refused since the last writable event */
};

static_assert(sizeof(struct fab_send_lane) <= 64, "one line");

#define FAB_SPAN_SHIFT 4U /* log2 of a span's bytes */

static_assert(sizeof(struct fab_span) == 1U << FAB_SPAN_SHIFT, "spans are found by shifts");

/* A run of chunks that may go into a frame for the first time. */
struct fab_run {
    uint32_t start;
    uint32_t size;  /* bytes */
    uint32_t units; /* of credit */
};

/* How many pages a lane may have: for `size` bytes of chunks, and for `spans`; powers of two. */
struct fab_send_lane_shape {
    uint32_t pages;
    uint32_t span_pages;
};

struct fab_send_lane_shape fab_send_lane_shape(uint32_t page_size, uint32_t size, uint32_t spans);

/* `pages`: an empty place for each page of the shape, owned by the caller for the lane's life. */
void fab_send_lane_init(struct fab_send_lane *lane, struct fab_pool *pool, void **pages,
                        const struct fab_send_lane_shape *shape);

/* Empties the lane. */
void fab_send_lane_reset(struct fab_send_lane *lane);

/* Room for a chunk of `stride` bytes (fab_chunk_stride), at most a page; NULL: full. */
struct fab_chunk *fab_send_lane_claim(struct fab_send_lane *lane, uint32_t stride);

/* The claimed chunk is written and `stride` bytes long, at most what was claimed. */
static inline void
fab_send_lane_commit(struct fab_send_lane *lane, uint32_t stride)
{
    lane->head = lane->claimed + stride;
    lane->is_claimed = false;
}

/* Bytes of a page, less one. */
static inline uint32_t
fab_send_lane_rest(const struct fab_send_lane *lane)
{
    return (1U << lane->page_shift) - 1U;
}

/* Bytes behind the head that chunks may be written to without a claim, one after the other; 0:
 * none, or only a claim may open their page. */
static inline uint32_t
fab_send_lane_row(const struct fab_send_lane *lane)
{
    uint32_t inside = lane->head & fab_send_lane_rest(lane);

    return inside == 0 ? 0 : fab_send_lane_rest(lane) + 1U - inside;
}

/* Chunks of so many bytes have been written there. */
static inline void
fab_send_lane_extend(struct fab_send_lane *lane, uint32_t size)
{
    lane->head += size;
}

/* The bytes at a place. */
static inline uint8_t *
fab_send_lane_bytes(const struct fab_send_lane *lane, uint32_t place)
{
    return (uint8_t *)lane->pages[place >> lane->page_shift & lane->page_mask] +
           (place & fab_send_lane_rest(lane));
}

/* Bytes committed and never sent, skips included. */
static inline uint32_t
fab_send_lane_unsent(const struct fab_send_lane *lane)
{
    return lane->head - lane->next;
}

/* Bytes of chunks at most. */
static inline uint32_t
fab_send_lane_size(const struct fab_send_lane *lane)
{
    return (lane->page_mask + 1U) << lane->page_shift;
}

/* Bytes that a claim may still use, losses at pages' ends not counted. */
static inline uint32_t
fab_send_lane_free(const struct fab_send_lane *lane)
{
    return fab_send_lane_size(lane) - (lane->head - lane->tail);
}

/* Spans of a page, less one. */
static inline uint32_t
fab_send_lane_span_rest(const struct fab_send_lane *lane)
{
    return (1U << (lane->page_shift - FAB_SPAN_SHIFT)) - 1U;
}

/* The place of a span's page. */
static inline void **
fab_send_lane_span_page(const struct fab_send_lane *lane, uint32_t index)
{
    return &lane->pages[lane->page_mask + 1U +
                        (index >> (lane->page_shift - FAB_SPAN_SHIFT) & lane->span_page_mask)];
}

/* Whether there is a span to spare and something that was never sent. */
static inline bool
fab_send_lane_has_new(const struct fab_send_lane *lane)
{
    return lane->next != lane->head &&
           ((lane->span_head & fab_send_lane_span_rest(lane)) != 0 ||
            (!*fab_send_lane_span_page(lane, lane->span_head) && lane->pool->free > 0));
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

/* Frees what is acknowledged without a gap, and pages of which nothing is left. */
void fab_send_lane_advance(struct fab_send_lane *lane);

/* Goes through all chunks, in order: begin with *place = lane->tail and *span = lane->span_tail;
 * NULL at the end. */
const struct fab_chunk *fab_send_lane_next_chunk(const struct fab_send_lane *lane, uint32_t *place,
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
bool fab_send_lane_supersede(struct fab_send_lane *lane, uint32_t place, uint32_t by);

/* Leaves out what has expired between two places. */
struct fab_settled fab_send_lane_settle(struct fab_send_lane *lane, uint32_t start, uint32_t size,
                                        uint64_t now_ns);

/* Copies what is not left out into a frame, deadlines as the time that is left. Returns bytes. */
uint32_t fab_send_lane_copy(const struct fab_send_lane *lane, uint32_t start, uint32_t size,
                            uint8_t *to, uint64_t now_ns);

#endif
