/* SPDX-License-Identifier: BSD-3-Clause */
/* Seals, the replay window and the chain of keys, against published vectors and OpenSSL's AES. */
#include "support/cmocka.h"

#include <openssl/evp.h>

#include "base/prng.h"
#include "proto/key_chain.h"
#include "proto/replay.h"
#include "support/hex.h"

#define NONCE_SIZE 12U
#define FRAME_MAX  2048U

static struct fab_sealer *sealer;

static int
set_up(void **state)
{
    (void)state;
    sealer = fab_sealer_create();
    return sealer == NULL;
}

static int
tear_down(void **state)
{
    (void)state;
    fab_sealer_destroy(&sealer);
    return sealer != NULL;
}

/* A seal with the nonce as it stands in publications. */
static struct fab_seal
seal_of(const struct fab_seal_key *key, enum fab_security security, const uint8_t nonce[NONCE_SIZE])
{
    struct fab_seal seal = { .sealer = sealer, .key = key, .security = security };

    memcpy(&seal.path, nonce, sizeof(seal.path));
    memcpy(&seal.number, nonce + sizeof(seal.path), sizeof(seal.number));
    return seal;
}

/* IEEE 802.1AE-2018, C.1.1: integrity protection of a packet of 54 bytes. */
static void
test_auth_gives_the_tag_of_802_1ae(void **state)
{
    struct fab_seal_key key;
    uint8_t bytes[16], nonce[NONCE_SIZE], frame[128], tag[16];
    struct fab_seal seal;
    size_t size;

    (void)state;
    hex_read("ad7a2bd03eac835a6f620fdcb506b345", bytes, sizeof(bytes));
    hex_read("12153524c0895e81b2c28465", nonce, sizeof(nonce));
    hex_read("f09478a9b09007d06f46e9b6a1da25dd", tag, sizeof(tag));
    size = hex_read("d609b1f056637a0d46df998d88e5222ab2c2846512153524c0895e8108000f10"
                    "1112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f30"
                    "313233340001",
                    frame, sizeof(frame));
    fab_seal_key_init(sealer, bytes, &key);
    seal = seal_of(&key, FAB_SECURITY_AUTH, nonce);
    fab_seal_close(&seal, frame, size + sizeof(tag));
    assert_memory_equal(frame + size, tag, sizeof(tag));
    assert_true(fab_seal_open(&seal, frame, size + sizeof(tag), NULL));
}

/* AES-128-GCM by OpenSSL: what to compare with where the header's size has no published vector. */
static void
gcm_by_openssl(const uint8_t key[16], const uint8_t nonce[NONCE_SIZE], const uint8_t *aad,
               size_t aad_size, uint8_t *text, size_t size, uint8_t tag[16])
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int done;

    assert_int_equal(EVP_EncryptInit_ex(context, EVP_aes_128_gcm(), NULL, key, nonce), 1);
    assert_int_equal(EVP_EncryptUpdate(context, NULL, &done, aad, (int)aad_size), 1);
    assert_int_equal(EVP_EncryptUpdate(context, text, &done, text, (int)size), 1);
    assert_int_equal(EVP_EncryptFinal_ex(context, text + done, &done), 1);
    assert_int_equal(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, 16, tag), 1);
    EVP_CIPHER_CTX_free(context);
}

/* Test case 4 of the GCM specification that NIST refers to. */
static void
test_the_reference_gives_the_vector_of_nist(void **state)
{
    uint8_t key[16], nonce[NONCE_SIZE], aad[20], text[60], expected[60], tag[16], right[16];

    (void)state;
    hex_read("feffe9928665731c6d6a8f9467308308", key, sizeof(key));
    hex_read("cafebabefacedbaddecaf888", nonce, sizeof(nonce));
    hex_read("feedfacedeadbeeffeedfacedeadbeefabaddad2", aad, sizeof(aad));
    hex_read("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
             "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
             text, sizeof(text));
    hex_read("42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
             "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
             expected, sizeof(expected));
    hex_read("5bc94fbc3221a5db94fae95ae7121a47", right, sizeof(right));
    gcm_by_openssl(key, nonce, aad, sizeof(aad), text, sizeof(text), tag);
    assert_memory_equal(text, expected, sizeof(text));
    assert_memory_equal(tag, right, sizeof(tag));
}

static void
fill(struct fab_prng *prng, uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)fab_prng_next(prng);
}

static void
test_encrypt_is_gcm_with_the_header_as_additional_data(void **state)
{
    uint8_t bytes[16], nonce[NONCE_SIZE], plain[FRAME_MAX], frame[FRAME_MAX], opened[FRAME_MAX];
    struct fab_seal_key key;
    struct fab_prng prng;

    (void)state;
    fab_prng_init(&prng, 5);
    for (size_t size = 24; size < 1500; size += 1 + size / 40) {
        struct fab_seal seal;
        uint8_t tag[16];

        fill(&prng, bytes, sizeof(bytes));
        fill(&prng, nonce, sizeof(nonce));
        fill(&prng, plain, size);
        memcpy(frame, plain, size);
        fab_seal_key_init(sealer, bytes, &key);
        seal = seal_of(&key, FAB_SECURITY_ENCRYPT, nonce);
        fab_seal_close(&seal, frame, size + 16);
        assert_true(fab_seal_open(&seal, frame, size + 16, opened));
        assert_memory_equal(opened, plain, size);
        gcm_by_openssl(bytes, nonce, plain, 24, plain + 24, size - 24, tag);
        assert_memory_equal(frame, plain, size);
        assert_memory_equal(frame + size, tag, sizeof(tag));
    }
    fab_seal_key_wipe(&key);
}

/* Cut at every multiple of 8, and with and without a pad behind the tail. */
static void
test_a_frame_in_two_pieces_is_sealed_as_one(void **state)
{
    uint8_t bytes[16], plain[FRAME_MAX], whole[FRAME_MAX], cut[FRAME_MAX], tag[FAB_FRAME_TAG_SIZE];
    struct fab_seal_key key;
    struct fab_prng prng;

    (void)state;
    fab_prng_init(&prng, 6);
    fill(&prng, bytes, sizeof(bytes));
    fill(&prng, plain, sizeof(plain));
    fab_seal_key_init(sealer, bytes, &key);
    for (size_t text = 1; text < 1400; text += 1 + text / 20) {
        size_t at = FAB_FRAME_HEADER_SIZE + fab_prng_below(&prng, 20) * 8;
        const struct fab_frame_tail tail = { plain + at, (uint32_t)text };
        size_t padded = at + ((text + 7U) & ~(size_t)7U);
        size_t size = padded + FAB_FRAME_TAG_SIZE;
        struct fab_seal seal = { sealer, &key, text, 0, FAB_SECURITY_AUTH };

        memcpy(whole, plain, at + text);
        fab_seal_close(&seal, whole, at + text + FAB_FRAME_TAG_SIZE);
        memcpy(cut, plain, at);
        fab_seal_close_apart(&seal, cut, at, &tail, tag);
        assert_memory_equal(tag, whole + at + text, sizeof(tag));
        assert_memory_equal(cut, plain, at);

        seal.security = FAB_SECURITY_ENCRYPT;
        memcpy(whole, plain, at + text);
        memset(whole + at + text, 0, padded - at - text);
        fab_seal_close(&seal, whole, size);
        memcpy(cut, plain, at);
        memset(cut + at, 0xaa, text);
        memset(cut + at + text, 0, padded - at - text);
        fab_seal_close_into(&seal, cut, size, at, &tail);
        assert_memory_equal(cut, whole, size);
    }
    fab_seal_key_wipe(&key);
}

/* Header, text or tag; number, path or key. */
static void
test_what_is_not_exactly_the_frame_is_refused(void **state)
{
    static const uint8_t bytes[16] = { 1 }, other_bytes[16] = { 2 };
    uint8_t frame[80] = { 7 }, opened[80];
    struct fab_seal_key key, other_key;

    (void)state;
    fab_seal_key_init(sealer, bytes, &key);
    fab_seal_key_init(sealer, other_bytes, &other_key);
    for (int security = FAB_SECURITY_AUTH; security <= FAB_SECURITY_ENCRYPT; security++) {
        struct fab_seal seal = { sealer, &key, 1ULL << 33, 0, (enum fab_security)security };
        struct fab_seal other = seal;

        fab_seal_close(&seal, frame, sizeof(frame));
        for (size_t bit = 0; bit < 8 * sizeof(frame); bit++) {
            frame[bit / 8] ^= (uint8_t)(1U << bit % 8);
            assert_false(fab_seal_open(&seal, frame, sizeof(frame), opened));
            frame[bit / 8] ^= (uint8_t)(1U << bit % 8);
        }
        for (size_t size = 40; size < sizeof(frame); size++)
            assert_false(fab_seal_open(&seal, frame, size, opened));
        other.number = seal.number + (1ULL << 32);
        assert_false(fab_seal_open(&other, frame, sizeof(frame), opened));
        other = seal;
        other.path = 1;
        assert_false(fab_seal_open(&other, frame, sizeof(frame), opened));
        other = seal;
        other.key = &other_key;
        assert_false(fab_seal_open(&other, frame, sizeof(frame), opened));
        assert_true(fab_seal_open(&seal, frame, sizeof(frame), opened));
    }
}

/* --- replays ---------------------------------------------------------------------------------- */

static void
test_each_number_is_new_once(void **state)
{
    struct fab_replay replay;

    (void)state;
    fab_replay_init(&replay, 100);
    assert_false(fab_replay_is_new(&replay, 99));
    for (uint64_t number = 100; number < 5000; number += 1 + number % 3) {
        assert_true(fab_replay_is_new(&replay, number));
        fab_replay_add(&replay, number);
        assert_false(fab_replay_is_new(&replay, number));
    }
}

static void
test_window_is_1024_wide(void **state)
{
    struct fab_replay replay;

    (void)state;
    fab_replay_init(&replay, 0);
    fab_replay_add(&replay, 10000);
    assert_true(fab_replay_is_new(&replay, 10000 - 1023));
    assert_false(fab_replay_is_new(&replay, 10000 - 1024));
    fab_replay_add(&replay, 10000 - 1023);
    assert_false(fab_replay_is_new(&replay, 10000 - 1023));
    assert_true(fab_replay_is_new(&replay, 10000 - 1022));
    fab_replay_add(&replay, 10001);
    assert_false(fab_replay_is_new(&replay, 10001 - 1024));
    assert_true(fab_replay_is_new(&replay, 10001 + 7));
}

/* Against a list of all that was seen. */
static void
test_window_remembers_what_a_list_remembers(void **state)
{
    static uint8_t seen[20000];
    struct fab_replay replay;
    struct fab_prng prng;
    uint64_t newest = 0;

    (void)state;
    fab_prng_init(&prng, 3);
    fab_replay_init(&replay, 0);
    memset(seen, 0, sizeof(seen));
    while (newest < 18000) {
        uint64_t reach = fab_prng_below(&prng, 50) == 0 ? 1500 : 20;
        uint64_t back = fab_prng_below(&prng, newest < 1200 ? newest + 1 : 1200);
        uint64_t number =
            fab_prng_below(&prng, 2) ? newest + fab_prng_below(&prng, reach) : newest - back;
        bool is_new = number + 1024 > newest && !seen[number];

        assert_int_equal(fab_replay_is_new(&replay, number), is_new);
        if (!is_new)
            continue;
        fab_replay_add(&replay, number);
        seen[number] = 1;
        if (number > newest)
            newest = number;
    }
}

/* --- keys ------------------------------------------------------------------------------------- */

/* Closes with one chain and opens with the other, 2^10 numbers a key. */
static void
test_both_sides_change_keys_at_the_same_number(void **state)
{
    static const uint8_t secret[FAB_SECRET_SIZE] = { 9 };
    static struct fab_send_chain out;
    static struct fab_receive_chain in;
    const uint64_t first = 12345;
    uint32_t renewed[2] = { 0 };
    uint8_t frame[48] = { 0 };

    (void)state;
    fab_send_chain_init(&out, sealer, secret, first, 10);
    fab_receive_chain_init(&in, sealer, secret, first, 10);
    for (uint64_t number = first; number < first + 5000; number += 1 + number % 7) {
        struct fab_seal seal = { sealer, &out.key, number, 0, FAB_SECURITY_AUTH };

        renewed[0] += fab_send_chain_advance(&out, sealer, number);
        fab_seal_close(&seal, frame, sizeof(frame));
        seal.key = fab_receive_chain_at(&in, number);
        assert_non_null(seal.key);
        assert_true(fab_seal_open(&seal, frame, sizeof(frame), NULL));
        renewed[1] += fab_receive_chain_advance(&in, sealer, number);
    }
    assert_int_equal(renewed[0], 4);
    assert_int_equal(renewed[1], 4);
}

static void
test_a_receiver_has_three_keys_and_a_stranger_makes_it_derive_none(void **state)
{
    static const uint8_t secret[FAB_SECRET_SIZE] = { 9 };
    static struct fab_receive_chain in;

    (void)state;
    fab_receive_chain_init(&in, sealer, secret, 0, 10);
    assert_non_null(fab_receive_chain_at(&in, 0));
    assert_non_null(fab_receive_chain_at(&in, 2047));
    assert_null(fab_receive_chain_at(&in, 2048));
    assert_null(fab_receive_chain_at(&in, UINT64_MAX));
    assert_false(fab_receive_chain_advance(&in, sealer, 1023));
    assert_true(fab_receive_chain_advance(&in, sealer, 1024));
    assert_true(fab_receive_chain_advance(&in, sealer, 2048));
    assert_null(fab_receive_chain_at(&in, 1023));
    assert_non_null(fab_receive_chain_at(&in, 1024));
    assert_non_null(fab_receive_chain_at(&in, 4095));
    assert_null(fab_receive_chain_at(&in, 4096));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_auth_gives_the_tag_of_802_1ae),
        cmocka_unit_test(test_the_reference_gives_the_vector_of_nist),
        cmocka_unit_test(test_encrypt_is_gcm_with_the_header_as_additional_data),
        cmocka_unit_test(test_a_frame_in_two_pieces_is_sealed_as_one),
        cmocka_unit_test(test_what_is_not_exactly_the_frame_is_refused),
        cmocka_unit_test(test_each_number_is_new_once),
        cmocka_unit_test(test_window_is_1024_wide),
        cmocka_unit_test(test_window_remembers_what_a_list_remembers),
        cmocka_unit_test(test_both_sides_change_keys_at_the_same_number),
        cmocka_unit_test(test_a_receiver_has_three_keys_and_a_stranger_makes_it_derive_none),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
