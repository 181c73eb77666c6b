/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The handshake: how two ends agree on a new epoch.
 *
 * Each side offers a nonce in HELLO and echoes the other's once it knows it. The epoch is a hash
 * of both homes (node and incarnation) and both nonces, the same on both sides, so it does not
 * matter who began, and two that begin at once make one flow:
 *
 *      A: HELLO(a)        ------>   B knows a: keeps (a, b) as its candidate
 *      A is up            <------   B: HELLO(b, echo a)
 *      A: DATA(epoch a,b) ------>   B is up: only who saw b can know that epoch
 *
 * An echo of our own nonce, or a frame of the candidate's epoch, proves that the peer lives now
 * and means us. Without proof a HELLO changes nothing but the one candidate, so one that is
 * replayed or late never harms a running epoch. A proven new epoch ends the running one at once.
 * Nonces are drawn anew for each epoch: an epoch that ended never comes back.
 *
 * Two sides whose epoch runs could go on for ever answering each other's answers with fresh nonces,
 * once one of them has heard an old hello. So of hellos that answer something only
 * FAB_HANDSHAKE_ANSWERS_MAX in a row are answered while an epoch runs; one that answers nothing, or
 * the end of the candidate's time, begins the count anew.
 */
#ifndef FAB_PROTO_HANDSHAKE_H
#define FAB_PROTO_HANDSHAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/prng.h"
#include "wire/frame.h"

#define FAB_HANDSHAKE_ANSWERS_MAX 3U

enum fab_hello_verdict {
    FAB_HELLO_ANSWER = 0, /* offer or repeat our nonce with an echo of theirs */
    FAB_HELLO_BEGIN,      /* proven: begin the candidate's epoch */
    FAB_HELLO_CONFIRM,    /* the peer waits for a sign that we are up: send any frame */
    FAB_HELLO_STALE,      /* an answer to what was settled otherwise: nothing to do */
};

/* Both shares of an epoch. */
struct fab_epoch_shares {
    uint64_t own_nonce;
    uint64_t peer_nonce;
};

struct fab_handshake {
    struct fab_prng prng;
    uint64_t home;                   /* our own */
    uint64_t own_nonce;              /* offered while no epoch runs */
    struct fab_epoch_shares session; /* of the running epoch */
    struct fab_epoch_shares candidate;
    struct fab_hello hello;   /* the candidate's */
    uint32_t candidate_epoch; /* 0: no candidate */
    bool is_running;          /* an epoch runs */
    uint8_t answers; /* in a row, while it runs, each with another nonce, that were answered */
};

/* `seed` should differ in each start of the node. */
void fab_handshake_init(struct fab_handshake *handshake, uint64_t home, uint64_t seed);

/* A valid HELLO came. */
enum fab_hello_verdict fab_handshake_on_hello(struct fab_handshake *handshake,
                                              const struct fab_hello *hello);

/* The candidate's epoch begins; its hello stays readable. */
void fab_handshake_begin(struct fab_handshake *handshake);

/* The running epoch ended. A candidate stays. */
void fab_handshake_end(struct fab_handshake *handshake);

/* The candidate has had its time. */
void fab_handshake_drop_candidate(struct fab_handshake *handshake);

/* Nonce and echo of the HELLO to send now. */
struct fab_epoch_shares fab_handshake_offer(const struct fab_handshake *handshake);

/* The same on both sides; never 0. */
uint32_t fab_epoch_of(uint64_t home, uint64_t nonce, uint64_t peer_home, uint64_t peer_nonce);

#endif
