/* SPDX-License-Identifier: BSD-3-Clause */
#include "proto/secure.h"

#include <string.h>

#include "base/assert.h"

#define LABEL_SIZE 16U

/* What a direction's secret is made from beside the shared one; every byte is written. */
struct transcript {
    char label[LABEL_SIZE];
    uint64_t security;
    struct fab_secure_side sender;
    struct fab_secure_side receiver;
};

static_assert(sizeof(struct fab_secure_side) == 56, "no byte of it is padding");
static_assert(sizeof(struct transcript) == 24 + 2 * 56, "likewise");

void
fab_secure_init(struct fab_secure *secure, const struct fab_secure_config *config)
{
    static const char salt[] = "mycelium wire 2";

    memset(secure, 0, sizeof(*secure));
    secure->sealer = config->sealer;
    secure->security = config->security;
    secure->key_log2 = config->key_log2 ? config->key_log2 : FAB_KEY_LOG2_DEFAULT;
    fab_hkdf_extract(salt, sizeof(salt) - 1, config->pre_shared_key, FAB_SECRET_SIZE, secure->root);
    fab_hkdf_expand(secure->root, FAB_SECRET_SIZE, "hello", 5, secure->hello_key, FAB_SECRET_SIZE);
}

void
fab_secure_wipe(struct fab_secure *secure)
{
    fab_wipe(secure, sizeof(*secure));
}

void
fab_secure_set_pair(struct fab_secure *secure, const uint8_t random[FAB_SECRET_SIZE])
{
    fab_key_pair_init(&secure->pair, random);
    secure->has_pair = true;
}

void
fab_secure_set_candidate(struct fab_secure *secure, const struct fab_secure_side *own,
                         const struct fab_secure_side *peer)
{
    struct fab_secure_candidate *candidate = &secure->candidate;

    if (memcmp(&candidate->own, own, sizeof(*own)) == 0 &&
        memcmp(&candidate->peer, peer, sizeof(*peer)) == 0)
        return;
    fab_wipe(candidate, sizeof(*candidate));
    candidate->own = *own;
    candidate->peer = *peer;
}

static void
derive_direction(const struct fab_secure *secure, const uint8_t key[FAB_SECRET_SIZE],
                 const struct fab_secure_side *sender, const struct fab_secure_side *receiver,
                 uint8_t secret[FAB_SECRET_SIZE])
{
    const struct transcript transcript = {
        .label = "mycelium epoch",
        .security = secure->security,
        .sender = *sender,
        .receiver = *receiver,
    };

    fab_hkdf_expand(key, FAB_SECRET_SIZE, &transcript, sizeof(transcript), secret, FAB_SECRET_SIZE);
}

bool
fab_secure_derive(struct fab_secure *secure)
{
    struct fab_secure_candidate *candidate = &secure->candidate;
    uint8_t shared[FAB_SECRET_SIZE];
    uint8_t key[FAB_SECRET_SIZE];

    if (candidate->is_derived)
        return true;
    FAB_ASSERT(secure->has_pair);
    if (!fab_key_pair_share(&secure->pair, candidate->peer.public_key, shared))
        return false;
    fab_hkdf_extract(secure->root, sizeof(secure->root), shared, sizeof(shared), key);
    derive_direction(secure, key, &candidate->own, &candidate->peer, candidate->send);
    derive_direction(secure, key, &candidate->peer, &candidate->own, candidate->receive);
    fab_key_chain_first(secure->sealer, candidate->receive, &candidate->key);
    candidate->is_derived = true;
    fab_wipe(shared, sizeof(shared));
    fab_wipe(key, sizeof(key));
    return true;
}

void
fab_secure_begin(struct fab_secure *secure, uint64_t own_first, uint64_t peer_first)
{
    struct fab_secure_candidate *candidate = &secure->candidate;

    FAB_ASSERT(candidate->is_derived);
    for (uint32_t i = 0; i < FAB_SECURE_PATHS_MAX; i++) {
        struct fab_secure_path *path = &secure->paths[i];

        fab_send_chain_init(&path->out, secure->sealer, candidate->send, own_first,
                            candidate->own.key_log2);
        fab_receive_chain_init(&path->in, secure->sealer, candidate->receive, peer_first,
                               candidate->peer.key_log2);
        fab_replay_init(&path->replay, peer_first);
    }
    fab_wipe(candidate, sizeof(*candidate));
    fab_wipe(&secure->pair, sizeof(secure->pair));
    secure->has_pair = false;
}

void
fab_secure_end(struct fab_secure *secure)
{
    fab_wipe(secure->paths, sizeof(secure->paths));
}
