/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/carrier_contract.h"

#include <rte_malloc.h>

#include "base/compiler.h"
#include "link/ring.h"
#include "support/own_eal.h"

static struct carrier_pair pair;

int
carrier_setup(void **state)
{
    struct fab_ring_link_options options = {
        .size = sizeof(options),
        .slots = CARRIER_SLOTS,
        .home = CARRIER_HOME_A,
        .lcore_count = 2,
        .a = { .socket = SOCKET_ID_ANY, .lcore = 0 },
        .b = { .socket = SOCKET_ID_ANY, .lcore = 1 },
    };
    struct fab_link *a;
    struct fab_link *b;

    if (fab_ring_link_pair_create(&options, &a, &b) != MYC_OK)
        return -1;
    carrier_end_init(&pair.a, a);
    carrier_end_init(&pair.b, b);
    /* One process: both ends are of one node; the contract wants to see which is which. */
    a->peer_home = CARRIER_HOME_B;
    *state = &pair;
    return 0;
}

int
carrier_teardown(void **state)
{
    (void)state;
    fab_ring_link_pair_destroy(&pair.a.link, &pair.b.link);
    return pair.a.link || pair.b.link ? -1 : 0;
}

static void
test_an_end_that_leaves_takes_the_other_down_once(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(carrier_send(&pair.b, FAB_LANE_USER, i, i * 50), MYC_OK);
    pair.b.link->ops->flush(pair.b.link, 0);
    assert_int_equal(carrier_poll(&pair.a, 4), 4);
    assert_int_equal(carrier_send(&pair.b, FAB_LANE_USER, 10, 8), MYC_OK);
    pair.a.link->ops->close(pair.a.link);
    carrier_pump(&pair.b, &pair.b);
    assert_int_equal(pair.b.down_count, 1);
    assert_int_equal(pair.b.reason, MYC_SHUTDOWN);
    assert_int_equal(pair.b.doubt_count, 7);
    for (unsigned i = 0; i < 7; i++)
        assert_int_equal(pair.b.doubts[i], 4 + i);
    assert_int_equal(pair.b.torn_count, 0);
    assert_int_equal(carrier_send(&pair.b, FAB_LANE_USER, 11, 8), MYC_UNREACHABLE);
}

static void
test_slots_must_be_a_power_of_two_in_range(void **state)
{
    static const uint32_t bad[] = { 0, 1, 63, 65, 1000, FAB_RING_SLOTS_MAX * 2 };
    struct fab_ring_link_options options = { .size = sizeof(options) };
    struct fab_link *a = NULL;
    struct fab_link *b = NULL;

    (void)state;
    for (size_t i = 0; i < FAB_COUNT_OF(bad); i++) {
        options.slots = bad[i];
        assert_int_equal(fab_ring_link_pair_create(&options, &a, &b), MYC_INVALID);
    }
    assert_null(a);
    assert_null(b);
}

int
main(void)
{
    const struct CMUnitTest own[] = {
        cmocka_unit_test_setup_teardown(test_an_end_that_leaves_takes_the_other_down_once,
                                        carrier_setup, carrier_teardown),
        cmocka_unit_test(test_slots_must_be_a_power_of_two_in_range),
    };
    int failed;

    if (!own_eal_start("test_ring_link", "0", 64))
        return OWN_EAL_SKIPS;
    failed = _cmocka_run_group_tests("carrier_ring", carrier_contract_tests, carrier_contract_count,
                                     NULL, NULL);
    failed += cmocka_run_group_tests(own, NULL, NULL);
    rte_eal_cleanup();
    return failed;
}
