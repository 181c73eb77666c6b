/* SPDX-License-Identifier: BSD-3-Clause */
/* Where a flow keeps records on their way out: the send lane; and its handshake. */
#include "support/cmocka.h"

#include <stdlib.h>

#include "base/prng.h"
#include "proto/handshake.h"
#include "proto/send_lane.h"

#define PAGE  4096U
#define RING  8192U
#define SPANS 512U
#define PAGES 5U /* two for chunks, two for spans, one to spare */

struct bench {
    _Alignas(64) uint8_t memory[PAGES * PAGE];
    void *pages[4];
    struct fab_pool pool;
    struct fab_send_lane lane;
    uint32_t next;
};

static void
bench_init(struct bench *bench)
{
    struct fab_send_lane_shape shape = fab_send_lane_shape(PAGE, RING, SPANS);

    memset(bench->pages, 0, sizeof(bench->pages));
    fab_pool_init(&bench->pool, bench->memory, PAGE, PAGES);
    fab_send_lane_init(&bench->lane, &bench->pool, bench->pages, &shape);
    bench->next = 0;
}

/* One record of `size` bytes that carries its number; false when the lane is full. */
static bool
put(struct bench *bench, uint16_t size)
{
    struct fab_chunk *chunk = fab_send_lane_claim(&bench->lane, fab_chunk_stride(size));

    if (chunk == NULL)
        return false;
    memset(chunk + 1, (int)bench->next, size);
    *chunk = (struct fab_chunk){ .size = size, .number = bench->next++ };
    fab_send_lane_commit(&bench->lane, fab_chunk_stride(size));
    return true;
}

/* Sends the next run; returns its span. */
static uint32_t
send_run(struct bench *bench, uint32_t capacity, struct fab_run *run)
{
    bool is_short = false;

    assert_true(fab_send_lane_next_run(&bench->lane, capacity, UINT64_MAX, run, &is_short));
    assert_false(is_short);
    return fab_send_lane_take_run(&bench->lane, run);
}

static void
ack(struct bench *bench, uint32_t span)
{
    fab_send_lane_on_acked(&bench->lane, span);
    fab_send_lane_advance(&bench->lane);
}

static void
test_lane_runs_hold_whole_chunks_within_capacity(void **state)
{
    struct bench bench;
    struct fab_run run;

    (void)state;
    bench_init(&bench);
    for (int i = 0; i < 10; i++)
        assert_true(put(&bench, 80));
    send_run(&bench, 300, &run);
    assert_int_equal(run.size, 3 * 88);
    assert_int_equal(run.units, 3 * 2);
    send_run(&bench, 1000, &run);
    assert_int_equal(run.size, 7 * 88);
    assert_true(fab_send_lane_unsent(&bench.lane) == 0);
}

static void
test_lane_run_stops_where_credit_ends(void **state)
{
    struct bench bench;
    struct fab_run run;
    bool is_short = false;

    (void)state;
    bench_init(&bench);
    for (int i = 0; i < 10; i++)
        put(&bench, 80);
    assert_true(fab_send_lane_next_run(&bench.lane, 1000, 5, &run, &is_short));
    assert_int_equal(run.units, 4);
    assert_true(is_short);
    fab_send_lane_take_run(&bench.lane, &run);
    assert_false(fab_send_lane_next_run(&bench.lane, 1000, 1, &run, &is_short));
}

static void
test_lane_frees_in_order_only(void **state)
{
    struct bench bench;
    struct fab_run run;
    uint32_t spans[3];

    (void)state;
    bench_init(&bench);
    for (int i = 0; i < 3; i++) {
        put(&bench, 80);
        spans[i] = send_run(&bench, 1000, &run);
    }
    ack(&bench, spans[2]);
    assert_true(bench.lane.tail == 0);
    ack(&bench, spans[0]);
    assert_true(bench.lane.tail == 88);
    ack(&bench, spans[1]);
    assert_true(bench.lane.tail == bench.lane.head);
}

static void
test_lane_lost_span_is_offered_until_it_is_acknowledged(void **state)
{
    struct bench bench;
    struct fab_run run;
    uint32_t span;
    uint32_t index;

    (void)state;
    bench_init(&bench);
    put(&bench, 80);
    span = send_run(&bench, 1000, &run);
    assert_null(fab_send_lane_first_lost(&bench.lane, &index));
    fab_send_lane_on_lost(&bench.lane, span);
    assert_non_null(fab_send_lane_first_lost(&bench.lane, &index));
    assert_int_equal(index, span);
    fab_send_lane_take_lost(&bench.lane);
    assert_null(fab_send_lane_first_lost(&bench.lane, &index));
    fab_send_lane_on_lost(&bench.lane, span);
    ack(&bench, span); /* the first copy was only late */
    assert_null(fab_send_lane_first_lost(&bench.lane, &index));
    assert_true(bench.lane.tail == bench.lane.head);
}

static void
test_lane_span_in_two_frames_is_lost_with_the_second(void **state)
{
    struct bench bench;
    struct fab_run run;
    uint32_t span;
    uint32_t index;

    (void)state;
    bench_init(&bench);
    put(&bench, 80);
    span = send_run(&bench, 1000, &run);
    fab_send_lane_span(&bench.lane, span)->copies++;
    fab_send_lane_on_lost(&bench.lane, span);
    assert_null(fab_send_lane_first_lost(&bench.lane, &index));
    fab_send_lane_on_lost(&bench.lane, span);
    assert_non_null(fab_send_lane_first_lost(&bench.lane, &index));
}

/* Sizes, losses and acknowledgements at random, many times round the ring: each record comes out
 * whole and in order, and what is not acknowledged is found. */
static void
test_lane_goes_round_without_tearing_records(void **state)
{
    struct bench bench;
    struct fab_prng prng;
    uint32_t expected = 0;

    (void)state;
    bench_init(&bench);
    fab_prng_init(&prng, 3);
    for (int turn = 0; turn < 20000; turn++) {
        bool is_short = false;
        struct fab_run run;

        while (fab_prng_below(&prng, 4) != 0 &&
               put(&bench, (uint16_t)(48 + fab_prng_below(&prng, 1000))))
            ;
        while (fab_send_lane_next_run(&bench.lane, 1400, UINT64_MAX, &run, &is_short)) {
            uint32_t place = run.start;

            while (place != run.start + run.size) {
                const struct fab_chunk *chunk =
                    (const void *)fab_send_lane_bytes(&bench.lane, place);
                const uint8_t *record = (const uint8_t *)(chunk + 1);

                assert_int_equal(chunk->number, expected);
                assert_int_equal(record[0], (uint8_t)expected);
                assert_int_equal(record[chunk->size - 1], (uint8_t)expected);
                expected++;
                place += fab_chunk_stride(chunk->size);
            }
            fab_send_lane_take_run(&bench.lane, &run);
        }
        for (uint32_t i = bench.lane.span_tail; i != bench.lane.span_head; i++) {
            if (fab_prng_below(&prng, 2))
                fab_send_lane_on_acked(&bench.lane, i);
        }
        fab_send_lane_advance(&bench.lane);
    }
    assert_true(expected > 20000);
}

static void
test_lane_goes_through_all_that_is_not_freed(void **state)
{
    struct bench bench;
    struct fab_run run;
    uint32_t spans[4];
    uint32_t place;
    uint32_t span;
    uint32_t seen[8];
    uint32_t count = 0;
    bool is_acked;
    const struct fab_chunk *chunk;

    (void)state;
    bench_init(&bench);
    for (int i = 0; i < 4; i++) {
        put(&bench, 80);
        put(&bench, 80);
        spans[i] = send_run(&bench, 1000, &run);
    }
    put(&bench, 80);
    ack(&bench, spans[0]);
    ack(&bench, spans[2]);
    place = bench.lane.tail;
    span = bench.lane.span_tail;
    while ((chunk = fab_send_lane_next_chunk(&bench.lane, &place, &span, &is_acked)) != NULL) {
        assert_true(is_acked == (chunk->number == 4 || chunk->number == 5));
        seen[count++] = chunk->number;
    }
    assert_int_equal(count, 7);
    assert_memory_equal(seen, ((uint32_t[]){ 2, 3, 4, 5, 6, 7, 8 }), 7 * sizeof(uint32_t));
}

static void
test_lane_gives_back_its_pages_when_it_is_empty(void **state)
{
    struct bench bench;
    struct fab_run run;
    uint32_t span;

    (void)state;
    bench_init(&bench);
    for (int i = 0; i < 100; i++) {
        assert_true(put(&bench, 80));
        span = send_run(&bench, 1000, &run);
        assert_int_equal(bench.pool.free, PAGES - 2); /* one for the chunk, one for its span */
        ack(&bench, span);
        assert_int_equal(bench.pool.free, PAGES);
    }
}

static void
test_lane_is_full_when_the_pool_has_no_page_to_spare(void **state)
{
    struct bench bench;
    struct fab_run run;
    uint32_t span;

    (void)state;
    bench_init(&bench);
    bench.pool.reserve = PAGES - 1;
    while (put(&bench, 1000))
        ;
    assert_true(bench.lane.was_full);
    assert_int_equal(bench.next, PAGE / fab_chunk_stride(1000));
    span = send_run(&bench, PAGE, &run); /* from the reserve */
    ack(&bench, span);
    assert_int_equal(bench.pool.free, PAGES);
}

static void
test_lane_keeps_the_page_of_an_open_claim(void **state)
{
    struct bench bench;
    struct fab_chunk *chunk;
    struct fab_run run;
    uint32_t span;

    (void)state;
    bench_init(&bench);
    put(&bench, 80);
    span = send_run(&bench, 1000, &run);
    chunk = fab_send_lane_claim(&bench.lane, fab_chunk_stride(80));
    ack(&bench, span);
    assert_int_equal(bench.pool.free, PAGES - 1);
    *chunk = (struct fab_chunk){ .size = 80, .number = 7 };
    fab_send_lane_commit(&bench.lane, fab_chunk_stride(80));
    span = send_run(&bench, 1000, &run);
    assert_int_equal(run.size, fab_chunk_stride(80));
    ack(&bench, span);
    assert_int_equal(bench.pool.free, PAGES);
}

/* handshake */

#define HOME_A 0x0001000000000abcULL
#define HOME_B 0x0002000000000defULL

/* The hello that one side would send now. */
static struct fab_hello
hello_of(const struct fab_handshake *from)
{
    struct fab_epoch_shares offer = fab_handshake_offer(from);

    return (
        struct fab_hello){ .home = from->home, .nonce = offer.own_nonce, .echo = offer.peer_nonce };
}

static enum fab_hello_verdict
say(const struct fab_handshake *from, struct fab_handshake *to)
{
    struct fab_hello hello = hello_of(from);

    return fab_handshake_on_hello(to, &hello);
}

static void
test_handshake_both_sides_find_the_same_epoch(void **state)
{
    struct fab_handshake a;
    struct fab_handshake b;

    (void)state;
    fab_handshake_init(&a, HOME_A, 1);
    fab_handshake_init(&b, HOME_B, 2);
    assert_int_equal(say(&a, &b), FAB_HELLO_ANSWER);
    assert_int_equal(say(&b, &a), FAB_HELLO_BEGIN);
    assert_int_equal(a.candidate_epoch, b.candidate_epoch);
    assert_int_not_equal(a.candidate_epoch, 0);
    fab_handshake_begin(&a);
    assert_int_equal(say(&b, &a), FAB_HELLO_CONFIRM); /* b is not up and says so again */
}

static void
test_handshake_begun_by_both_gives_one_epoch(void **state)
{
    struct fab_handshake a;
    struct fab_handshake b;
    struct fab_hello from_a;
    struct fab_hello from_b;

    (void)state;
    fab_handshake_init(&a, HOME_A, 1);
    fab_handshake_init(&b, HOME_B, 2);
    from_a = hello_of(&a);
    from_b = hello_of(&b);
    assert_int_equal(fab_handshake_on_hello(&a, &from_b), FAB_HELLO_ANSWER);
    assert_int_equal(fab_handshake_on_hello(&b, &from_a), FAB_HELLO_ANSWER);
    assert_int_equal(a.candidate_epoch, b.candidate_epoch);
    assert_int_equal(say(&a, &b), FAB_HELLO_BEGIN);
    assert_int_equal(say(&b, &a), FAB_HELLO_BEGIN);
}

static void
test_handshake_replayed_hello_never_proves_and_never_repeats_an_epoch(void **state)
{
    struct fab_handshake a;
    struct fab_handshake b;
    struct fab_hello old;
    uint32_t first_epoch;

    (void)state;
    fab_handshake_init(&a, HOME_A, 1);
    fab_handshake_init(&b, HOME_B, 2);
    old = hello_of(&a);
    say(&a, &b);
    first_epoch = b.candidate_epoch;
    fab_handshake_begin(&b);
    assert_int_equal(fab_handshake_on_hello(&b, &old), FAB_HELLO_STALE);
    fab_handshake_end(&b);
    assert_int_equal(fab_handshake_on_hello(&b, &old), FAB_HELLO_ANSWER);
    assert_int_not_equal(b.candidate_epoch, first_epoch);
}

static void
test_handshake_same_hello_gets_the_same_answer_while_an_epoch_runs(void **state)
{
    struct fab_handshake a;
    struct fab_handshake b;
    struct fab_handshake again;
    struct fab_epoch_shares offer;

    (void)state;
    fab_handshake_init(&a, HOME_A, 1);
    fab_handshake_init(&b, HOME_B, 2);
    say(&a, &b);
    fab_handshake_begin(&b);
    fab_handshake_init(&again, HOME_A + 1, 99); /* a restarted */
    assert_int_equal(say(&again, &b), FAB_HELLO_ANSWER);
    offer = fab_handshake_offer(&b);
    assert_int_equal(say(&again, &b), FAB_HELLO_ANSWER);
    assert_true(fab_handshake_offer(&b).own_nonce == offer.own_nonce);
    assert_true(offer.own_nonce != b.session.own_nonce);
    assert_int_equal(say(&b, &again), FAB_HELLO_BEGIN);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lane_runs_hold_whole_chunks_within_capacity),
        cmocka_unit_test(test_lane_run_stops_where_credit_ends),
        cmocka_unit_test(test_lane_frees_in_order_only),
        cmocka_unit_test(test_lane_lost_span_is_offered_until_it_is_acknowledged),
        cmocka_unit_test(test_lane_span_in_two_frames_is_lost_with_the_second),
        cmocka_unit_test(test_lane_goes_round_without_tearing_records),
        cmocka_unit_test(test_lane_goes_through_all_that_is_not_freed),
        cmocka_unit_test(test_lane_gives_back_its_pages_when_it_is_empty),
        cmocka_unit_test(test_lane_is_full_when_the_pool_has_no_page_to_spare),
        cmocka_unit_test(test_lane_keeps_the_page_of_an_open_claim),
        cmocka_unit_test(test_handshake_both_sides_find_the_same_epoch),
        cmocka_unit_test(test_handshake_begun_by_both_gives_one_epoch),
        cmocka_unit_test(test_handshake_replayed_hello_never_proves_and_never_repeats_an_epoch),
        cmocka_unit_test(test_handshake_same_hello_gets_the_same_answer_while_an_epoch_runs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
