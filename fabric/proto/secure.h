/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a flow has when its frames are sealed: the secrets that it shares with the peer, from the
 * one that both were given to the key of the next frame.
 *
 *      pre-shared key --HKDF--> root ----+--HKDF--> key of HELLO tags
 *      X25519 of both pairs -------------+--HKDF with who, what and nonces--> a secret per
 * direction secret --key_chain.h--> keys of frames
 *
 * A HELLO with a right tag is from somebody who has the pre-shared key, but may be old. It is not
 * worth more than it is without security: a candidate. An epoch begins when the peer shows that it
 * knows our newest nonce: by the echo in such a HELLO, or by a frame sealed with the candidate's
 * keys. Both homes (node and incarnation), nonces, X25519 keys and lcores are part of what the
 * secrets are made from, so each epoch has its own, and nobody can be led to take one side for
 * another. A pair is drawn for each epoch and wiped when it begins: who learns the pre-shared key
 * later cannot read what was sent before.
 */
#ifndef FAB_PROTO_SECURE_H
#define FAB_PROTO_SECURE_H

#include "proto/key_chain.h"
#include "proto/replay.h"

/* How a flow is to be secured. */
struct fab_secure_config {
    enum fab_security security;
    uint8_t key_log2;                /* FAB_KEY_LOG2_MIN to _MAX; 0: the default */
    const struct fab_sealer *sealer; /* not owned; NULL when security is OFF */
    const uint8_t *pre_shared_key;   /* FAB_SECRET_SIZE bytes; read at init only */
};

/* One side of an epoch. */
struct fab_secure_side {
    uint64_t home;
    uint64_t nonce;
    uint8_t public_key[FAB_SECRET_SIZE];
    uint8_t lcore;
    uint8_t key_log2;
    uint8_t reserved[6]; /* 0 */
};

/* The epoch that was offered last. */
struct fab_secure_candidate {
    struct fab_secure_side own;
    struct fab_secure_side peer;
    bool is_derived; /* what follows is known */
    uint8_t send[FAB_SECRET_SIZE];
    uint8_t receive[FAB_SECRET_SIZE];
    struct fab_seal_key key; /* of the peer's first frames */
};

/* Each path numbers its packets by itself; its index is in the nonce. */
struct fab_secure_path {
    struct fab_send_chain out; /* of the epoch that runs, or ran last */
    struct fab_receive_chain in;
    struct fab_replay replay;
};

#define FAB_SECURE_PATHS_MAX 1U

struct fab_secure {
    struct fab_secure_path paths[FAB_SECURE_PATHS_MAX];
    const struct fab_sealer *sealer; /* not owned */
    enum fab_security security;
    uint8_t key_log2;
    bool has_pair;
    struct fab_key_pair pair;
    uint8_t root[FAB_SECRET_SIZE];
    uint8_t hello_key[FAB_SECRET_SIZE];
    struct fab_secure_candidate candidate;
    uint64_t number;         /* of the frame that was opened last */
    uint64_t derive_free_ns; /* when keys may be derived for who has not shown anything yet */
};

void fab_secure_init(struct fab_secure *secure, const struct fab_secure_config *config);

/* Nothing secret is left. */
void fab_secure_wipe(struct fab_secure *secure);

/* Draws the pair of the next epoch. */
void fab_secure_set_pair(struct fab_secure *secure, const uint8_t random[FAB_SECRET_SIZE]);

/* The handshake has a candidate: these two. */
void fab_secure_set_candidate(struct fab_secure *secure, const struct fab_secure_side *own,
                              const struct fab_secure_side *peer);

/* Derives its secrets, if that has not been done. False: the peer's key is not one. */
bool fab_secure_derive(struct fab_secure *secure);

/* The candidate's epoch begins, with these first packet numbers. */
void fab_secure_begin(struct fab_secure *secure, uint64_t own_first, uint64_t peer_first);

/* The epoch is over. */
void fab_secure_end(struct fab_secure *secure);

#endif
