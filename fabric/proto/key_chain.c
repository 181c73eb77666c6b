/* SPDX-License-Identifier: BSD-3-Clause */
#include "proto/key_chain.h"

#include "base/compiler.h"

#define KEPT 3U

/* The key of the secret's generation; the secret becomes that of the next one. */
static void
take_key(const struct fab_sealer *sealer, uint8_t secret[FAB_SECRET_SIZE], struct fab_seal_key *key)
{
    uint8_t next[FAB_SECRET_SIZE];

    fab_key_chain_first(sealer, secret, key);
    fab_hkdf_expand(secret, FAB_SECRET_SIZE, "next", 4, next, sizeof(next));
    memcpy(secret, next, FAB_SECRET_SIZE);
    fab_wipe(next, sizeof(next));
}

void
fab_key_chain_first(const struct fab_sealer *sealer, const uint8_t secret[FAB_SECRET_SIZE],
                    struct fab_seal_key *key)
{
    uint8_t bytes[FAB_SEAL_KEY_SIZE];

    fab_hkdf_expand(secret, FAB_SECRET_SIZE, "key", 3, bytes, sizeof(bytes));
    fab_seal_key_init(sealer, bytes, key);
    fab_wipe(bytes, sizeof(bytes));
}

void
fab_send_chain_init(struct fab_send_chain *chain, const struct fab_sealer *sealer,
                    const uint8_t secret[FAB_SECRET_SIZE], uint64_t first, uint8_t key_log2)
{
    memcpy(chain->secret, secret, FAB_SECRET_SIZE);
    chain->key_log2 = key_log2;
    chain->end = first + (1ULL << key_log2);
    take_key(sealer, chain->secret, &chain->key);
}

bool
fab_send_chain_advance(struct fab_send_chain *chain, const struct fab_sealer *sealer,
                       uint64_t number)
{
    if (fab_likely(number < chain->end))
        return false;
    for (; number >= chain->end; chain->end += 1ULL << chain->key_log2)
        take_key(sealer, chain->secret, &chain->key);
    return true;
}

void
fab_receive_chain_init(struct fab_receive_chain *chain, const struct fab_sealer *sealer,
                       const uint8_t secret[FAB_SECRET_SIZE], uint64_t first, uint8_t key_log2)
{
    memcpy(chain->secret, secret, FAB_SECRET_SIZE);
    chain->first = first;
    chain->generation = 0;
    chain->key_log2 = key_log2;
    take_key(sealer, chain->secret, &chain->keys[0]);
    take_key(sealer, chain->secret, &chain->keys[1]);
}

const struct fab_seal_key *
fab_receive_chain_at(const struct fab_receive_chain *chain, uint64_t number)
{
    uint64_t generation = (number - chain->first) >> chain->key_log2;

    if (fab_unlikely(number < chain->first || generation > chain->generation + 1 ||
                     generation + 1 < chain->generation))
        return NULL;
    return &chain->keys[generation % KEPT];
}

bool
fab_receive_chain_advance(struct fab_receive_chain *chain, const struct fab_sealer *sealer,
                          uint64_t number)
{
    if (fab_likely((number - chain->first) >> chain->key_log2 <= chain->generation))
        return false;
    chain->generation++;
    take_key(sealer, chain->secret, &chain->keys[(chain->generation + 1) % KEPT]);
    return true;
}
