/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/segment_pair.h"

#include "base/compiler.h"
#include "base/prng.h"

static struct carrier_pair pair;
static struct segment_pair ends;

int
carrier_setup(void **state)
{
    memset(&ends, 0, sizeof(ends));
    if (segment_pair_init(&ends, CARRIER_SLOTS) != 0)
        return -1;
    carrier_end_init(&pair.a, &ends.a.link);
    carrier_end_init(&pair.b, &ends.b.link);
    *state = &pair;
    return 0;
}

int
carrier_teardown(void **state)
{
    (void)state;
    segment_pair_fini(&ends);
    return 0;
}

static void
bring_up(void)
{
    carrier_pump(&pair.a, &pair.b);
    carrier_pump(&pair.b, &pair.a);
    assert_int_equal(pair.a.up_count, 1);
    assert_int_equal(pair.b.up_count, 1);
}

static void
test_a_dead_peer_leaves_its_messages_and_puts_ours_in_doubt(void **state)
{
    (void)state;
    bring_up();
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(carrier_send(&pair.b, FAB_LANE_USER, 100 + i, 300), MYC_OK);
    pair.b.link->ops->flush(pair.b.link, 0);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(carrier_send(&pair.a, FAB_LANE_USER, i, i * 50), MYC_OK);
    pair.a.link->ops->flush(pair.a.link, 0);
    assert_int_equal(carrier_poll(&pair.b, 4), 4);
    assert_int_equal(carrier_send(&pair.a, FAB_LANE_USER, 10, 8), MYC_OK);
    fab_segment_link_end(&ends.a, MYC_NO_CONNECTION);
    fab_segment_link_end(&ends.a, MYC_SHUTDOWN);
    carrier_pump(&pair.a, &pair.a);
    assert_int_equal(pair.a.tag_count, 5);
    assert_int_equal(pair.a.down_count, 1);
    assert_int_equal(pair.a.reason, MYC_NO_CONNECTION);
    assert_int_equal(pair.a.doubt_count, 7);
    for (unsigned i = 0; i < 7; i++)
        assert_int_equal(pair.a.doubts[i], 4 + i);
    assert_int_equal(pair.a.torn_count, 0);
    assert_int_equal(carrier_send(&pair.a, FAB_LANE_USER, 11, 8), MYC_UNREACHABLE);
    assert_false(fab_segment_link_is_cut(&ends.a));
}

static void
test_a_peer_that_ends_before_the_first_poll_is_up_and_down_once(void **state)
{
    (void)state;
    fab_segment_link_end(&ends.a, MYC_SHUTDOWN);
    carrier_pump(&pair.a, &pair.a);
    assert_int_equal(pair.a.up_count, 1);
    assert_int_equal(pair.a.down_count, 1);
    assert_int_equal(pair.a.reason, MYC_SHUTDOWN);
}

static void
test_a_peer_that_goes_on_writing_after_its_end_is_not_drained_for_ever(void **state)
{
    unsigned polls = 0;

    (void)state;
    bring_up();
    fab_segment_link_end(&ends.a, MYC_NO_CONNECTION);
    do {
        assert_int_equal(carrier_send(&pair.b, FAB_LANE_USER, polls, 8), MYC_OK);
        pair.b.link->ops->flush(pair.b.link, 0);
        polls++;
    } while (carrier_poll(&pair.a, 1) > 0 && polls < 50);
    assert_true(polls < 5);
    assert_int_equal(pair.a.down_count, 1);
}

static void
test_release_is_told_when_the_owner_closes(void **state)
{
    (void)state;
    bring_up();
    assert_false(fab_segment_link_is_released(&ends.a));
    pair.a.link->ops->close(pair.a.link);
    assert_true(fab_segment_link_is_released(&ends.a));
    carrier_pump(&pair.a, &pair.a);
    assert_int_equal(pair.a.down_count, 0);
}

/* The peer was cut off: counted once, down once, told to the control thread, and left alone. */
static void
assert_cut(void)
{
    carrier_pump(&pair.a, &pair.a);
    assert_int_equal(pair.a.link->counters.bad_records, 1);
    assert_int_equal(pair.a.down_count, 1);
    assert_int_equal(pair.a.reason, MYC_NO_CONNECTION);
    assert_true(fab_segment_link_is_cut(&ends.a));
    atomic_store(&ends.area_b->tail, atomic_load(&ends.area_b->tail) + 1);
    carrier_pump(&pair.a, &pair.a);
    assert_int_equal(pair.a.link->counters.bad_records, 1);
    assert_int_equal(pair.a.down_count, 1);
    assert_int_equal(carrier_send(&pair.a, FAB_LANE_SYSTEM, 1, 8), MYC_UNREACHABLE);
}

static void
test_an_impossible_tail_cuts_the_peer_off(void **state)
{
    static const uint32_t bad[] = { CARRIER_SLOTS + 1, 0x7fffffff, 0x80000000, 0xffffffff };

    for (size_t i = 0; i < FAB_COUNT_OF(bad); i++) {
        bring_up();
        atomic_store(&ends.area_b->tail, bad[i]);
        assert_cut();
        assert_int_equal(carrier_teardown(state), 0);
        assert_int_equal(carrier_setup(state), 0);
    }
}

static void
test_a_tail_that_goes_back_cuts_the_peer_off(void **state)
{
    (void)state;
    bring_up();
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(carrier_send(&pair.b, FAB_LANE_USER, i, 8), MYC_OK);
    carrier_pump(&pair.b, &pair.a);
    atomic_store(&ends.area_b->tail, 3);
    assert_cut();
}

static void
test_an_impossible_head_cuts_the_peer_off(void **state)
{
    /* Behind nothing seen, past what was published, within a record of three slots. */
    static const uint32_t bad[] = { 0xffffffff, 0x80000000, CARRIER_SLOTS, 55, 1, 2, 4 };

    for (size_t i = 0; i < FAB_COUNT_OF(bad); i++) {
        bring_up();
        assert_int_equal(carrier_fill(&pair.a, 0, 300), 18);
        pair.a.link->ops->flush(pair.a.link, 0);
        atomic_store(&ends.area_b->head, bad[i]);
        assert_int_equal(carrier_send(&pair.a, FAB_LANE_USER, 18, 300), MYC_FULL);
        assert_cut();
        /* Nothing is known of what arrived: all of it is in doubt. */
        assert_int_equal(pair.a.doubt_count, 18);
        assert_int_equal(pair.a.torn_count, 0);
        assert_int_equal(carrier_teardown(state), 0);
        assert_int_equal(carrier_setup(state), 0);
    }
}

static void
test_a_bad_header_cuts_the_peer_off(void **state)
{
    static const struct fab_msg bad[] = {
        { .kind = FAB_MSG_KIND_COUNT },
        { .flags = 0x80 },
        { .extensions = 1 },
        { .flags = FAB_MSG_HAS_DEADLINE },
        { .kind = FAB_MSG_REPLY, .margin = 1 },
        { .block_length = 9, .size = 8 },
        { .size = FAB_MSG_SMALL_MAX + 100 },
        { .size = 0xffffffff },
        { .size = FAB_RING_SLOT_SIZE }, /* longer than what was published */
    };

    for (size_t i = 0; i < FAB_COUNT_OF(bad); i++) {
        bring_up();
        memcpy((uint8_t *)ends.area_b + FAB_SEGMENT_SLOTS_OFFSET, &bad[i], sizeof(bad[i]));
        atomic_store(&ends.area_b->tail, 1);
        assert_cut();
        assert_int_equal(pair.a.tag_count, 0);
        assert_int_equal(carrier_teardown(state), 0);
        assert_int_equal(carrier_setup(state), 0);
    }
}

static void
test_what_was_good_before_the_nonsense_is_delivered(void **state)
{
    (void)state;
    bring_up();
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(carrier_send(&pair.b, FAB_LANE_USER, i, 8), MYC_OK);
    pair.b.link->ops->flush(pair.b.link, 0);
    memset((uint8_t *)ends.area_b + FAB_SEGMENT_SLOTS_OFFSET + 3U * FAB_RING_SLOT_SIZE, 0xff,
           FAB_RING_SLOT_SIZE);
    atomic_store(&ends.area_b->tail, 4);
    assert_cut();
    assert_int_equal(pair.a.tag_count, 3);
}

/* Random bytes all over what the peer can write, between any two steps of ours. */
static void
test_random_bytes_from_the_peer_harm_nobody(void **state)
{
    size_t size = fab_segment_area_size(CARRIER_SLOTS);
    struct fab_prng prng;
    unsigned cut = 0;

    fab_prng_init(&prng, 0x5e6);
    for (unsigned life = 0; life < 2000; life++) {
        bring_up();
        for (unsigned step = 0; step < 20 && pair.a.down_count == 0; step++) {
            carrier_send(&pair.b, FAB_LANE_USER, step, (uint32_t)fab_prng_below(&prng, 1024));
            carrier_send(&pair.a, FAB_LANE_USER, step, (uint32_t)fab_prng_below(&prng, 1024));
            for (unsigned i = 0; i < 4; i++) {
                size_t place = fab_prng_below(&prng, fab_prng_chance(&prng, 500000) ? 160 : size);

                ((uint8_t *)ends.area_b)[place] = (uint8_t)fab_prng_next(&prng);
            }
            /* Only the peer's own code may be led astray by what the peer wrote. */
            ends.b.link.is_up = true;
            pair.b.link->ops->flush(pair.b.link, 0);
            pair.a.link->ops->flush(pair.a.link, 0);
            carrier_poll(&pair.a, 8);
        }
        cut += pair.a.down_count;
        assert_int_equal(pair.a.link->counters.bad_records, pair.a.down_count);
        assert_int_equal(carrier_teardown(state), 0);
        assert_int_equal(carrier_setup(state), 0);
    }
    print_message("%u of 2000 lives were cut off\n", cut);
    assert_true(cut > 500);
}

#define OWN_TEST(name) cmocka_unit_test_setup_teardown(name, carrier_setup, carrier_teardown)

int
main(void)
{
    const struct CMUnitTest own[] = {
        OWN_TEST(test_a_dead_peer_leaves_its_messages_and_puts_ours_in_doubt),
        OWN_TEST(test_a_peer_that_ends_before_the_first_poll_is_up_and_down_once),
        OWN_TEST(test_a_peer_that_goes_on_writing_after_its_end_is_not_drained_for_ever),
        OWN_TEST(test_release_is_told_when_the_owner_closes),
        OWN_TEST(test_an_impossible_tail_cuts_the_peer_off),
        OWN_TEST(test_a_tail_that_goes_back_cuts_the_peer_off),
        OWN_TEST(test_an_impossible_head_cuts_the_peer_off),
        OWN_TEST(test_a_bad_header_cuts_the_peer_off),
        OWN_TEST(test_what_was_good_before_the_nonsense_is_delivered),
        OWN_TEST(test_random_bytes_from_the_peer_harm_nobody),
    };
    int failed = _cmocka_run_group_tests("carrier_segment", carrier_contract_tests,
                                         carrier_contract_count, NULL, NULL);

    return failed + cmocka_run_group_tests(own, NULL, NULL);
}
