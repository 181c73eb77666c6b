/* SPDX-License-Identifier: BSD-3-Clause */
#include "proto/handshake.h"

#include "base/assert.h"

static uint64_t
draw_nonce(struct fab_handshake *handshake)
{
    uint64_t nonce = fab_prng_next(&handshake->prng);

    return nonce != 0 ? nonce : 1;
}

void
fab_handshake_init(struct fab_handshake *handshake, uint64_t home, uint64_t seed)
{
    *handshake = (struct fab_handshake){ .home = home };
    fab_prng_init(&handshake->prng, seed);
    handshake->own_nonce = draw_nonce(handshake);
}

static uint64_t
mix(uint64_t state, uint64_t word)
{
    struct fab_prng prng;

    fab_prng_init(&prng, state ^ word);
    return fab_prng_next(&prng);
}

uint32_t
fab_epoch_of(uint64_t home, uint64_t nonce, uint64_t peer_home, uint64_t peer_nonce)
{
    bool is_first = home < peer_home;
    uint64_t state = mix(0, is_first ? home : peer_home);
    uint32_t epoch;

    state = mix(state, is_first ? nonce : peer_nonce);
    state = mix(state, is_first ? peer_home : home);
    state = mix(state, is_first ? peer_nonce : nonce);
    epoch = (uint32_t)(state ^ (state >> 32));
    return epoch != 0 ? epoch : 1;
}

/* Takes the hello as the candidate; what was offered to the same nonce is offered again. */
static void
set_candidate(struct fab_handshake *handshake, const struct fab_hello *hello)
{
    struct fab_epoch_shares *candidate = &handshake->candidate;

    if (handshake->candidate_epoch == 0 || candidate->peer_nonce != hello->nonce)
        candidate->own_nonce = handshake->is_running ? draw_nonce(handshake) : handshake->own_nonce;
    candidate->peer_nonce = hello->nonce;
    handshake->hello = *hello;
    handshake->candidate_epoch =
        fab_epoch_of(handshake->home, candidate->own_nonce, hello->home, hello->nonce);
}

/* Whether a running epoch has heard enough answers that lead nowhere. */
static bool
is_endless(struct fab_handshake *handshake, const struct fab_hello *hello)
{
    if (!handshake->is_running ||
        (handshake->candidate_epoch != 0 && hello->nonce == handshake->candidate.peer_nonce))
        return false;
    if (hello->echo == 0)
        handshake->answers = 0;
    else if (handshake->answers == FAB_HANDSHAKE_ANSWERS_MAX)
        return true;
    else
        handshake->answers++;
    return false;
}

enum fab_hello_verdict
fab_handshake_on_hello(struct fab_handshake *handshake, const struct fab_hello *hello)
{
    const struct fab_epoch_shares *session = &handshake->session;

    if (handshake->is_running && hello->nonce == session->peer_nonce)
        return hello->echo == session->own_nonce ? FAB_HELLO_CONFIRM : FAB_HELLO_STALE;
    if (handshake->is_running && hello->echo == session->own_nonce)
        return FAB_HELLO_STALE;
    if (is_endless(handshake, hello))
        return FAB_HELLO_STALE;
    set_candidate(handshake, hello);
    return hello->echo == handshake->candidate.own_nonce ? FAB_HELLO_BEGIN : FAB_HELLO_ANSWER;
}

void
fab_handshake_begin(struct fab_handshake *handshake)
{
    FAB_ASSERT(handshake->candidate_epoch != 0 && !handshake->is_running);
    handshake->session = handshake->candidate;
    handshake->is_running = true;
    handshake->answers = 0;
    handshake->candidate_epoch = 0;
}

void
fab_handshake_end(struct fab_handshake *handshake)
{
    handshake->is_running = false;
    if (handshake->candidate_epoch != 0)
        handshake->own_nonce = handshake->candidate.own_nonce;
    else
        handshake->own_nonce = draw_nonce(handshake);
}

void
fab_handshake_drop_candidate(struct fab_handshake *handshake)
{
    handshake->answers = 0;
    handshake->candidate_epoch = 0;
    handshake->candidate = (struct fab_epoch_shares){ 0 };
}

struct fab_epoch_shares
fab_handshake_offer(const struct fab_handshake *handshake)
{
    if (handshake->candidate_epoch != 0)
        return handshake->candidate;
    return (struct fab_epoch_shares){ .own_nonce = handshake->own_nonce };
}
