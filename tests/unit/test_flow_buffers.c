/* SPDX-License-Identifier: BSD-3-Clause */
/* Where a flow keeps records: the send lane and the cells of what came early; and its handshake. */
#include "support/cmocka.h"

#include <stdlib.h>

#include "base/prng.h"
#include "proto/handshake.h"
#include "proto/reorder.h"
#include "proto/send_lane.h"

#define RING  8192U
#define SPANS 64U

struct bench {
    _Alignas(8) uint8_t ring[RING];
    struct fab_span spans[SPANS];
    struct fab_send_lane lane;
    uint32_t next;
};

static void
bench_init(struct bench *bench)
{
    fab_send_lane_init(&bench->lane, bench->ring, RING, bench->spans, SPANS);
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
            uint64_t place = run.start;

            while (place < run.start + run.size) {
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
    uint64_t place;
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

/* reorder */

static const uint32_t limits[FAB_LANE_COUNT] = { 64, 16, 16 };

/* Takes out the record that the stream waits for. */
static bool
take(struct fab_reorder *reorder, uint8_t stream, void *scratch)
{
    const struct fab_chunk *chunk = fab_reorder_peek(reorder, stream, scratch);

    if (chunk == NULL)
        return false;
    fab_reorder_drop(reorder, chunk);
    return true;
}

struct early {
    struct fab_chunk chunk;
    uint8_t record[1400];
};

static struct early
early(uint8_t stream, uint32_t number, uint16_t size)
{
    struct early early = { .chunk = { .stream = stream, .size = size, .number = number } };

    memset(early.record, (int)number, size);
    return early;
}

static void
test_reorder_keeps_and_gives_back_whole_records(void **state)
{
    _Alignas(8) uint8_t scratch[FAB_FRAME_SIZE_MAX];
    struct fab_reorder *reorder = malloc(sizeof(*reorder));
    void *memory = aligned_alloc(64, fab_reorder_memory_size(limits));

    (void)state;
    fab_reorder_init(reorder, memory, limits);
    for (uint16_t size = 48; size < 1400; size += 61) {
        struct early kept = early(5, 1, size);
        const struct fab_chunk *chunk = (const void *)scratch;

        fab_reorder_reset(reorder, 0);
        assert_int_equal(fab_reorder_keep(reorder, &kept.chunk), FAB_REORDER_KEPT);
        assert_int_equal(fab_reorder_keep(reorder, &kept.chunk), FAB_REORDER_DUPLICATE);
        assert_false(take(reorder, 5, scratch)); /* 0 is missing */
        reorder->streams[5].next = 1;
        assert_true(take(reorder, 5, scratch));
        assert_int_equal(chunk->size, size);
        assert_memory_equal(chunk + 1, kept.record, size);
        assert_int_equal(reorder->used[0], 0);
        assert_int_equal(reorder->streams[5].waiting, 0);
    }
    free(memory);
    free(reorder);
}

static void
test_reorder_refuses_what_exceeds_the_lanes_units(void **state)
{
    struct fab_reorder *reorder = malloc(sizeof(*reorder));
    void *memory = aligned_alloc(64, fab_reorder_memory_size(limits));
    struct early kept;
    uint32_t number = 1;

    (void)state;
    fab_reorder_init(reorder, memory, limits);
    for (; number <= 32; number++) {
        kept = early((uint8_t)(number % 64), number, 80);
        assert_int_equal(fab_reorder_keep(reorder, &kept.chunk), FAB_REORDER_KEPT);
    }
    kept = early(1, 100, 80);
    assert_int_equal(fab_reorder_keep(reorder, &kept.chunk), FAB_REORDER_NO_ROOM);
    kept.chunk.lane = FAB_LANE_SYSTEM; /* its own reserve is untouched */
    assert_int_equal(fab_reorder_keep(reorder, &kept.chunk), FAB_REORDER_KEPT);
    free(memory);
    free(reorder);
}

static void
test_reorder_all_cells_come_back(void **state)
{
    _Alignas(8) uint8_t scratch[FAB_FRAME_SIZE_MAX];
    struct fab_reorder *reorder = malloc(sizeof(*reorder));
    void *memory = aligned_alloc(64, fab_reorder_memory_size(limits));
    struct fab_prng prng;

    (void)state;
    fab_reorder_init(reorder, memory, limits);
    fab_prng_init(&prng, 5);
    for (uint32_t round = 0; round < 2000; round++) {
        uint32_t first = round * 8;
        uint32_t kept = 0;

        for (uint32_t i = 0; i < 8; i++) {
            uint32_t number = first + (uint32_t)fab_prng_below(&prng, 8);
            struct early one = early(9, number, (uint16_t)(48 + fab_prng_below(&prng, 400)));

            kept += fab_reorder_keep(reorder, &one.chunk) == FAB_REORDER_KEPT;
        }
        for (uint32_t number = first; number < first + 8; number++) {
            reorder->streams[9].next = number;
            kept -= take(reorder, 9, scratch);
        }
        assert_int_equal(kept, 0);
        assert_int_equal(reorder->used[0], 0);
    }
    free(memory);
    free(reorder);
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
        cmocka_unit_test(test_reorder_keeps_and_gives_back_whole_records),
        cmocka_unit_test(test_reorder_refuses_what_exceeds_the_lanes_units),
        cmocka_unit_test(test_reorder_all_cells_come_back),
        cmocka_unit_test(test_handshake_both_sides_find_the_same_epoch),
        cmocka_unit_test(test_handshake_begun_by_both_gives_one_epoch),
        cmocka_unit_test(test_handshake_replayed_hello_never_proves_and_never_repeats_an_epoch),
        cmocka_unit_test(test_handshake_same_hello_gets_the_same_answer_while_an_epoch_runs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
