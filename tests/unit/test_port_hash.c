/* SPDX-License-Identifier: BSD-3-Clause */
/* How a card with RSS spreads datagrams, by the examples that its makers give, and which source
 * port is chosen by that. */
#include "support/cmocka.h"

#include <string.h>

#include "env/port_state.h"

/* "Verifying the RSS hash calculation", Microsoft's documentation of NDIS. */
static const uint8_t key[] = {
    0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
    0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
    0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};

static const struct example {
    const char *from, *to;
    uint16_t source_port, target_port;
    uint32_t hash;
} examples[] = {
    { "66.9.149.187", "161.142.100.80", 2794, 1766, 0x51ccc178 },
    { "199.92.111.2", "65.69.140.83", 14230, 4739, 0xc626b0ea },
    { "24.19.198.95", "12.22.207.184", 12898, 38024, 0x5c2b394a },
    { "38.27.205.30", "209.142.163.6", 48228, 2217, 0xafc7327f },
    { "153.39.163.191", "202.188.127.2", 44251, 1303, 0x10e828a2 },
    { "3ffe:2501:200:1fff::7", "3ffe:2501:200:3::1", 2794, 1766, 0x40207d3d },
    { "3ffe:501:8::260:97ff:fe40:efab", "ff02::1", 14230, 4739, 0xdde51bbf },
    { "3ffe:1900:4545:3:200:f8ff:fe21:67cf", "fe80::200:f8ff:fe21:67cf", 44251, 38024, 0x02d1feef },
};

static struct fab_port port;

static struct fab_port_tuple
tuple_of(const struct example *example)
{
    struct fab_port_tuple tuple = { .source_port = example->source_port,
                                    .target_port = example->target_port };

    assert_true(fab_ip_parse(example->from, &tuple.from));
    assert_true(fab_ip_parse(example->to, &tuple.to));
    return tuple;
}

static int
set_up(void **state)
{
    (void)state;
    memcpy(port.hash.key, key, sizeof(key));
    port.hash.table_size = 128;
    for (uint16_t i = 0; i < 128; i++)
        port.hash.table[i] = i % 3;
    return 0;
}

static void
test_the_hash_is_as_its_makers_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < FAB_COUNT_OF(examples); i++) {
        struct fab_port_tuple tuple = tuple_of(&examples[i]);

        assert_int_equal(fab_port_hash(&port, &tuple), examples[i].hash);
    }
}

static void
test_a_source_port_is_found_for_each_queue(void **state)
{
    (void)state;
    for (size_t i = 0; i < FAB_COUNT_OF(examples); i++)
        for (uint16_t queue = 0; queue < 3; queue++) {
            struct fab_port_tuple tuple = tuple_of(&examples[i]);

            tuple.source_port = fab_port_choose_source(&port, &tuple, queue);
            assert_true(tuple.source_port >= FAB_PORT_SOURCE_MIN);
            assert_int_equal(port.hash.table[fab_port_hash(&port, &tuple) % 128], queue);
        }
}

static void
test_no_source_port_is_found_for_a_queue_that_gets_nothing(void **state)
{
    struct fab_port_tuple tuple = tuple_of(&examples[0]);

    (void)state;
    assert_int_equal(fab_port_choose_source(&port, &tuple, 3), 0);
    port.hash.table_size = 0; /* the card has not told */
    assert_int_equal(fab_port_choose_source(&port, &tuple, 0), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_hash_is_as_its_makers_say),
        cmocka_unit_test(test_a_source_port_is_found_for_each_queue),
        cmocka_unit_test(test_no_source_port_is_found_for_a_queue_that_gets_nothing),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
