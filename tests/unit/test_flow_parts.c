/* SPDX-License-Identifier: BSD-3-Clause */
/* The small parts of a flow: ranges, round trip, sent map, loss, credit. */
#include "support/cmocka.h"

#include "base/prng.h"
#include "proto/credit.h"
#include "proto/loss.h"
#include "proto/ranges.h"
#include "proto/rtt.h"
#include "proto/sent_map.h"

#define US 1000ULL
#define MS 1000000ULL

/* ranges */

static void
test_ranges_in_order_are_one(void **state)
{
    struct fab_ranges ranges;

    (void)state;
    fab_ranges_init(&ranges, 100);
    assert_true(fab_ranges_end(&ranges) == 100);
    for (uint64_t number = 100; number < 200; number++) {
        assert_false(fab_ranges_contain(&ranges, number));
        fab_ranges_add(&ranges, number);
    }
    assert_int_equal(ranges.count, 1);
    assert_true(fab_ranges_end(&ranges) == 200);
    assert_true(fab_ranges_contain(&ranges, 99));
    assert_true(fab_ranges_contain(&ranges, 199));
    assert_false(fab_ranges_contain(&ranges, 200));
}

static void
test_ranges_join_when_the_hole_is_filled(void **state)
{
    struct fab_ranges ranges;

    (void)state;
    fab_ranges_init(&ranges, 0);
    fab_ranges_add(&ranges, 0);
    fab_ranges_add(&ranges, 2);
    fab_ranges_add(&ranges, 5);
    assert_int_equal(ranges.count, 3);
    fab_ranges_add(&ranges, 1);
    assert_int_equal(ranges.count, 2);
    assert_true(ranges.range[1].start == 0 && ranges.range[1].end == 3);
    fab_ranges_add(&ranges, 4);
    fab_ranges_add(&ranges, 3);
    assert_int_equal(ranges.count, 1);
}

static void
test_ranges_floor_closes_holes_and_never_sinks(void **state)
{
    struct fab_ranges ranges;

    (void)state;
    fab_ranges_init(&ranges, 0);
    for (uint64_t number = 1; number < 20; number += 2)
        fab_ranges_add(&ranges, number);
    fab_ranges_raise_floor(&ranges, 16);
    assert_int_equal(ranges.count, 2);
    assert_true(fab_ranges_contain(&ranges, 2));
    fab_ranges_raise_floor(&ranges, 3);
    assert_true(ranges.floor == 16);
    fab_ranges_raise_floor(&ranges, 100);
    assert_int_equal(ranges.count, 0);
    assert_true(fab_ranges_end(&ranges) == 100);
}

static void
test_ranges_beyond_their_places_give_up_the_oldest(void **state)
{
    struct fab_ranges ranges;

    (void)state;
    fab_ranges_init(&ranges, 0);
    for (uint64_t number = 10; number < 10 + 2 * (FAB_RANGES_MAX + 5); number += 2)
        fab_ranges_add(&ranges, number);
    assert_int_equal(ranges.count, FAB_RANGES_MAX);
    assert_true(ranges.floor > 10);
    assert_true(fab_ranges_contain(&ranges, 11)); /* given up, with what was below */
    assert_false(fab_ranges_contain(&ranges, ranges.range[0].end));
}

/* Against a set that is nothing but bits. */
static void
test_ranges_agree_with_a_bit_set(void **state)
{
    static uint8_t seen[4096];
    struct fab_ranges ranges;
    struct fab_prng prng;
    uint64_t base = 0;

    (void)state;
    fab_prng_init(&prng, 7);
    fab_ranges_init(&ranges, 0);
    memset(seen, 0, sizeof(seen));
    for (int i = 0; i < 20000 && base < 4000; i++) {
        uint64_t number = base + fab_prng_below(&prng, 24);

        if (number >= ranges.floor)
            assert_int_equal(fab_ranges_contain(&ranges, number), seen[number]);
        if (!fab_ranges_contain(&ranges, number)) {
            fab_ranges_add(&ranges, number);
            seen[number] = 1;
        }
        base += fab_prng_below(&prng, 4) == 0;
        for (uint32_t r = 1; r < ranges.count; r++)
            assert_true(ranges.range[r].end < ranges.range[r - 1].start);
    }
}

/* round trip */

static void
test_rtt_first_sample_replaces_the_guess(void **state)
{
    struct fab_rtt rtt;

    (void)state;
    fab_rtt_init(&rtt, MS);
    assert_true(rtt.smoothed_ns == MS);
    fab_rtt_on_sample(&rtt, 40 * US, 0, 5 * MS);
    assert_true(rtt.smoothed_ns == 40 * US && rtt.variation_ns == 20 * US);
    assert_true(rtt.min_ns == 40 * US);
}

static void
test_rtt_takes_the_peers_delay_off_but_not_below_the_smallest(void **state)
{
    struct fab_rtt rtt;

    (void)state;
    fab_rtt_init(&rtt, MS);
    fab_rtt_on_sample(&rtt, 40 * US, 0, MS);
    fab_rtt_on_sample(&rtt, 100 * US, 50 * US, 2 * MS);
    assert_true(rtt.smoothed_ns == (7 * 40 * US + 50 * US) / 8);
    fab_rtt_init(&rtt, MS);
    fab_rtt_on_sample(&rtt, 40 * US, 0, MS);
    fab_rtt_on_sample(&rtt, 100 * US, 90 * US, 3 * MS); /* an exaggeration */
    assert_true(rtt.smoothed_ns == (7 * 40 * US + 100 * US) / 8);
}

static void
test_rtt_smallest_is_forgotten_after_two_windows(void **state)
{
    struct fab_rtt rtt;

    (void)state;
    fab_rtt_init(&rtt, MS);
    fab_rtt_on_sample(&rtt, 10 * US, 0, 0);
    fab_rtt_on_sample(&rtt, 90 * US, 0, FAB_RTT_WINDOW_NS);
    assert_true(rtt.min_ns == 10 * US);
    fab_rtt_on_sample(&rtt, 80 * US, 0, 2 * FAB_RTT_WINDOW_NS);
    assert_true(rtt.min_ns == 80 * US);
}

static void
test_rtt_steady_path_is_probed_after_two_round_trips(void **state)
{
    struct fab_rtt rtt;

    (void)state;
    fab_rtt_init(&rtt, MS);
    for (int i = 0; i < 100; i++)
        fab_rtt_on_sample(&rtt, 50 * US, 0, (uint64_t)i * US);
    assert_true(fab_rtt_probe_timeout(&rtt, 20 * US) == 100 * US);
    assert_true(fab_rtt_probe_timeout(&rtt, MS) == MS);
}

/* sent map and loss */

#define PAGE_FRAMES 32U
#define PLACES      (2U * PAGE_FRAMES)

struct lab {
    struct fab_sent_frame frames[PLACES + PAGE_FRAMES]; /* a page more than the map may have */
    void *pages[PLACES / PAGE_FRAMES];
    struct fab_pool pool;
    struct fab_sent_map map;
    struct fab_loss loss;
    struct fab_rtt rtt;
};

static void
lab_init(struct lab *lab)
{
    memset(lab->pages, 0, sizeof(lab->pages));
    fab_pool_init(&lab->pool, lab->frames, PAGE_FRAMES * sizeof(lab->frames[0]),
                  PLACES / PAGE_FRAMES + 1);
    fab_sent_map_init(&lab->map, &lab->pool, lab->pages, PLACES / PAGE_FRAMES);
    fab_loss_init(&lab->loss);
    fab_rtt_init(&lab->rtt, 100 * US);
    fab_rtt_on_sample(&lab->rtt, 100 * US, 0, 0);
}

static void
lab_send(struct lab *lab, uint64_t number, uint64_t now_ns)
{
    fab_sent_map_push(&lab->map, number, 1000, now_ns);
}

static void
lab_ack(struct lab *lab, uint64_t number, uint64_t now_ns)
{
    struct fab_sent_frame *frame = fab_sent_map_at(&lab->map, fab_sent_map_find(&lab->map, number));

    assert_true(frame->number == number);
    fab_loss_on_acked(&lab->loss, frame, &lab->rtt, now_ns);
    fab_sent_map_settle(&lab->map, frame, FAB_SENT_ACKED);
}

/* Settles what is lost by now; returns how many. */
static uint32_t
lab_lose(struct lab *lab, uint64_t now_ns)
{
    uint32_t count = 0;
    struct fab_sent_frame *frame;

    while ((frame = fab_loss_next(&lab->loss, &lab->map, &lab->rtt, now_ns)) != NULL) {
        fab_sent_map_settle(&lab->map, frame, FAB_SENT_LOST);
        count++;
    }
    return count;
}

static void
test_sent_map_finds_numbers_with_gaps(void **state)
{
    struct lab lab;

    (void)state;
    lab_init(&lab);
    assert_int_equal(fab_sent_map_find(&lab.map, 5), lab.map.head);
    for (uint64_t i = 0; i < 40; i++)
        lab_send(&lab, 10 + 3 * i, i);
    for (uint64_t number = 0; number < 140; number++) {
        uint32_t at = fab_sent_map_find(&lab.map, number);

        if (at != lab.map.head)
            assert_true(fab_sent_map_at(&lab.map, at)->number >= number);
        if (at != lab.map.tail)
            assert_true(fab_sent_map_at(&lab.map, at - 1)->number < number);
    }
}

static void
test_sent_map_counts_what_is_in_flight(void **state)
{
    struct lab lab;

    (void)state;
    lab_init(&lab);
    for (uint64_t i = 0; i < PLACES; i++)
        lab_send(&lab, i, i);
    assert_true(fab_sent_map_is_full(&lab.map));
    assert_true(fab_sent_map_oldest(&lab.map)->number == 0);
    assert_true(fab_sent_map_newest(&lab.map)->number == PLACES - 1);
    lab_ack(&lab, 0, 1000);
    lab_ack(&lab, PLACES - 1, 1000);
    assert_int_equal(lab.map.in_flight, PLACES - 2);
    assert_true(lab.map.in_flight_bytes == (PLACES - 2) * 1000);
    assert_true(fab_sent_map_oldest(&lab.map)->number == 1);
    assert_true(fab_sent_map_newest(&lab.map)->number == PLACES - 2);
    for (uint64_t i = 1; i < PAGE_FRAMES; i++)
        lab_ack(&lab, i, 1000);
    fab_sent_map_forget(&lab.map, 0);
    assert_false(fab_sent_map_is_full(&lab.map));
    for (uint64_t i = PAGE_FRAMES; i < PLACES - 1; i++)
        lab_ack(&lab, i, 1000);
    fab_sent_map_forget(&lab.map, 0);
    assert_true(lab.map.head == lab.map.tail && lab.map.in_flight == 0);
    assert_null(fab_sent_map_oldest(&lab.map));
    assert_int_equal(lab.pool.free, lab.pool.count);
}

static void
test_sent_map_is_full_without_a_page_and_gives_back_what_it_leaves(void **state)
{
    struct lab lab;
    void *held;

    (void)state;
    lab_init(&lab);
    lab.pool.free = 1; /* others have the rest */
    held = lab.pool.first->next;
    lab.pool.first->next = NULL;
    for (uint64_t i = 0; i < PAGE_FRAMES; i++)
        lab_send(&lab, i, i);
    assert_true(fab_sent_map_is_full(&lab.map));
    assert_true(fab_sent_map_is_crowded(&lab.map));
    fab_pool_give(&lab.pool, held);
    assert_false(fab_sent_map_is_full(&lab.map));
    lab_send(&lab, PAGE_FRAMES, 1);
    for (uint64_t i = 0; i <= PAGE_FRAMES; i++)
        lab_ack(&lab, i, 1000);
    fab_sent_map_forget(&lab.map, 0);
    assert_int_equal(lab.pool.free, 2);
}

static void
test_sent_map_remembers_lost_frames_for_a_while(void **state)
{
    struct lab lab;

    (void)state;
    lab_init(&lab);
    lab_send(&lab, 1, 10 * US);
    fab_sent_map_settle(&lab.map, fab_sent_map_at(&lab.map, lab.map.tail), FAB_SENT_LOST);
    fab_sent_map_forget(&lab.map, 10 * US);
    assert_int_equal(lab.map.head - lab.map.tail, 1);
    fab_sent_map_forget(&lab.map, 11 * US);
    assert_int_equal(lab.map.head - lab.map.tail, 0);
}

static void
test_loss_third_later_frame_is_enough_before_reordering(void **state)
{
    struct lab lab;

    (void)state;
    lab_init(&lab);
    for (uint64_t i = 0; i < 5; i++)
        lab_send(&lab, i, i * US);
    lab_ack(&lab, 2, 102 * US);
    assert_int_equal(lab_lose(&lab, 102 * US), 0);
    assert_true(lab.loss.deadline_ns > 102 * US && lab.loss.deadline_ns < 200 * US);
    lab_ack(&lab, 3, 103 * US);
    assert_int_equal(lab_lose(&lab, 103 * US), 1); /* 0, but neither 1 nor 4 */
}

static void
test_loss_is_found_by_time_when_only_one_later_frame_arrived(void **state)
{
    struct lab lab;
    uint64_t deadline_ns;

    (void)state;
    lab_init(&lab);
    lab_send(&lab, 0, 0);
    lab_send(&lab, 1, 1 * US);
    lab_ack(&lab, 1, 101 * US);
    assert_int_equal(lab_lose(&lab, 101 * US), 0);
    deadline_ns = lab.loss.deadline_ns;
    assert_true(deadline_ns == 125 * US); /* its round trip and a quarter */
    assert_int_equal(lab_lose(&lab, deadline_ns - 1), 0);
    assert_int_equal(lab_lose(&lab, deadline_ns), 1);
    assert_true(lab.loss.deadline_ns == UINT64_MAX);
}

static void
test_loss_nothing_is_lost_before_a_later_frame_arrived(void **state)
{
    struct lab lab;

    (void)state;
    lab_init(&lab);
    lab_send(&lab, 0, 0);
    assert_int_equal(lab_lose(&lab, 100 * MS), 0);
    assert_true(lab.loss.deadline_ns == UINT64_MAX);
}

static void
test_loss_window_follows_lateness_and_forgets_it(void **state)
{
    struct lab lab;
    uint64_t now_ns = MS;
    uint64_t number = 10;

    (void)state;
    lab_init(&lab);
    lab_send(&lab, 0, now_ns);
    lab_send(&lab, 1, now_ns);
    lab_ack(&lab, 1, now_ns + 100 * US);
    lab_ack(&lab, 0, now_ns + 400 * US); /* 300 us late */
    assert_true(fab_loss_reorder_ns(&lab.loss, &lab.rtt) == 375 * US);
    for (int i = 0; i < 4; i++) { /* three memories without lateness */
        now_ns += FAB_LOSS_MEMORY_RTTS * lab.rtt.smoothed_ns;
        lab_send(&lab, number, now_ns);
        lab_ack(&lab, number++, now_ns + 100 * US);
        now_ns += 100 * US;
    }
    assert_true(fab_loss_reorder_ns(&lab.loss, &lab.rtt) == lab.rtt.min_ns / 4);
}

/* credit */

static void
test_credit_limit_never_sinks_and_wraps(void **state)
{
    struct fab_credit_out out;

    (void)state;
    fab_credit_out_init(&out, 0x1fffffff0ULL, 32);
    assert_true(fab_credit_out_left(&out) == 32);
    assert_false(fab_credit_out_on_limit(&out, 0x00000010U));
    assert_true(fab_credit_out_on_limit(&out, 0x00000020U));
    assert_true(out.limit == 0x200000020ULL);
    assert_false(fab_credit_out_on_limit(&out, 0xfffffff0U)); /* an old one */
    assert_true(fab_credit_out_left(&out) == 48);
}

static void
test_credit_is_told_by_the_quarter(void **state)
{
    struct fab_credit_in in;

    (void)state;
    fab_credit_in_init(&in, 1000, 100);
    in.returned += 24;
    assert_false(fab_credit_in_is_due(&in));
    in.returned += 1;
    assert_true(fab_credit_in_is_due(&in));
    in.told = fab_credit_in_limit(&in);
    assert_false(fab_credit_in_is_due(&in));
    assert_true(in.told == 1125);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges_in_order_are_one),
        cmocka_unit_test(test_ranges_join_when_the_hole_is_filled),
        cmocka_unit_test(test_ranges_floor_closes_holes_and_never_sinks),
        cmocka_unit_test(test_ranges_beyond_their_places_give_up_the_oldest),
        cmocka_unit_test(test_ranges_agree_with_a_bit_set),
        cmocka_unit_test(test_rtt_first_sample_replaces_the_guess),
        cmocka_unit_test(test_rtt_takes_the_peers_delay_off_but_not_below_the_smallest),
        cmocka_unit_test(test_rtt_smallest_is_forgotten_after_two_windows),
        cmocka_unit_test(test_rtt_steady_path_is_probed_after_two_round_trips),
        cmocka_unit_test(test_sent_map_finds_numbers_with_gaps),
        cmocka_unit_test(test_sent_map_counts_what_is_in_flight),
        cmocka_unit_test(test_sent_map_is_full_without_a_page_and_gives_back_what_it_leaves),
        cmocka_unit_test(test_sent_map_remembers_lost_frames_for_a_while),
        cmocka_unit_test(test_loss_third_later_frame_is_enough_before_reordering),
        cmocka_unit_test(test_loss_is_found_by_time_when_only_one_later_frame_arrived),
        cmocka_unit_test(test_loss_nothing_is_lost_before_a_later_frame_arrived),
        cmocka_unit_test(test_loss_window_follows_lateness_and_forgets_it),
        cmocka_unit_test(test_credit_limit_never_sinks_and_wraps),
        cmocka_unit_test(test_credit_is_told_by_the_quarter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
