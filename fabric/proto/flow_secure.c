/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A flow whose frames are sealed (proto/secure.h): what is different from one with checksums.
 *
 *      DATA, LEAVE   sealed with keys of their epoch; opened before anything else is read
 *      HELLO         has a checksum as ever and a proof behind it; without the right one refused
 *      RESET         neither sent nor heeded, because its sender has no keys that the receiver
 *                    knows: who gets a frame of an epoch that it does not know says hello instead
 *
 * Until a frame has been found right it changes nothing but a counter, and the answer timer.
 */
#include <string.h>

#include "base/compiler.h"
#include "proto/flow_state.h"

/* What keys and nonces call the flow's path. */
#define PATH_INDEX 0U

static struct fab_secure_path *
own_path(const struct fab_flow *flow)
{
    return &flow->secure->paths[PATH_INDEX];
}

static struct fab_secure_side
own_side(const struct fab_flow *flow)
{
    struct fab_secure_side side = {
        .home = flow->config.home,
        .nonce = flow->handshake.candidate.own_nonce,
        .lcore = flow->config.lcore,
        .key_log2 = flow->secure->key_log2,
    };

    memcpy(side.public_key, flow->secure->pair.public_key, FAB_SECRET_SIZE);
    return side;
}

void
fab_flow_ensure_pair(struct fab_flow *flow)
{
    uint8_t random[FAB_SECRET_SIZE];

    if (flow->secure->has_pair)
        return;
    flow->ops->draw(flow->context, random, sizeof(random));
    fab_secure_set_pair(flow->secure, random);
    fab_wipe(random, sizeof(random));
}

void
fab_flow_secure_candidate(struct fab_flow *flow, const struct fab_frame *frame)
{
    struct fab_secure_side own;
    struct fab_secure_side peer = {
        .home = frame->hello->home,
        .nonce = frame->hello->nonce,
        .lcore = flow->config.peer_lcore,
        .key_log2 = frame->hello->key_log2,
    };

    fab_flow_ensure_pair(flow);
    own = own_side(flow);
    memcpy(peer.public_key, frame->proof->public_key, FAB_SECRET_SIZE);
    fab_secure_set_candidate(flow->secure, &own, &peer);
}

/* --- frames in -------------------------------------------------------------------------------- */

/* Keys for a frame that only claims to be of the candidate's epoch: not often, because deriving
 * them is work that a stranger with an old HELLO could ask for. */
static const struct fab_seal_key *
candidate_key(struct fab_flow *flow, uint64_t now_ns)
{
    struct fab_secure *secure = flow->secure;

    if (!secure->candidate.is_derived) {
        if (now_ns < secure->derive_free_ns)
            return NULL;
        secure->derive_free_ns = now_ns + flow->config.timers.hello_ns_min;
        if (!fab_secure_derive(secure))
            return NULL;
    }
    return &secure->candidate.key;
}

/* NULL: there is none, and the frame is counted. */
static const struct fab_seal_key *
key_of(struct fab_flow *flow, const struct fab_frame_header *header, uint64_t number,
       uint64_t now_ns)
{
    const struct fab_seal_key *key = NULL;

    if (fab_likely(flow->state == FAB_FLOW_UP && header->epoch == flow->peer.epoch)) {
        if (fab_replay_is_new(&own_path(flow)->replay, number))
            key = fab_receive_chain_at(&own_path(flow)->in, number);
        flow->counters.refused_replay += key == NULL;
    } else if (flow->state != FAB_FLOW_CLOSED && header->epoch != 0 &&
               header->epoch == flow->handshake.candidate_epoch) {
        key = candidate_key(flow, now_ns);
        flow->counters.refused_tag += key == NULL;
    } else {
        fab_flow_refuse_epoch(flow, header->epoch, now_ns);
    }
    return key;
}

static const uint8_t *
open_sealed(struct fab_flow *flow, const uint8_t *bytes, size_t size, uint64_t now_ns)
{
    const struct fab_frame_header *header = (const struct fab_frame_header *)(const void *)bytes;
    struct fab_secure *secure = flow->secure;
    struct fab_seal seal = {
        .sealer = secure->sealer,
        .number = (uint64_t)header->crc << 32 | header->number,
        .path = PATH_INDEX,
        .security = secure->security,
    };
    bool is_encrypted = secure->security == FAB_SECURITY_ENCRYPT;

    seal.key = key_of(flow, header, seal.number, now_ns);
    if (fab_unlikely(seal.key == NULL))
        return NULL;
    if (fab_unlikely(!fab_seal_open(&seal, bytes, size, flow->store->scratch_frame))) {
        flow->counters.refused_tag++;
        return NULL;
    }
    secure->number = seal.number;
    return is_encrypted ? flow->store->scratch_frame : bytes;
}

const uint8_t *
fab_flow_open(struct fab_flow *flow, const uint8_t *bytes, size_t size, uint64_t now_ns)
{
    const struct fab_frame_header *header = (const struct fab_frame_header *)(const void *)bytes;

    if (fab_unlikely(!(header->flags & FAB_FRAME_SEALED))) {
        flow->counters.refused_unsealed++;
        return NULL;
    }
    if (fab_unlikely(size < FAB_FRAME_HEADER_SIZE + FAB_FRAME_TAG_SIZE || header->size != size)) {
        flow->counters.refused_size++;
        return NULL;
    }
    if (fab_unlikely(!fab_flow_address_is_ours(flow, header))) {
        flow->counters.refused_address++;
        return NULL;
    }
    return open_sealed(flow, bytes, size, now_ns);
}

void
fab_flow_on_opened(struct fab_flow *flow)
{
    const struct fab_secure *secure = flow->secure;
    struct fab_secure_path *path = own_path(flow);

    fab_replay_add(&path->replay, secure->number);
    flow->counters.keys_renewed +=
        fab_receive_chain_advance(&path->in, secure->sealer, secure->number);
}

/* The header's checksum field is left out: it covers the tag. */
static void
tag_of_hello(const struct fab_flow *flow, const uint8_t *bytes, size_t size,
             uint8_t tag[FAB_FRAME_TAG_SIZE])
{
    size_t from = offsetof(struct fab_frame_header, from_node);

    fab_hello_tag(flow->secure->hello_key, bytes + from, size - from, tag);
}

bool
fab_flow_hello_is_proven(const struct fab_flow *flow, const struct fab_frame *frame)
{
    const uint8_t *bytes = (const uint8_t *)frame->header;
    uint8_t tag[FAB_FRAME_TAG_SIZE];

    tag_of_hello(flow, bytes, (size_t)(frame->proof->tag - bytes), tag);
    return fab_tag_is_equal(tag, frame->proof->tag);
}

/* --- frames out ------------------------------------------------------------------------------- */

/* Writes the header, and gives what to seal the frame with. */
static struct fab_seal
begin_seal(struct fab_flow *flow, uint8_t *frame, struct fab_frame_header *header, uint64_t number)
{
    const struct fab_secure *secure = flow->secure;
    struct fab_secure_path *path = own_path(flow);

    header->flags |= FAB_FRAME_SEALED;
    header->crc = (uint32_t)(number >> 32);
    fab_frame_seal(frame, header);
    flow->counters.keys_renewed += fab_send_chain_advance(&path->out, secure->sealer, number);
    return (struct fab_seal){
        .sealer = secure->sealer,
        .key = &path->out.key,
        .number = number,
        .path = PATH_INDEX,
        .security = secure->security,
    };
}

void
fab_flow_seal(struct fab_flow *flow, uint8_t *frame, struct fab_frame_header *header,
              uint64_t number)
{
    const struct fab_seal seal = begin_seal(flow, frame, header, number);

    fab_seal_close(&seal, frame, header->size);
}

void
fab_flow_seal_with(struct fab_flow *flow, uint8_t *frame, struct fab_frame_header *header,
                   uint64_t number, const struct fab_frame_tail *tail)
{
    const struct fab_seal seal = begin_seal(flow, frame, header, number);
    size_t before = header->size - FAB_FRAME_TAG_SIZE - ((tail->size + 7U) & ~7U);

    if (seal.security == FAB_SECURITY_ENCRYPT) {
        fab_seal_close_into(&seal, frame, header->size, before, tail);
        return;
    }
    fab_seal_close_apart(&seal, frame, before, tail, flow->config.tail->tag);
    flow->config.tail->tag_size = FAB_FRAME_TAG_SIZE;
}

void
fab_flow_prove_hello(struct fab_flow *flow, uint8_t *frame, const struct fab_frame_header *header)
{
    size_t at = FAB_FRAME_HEADER_SIZE + FAB_HELLO_SIZE;
    struct fab_hello_proof proof;

    memcpy(proof.public_key, flow->secure->pair.public_key, FAB_SECRET_SIZE);
    memcpy(frame + at, &proof, FAB_SECRET_SIZE);
    fab_frame_seal(frame, header);
    tag_of_hello(flow, frame, at + offsetof(struct fab_hello_proof, tag), proof.tag);
    memcpy(frame + at, &proof, sizeof(proof));
}
