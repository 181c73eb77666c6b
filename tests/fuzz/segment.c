/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A hostile peer of a segment: the input is a program of writes into every byte that the peer can
 * write, between steps of the victim, which sends and polls. Whatever it writes, the victim reads
 * nothing outside its memory, tells of each of its own records at most once, and cuts the peer off
 * at the first impossible thing.
 */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "link/segment.h"

#define SLOTS FAB_RING_SLOTS_MIN

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct victim {
    unsigned received;
    unsigned doubts;
    unsigned downs;
};

static void
on_message(void *context, struct fab_link *link, const struct fab_msg *msg)
{
    const uint8_t *body = fab_msg_body_const(msg);
    volatile uint8_t sum = 0;

    (void)link;
    FAB_ASSERT(fab_msg_is_valid(msg, FAB_RING_RECORD_MAX));
    for (uint32_t i = 0; i < msg->size; i++)
        sum = (uint8_t)(sum + body[i]);
    ((struct victim *)context)->received++;
}

static void
on_nothing(void *context, struct fab_link *link)
{
    (void)context;
    (void)link;
}

static void
on_down(void *context, struct fab_link *link, enum myc_status reason)
{
    (void)link;
    FAB_ASSERT(reason == MYC_NO_CONNECTION);
    ((struct victim *)context)->downs++;
}

static void
on_in_doubt(void *context, struct fab_link *link, const struct fab_msg *msg)
{
    (void)link;
    FAB_ASSERT(msg->tag == 4711);
    ((struct victim *)context)->doubts++;
}

static const struct fab_link_sink sink = {
    .on_message = on_message,
    .on_up = on_nothing,
    .on_down = on_down,
    .on_in_doubt = on_in_doubt,
    .on_room = on_nothing,
};

static struct fab_segment_area *
area(void)
{
    size_t size = (fab_segment_area_size(SLOTS) + 127U) & ~(size_t)127U;
    struct fab_segment_area *made = aligned_alloc(128, size);

    FAB_ASSERT(made);
    memset(made, 0, size);
    return made;
}

static void
send(struct fab_link *link, uint32_t size)
{
    struct fab_msg header = { .to = 1, .size = size, .tag = 4711 };
    struct fab_msg *record;

    if (link->ops->claim(link, FAB_LANE_USER, fab_msg_stride(&header), 1, &record) != MYC_OK)
        return;
    *record = header;
    memset(fab_msg_body(record), 0xa5, size);
    link->ops->commit(link);
}

/* One step: writes of the peer (place, value), or something that the victim does. */
static void
step(struct fab_segment_link *segment, struct fab_segment_area *peer, const uint8_t *code)
{
    uint32_t place = (uint32_t)code[1] | (uint32_t)code[2] << 8;

    switch (code[0] % 8) {
    case 0:
        send(&segment->link, place % (FAB_MSG_SMALL_MAX + 1U));
        break;
    case 1:
        segment->link.ops->flush(&segment->link, 0);
        break;
    case 2:
        segment->link.ops->poll(&segment->link, 8, 0);
        break;
    case 3:
        atomic_fetch_add(&peer->tail, code[1]);
        break;
    case 4:
        atomic_fetch_add(&peer->head, code[1]);
        break;
    case 5:
        atomic_store(&peer->tail, (uint32_t)place << 16 | code[3]);
        break;
    default:
        ((uint8_t *)peer)[place % fab_segment_area_size(SLOTS)] = code[3];
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fab_segment_area *own = area();
    struct fab_segment_area *peer = area();
    struct fab_segment_link *segment = aligned_alloc(FAB_CACHE_LINE, sizeof(*segment));
    const struct fab_segment_link_options options = {
        .size = sizeof(options),
        .peer_lcore_count = 1,
        .slots = SLOTS,
        .peer_slots = SLOTS,
        .own = own,
        .peer = peer,
    };
    struct victim victim = { 0 };

    FAB_ASSERT(segment && fab_segment_link_init(segment, &options) == MYC_OK);
    segment->link.sink = &sink;
    segment->link.core = &victim;
    segment->link.ops->poll(&segment->link, 1, 0);
    for (size_t i = 0; i + 4 <= size; i += 4)
        step(segment, peer, data + i);
    fab_segment_link_end(segment, MYC_NO_CONNECTION);
    for (unsigned i = 0; i < 2U * SLOTS && segment->link.is_up; i++)
        segment->link.ops->poll(&segment->link, 8, 0);
    FAB_ASSERT(victim.downs == 1 && victim.doubts <= segment->link.counters.sent);
    FAB_ASSERT(segment->link.counters.bad_records <= 1);
    fab_segment_link_fini(segment);
    free(segment);
    free(own);
    free(peer);
    return 0;
}
