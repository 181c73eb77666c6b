/* SPDX-License-Identifier: BSD-3-Clause */
#include "proto/send_lane.h"

#include "base/assert.h"
#include "base/compiler.h"

#define STREAM_SKIP 0xffU /* the rest of the ring up to its end is not used */

#define INDEX_MASK 0x3fffffffU

#define SPAN_AHEAD 0x80000000U /* places that differ by less are in order */

static uint32_t
at_least_two(uint32_t count)
{
    return count > 2 ? count : 2;
}

struct fab_send_lane_shape
fab_send_lane_shape(uint32_t page_size, uint32_t size, uint32_t spans)
{
    return (struct fab_send_lane_shape){
        .pages = at_least_two(size / page_size),
        .span_pages = at_least_two(spans * (uint32_t)sizeof(struct fab_span) / page_size),
    };
}

void
fab_send_lane_init(struct fab_send_lane *lane, struct fab_pool *pool, void **pages,
                   const struct fab_send_lane_shape *shape)
{
    *lane = (struct fab_send_lane){
        .pool = pool,
        .pages = pages,
        .page_mask = (uint16_t)(shape->pages - 1U),
        .span_page_mask = (uint16_t)(shape->span_pages - 1U),
        .page_shift = (uint8_t)__builtin_ctz(pool->size),
    };
}

void
fab_send_lane_reset(struct fab_send_lane *lane)
{
    const struct fab_send_lane_shape shape = { lane->page_mask + 1U, lane->span_page_mask + 1U };

    fab_pool_give_all(lane->pool, lane->pages, shape.pages + shape.span_pages);
    fab_send_lane_init(lane, lane->pool, lane->pages, &shape);
}

static inline struct fab_span *
span_at(const struct fab_send_lane *lane, uint32_t index)
{
    return (struct fab_span *)*fab_send_lane_span_page(lane, index) +
           (index & fab_send_lane_span_rest(lane));
}

static inline struct fab_chunk *
chunk_at(const struct fab_send_lane *lane, uint32_t place)
{
    return (struct fab_chunk *)(void *)fab_send_lane_bytes(lane, place);
}

static inline void **
page_of(const struct fab_send_lane *lane, uint32_t place)
{
    return &lane->pages[place >> lane->page_shift & lane->page_mask];
}

/* The page that begins at a place; false: the tail is still in the last one there, or the pool has
 * none to spare. */
static bool
open_page(struct fab_send_lane *lane, uint32_t place)
{
    void **page = page_of(lane, place);

    if (place - (lane->tail & ~fab_send_lane_rest(lane)) >= fab_send_lane_size(lane))
        return false;
    if (!*page) /* else a claim was given up there */
        *page = fab_pool_take_spare(lane->pool);
    return *page != NULL;
}

struct fab_chunk *
fab_send_lane_claim(struct fab_send_lane *lane, uint32_t stride)
{
    uint32_t inside = lane->head & fab_send_lane_rest(lane);
    uint32_t to_end = fab_send_lane_rest(lane) + 1U - inside;
    uint32_t place = fab_likely(stride <= to_end) ? lane->head : lane->head + to_end;

    if ((place & fab_send_lane_rest(lane)) == 0 && fab_unlikely(!open_page(lane, place))) {
        lane->was_full = true;
        return NULL;
    }
    if (place != lane->head)
        chunk_at(lane, lane->head)->stream = STREAM_SKIP;
    lane->claimed = place;
    lane->is_claimed = true;
    return chunk_at(lane, place);
}

/* Past a skip, if one is there. */
static inline uint32_t
skip_gap(const struct fab_send_lane *lane, uint32_t place)
{
    if (place != lane->head && chunk_at(lane, place)->stream == STREAM_SKIP)
        return (place | fab_send_lane_rest(lane)) + 1;
    return place;
}

/* Bytes of chunks from `lane->next`, which is not the head, to where the head or the page ends. */
static inline uint32_t
row_to_send(const struct fab_send_lane *lane)
{
    uint32_t unsent = fab_send_lane_unsent(lane);
    uint32_t page = fab_send_lane_rest(lane) + 1U - (lane->next & fab_send_lane_rest(lane));

    return unsent < page ? unsent : page;
}

bool
fab_send_lane_next_run(struct fab_send_lane *lane, uint32_t capacity, uint64_t units,
                       struct fab_run *run, bool *is_short_of_credit)
{
    struct fab_run found = { .size = 0 };
    const struct fab_chunk *first;
    uint32_t row;

    if (!fab_send_lane_has_new(lane))
        return false;
    first = chunk_at(lane, lane->next);
    if (fab_unlikely(first->stream == STREAM_SKIP)) {
        lane->next = skip_gap(lane, lane->next);
        first = chunk_at(lane, lane->next);
    }
    found.start = lane->next;
    row = row_to_send(lane);
    while (found.size < row) {
        const struct fab_chunk *chunk = (const void *)((const uint8_t *)first + found.size);
        uint32_t stride = fab_chunk_stride(chunk->size);
        uint32_t units_then = found.units + fab_chunk_units(chunk->size);

        if (chunk->stream == STREAM_SKIP || found.size + stride > capacity)
            break;
        if (units_then > units) {
            *is_short_of_credit = true;
            break;
        }
        found.size += stride;
        found.units = units_then;
    }
    *run = found;
    return found.size > 0;
}

uint32_t
fab_send_lane_take_run(struct fab_send_lane *lane, const struct fab_run *run)
{
    uint32_t index = lane->span_head++;
    void **page = fab_send_lane_span_page(lane, index);
    uint32_t inside = index & fab_send_lane_span_rest(lane);

    if (inside == 0)
        *page = fab_pool_take(lane->pool);
    ((struct fab_span *)*page)[inside] = (struct fab_span){
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

static void
give_page(struct fab_send_lane *lane, void **page)
{
    fab_pool_give(lane->pool, *page);
    *page = NULL;
}

static void
free_spans(struct fab_send_lane *lane)
{
    uint32_t rest = fab_send_lane_span_rest(lane);

    while (lane->span_tail != lane->span_head && can_free(span_at(lane, lane->span_tail))) {
        lane->span_tail++;
        if ((lane->span_tail & rest) == 0)
            give_page(lane, fab_send_lane_span_page(lane, lane->span_tail - 1));
    }
    if (lane->span_tail == lane->span_head && (lane->span_tail & rest) != 0) {
        give_page(lane, fab_send_lane_span_page(lane, lane->span_tail));
        lane->span_head = lane->span_tail = (lane->span_tail | rest) + 1;
    }
}

/* The tail goes on to `place`. */
static void
free_chunks(struct fab_send_lane *lane, uint32_t place)
{
    uint32_t rest = fab_send_lane_rest(lane);

    for (uint32_t page = lane->tail & ~rest; page != (place & ~rest); page += rest + 1U)
        give_page(lane, page_of(lane, page));
    lane->tail = place;
    if (place != lane->head || lane->is_claimed)
        return;
    if (*page_of(lane, place))
        give_page(lane, page_of(lane, place));
    lane->head = lane->next = lane->tail = 0;
}

void
fab_send_lane_advance(struct fab_send_lane *lane)
{
    uint32_t ignored;

    if (fab_unlikely(lane->lost_count > 0))
        fab_send_lane_first_lost(lane, &ignored); /* unlists what need not be sent again */
    free_spans(lane);
    free_chunks(lane, lane->span_tail == lane->span_head ? lane->next
                                                         : span_at(lane, lane->span_tail)->start);
}

/* Whether a place lies behind the span. */
static bool
has_passed(const struct fab_span *span, uint32_t place)
{
    return place - (span->start + span->size) < SPAN_AHEAD;
}

const struct fab_chunk *
fab_send_lane_next_chunk(const struct fab_send_lane *lane, uint32_t *place, uint32_t *span,
                         bool *is_acked)
{
    const struct fab_chunk *chunk;

    *place = skip_gap(lane, *place);
    if (*place == lane->head)
        return NULL;
    while (*span != lane->span_head && has_passed(span_at(lane, *span), *place))
        ++*span;
    *is_acked = *span != lane->span_head && *place - span_at(lane, *span)->start < SPAN_AHEAD &&
                span_at(lane, *span)->state == FAB_SPAN_ACKED;
    chunk = chunk_at(lane, *place);
    *place += fab_chunk_stride(chunk->size);
    return chunk;
}
