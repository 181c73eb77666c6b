/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Seals: frames that nobody without the key can make, change or, in ENCRYPT, read.
 *
 * A sealed frame is a frame with a tag of 16 bytes behind it, which its size counts and which takes
 * the place of the checksum. AUTH is AES-128-GMAC over all of it, ENCRYPT AES-128-GCM: the header
 * is authenticated as additional data, what follows is encrypted in its place.
 *
 *      AUTH      [ header | blocks, chunks ............ ] [ tag ]
 *                |<-------- authenticated ------------->|
 *      ENCRYPT   [ header | blocks, chunks ............ ] [ tag ]
 *                |<- "" ->|<------- encrypted --------->|
 *
 * The 96-bit nonce is the path (32 bits, little-endian) and the packet number (64 bits, whole): a
 * number is used once under a key, and each direction of each epoch has keys of its own. Everything
 * here is AES of libipsec-mb, called directly and picked once for the machine (a sealer); it keeps
 * no state and touches no memory but what it is given.
 */
#ifndef FAB_PROTO_SEAL_H
#define FAB_PROTO_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/frame.h"

#define FAB_SEAL_KEY_SIZE      16U
#define FAB_SEAL_EXPANDED_SIZE 1024U /* of a key with its tables */

enum fab_security {
    FAB_SECURITY_OFF = 0, /* a checksum only */
    FAB_SECURITY_AUTH,    /* nobody else can make or change a frame */
    FAB_SECURITY_ENCRYPT, /* nor read it */
    FAB_SECURITY_COUNT
};

/* The machine's AES. May be used by several lcores at once. */
struct fab_sealer;

/* A key, made ready for use. A secret: wipe it when it has had its time. */
struct fab_seal_key {
    _Alignas(64) uint8_t expanded[FAB_SEAL_EXPANDED_SIZE];
};

/* What a frame is sealed with. */
struct fab_seal {
    const struct fab_sealer *sealer;
    const struct fab_seal_key *key;
    uint64_t number; /* the whole packet number; never again under this key and path */
    uint32_t path;
    enum fab_security security; /* AUTH or ENCRYPT */
};

/* NULL: no memory, or a machine without AES. Context: any thread, before start. */
struct fab_sealer *fab_sealer_create(void);

/* *sealer is set to NULL; NULL inside is fine. */
void fab_sealer_destroy(struct fab_sealer **sealer);

void fab_seal_key_init(const struct fab_sealer *sealer, const uint8_t bytes[FAB_SEAL_KEY_SIZE],
                       struct fab_seal_key *key);

void fab_seal_key_wipe(struct fab_seal_key *key);

/* Seals a frame whose header is in place. `frame`: any alignment; `size`: bytes with the tag, which
 * is written to the last 16 of them. */
void fab_seal_close(const struct fab_seal *seal, uint8_t *frame, size_t size);

/* The same, in AUTH, for a frame whose `tail` stands elsewhere: it is read there, and `frame` is
 * what comes before. The tag, which comes behind both, is written to `tag`. */
void fab_seal_close_apart(const struct fab_seal *seal, const uint8_t *frame, size_t size,
                          const struct fab_frame_tail *tail, uint8_t tag[FAB_FRAME_TAG_SIZE]);

/* The same, in ENCRYPT, for a frame of `size` bytes with its tag, into which `tail` is to come from
 * byte `at` on: it is encrypted on its way there, and what stands behind it with the rest. */
void fab_seal_close_into(const struct fab_seal *seal, uint8_t *frame, size_t size, size_t at,
                         const struct fab_frame_tail *tail);

/*
 * Checks a frame of `size` bytes with its tag, in time that does not depend on where it is wrong.
 * In ENCRYPT `opened` gets the frame without tag, also if the answer is false: it is then of no
 * use; in AUTH it is not written and may be NULL. `frame` is only read.
 */
bool fab_seal_open(const struct fab_seal *seal, const uint8_t *frame, size_t size, uint8_t *opened);

#endif
