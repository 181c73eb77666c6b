/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A flow's epochs: how one begins and ends, and what is answered to frames that belong to none.
 */
#include <string.h>

#include "base/assert.h"
#include "proto/flow_state.h"

/* A candidate that is not proven within so many of the longest hello intervals is dropped. */
#define CANDIDATE_INTERVALS 4U

/* The longest poll gap that we say because we have seen it: a process that was stopped for an hour
 * does not ask for hours. */
#define POLL_GAP_US_MAX 2000000U

#define KNOWN_FEATURES                                                                        \
    ((uint32_t)(FAB_FEATURE_NO_CRC | FAB_FEATURE_SKIP | FAB_FEATURE_PAD | FAB_FEATURE_CLOCK | \
                FAB_FEATURE_ORIGIN))

/* Numbers start anywhere, so that wrapping is nothing special. */
static uint32_t
first_number(const struct fab_flow *flow, uint64_t own_nonce)
{
    return flow->config.first_number != 0 ? flow->config.first_number : (uint32_t)(own_nonce >> 16);
}

static uint32_t
own_features(const struct fab_flow *flow)
{
    bool may_omit_crc = flow->config.is_crc_optional && flow->secure == NULL;

    return ((may_omit_crc ? FAB_FEATURE_NO_CRC : 0) | FAB_FEATURE_SKIP | FAB_FEATURE_PAD |
            FAB_FEATURE_CLOCK | FAB_FEATURE_ORIGIN |
            (flow->config.source_port || flow->config.source_port_second ? FAB_FEATURE_WISH : 0)) &
           ~flow->config.features_left;
}

static uint8_t
own_version_min(const struct fab_flow *flow)
{
    return flow->secure != NULL ? FAB_FRAME_VERSION_SEALED : FAB_FRAME_VERSION_MIN;
}

/* Whether the peer seems to have found us dead, or we it, and it is the same: then one of us had
 * less of its CPU than we said that it would have. */
static bool
is_missed(const struct fab_flow *flow)
{
    if (flow->state != FAB_FLOW_UP)
        return flow->was_missed;
    return flow->handshake.candidate_epoch != 0 && flow->handshake.hello.home == flow->peer.home;
}

/* How long we go without polling: as we are told, or as we have lately seen, so that the next epoch
 * bears with what has just ended one. */
static uint32_t
own_poll_gap_us(const struct fab_flow *flow)
{
    uint32_t told_us = flow->config.poll_gap_us;
    uint64_t seen_us;

    if (!flow->config.presence || !is_missed(flow))
        return told_us;
    seen_us = fab_presence_gap_ns(flow->config.presence) / 1000;
    if (seen_us > POLL_GAP_US_MAX)
        seen_us = POLL_GAP_US_MAX;
    return seen_us > told_us ? (uint32_t)seen_us : told_us;
}

struct fab_hello
fab_flow_own_hello(const struct fab_flow *flow)
{
    struct fab_epoch_shares offer = fab_handshake_offer(&flow->handshake);
    struct fab_hello hello = {
        .home = flow->config.home,
        .nonce = offer.own_nonce,
        .echo = offer.peer_nonce,
        .features = own_features(flow),
        .poll_gap_us = own_poll_gap_us(flow),
        .first_number = first_number(flow, offer.own_nonce),
        .frame_max = flow->config.frame_max,
        .lcore_count = flow->config.lcore_count,
        .version_min = own_version_min(flow),
        .version_max = flow->version_max,
        .large_log2 = flow->config.large_max ? (uint8_t)__builtin_ctz(flow->config.large_max) : 0,
    };

    if (flow->secure != NULL) {
        hello.security = (uint8_t)flow->secure->security;
        hello.key_log2 = flow->secure->key_log2;
    }
    for (int lane = 0; lane < FAB_LANE_COUNT; lane++)
        hello.credit[lane] = fab_flow_credit_least(&flow->config, lane);
    return hello;
}

void
fab_flow_start_hello(struct fab_flow *flow, uint64_t delay_ns, uint64_t now_ns)
{
    flow->hello_interval_ns = flow->config.timers.hello_ns_min;
    flow->hello_ns = now_ns + delay_ns;
    flow->hello_count = 0;
}

/* A candidate has had its time, or after its hello the peer has sent something in the epoch that
 * runs: then that was an old one, or it will say it again. */
static bool
is_candidate_over(const struct fab_flow *flow, uint64_t now_ns)
{
    if (flow->handshake.candidate_epoch == 0)
        return false;
    return now_ns >= flow->candidate_end_ns ||
           (flow->state == FAB_FLOW_UP && flow->path.received_ns > flow->candidate_ns);
}

/* Each interval is up to a quarter longer than the rule says, so that two sides do not keep step.
 */
void
fab_flow_on_hello_timer(struct fab_flow *flow, uint64_t now_ns)
{
    uint64_t interval_ns = flow->hello_interval_ns;

    if (is_candidate_over(flow, now_ns))
        fab_handshake_drop_candidate(&flow->handshake);
    if (flow->handshake.candidate_epoch == 0 && flow->state != FAB_FLOW_CONNECTING) {
        flow->hello_ns = FAB_FLOW_NO_DEADLINE;
        return;
    }
    flow->path.due.hello = true;
    flow->hello_ns = now_ns + interval_ns + fab_prng_below(&flow->jitter, interval_ns / 4 + 1);
    if (interval_ns < flow->config.timers.hello_ns_max)
        flow->hello_interval_ns = 2 * interval_ns;
    if (flow->hello_interval_ns > flow->config.timers.hello_ns_max)
        flow->hello_interval_ns = flow->config.timers.hello_ns_max;
}

/* Whether an answer to a frame of no epoch may be sent now. */
static bool
may_answer(struct fab_flow *flow, uint64_t now_ns)
{
    if (now_ns < flow->answer_free_ns) {
        flow->counters.resets_suppressed++;
        return false;
    }
    flow->answer_free_ns = now_ns + flow->config.timers.reset_ns;
    return true;
}

void
fab_flow_refuse_epoch(struct fab_flow *flow, uint32_t epoch, uint64_t now_ns)
{
    flow->counters.refused_epoch++;
    if ((flow->secure != NULL && flow->state == FAB_FLOW_CLOSED) || !may_answer(flow, now_ns))
        return;
    if (flow->secure != NULL) { /* a reset that nobody can prove would not be heeded */
        flow->path.due.hello = true;
        return;
    }
    flow->path.due.reset = true;
    flow->reset_epoch = epoch;
}

static void
answer_hello(struct fab_flow *flow, uint64_t now_ns)
{
    if (!may_answer(flow, now_ns))
        return;
    fab_flow_start_hello(flow, 0, now_ns);
    flow->candidate_ns = now_ns;
    flow->candidate_end_ns = now_ns + CANDIDATE_INTERVALS * flow->config.timers.hello_ns_max;
}

static bool
has_version_in_common(const struct fab_flow *flow, const struct fab_hello *hello)
{
    return hello->version_min <= flow->version_max && hello->version_max >= own_version_min(flow);
}

/* Answers with our hello, so that the peer learns what we speak and demand; who says hello by
 * itself need not, and two of them must not answer each other for ever. */
static bool
refuse_hello(struct fab_flow *flow, const struct fab_hello *hello, enum fab_flow_obstacle obstacle,
             uint64_t now_ns)
{
    if (obstacle != FAB_FLOW_OBSTACLE_KEY && flow->state != FAB_FLOW_CONNECTING &&
        may_answer(flow, now_ns))
        flow->path.due.hello = true;
    flow->ops->on_obstacle(flow->context, obstacle, hello);
    return false;
}

/* Whether its sender and we can have an epoch at all. */
static bool
is_acceptable(struct fab_flow *flow, const struct fab_frame *frame, uint64_t now_ns)
{
    const struct fab_hello *hello = frame->hello;
    uint8_t security = flow->secure != NULL ? (uint8_t)flow->secure->security : 0;

    if (!has_version_in_common(flow, hello)) {
        flow->counters.refused_hello++;
        return refuse_hello(flow, hello, FAB_FLOW_OBSTACLE_VERSION, now_ns);
    }
    if (hello->security != security) {
        flow->counters.refused_security++;
        return refuse_hello(flow, hello, FAB_FLOW_OBSTACLE_SECURITY, now_ns);
    }
    if (flow->secure != NULL && !fab_flow_hello_is_proven(flow, frame)) {
        flow->counters.refused_tag++;
        return refuse_hello(flow, hello, FAB_FLOW_OBSTACLE_KEY, now_ns);
    }
    if (flow->secure != NULL &&
        (hello->key_log2 < FAB_KEY_LOG2_MIN || hello->key_log2 > FAB_KEY_LOG2_MAX)) {
        flow->counters.refused_hello++;
        return false;
    }
    return true;
}

/* Proven: what runs is over. */
void
fab_flow_on_proof(struct fab_flow *flow, uint64_t now_ns)
{
    if (flow->state == FAB_FLOW_UP) {
        bool is_same = flow->handshake.hello.home == flow->peer.home;

        fab_flow_end_epoch(flow, is_same ? FAB_FLOW_REASON_REPLACED : FAB_FLOW_REASON_RESTARTED,
                           now_ns);
    }
    fab_flow_begin_epoch(flow, now_ns);
}

/* The peer waits for a sign that we are up. With security its hello may be an old one: it says
 * nothing of now, and is not answered without end. */
static void
confirm(struct fab_flow *flow, uint64_t now_ns)
{
    if (flow->secure == NULL)
        fab_flow_heard(flow, now_ns);
    else if (!may_answer(flow, now_ns))
        return;
    flow->path.due.sign = true;
}

static void
begin_by_hello(struct fab_flow *flow, const struct fab_frame *frame, uint64_t now_ns)
{
    if (flow->secure != NULL) {
        fab_flow_secure_candidate(flow, frame);
        if (!fab_secure_derive(flow->secure))
            return;
    }
    fab_flow_on_proof(flow, now_ns);
    flow->path.due.sign = true;
}

void
fab_flow_on_hello(struct fab_flow *flow, const struct fab_frame *frame, uint64_t now_ns)
{
    enum fab_hello_verdict verdict;

    if (!is_acceptable(flow, frame, now_ns))
        return;
    flow->counters.frames_received++;
    flow->counters.bytes_received += frame->header->size;
    verdict = fab_handshake_on_hello(&flow->handshake, frame->hello);
    if (verdict == FAB_HELLO_ANSWER || verdict == FAB_HELLO_BEGIN)
        flow->wish = frame->wish ? *frame->wish : (struct fab_hello_wish){ .source_port = 0 };
    switch (verdict) {
    case FAB_HELLO_ANSWER:
        if (flow->secure != NULL)
            fab_flow_secure_candidate(flow, frame);
        answer_hello(flow, now_ns);
        break;
    case FAB_HELLO_BEGIN:
        begin_by_hello(flow, frame, now_ns);
        break;
    case FAB_HELLO_CONFIRM:
        confirm(flow, now_ns);
        break;
    case FAB_HELLO_STALE:
        break;
    }
}

static void
learn_peer(struct fab_flow *flow)
{
    const struct fab_hello *hello = &flow->handshake.hello;
    uint8_t version = hello->version_max;

    if (version > flow->version_max)
        version = flow->version_max;
    flow->peer = (struct fab_flow_peer){
        .home = hello->home,
        .epoch = flow->handshake.candidate_epoch,
        .features = hello->features & own_features(flow) & KNOWN_FEATURES,
        .poll_gap_us = hello->poll_gap_us,
        .frame_max = hello->frame_max,
        .frame_max_peer = hello->frame_max,
        .lcore_count = hello->lcore_count,
        .version = version,
        .large_max = hello->large_log2 && flow->config.large_max ? 1U << hello->large_log2 : 0,
    };
    if (flow->peer.frame_max > flow->config.frame_max)
        flow->peer.frame_max = flow->config.frame_max;
    flow->peer.frame_max = (uint16_t)(flow->peer.frame_max - fab_flow_tag_size(flow));
    flow->may_skip = (flow->peer.features & FAB_FEATURE_SKIP) != 0;
    flow->may_omit_crc = (flow->peer.features & FAB_FEATURE_NO_CRC) != 0;
}

static void
init_numbers(struct fab_flow *flow)
{
    uint32_t own_first = first_number(flow, flow->handshake.candidate.own_nonce);
    uint32_t peer_first = flow->handshake.hello.first_number;
    uint64_t own_base = FAB_FLOW_NUMBER_BASE + own_first;
    uint64_t peer_base = FAB_FLOW_NUMBER_BASE + peer_first;

    flow->first_number = own_base;
    flow->path.next_number = own_base;
    flow->path.acked_run = 0;
    flow->path.acked_high = own_base - 1;
    for (uint32_t i = 0; i < FAB_STREAM_COUNT; i++)
        flow->stream_out[i] = own_first;
    fab_ranges_init(&flow->path.received, peer_base);
    fab_reorder_reset(&flow->reorder, peer_first);
    if (flow->large_out) {
        fab_large_out_reset(flow->large_out, own_first);
        fab_large_in_reset(flow->large_in, peer_first);
    }
    flow->was_large_full = false;
    for (int lane = 0; lane < FAB_LANE_COUNT; lane++) {
        fab_credit_out_init(&flow->lanes[lane].credit_out, own_base,
                            flow->handshake.hello.credit[lane]);
        fab_credit_in_init(&flow->lanes[lane].credit_in, peer_base,
                           fab_flow_credit_least(&flow->config, lane));
    }
}

static void
init_liveness(struct fab_flow *flow, uint64_t now_ns)
{
    const struct fab_flow_timers *timers = &flow->config.timers;
    uint64_t least_ns = 4000ULL * flow->peer.poll_gap_us;
    bool is_short = timers->down_ns != 0 && timers->down_ns < least_ns;

    flow->silence = fab_silence_of(timers->keepalive_ns, timers->suspect_ns,
                                   is_short ? least_ns : timers->down_ns);
    flow->path.liveness.silence = &flow->silence;
    fab_liveness_init(&flow->path.liveness, now_ns);
}

void
fab_flow_begin_epoch(struct fab_flow *flow, uint64_t now_ns)
{
    learn_peer(flow);
    init_numbers(flow);
    init_liveness(flow, now_ns);
    fab_sent_map_reset(&flow->path.sent);
    fab_loss_init(&flow->path.loss);
    fab_path_mtu_init(&flow->path.mtu, flow->peer.frame_max,
                      (flow->peer.features & FAB_FEATURE_PAD) != 0);
    fab_congestion_init(&flow->path.congestion, flow->peer.frame_max, flow->config.window_frames,
                        flow->config.has_no_congestion);
    fab_pacer_init(&flow->path.pacer);
    flow->path.pace_ns = FAB_FLOW_NO_DEADLINE;
    flow->path.marks = 0;
    fab_rtt_init(&flow->path.rtt, flow->config.timers.rtt_ns_initial);
    if (flow->hello_count == 1) /* then it is certain which hello was answered */
        fab_rtt_on_sample(&flow->path.rtt, now_ns - flow->hello_sent_ns, 0, now_ns);
    fab_handshake_begin(&flow->handshake);
    if (flow->secure != NULL)
        fab_secure_begin(flow->secure, flow->first_number,
                         FAB_FLOW_NUMBER_BASE + flow->handshake.hello.first_number);
    flow->signs++;
    flow->path.due = (struct fab_flow_due){ 0 };
    flow->short_lanes = 0;
    flow->path.probe_ns = FAB_FLOW_NO_DEADLINE;
    flow->credit_probe_ns = FAB_FLOW_NO_DEADLINE;
    flow->path.probe_count = 0;
    flow->hello_ns = FAB_FLOW_NO_DEADLINE;
    flow->path.progress_ns = now_ns;
    flow->state = FAB_FLOW_UP;
    fab_flow_clock_begin(flow);
    flow->counters.epochs_begun++;
    flow->ops->on_up(flow->context, &flow->peer);
}

/* Goes through all that is in the lane. */
struct walk {
    uint32_t place;
    uint32_t span;
    bool is_acked; /* the chunk returned last */
};

static const struct fab_chunk *
next_chunk(const struct fab_send_lane *lane, struct walk *walk)
{
    return fab_send_lane_next_chunk(lane, &walk->place, &walk->span, &walk->is_acked);
}

/* Each stream's first record that is not acknowledged. What follows it may have arrived and wait
 * for it, but is not handed on before. */
static void
find_doubt(const struct fab_flow *flow, uint32_t from[FAB_STREAM_COUNT])
{
    memcpy(from, flow->stream_out, FAB_STREAM_COUNT * sizeof(from[0]));
    for (int i = 0; i < FAB_LANE_COUNT; i++) {
        const struct fab_send_lane *lane = &flow->lanes[i].send;
        struct walk walk = { .place = lane->tail, .span = lane->span_tail };
        const struct fab_chunk *chunk;

        while ((chunk = next_chunk(lane, &walk)) != NULL) {
            if (!walk.is_acked && (int32_t)(chunk->number - from[chunk->stream]) < 0)
                from[chunk->stream] = chunk->number;
        }
    }
    fab_flow_large_find_doubt(flow, from);
}

static void
report_in_doubt(struct fab_flow *flow, const uint32_t from[FAB_STREAM_COUNT], int which)
{
    struct fab_send_lane *lane = &flow->lanes[which].send;
    struct walk walk = { .place = lane->tail, .span = lane->span_tail };
    const struct fab_chunk *chunk;

    while ((chunk = next_chunk(lane, &walk)) != NULL) {
        if ((int32_t)(chunk->number - from[chunk->stream]) < 0 || fab_chunk_is_skipped(chunk))
            continue;
        flow->counters.messages_in_doubt++;
        flow->ops->on_in_doubt(flow->context, (const struct fab_msg *)(const void *)(chunk + 1));
    }
    fab_send_lane_reset(lane);
}

/* What the epoch had taken from the store. */
static void
give_back(struct fab_flow *flow)
{
    fab_sent_map_reset(&flow->path.sent);
    fab_reorder_reset(&flow->reorder, 0);
    fab_flow_credit_end(flow);
    fab_flow_forget_latest(flow);
    flow->used_lanes = 0;
}

void
fab_flow_end_epoch(struct fab_flow *flow, enum fab_flow_reason reason, uint64_t now_ns)
{
    uint32_t doubt_from[FAB_STREAM_COUNT];

    FAB_ASSERT(flow->state == FAB_FLOW_UP);
    fab_flow_take_late_ack(flow);
    fab_flow_offer_last(flow);
    flow->last_epoch = flow->peer.epoch;
    flow->was_missed = reason == FAB_FLOW_REASON_SILENT || reason == FAB_FLOW_REASON_RESET ||
                       reason == FAB_FLOW_REASON_REPLACED;
    flow->open_claim = 0;
    flow->path.due = (struct fab_flow_due){ 0 };
    fab_handshake_end(&flow->handshake);
    if (flow->secure != NULL &&
        reason != FAB_FLOW_REASON_CLOSED) /* else the leave notice needs it */
        fab_secure_end(flow->secure);
    if (reason == FAB_FLOW_REASON_CLOSED)
        flow->state = FAB_FLOW_CLOSED;
    else
        flow->state = flow->config.is_initiator ? FAB_FLOW_CONNECTING : FAB_FLOW_IDLE;
    flow->hello_ns = FAB_FLOW_NO_DEADLINE;
    if (flow->state == FAB_FLOW_CONNECTING)
        fab_flow_start_hello(flow, 0, now_ns);
    flow->counters.epochs_ended++;
    fab_flow_large_drop(flow);
    find_doubt(flow, doubt_from);
    fab_flow_large_report(flow);
    for (int lane = 0; lane < FAB_LANE_COUNT; lane++)
        report_in_doubt(flow, doubt_from, lane);
    give_back(flow);
    if (flow->large_out)
        fab_large_out_reset(flow->large_out, 0);
    flow->ops->on_down(flow->context, reason);
}

void
fab_flow_close(struct fab_flow *flow, uint64_t now_ns)
{
    if (flow->state == FAB_FLOW_UP) {
        fab_flow_end_epoch(flow, FAB_FLOW_REASON_CLOSED, now_ns);
        flow->path.due.leave = true;
    }
    flow->state = FAB_FLOW_CLOSED;
    flow->hello_ns = FAB_FLOW_NO_DEADLINE;
    flow->path.due.hello = false;
    fab_handshake_drop_candidate(&flow->handshake);
}
