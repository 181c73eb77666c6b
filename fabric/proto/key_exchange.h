/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The mathematics of the handshake: X25519 (RFC 7748), HKDF with SHA-256 (RFC 5869) and the tags of
 * HELLOs, all of them OpenSSL's. What is derived from what, and when, is proto/secure.h's business.
 *
 * No function draws random numbers; those come in. They are for the handshake: OpenSSL takes memory
 * of its own in them, and gives it back.
 */
#ifndef FAB_PROTO_KEY_EXCHANGE_H
#define FAB_PROTO_KEY_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/frame.h"

#define FAB_SECRET_SIZE \
    32U /* of keys from which others are derived, and of both halves of X25519 */

/* The two halves of an X25519 key that is used for one epoch. */
struct fab_key_pair {
    uint8_t secret[FAB_SECRET_SIZE];
    uint8_t public_key[FAB_SECRET_SIZE];
};

/* `random`: 32 unpredictable bytes, which become the secret half. */
void fab_key_pair_init(struct fab_key_pair *pair, const uint8_t random[FAB_SECRET_SIZE]);

/* What both sides of an exchange know alone. False: the peer's key is not one (it gives zero). */
bool fab_key_pair_share(const struct fab_key_pair *pair, const uint8_t peer[FAB_SECRET_SIZE],
                        uint8_t shared[FAB_SECRET_SIZE]);

/* HKDF-Extract. `salt_size` may be 0. */
void fab_hkdf_extract(const void *salt, size_t salt_size, const void *secret, size_t secret_size,
                      uint8_t key[FAB_SECRET_SIZE]);

/* HKDF-Expand. `out_size`: 1 to 255 x 32. */
void fab_hkdf_expand(const uint8_t *key, size_t key_size, const void *info, size_t info_size,
                     void *out, size_t out_size);

/* HMAC-SHA-256, cut to the size of a tag. */
void fab_hello_tag(const uint8_t key[FAB_SECRET_SIZE], const void *bytes, size_t size,
                   uint8_t tag[FAB_FRAME_TAG_SIZE]);

/* Whether two tags are the same, in constant time. */
bool fab_tag_is_equal(const uint8_t a[FAB_FRAME_TAG_SIZE], const uint8_t b[FAB_FRAME_TAG_SIZE]);

/* Overwrites what was secret. */
void fab_wipe(void *bytes, size_t size);

#endif
