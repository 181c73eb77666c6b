/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/cmocka.h"

#include "base/prng.h"
#include "wire/crc32c.h"

static void
test_known_answers(void **state)
{
    uint8_t zeros[32] = { 0 };
    uint8_t ones[32];

    (void)state;
    memset(ones, 0xff, sizeof(ones));
    /* RFC 3720, appendix B.4 */
    assert_int_equal(fab_crc32c(0, zeros, sizeof(zeros)), 0x8a9136aa);
    assert_int_equal(fab_crc32c(0, ones, sizeof(ones)), 0x62a8ab43);
    assert_int_equal(fab_crc32c(0, "123456789", 9), 0xe3069283);
    assert_int_equal(fab_crc32c(0, "", 0), 0);
}

static void
test_every_length_and_alignment_agrees_with_the_table(void **state)
{
    static uint8_t bytes[5000];
    struct fab_prng prng;

    (void)state;
    fab_prng_init(&prng, 1);
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)fab_prng_next(&prng);
    for (size_t size = 0; size < 4900; size += 1 + size / 64) {
        size_t offset = size % 9;
        uint32_t seed = (uint32_t)fab_prng_next(&prng);
        uint64_t word = seed * 0x9e3779b97f4a7c15ULL;

        assert_int_equal(fab_crc32c(seed, bytes + offset, size),
                         fab_crc32c_table(seed, bytes + offset, size));
        assert_int_equal(
            fab_crc32c_behind(word, bytes + offset, size),
            fab_crc32c_table(fab_crc32c_table(0, &word, sizeof(word)), bytes + offset, size));
    }
}

static void
test_parts_join_to_the_whole(void **state)
{
    uint8_t bytes[2000];

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 7);
    for (size_t cut = 0; cut <= sizeof(bytes); cut += 97)
        assert_int_equal(fab_crc32c(fab_crc32c(0, bytes, cut), bytes + cut, sizeof(bytes) - cut),
                         fab_crc32c(0, bytes, sizeof(bytes)));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answers),
        cmocka_unit_test(test_every_length_and_alignment_agrees_with_the_table),
        cmocka_unit_test(test_parts_join_to_the_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
