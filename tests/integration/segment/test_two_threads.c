/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A pair of carriers on two threads: what ThreadSanitizer looks at (suite tsan), since it sees
 * neither other processes nor two mappings of one page. Both ends send and receive at once, records
 * of all spans, until each has had its count.
 */
#include "support/segment_pair.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>

#include "base/compiler.h"
#include "base/prng.h"
#include "link/ring.h"
#include "support/own_eal.h"

#define COUNT 60000U
#define SLOTS 256U

struct end {
    struct fab_link *link;
    struct fab_prng prng;
    uint64_t sent;
    uint64_t received;
    uint64_t wrong; /* out of order, or not as written */
    uint64_t rooms;
};

static uint8_t
pattern(uint64_t tag, uint32_t size)
{
    return (uint8_t)(tag ^ size);
}

static void
on_message(void *context, struct fab_link *link, const struct fab_msg *msg)
{
    struct end *end = context;
    const uint8_t *body = fab_msg_body_const(msg);

    (void)link;
    end->wrong += msg->tag != end->received;
    for (uint32_t i = 0; i < msg->size; i++)
        end->wrong += body[i] != pattern(msg->tag, msg->size);
    end->received++;
}

static void
on_nothing(void *context, struct fab_link *link)
{
    (void)context;
    (void)link;
}

static void
on_room(void *context, struct fab_link *link)
{
    (void)link;
    ((struct end *)context)->rooms++;
}

static const struct fab_link_sink sink = {
    .on_message = on_message,
    .on_up = on_nothing,
    .on_room = on_room,
};

static bool
send_one(struct end *end)
{
    uint32_t size = (uint32_t)fab_prng_below(&end->prng, 8) == 0
                        ? (uint32_t)fab_prng_below(&end->prng, FAB_MSG_SMALL_MAX + 1U)
                        : (uint32_t)fab_prng_below(&end->prng, 81);
    struct fab_msg header = { .to = 1, .from = 2, .size = size, .tag = end->sent };
    struct fab_msg *record;

    if (end->link->ops->claim(end->link, FAB_LANE_USER, fab_msg_stride(&header), 1, &record) !=
        MYC_OK)
        return false;
    *record = header;
    memset(fab_msg_body(record), pattern(end->sent, size), size);
    end->link->ops->commit(end->link);
    end->sent++;
    return true;
}

static void *
run(void *argument)
{
    struct end *end = argument;

    while (end->sent < COUNT || end->received < COUNT) {
        unsigned work = end->link->ops->poll(end->link, 32, 0);

        for (unsigned i = 0; i < 20 && end->link->is_up && end->sent < COUNT; i++)
            work += send_one(end);
        end->link->ops->flush(end->link, 0);
        if (work == 0)
            sched_yield();
    }
    return NULL;
}

static void
exchange(struct fab_link *a, struct fab_link *b)
{
    struct end ends[2] = { { .link = a }, { .link = b } };
    pthread_t threads[2];

    for (unsigned i = 0; i < 2; i++) {
        ends[i].link->sink = &sink;
        ends[i].link->core = &ends[i];
        fab_prng_init(&ends[i].prng, 17 + i);
    }
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run, &ends[i]), 0);
    for (unsigned i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(ends[i].received, COUNT);
        assert_int_equal(ends[i].wrong, 0);
        assert_int_equal(ends[i].link->counters.bad_records, 0);
        print_message("end %u: %u each way, refused %u times, told of room %u times\n", i, COUNT,
                      (unsigned)ends[i].link->counters.full, (unsigned)ends[i].rooms);
    }
}

static void
test_two_threads_over_a_segment(void **state)
{
    static struct segment_pair pair;

    (void)state;
    assert_int_equal(segment_pair_init(&pair, SLOTS), 0);
    exchange(&pair.a.link, &pair.b.link);
    segment_pair_fini(&pair);
}

static void
test_two_threads_over_a_ring(void **state)
{
    const struct fab_ring_link_options options = {
        .size = sizeof(options),
        .slots = SLOTS,
        .home = CARRIER_HOME_A,
        .lcore_count = 2,
        .a = { .socket = -1, .lcore = 0 },
        .b = { .socket = -1, .lcore = 1 },
    };
    struct fab_link *a;
    struct fab_link *b;

    (void)state;
    assert_int_equal(fab_ring_link_pair_create(&options, &a, &b), MYC_OK);
    exchange(a, b);
    fab_ring_link_pair_destroy(&a, &b);
}

static _Atomic bool is_told;

static void *
tell_the_end(void *argument)
{
    fab_segment_link_end(argument, MYC_NO_CONNECTION);
    atomic_store(&is_told, true);
    while (!fab_segment_link_is_released(argument))
        sched_yield();
    /* The owner is done with it: this is the control thread's moment to free. */
    fab_segment_link_fini(argument);
    return NULL;
}

static void
on_in_doubt(void *context, struct fab_link *link, const struct fab_msg *msg)
{
    struct end *end = context;

    (void)link;
    end->wrong += msg->tag != end->received++;
}

static void
on_down(void *context, struct fab_link *link, enum myc_status reason)
{
    (void)link;
    ((struct end *)context)->rooms = reason;
}

static const struct fab_link_sink end_sink = {
    .on_message = on_message,
    .on_up = on_nothing,
    .on_room = on_nothing,
    .on_in_doubt = on_in_doubt,
    .on_down = on_down,
};

static void
test_the_end_comes_from_another_thread(void **state)
{
    static struct segment_pair pair;
    struct end end = { .link = &pair.a.link };
    pthread_t thread;

    (void)state;
    assert_int_equal(segment_pair_init(&pair, SLOTS), 0);
    end.link->sink = &end_sink;
    end.link->core = &end;
    end.link->ops->poll(end.link, 1, 0);
    assert_int_equal(pthread_create(&thread, NULL, tell_the_end, &pair.a), 0);
    while (end.link->is_up) {
        if (end.sent < 10)
            (void)send_one(&end);
        end.link->ops->flush(end.link, 0);
        end.link->ops->poll(end.link, 32, 0);
    }
    assert_int_equal(end.rooms, MYC_NO_CONNECTION);
    assert_int_equal(end.received, end.sent);
    assert_int_equal(end.wrong, 0);
    end.link->ops->close(end.link);
    pthread_join(thread, NULL);
    fab_segment_link_fini(&pair.b);
    free(pair.area_a);
    free(pair.area_b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_threads_over_a_segment),
        cmocka_unit_test(test_two_threads_over_a_ring),
        cmocka_unit_test(test_the_end_comes_from_another_thread),
    };
    int failed;

    if (!own_eal_start("segment_two_threads", "0", 64))
        return OWN_EAL_SKIPS;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    rte_eal_cleanup();
    return failed;
}
