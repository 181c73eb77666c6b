/* SPDX-License-Identifier: BSD-3-Clause */
#include "proto/send_lane.h"

#include "base/assert.h"
#include "base/compiler.h"

#define STREAM_SKIP 0xffU /* the rest of the ring up to its end is not used */

#define INDEX_MASK 0x3fffffffU

void
fab_send_lane_init(struct fab_send_lane *lane, uint8_t *ring, uint32_t size, struct fab_span *spans,
                   uint32_t span_count)
{
    *lane = (struct fab_send_lane){
        .ring = ring,
        .size = size,
        .spans = spans,
        .span_mask = span_count - 1,
    };
}

void
fab_send_lane_reset(struct fab_send_lane *lane)
{
    fab_send_lane_init(lane, lane->ring, lane->size, lane->spans, lane->span_mask + 1);
}

static inline struct fab_span *
span_at(const struct fab_send_lane *lane, uint32_t index)
{
    return &lane->spans[index & lane->span_mask];
}

static inline struct fab_chunk *
chunk_at(const struct fab_send_lane *lane, uint64_t place)
{
    return (struct fab_chunk *)(void *)fab_send_lane_bytes(lane, place);
}

struct fab_chunk *
fab_send_lane_claim(struct fab_send_lane *lane, uint32_t stride)
{
    uint32_t to_end = lane->size - (uint32_t)(lane->head & (lane->size - 1));
    uint32_t skip = fab_likely(stride <= to_end) ? 0 : to_end;

    if (fab_unlikely(fab_send_lane_free(lane) < (uint64_t)stride + skip)) {
        lane->was_full = true;
        return NULL;
    }
    if (skip > 0)
        chunk_at(lane, lane->head)->stream = STREAM_SKIP;
    lane->claimed = lane->head + skip;
    return chunk_at(lane, lane->claimed);
}

/* Past a skip, if one is there. */
static inline uint64_t
skip_gap(const struct fab_send_lane *lane, uint64_t place)
{
    if (place < lane->head && chunk_at(lane, place)->stream == STREAM_SKIP)
        return (place | (lane->size - 1)) + 1;
    return place;
}

bool
fab_send_lane_next_run(struct fab_send_lane *lane, uint32_t capacity, uint64_t units,
                       struct fab_run *run, bool *is_short_of_credit)
{
    uint64_t place;

    if (!fab_send_lane_has_new(lane))
        return false;
    lane->next = skip_gap(lane, lane->next);
    *run = (struct fab_run){ .start = lane->next };
    for (place = lane->next; place < lane->head;) {
        const struct fab_chunk *chunk = chunk_at(lane, place);
        uint32_t stride;

        if (chunk->stream == STREAM_SKIP)
            break;
        stride = fab_chunk_stride(chunk->size);
        if (run->size + stride > capacity)
            break;
        if (run->units + fab_chunk_units(chunk->size) > units) {
            *is_short_of_credit = true;
            break;
        }
        run->size += stride;
        run->units += fab_chunk_units(chunk->size);
        place += stride;
        if ((place & (lane->size - 1)) == 0)
            break;
    }
    return run->size > 0;
}

uint32_t
fab_send_lane_take_run(struct fab_send_lane *lane, const struct fab_run *run)
{
    uint32_t index = lane->span_head++;

    *span_at(lane, index) = (struct fab_span){
        .start = run->start,
        .size = run->size,
        .copies = 1,
        .state = FAB_SPAN_SENT,
    };
    lane->next = run->start + run->size;
    return index;
}

struct fab_span *
fab_send_lane_span(const struct fab_send_lane *lane, uint32_t index)
{
    uint32_t age = (index - lane->span_tail) & INDEX_MASK;

    return age < lane->span_head - lane->span_tail ? span_at(lane, index) : NULL;
}

void
fab_send_lane_on_acked(struct fab_send_lane *lane, uint32_t index)
{
    struct fab_span *span = fab_send_lane_span(lane, index);

    if (span != NULL)
        span->state = FAB_SPAN_ACKED;
}

void
fab_send_lane_on_lost(struct fab_send_lane *lane, uint32_t index)
{
    struct fab_span *span = fab_send_lane_span(lane, index);

    if (span == NULL || span->state != FAB_SPAN_SENT)
        return;
    FAB_ASSERT(span->copies > 0);
    if (--span->copies > 0)
        return;
    span->state = FAB_SPAN_LOST;
    span->is_listed = true;
    if (lane->lost_count++ == 0)
        lane->lost_first = index;
    else
        span_at(lane, lane->lost_last)->next_lost = index;
    lane->lost_last = index;
}

static void
unlist_first(struct fab_send_lane *lane)
{
    struct fab_span *span = span_at(lane, lane->lost_first);

    span->is_listed = false;
    lane->lost_first = span->next_lost;
    lane->lost_count--;
}

struct fab_span *
fab_send_lane_first_lost(struct fab_send_lane *lane, uint32_t *index)
{
    while (lane->lost_count > 0) {
        struct fab_span *span = span_at(lane, lane->lost_first);

        *index = lane->lost_first;
        if (span->state == FAB_SPAN_LOST)
            return span;
        unlist_first(lane); /* acknowledged after all */
    }
    return NULL;
}

void
fab_send_lane_take_lost(struct fab_send_lane *lane)
{
    struct fab_span *span = span_at(lane, lane->lost_first);

    FAB_ASSERT(lane->lost_count > 0 && span->state == FAB_SPAN_LOST);
    span->state = FAB_SPAN_SENT;
    span->copies = 1;
    unlist_first(lane);
}

static bool
can_free(const struct fab_span *span)
{
    return span->state == FAB_SPAN_ACKED && !span->is_listed;
}

void
fab_send_lane_advance(struct fab_send_lane *lane)
{
    uint32_t ignored;

    fab_send_lane_first_lost(lane, &ignored); /* unlists what need not be sent again */
    while (lane->span_tail != lane->span_head && can_free(span_at(lane, lane->span_tail)))
        lane->span_tail++;
    lane->tail =
        lane->span_tail == lane->span_head ? lane->next : span_at(lane, lane->span_tail)->start;
}

const struct fab_chunk *
fab_send_lane_next_chunk(const struct fab_send_lane *lane, uint64_t *place, uint32_t *span,
                         bool *is_acked)
{
    const struct fab_chunk *chunk;

    *place = skip_gap(lane, *place);
    if (*place >= lane->head)
        return NULL;
    while (*span != lane->span_head &&
           *place >= span_at(lane, *span)->start + span_at(lane, *span)->size)
        ++*span;
    *is_acked = *span != lane->span_head && *place >= span_at(lane, *span)->start &&
                span_at(lane, *span)->state == FAB_SPAN_ACKED;
    chunk = chunk_at(lane, *place);
    *place += fab_chunk_stride(chunk->size);
    return chunk;
}
