/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rings and segments with an lcore's thread at each end, both ways at once. Meant above all for
 * ThreadSanitizer, which sees threads and one mapping, not processes (suite tsan).
 */
#include "support/segment_pair.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/compiler.h"
#include "link/ring.h"
#include "support/clock.h"
#include "support/own_eal.h"

#define RECORDS     20000U
#define SLOTS       128U
#define BURST       32U
#define DEADLINE_NS 60000000000ULL

/* One end: its thread's alone until the thread is joined, but for the two atomics. */
struct end {
    struct fab_link *link;
    uint64_t sent;
    uint64_t received;
    uint64_t wrong;
    unsigned down_count;
    bool leaves_first;    /* closes when all is done, instead of waiting for the end */
    atomic_bool is_done;  /* all records sent and received */
    atomic_bool may_stop; /* the other end is done too */
};

static uint32_t
size_of(uint64_t tag)
{
    return (uint32_t)(tag * 7919 % (FAB_MSG_SMALL_MAX + 1));
}

static void
on_message(void *context, struct fab_link *link, const struct fab_msg *msg)
{
    struct end *end = context;
    const uint8_t *body = fab_msg_body_const(msg);
    bool is_right = msg->tag == end->received && msg->size == size_of(msg->tag);

    (void)link;
    for (uint32_t i = 0; is_right && i < msg->size; i++)
        is_right = body[i] == (uint8_t)(msg->tag + i);
    end->wrong += !is_right;
    end->received++;
}

static void
on_up(void *context, struct fab_link *link)
{
    (void)context;
    (void)link;
}

static void
on_down(void *context, struct fab_link *link, enum myc_status reason)
{
    (void)link;
    (void)reason;
    ((struct end *)context)->down_count++;
}

static void
on_in_doubt(void *context, struct fab_link *link, const struct fab_msg *msg)
{
    (void)context;
    (void)link;
    (void)msg;
}

static const struct fab_link_sink sink = {
    .on_message = on_message,
    .on_up = on_up,
    .on_down = on_down,
    .on_in_doubt = on_in_doubt,
    .on_room = on_up,
};

static bool
send_next(struct end *end)
{
    struct fab_msg header = { .to = 1, .tag = end->sent, .size = size_of(end->sent) };
    struct fab_link *link = end->link;
    uint32_t stride = fab_msg_stride(&header);
    bool has_window = stride <= FAB_RING_SLOT_SIZE && link->window.left > 0;
    struct fab_msg *msg;
    uint8_t *body;

    if (has_window)
        msg = fab_link_take(link, header.size);
    else if (link->ops->claim(link, FAB_LANE_USER, stride, header.to, &msg) != MYC_OK)
        return false;
    *msg = header;
    body = fab_msg_body(msg);
    for (uint32_t i = 0; i < header.size; i++)
        body[i] = (uint8_t)(header.tag + i);
    if (!has_window)
        link->ops->commit(link);
    end->sent++;
    return true;
}

/* One turn of the lcore: poll, send, flush. */
static void
turn(struct end *end)
{
    unsigned work = end->link->ops->poll(end->link, BURST, clock_now_ns());

    for (unsigned i = 0; i < BURST && end->sent < RECORDS && send_next(end); i++)
        work++;
    end->link->ops->flush(end->link, clock_now_ns());
    if (work == 0)
        sched_yield();
}

static void *
run(void *argument)
{
    struct end *end = argument;
    uint64_t deadline_ns = clock_now_ns() + DEADLINE_NS;

    while ((end->sent < RECORDS || end->received < RECORDS) && clock_now_ns() < deadline_ns)
        turn(end);
    atomic_store(&end->is_done, true);
    while (!atomic_load(&end->may_stop) && clock_now_ns() < deadline_ns)
        turn(end);
    if (end->leaves_first)
        end->link->ops->close(end->link);
    while (!end->leaves_first && end->down_count == 0 && clock_now_ns() < deadline_ns)
        turn(end);
    if (!end->leaves_first)
        end->link->ops->close(end->link);
    return NULL;
}

/* Runs both ends until each has all records; `leave` is then called on the main thread. */
static void
run_both(struct end *a, struct end *b, void (*leave)(void *context), void *context)
{
    uint64_t deadline_ns = clock_now_ns() + DEADLINE_NS;
    pthread_t threads[2];

    assert_int_equal(pthread_create(&threads[0], NULL, run, a), 0);
    assert_int_equal(pthread_create(&threads[1], NULL, run, b), 0);
    while (!(atomic_load(&a->is_done) && atomic_load(&b->is_done)) && clock_now_ns() < deadline_ns)
        sched_yield();
    leave(context);
    atomic_store(&a->may_stop, true);
    atomic_store(&b->may_stop, true);
    assert_int_equal(pthread_join(threads[0], NULL), 0);
    assert_int_equal(pthread_join(threads[1], NULL), 0);
}

static void
expect_all(const struct end *end)
{
    assert_int_equal(end->sent, RECORDS);
    assert_int_equal(end->received, RECORDS);
    assert_int_equal(end->wrong, 0);
    assert_int_equal(end->link->counters.bad_records, 0);
}

static void
attach(struct end *end, struct fab_link *link)
{
    end->link = link;
    link->sink = &sink;
    link->core = end;
}

static void
do_nothing(void *context)
{
    (void)context;
}

static void
test_a_ring_carries_every_record_between_two_threads(void **state)
{
    struct fab_ring_link_options options = {
        .size = sizeof(options),
        .slots = SLOTS,
        .home = CARRIER_HOME_A,
        .lcore_count = 2,
        .a = { .socket = -1, .lcore = 0 },
        .b = { .socket = -1, .lcore = 1 },
    };
    struct end ends[2] = { { .leaves_first = true }, { .leaves_first = false } };
    struct fab_link *a;
    struct fab_link *b;

    (void)state;
    assert_int_equal(fab_ring_link_pair_create(&options, &a, &b), MYC_OK);
    attach(&ends[0], a);
    attach(&ends[1], b);
    run_both(&ends[0], &ends[1], do_nothing, NULL);
    expect_all(&ends[0]);
    expect_all(&ends[1]);
    assert_int_equal(ends[1].down_count, 1);
    fab_ring_link_pair_destroy(&a, &b);
}

/* The control thread hears that both have left, and tells both owners. */
static void
end_both(void *context)
{
    struct segment_pair *pair = context;

    fab_segment_link_end(&pair->a, MYC_SHUTDOWN);
    fab_segment_link_end(&pair->b, MYC_SHUTDOWN);
}

static void
test_a_segment_carries_every_record_and_its_end_between_threads(void **state)
{
    struct end ends[2] = { { .leaves_first = false }, { .leaves_first = false } };
    struct segment_pair pair;

    (void)state;
    assert_int_equal(segment_pair_init(&pair, SLOTS), 0);
    attach(&ends[0], &pair.a.link);
    attach(&ends[1], &pair.b.link);
    run_both(&ends[0], &ends[1], end_both, &pair);
    for (unsigned i = 0; i < FAB_COUNT_OF(ends); i++) {
        expect_all(&ends[i]);
        assert_int_equal(ends[i].down_count, 1);
    }
    assert_true(fab_segment_link_is_released(&pair.a));
    assert_true(fab_segment_link_is_released(&pair.b));
    assert_false(fab_segment_link_is_cut(&pair.a));
    assert_false(fab_segment_link_is_cut(&pair.b));
    segment_pair_fini(&pair);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_ring_carries_every_record_between_two_threads),
        cmocka_unit_test(test_a_segment_carries_every_record_and_its_end_between_threads),
    };
    int failed;

    if (!own_eal_start("test_link_threads", "0", 64))
        return OWN_EAL_SKIPS;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    rte_eal_cleanup();
    return failed;
}
