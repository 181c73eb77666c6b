/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/cmocka.h"

#include "proto/key_exchange.h"
#include "support/hex.h"

/* RFC 7748, 6.1 */
static void
test_x25519_gives_the_secret_of_rfc_7748(void **state)
{
    struct fab_key_pair alice, bob;
    uint8_t random[32], expected[32], shared[32];

    (void)state;
    hex_read("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a", random, 32);
    fab_key_pair_init(&alice, random);
    hex_read("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a", expected, 32);
    assert_memory_equal(alice.public_key, expected, 32);
    hex_read("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb", random, 32);
    fab_key_pair_init(&bob, random);
    hex_read("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f", expected, 32);
    assert_memory_equal(bob.public_key, expected, 32);
    hex_read("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742", expected, 32);
    assert_true(fab_key_pair_share(&alice, bob.public_key, shared));
    assert_memory_equal(shared, expected, 32);
    assert_true(fab_key_pair_share(&bob, alice.public_key, shared));
    assert_memory_equal(shared, expected, 32);
}

/* Points of low order (RFC 7748, 6.1): the secret would be known to everybody. */
static void
test_a_key_that_gives_zero_is_refused(void **state)
{
    static const uint8_t random[32] = { 8, 1 };
    static const uint8_t nothing[32], one[32] = { 1 };
    struct fab_key_pair pair;
    uint8_t shared[32];

    (void)state;
    fab_key_pair_init(&pair, random);
    assert_false(fab_key_pair_share(&pair, nothing, shared));
    assert_false(fab_key_pair_share(&pair, one, shared));
}

/* RFC 5869, A.1 */
static void
test_hkdf_gives_the_bytes_of_rfc_5869(void **state)
{
    uint8_t secret[22], salt[13], info[10], key[32], out[42], expected[42];

    (void)state;
    memset(secret, 0x0b, sizeof(secret));
    hex_read("000102030405060708090a0b0c", salt, sizeof(salt));
    hex_read("f0f1f2f3f4f5f6f7f8f9", info, sizeof(info));
    fab_hkdf_extract(salt, sizeof(salt), secret, sizeof(secret), key);
    hex_read("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5", expected, 32);
    assert_memory_equal(key, expected, sizeof(key));
    fab_hkdf_expand(key, sizeof(key), info, sizeof(info), out, sizeof(out));
    hex_read("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
             "34007208d5b887185865",
             expected, sizeof(expected));
    assert_memory_equal(out, expected, sizeof(out));
}

/* RFC 5869, A.3: neither salt nor info */
static void
test_hkdf_does_without_salt_and_info(void **state)
{
    uint8_t secret[22], key[32], out[42], expected[42];

    (void)state;
    memset(secret, 0x0b, sizeof(secret));
    fab_hkdf_extract(NULL, 0, secret, sizeof(secret), key);
    hex_read("19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04", expected, 32);
    assert_memory_equal(key, expected, sizeof(key));
    fab_hkdf_expand(key, sizeof(key), NULL, 0, out, sizeof(out));
    hex_read("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
             "9d201395faa4b61a96c8",
             expected, sizeof(expected));
    assert_memory_equal(out, expected, sizeof(out));
}

static void
test_a_hellos_tag_depends_on_key_and_bytes(void **state)
{
    static const uint8_t key[FAB_SECRET_SIZE] = { 1 }, other[FAB_SECRET_SIZE] = { 2 };
    uint8_t a[FAB_FRAME_TAG_SIZE], b[FAB_FRAME_TAG_SIZE];

    (void)state;
    fab_hello_tag(key, "hello", 5, a);
    fab_hello_tag(key, "hello", 5, b);
    assert_true(fab_tag_is_equal(a, b));
    fab_hello_tag(key, "hallo", 5, b);
    assert_false(fab_tag_is_equal(a, b));
    fab_hello_tag(other, "hello", 5, b);
    assert_false(fab_tag_is_equal(a, b));
    fab_wipe(a, sizeof(a));
    for (size_t i = 0; i < sizeof(a); i++)
        assert_int_equal(a[i], 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_x25519_gives_the_secret_of_rfc_7748),
        cmocka_unit_test(test_a_key_that_gives_zero_is_refused),
        cmocka_unit_test(test_hkdf_gives_the_bytes_of_rfc_5869),
        cmocka_unit_test(test_hkdf_does_without_salt_and_info),
        cmocka_unit_test(test_a_hellos_tag_depends_on_key_and_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
