/* SPDX-License-Identifier: BSD-3-Clause */
/* The way to a peer, written by one lcore while others read it. */
#include "support/cmocka.h"

#include <pthread.h>

#include "link/flow_hop.h"

#define ROUNDS 20000U

static struct fab_flow_hop_board board;

/* Every byte of it says which one it is. */
static void
publish(uint8_t number)
{
    struct fab_flow_hop hop = { .is_usable = true };

    memset(&hop.headers, number, sizeof(hop.headers));
    fab_flow_hop_publish(&board, &hop);
}

static bool
is_whole(const struct fab_flow_hop *hop)
{
    const uint8_t *bytes = (const uint8_t *)&hop->headers;

    for (size_t i = 1; i < sizeof(hop->headers); i++)
        if (bytes[i] != bytes[0])
            return false;
    return hop->is_usable;
}

static void *
write_all(void *context)
{
    (void)context;
    for (uint32_t i = 0; i < ROUNDS; i++)
        publish((uint8_t)i);
    return NULL;
}

static void
test_nothing_is_there_before_the_first(void **state)
{
    struct fab_flow_hop_copy copy = { 0 };

    (void)state;
    assert_true(fab_flow_hop_read(&board, &copy));
    assert_int_equal(copy.version, 0);
    publish(7);
    assert_true(fab_flow_hop_read(&board, &copy));
    assert_true(copy.version != 0 && is_whole(&copy.hop));
}

static void
test_a_reader_has_a_whole_one_however_it_meets_the_writer(void **state)
{
    struct fab_flow_hop_copy copy = { 0 };
    uint64_t torn = 0;
    pthread_t writer;

    (void)state;
    publish(0);
    assert_true(fab_flow_hop_read(&board, &copy));
    assert_int_equal(pthread_create(&writer, NULL, write_all, NULL), 0);
    for (uint32_t i = 0; i < ROUNDS; i++) {
        (void)fab_flow_hop_read(&board, &copy); /* or the copy is as it was */
        torn += !is_whole(&copy.hop);
    }
    assert_int_equal(pthread_join(writer, NULL), 0);
    assert_int_equal(torn, 0);
    assert_true(fab_flow_hop_read(&board, &copy));
    assert_int_equal(copy.hop.headers.headers[0], (uint8_t)(ROUNDS - 1));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_there_before_the_first),
        cmocka_unit_test(test_a_reader_has_a_whole_one_however_it_meets_the_writer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
