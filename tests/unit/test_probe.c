/* SPDX-License-Identifier: BSD-3-Clause */
/* Latency probes as Pktgen-DPDK has them (design section 14), byte by byte. */
#include "support/cmocka.h"
#include "support/hex.h"

#include "tools/probe.h"

#define INDEX 7U
#define TSC   0x1122334455667788U

static const char *const probe_text = "ffffffffffff 020000000000 0800"
                                      "45000032 00000000 4011 65f3 0a630001 0a630002"
                                      "0404 0404 001e 7a15 000000000000"
                                      "feca0df0 07000000 8877665544332211";

static void
test_probe_has_pktgens_layout(void **state)
{
    uint8_t wanted[TOOLS_PROBE_SIZE_MIN], probe[TOOLS_PROBE_SIZE_MIN];

    (void)state;
    assert_int_equal(hex_read(probe_text, wanted, sizeof(wanted)), sizeof(wanted));
    tools_probe_write(probe, sizeof(probe), INDEX, TSC);
    assert_memory_equal(probe, wanted, sizeof(wanted));
}

static void
test_mark_is_read_as_it_was_written(void **state)
{
    uint8_t probe[TOOLS_PROBE_SIZE_MAX];
    struct tools_probe_mark mark;

    (void)state;
    for (uint32_t size = TOOLS_PROBE_SIZE_MIN; size <= sizeof(probe); size++) {
        tools_probe_write(probe, size, INDEX, TSC);
        assert_true(tools_probe_read(probe, size, &mark));
        assert_int_equal(mark.index, INDEX);
        assert_int_equal(mark.tsc, TSC);
    }
}

static void
test_renewed_probe_is_as_if_written_anew(void **state)
{
    uint8_t renewed[145], written[145];

    (void)state;
    tools_probe_write(renewed, sizeof(renewed), 0, 0);
    for (uint32_t i = 0; i < 70000; i++) {
        tools_probe_renew(renewed, i, TSC * i);
        tools_probe_write(written, sizeof(written), i, TSC * i);
        assert_memory_equal(renewed, written, sizeof(written));
    }
}

static void
test_reflection_exchanges_the_ends_and_nothing_else(void **state)
{
    uint8_t probe[TOOLS_PROBE_SIZE_MIN], reflected[TOOLS_PROBE_SIZE_MIN];

    (void)state;
    tools_probe_write(probe, sizeof(probe), INDEX, TSC);
    probe[34] = 0x12; /* so that the two UDP ports differ */
    memcpy(reflected, probe, sizeof(probe));
    tools_probe_reflect(reflected);
    assert_memory_equal(reflected, probe + 6, 6);
    assert_memory_equal(reflected + 6, probe, 6);
    assert_memory_equal(reflected + 12, probe + 12, 14);
    assert_memory_equal(reflected + 26, probe + 30, 4);
    assert_memory_equal(reflected + 30, probe + 26, 4);
    assert_memory_equal(reflected + 34, probe + 36, 2);
    assert_memory_equal(reflected + 36, probe + 34, 2);
    assert_memory_equal(reflected + 38, probe + 38, sizeof(probe) - 38);
    tools_probe_reflect(reflected);
    assert_memory_equal(reflected, probe, sizeof(probe));
}

/* Each byte that makes it a probe, changed alone. */
static void
test_other_frames_are_no_probes(void **state)
{
    static const uint8_t places[] = { 12, 13, 14, 23, 48, 49, 50, 51 };
    uint8_t probe[TOOLS_PROBE_SIZE_MAX + 1];
    struct tools_probe_mark mark;

    (void)state;
    for (size_t i = 0; i < sizeof(places); i++) {
        tools_probe_write(probe, TOOLS_PROBE_SIZE_MIN, INDEX, TSC);
        probe[places[i]] ^= 1;
        assert_false(tools_probe_read(probe, TOOLS_PROBE_SIZE_MIN, &mark));
    }
    tools_probe_write(probe, TOOLS_PROBE_SIZE_MAX, INDEX, TSC);
    assert_false(tools_probe_read(probe, TOOLS_PROBE_SIZE_MIN - 1, &mark));
    assert_false(tools_probe_read(probe, TOOLS_PROBE_SIZE_MAX + 1, &mark));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_probe_has_pktgens_layout),
        cmocka_unit_test(test_mark_is_read_as_it_was_written),
        cmocka_unit_test(test_renewed_probe_is_as_if_written_anew),
        cmocka_unit_test(test_reflection_exchanges_the_ends_and_nothing_else),
        cmocka_unit_test(test_other_frames_are_no_probes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
