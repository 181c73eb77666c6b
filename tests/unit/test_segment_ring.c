/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/segment_pair.h"

#include "base/compiler.h"

/* Moves a fresh ring to where its indices are about to wrap. */
static void
start_at(struct segment_pair *pair, uint32_t index)
{
    pair->a.out.next = pair->a.out.published = pair->a.out.head_seen = index;
    pair->b.in.next = pair->b.in.released = pair->b.in.tail_seen = index;
    atomic_store(&pair->area_a->tail, index);
    atomic_store(&pair->area_b->head, index);
}

static void
put(struct fab_segment_producer *producer, uint64_t tag, uint32_t size)
{
    struct fab_msg header = { .tag = tag, .size = size };
    uint32_t span = fab_ring_span(fab_msg_total(&header));
    struct fab_msg *msg;

    if (fab_segment_producer_free(producer) < span)
        assert_true(fab_segment_producer_refresh(producer));
    assert_true(fab_segment_producer_free(producer) >= span);
    msg = fab_segment_producer_claim(producer, span);
    *msg = header;
    memset(fab_msg_body(msg), (int)(tag & 0xff), size);
    fab_segment_producer_commit(producer);
}

static void
test_indices_wrap_at_two_to_the_32(void **state)
{
    struct fab_segment_record record;
    const struct fab_msg *msg = (const struct fab_msg *)(const void *)record.bytes;
    struct segment_pair pair;

    (void)state;
    assert_int_equal(segment_pair_init(&pair, FAB_RING_SLOTS_MIN), 0);
    start_at(&pair, 0xffffffffU - 100U);
    for (uint64_t tag = 0; tag < 300; tag++) {
        put(&pair.a.out, tag, (uint32_t)(tag * 37 % 1000));
        fab_segment_producer_publish(&pair.a.out);
        assert_int_equal(fab_segment_consumer_take(&pair.b.in, &record), FAB_SEGMENT_RECORD);
        assert_int_equal(msg->tag, tag);
        for (uint32_t i = 0; i < msg->size; i++)
            assert_int_equal(((const uint8_t *)fab_msg_body_const(msg))[i], tag & 0xff);
        assert_int_equal(fab_segment_consumer_take(&pair.b.in, &record), FAB_SEGMENT_EMPTY);
        fab_segment_consumer_release(&pair.b.in);
    }
    assert_true(pair.a.out.next < 0x1000);
    segment_pair_fini(&pair);
}

static void
test_the_last_slot_can_be_used(void **state)
{
    struct fab_segment_record record;
    struct segment_pair pair;

    (void)state;
    assert_int_equal(segment_pair_init(&pair, FAB_RING_SLOTS_MIN), 0);
    for (unsigned i = 0; i < FAB_RING_SLOTS_MIN; i++)
        put(&pair.a.out, i, 8);
    assert_true(fab_segment_producer_refresh(&pair.a.out));
    assert_int_equal(fab_segment_producer_free(&pair.a.out), 0);
    fab_segment_producer_publish(&pair.a.out);
    for (unsigned i = 0; i < FAB_RING_SLOTS_MIN; i++)
        assert_int_equal(fab_segment_consumer_take(&pair.b.in, &record), FAB_SEGMENT_RECORD);
    assert_int_equal(fab_segment_consumer_take(&pair.b.in, &record), FAB_SEGMENT_EMPTY);
    segment_pair_fini(&pair);
}

static void
test_what_is_taken_and_not_released_stays(void **state)
{
    struct fab_segment_record record;
    struct segment_pair pair;

    (void)state;
    assert_int_equal(segment_pair_init(&pair, FAB_RING_SLOTS_MIN), 0);
    put(&pair.a.out, 1, 200);
    fab_segment_producer_publish(&pair.a.out);
    assert_int_equal(fab_segment_consumer_take(&pair.b.in, &record), FAB_SEGMENT_RECORD);
    assert_true(fab_segment_producer_refresh(&pair.a.out));
    assert_int_equal(fab_segment_producer_free(&pair.a.out), FAB_RING_SLOTS_MIN - 2);
    fab_segment_consumer_release(&pair.b.in);
    assert_true(fab_segment_producer_refresh(&pair.a.out));
    assert_int_equal(fab_segment_producer_free(&pair.a.out), FAB_RING_SLOTS_MIN);
    segment_pair_fini(&pair);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_indices_wrap_at_two_to_the_32),
        cmocka_unit_test(test_the_last_slot_can_be_used),
        cmocka_unit_test(test_what_is_taken_and_not_released_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
