/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The keys of one direction of an epoch: one after another, each for 2^key_log2 packet numbers.
 *
 * Which key a frame has follows from its number alone, so both sides change keys at the same frame
 * without a word, and losing frames loses nothing:
 *
 *      generation = (number - first number) >> key_log2
 *      secret 0 comes from the handshake
 *      key g = HKDF-Expand(secret g, "key", 16), secret g+1 = HKDF-Expand(secret g, "next", 32)
 *
 * A secret is wiped as soon as the next one is known: old frames stay unreadable. The receiver has
 * the key before, the present and the next one ready, so that what strangers send makes it derive
 * nothing; it goes on when a frame of the next one was right.
 */
#ifndef FAB_PROTO_KEY_CHAIN_H
#define FAB_PROTO_KEY_CHAIN_H

#include "proto/key_exchange.h"
#include "proto/seal.h"

#define FAB_KEY_LOG2_MIN 10U /* not less than the replay window: it spans two keys at most */
#define FAB_KEY_LOG2_MAX 32U
#define FAB_KEY_LOG2_DEFAULT                                            \
    24U /* far below the 2^28 frames that RFC 9001 (B.1) allows AES-128 \
         */

struct fab_send_chain {
    struct fab_seal_key key;
    uint8_t secret[FAB_SECRET_SIZE]; /* of the next generation */
    uint64_t end;                    /* the first number of the next generation */
    uint8_t key_log2;
};

struct fab_receive_chain {
    struct fab_seal_key keys[3];     /* by generation modulo 3 */
    uint8_t secret[FAB_SECRET_SIZE]; /* of the generation after the newest key */
    uint64_t first;
    uint64_t generation; /* the present one */
    uint8_t key_log2;
};

/* `secret`: of generation 0; not kept. `first`: the first packet number. */
void fab_send_chain_init(struct fab_send_chain *chain, const struct fab_sealer *sealer,
                         const uint8_t secret[FAB_SECRET_SIZE], uint64_t first, uint8_t key_log2);

/* Goes on to the key of `number`, which is not below earlier ones. Returns whether it is a new one.
 */
bool fab_send_chain_advance(struct fab_send_chain *chain, const struct fab_sealer *sealer,
                            uint64_t number);

void fab_receive_chain_init(struct fab_receive_chain *chain, const struct fab_sealer *sealer,
                            const uint8_t secret[FAB_SECRET_SIZE], uint64_t first,
                            uint8_t key_log2);

/* The key of a frame that came; NULL: of a generation whose frames cannot come now. */
const struct fab_seal_key *fab_receive_chain_at(const struct fab_receive_chain *chain,
                                                uint64_t number);

/* The frame with this number was right. Returns whether it was the first under its key. */
bool fab_receive_chain_advance(struct fab_receive_chain *chain, const struct fab_sealer *sealer,
                               uint64_t number);

/* The key of generation 0 alone, for who wants to check a first frame. */
void fab_key_chain_first(const struct fab_sealer *sealer, const uint8_t secret[FAB_SECRET_SIZE],
                         struct fab_seal_key *key);

#endif
