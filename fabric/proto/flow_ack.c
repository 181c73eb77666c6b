/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an acknowledgement does: frames are settled, spans freed, the round trip measured, and what
 * it shows to be lost is queued to be sent again.
 */
#include "base/compiler.h"
#include "proto/flow_state.h"

/* Of a window in a round trip: enough to fill it again after a pause, and to double. */
#define PACE_PERCENT  125U
#define PACE_STARTING 200U

/* An acknowledgement of what was never sent, or was before this epoch's first number, is a lie. */
bool
fab_flow_ack_is_possible(const struct fab_flow *flow, const struct fab_frame *frame)
{
    uint64_t largest = fab_number_expand(flow->path.next_number, frame->ack->largest);
    uint64_t covered = frame->ack->run;

    for (uint32_t i = 0; i < frame->ack->ranges; i++)
        covered += (uint64_t)frame->ranges[i].gap + frame->ranges[i].run;
    return largest < flow->path.next_number && largest - covered + 1 >= flow->first_number;
}

/* What became of a frame tells how large frames may be. Returns whether it was a probe for that. */
static bool
tell_mtu(struct fab_flow *flow, enum fab_path_mtu_verdict verdict)
{
    const struct fab_path_mtu *mtu = &flow->path.mtu;

    if (verdict == FAB_PATH_MTU_FOUND && flow->ops->on_path_mtu != NULL)
        flow->ops->on_path_mtu(flow->context, mtu->size, mtu->max);
    return verdict != FAB_PATH_MTU_NOTHING;
}

static void
on_frame_acked(struct fab_flow *flow, struct fab_sent_frame *frame, uint64_t now_ns)
{
    if (frame->state == FAB_SENT_LOST)
        flow->counters.frames_lost_spurious++;
    (void)tell_mtu(flow, fab_path_mtu_on_acked(&flow->path.mtu, frame->number, frame->size));
    fab_loss_on_acked(&flow->path.loss, frame, &flow->path.rtt, now_ns);
    for (uint32_t i = 0; i < frame->part_count; i++) {
        if (fab_unlikely(fab_part_is_large(frame->parts[i])))
            fab_flow_large_on_acked(flow, frame->parts[i]);
        else
            fab_send_lane_on_acked(&flow->lanes[fab_part_lane(frame->parts[i])].send,
                                   fab_part_span(frame->parts[i]));
    }
    fab_sent_map_settle(&flow->path.sent, frame, FAB_SENT_ACKED);
}

/* Settles the frames from a position on up to `high`, and goes on to that behind them; returns how
 * many of them are news. While something is lost, each acknowledgement tells of the same runs once
 * more: what one has been gone through, the next steps over. */
static uint32_t
ack_run(struct fab_flow *flow, uint32_t *position, uint64_t high, uint64_t now_ns)
{
    struct fab_sent_map *sent = &flow->path.sent;
    uint32_t at = *position;
    uint32_t news = 0;

    while (at != sent->head) {
        struct fab_sent_frame *frame = fab_sent_map_at(sent, at);

        if (frame->number > high)
            break;
        if (frame->state != FAB_SENT_ACKED) {
            on_frame_acked(flow, frame, now_ns);
            news++;
        }
        at += 1 + frame->acked_after;
    }
    if (at - *position > 1)
        fab_sent_map_at(sent, *position)->acked_after = at - *position - 1;
    *position = at;
    return news;
}

/* The first run mostly repeats and extends that of the acknowledgement before: only what is new
 * of it is gone through. */
static uint32_t
ack_first_run(struct fab_flow *flow, uint64_t low, uint64_t high, uint64_t now_ns)
{
    uint64_t next = flow->path.acked_high + 1;
    bool goes_on = low <= next && low >= next - flow->path.acked_run;
    uint64_t from = goes_on ? next : low;
    uint64_t run = high - from + 1 + (goes_on ? flow->path.acked_run : 0);
    uint32_t position;

    if (high < from)
        return 0;
    flow->path.acked_run = run < UINT32_MAX ? (uint32_t)run : UINT32_MAX;
    flow->path.acked_high = high;
    position = fab_sent_map_find(&flow->path.sent, from);
    return ack_run(flow, &position, high, now_ns);
}

/* Goes on to the first frame that is not below a number: gaps are short. */
static void
pass_gap(const struct fab_sent_map *sent, uint32_t *position, uint64_t number)
{
    while (*position != sent->head && fab_sent_map_at(sent, *position)->number < number)
        ++*position;
}

/* Older runs first, so that loss detection sees numbers rise. */
static uint32_t
ack_ranges(struct fab_flow *flow, const struct fab_frame *frame, uint64_t low, uint64_t now_ns)
{
    uint64_t lows[FAB_FRAME_RANGES_MAX];
    uint32_t news = 0;
    uint32_t position;

    for (uint32_t i = 0; i < frame->ack->ranges; i++) {
        low -= (uint64_t)frame->ranges[i].gap + frame->ranges[i].run;
        lows[i] = low;
    }
    position = fab_sent_map_find(&flow->path.sent, low);
    for (uint32_t i = frame->ack->ranges; i-- > 0;) {
        pass_gap(&flow->path.sent, &position, lows[i]);
        news += ack_run(flow, &position, lows[i] + frame->ranges[i].run - 1, now_ns);
    }
    return news;
}

/* Returns the trip without what both sides know to have been waiting. None is known where `largest`
 * was not the latest sent of what is acknowledged, or was not to be acknowledged. */
static uint64_t
take_rtt_sample(struct fab_flow *flow, const struct fab_ack_block *ack, uint64_t largest,
                uint64_t pause_ns, uint64_t now_ns)
{
    uint64_t waits_ns = ack->delay_ns + fab_pause_decode(ack->pause) + pause_ns;

    if (flow->path.loss.number != largest)
        return FAB_CONGESTION_NO_TRIP;
    fab_rtt_on_sample(&flow->path.rtt, flow->path.loss.round_trip_ns, ack->delay_ns, now_ns);
    return flow->path.loss.round_trip_ns > waits_ns ? flow->path.loss.round_trip_ns - waits_ns : 0;
}

static void
tell_congestion(struct fab_flow *flow, const struct fab_congestion_ack *ack)
{
    uint64_t before = flow->path.congestion.window;

    if (!fab_congestion_on_ack(&flow->path.congestion, ack))
        return;
    if (fab_unlikely(flow->path.congestion.window < before))
        flow->counters.congestion_cuts++;
    if (fab_congestion_is_limiting(&flow->path.congestion))
        fab_pacer_set_rate(&flow->path.pacer, flow->path.congestion.window,
                           flow->path.rtt.smoothed_ns,
                           flow->path.congestion.is_starting ? PACE_STARTING : PACE_PERCENT);
    else
        fab_pacer_set_free(&flow->path.pacer);
}

/* How long a lost frame is remembered for its late acknowledgement; not at all when the map
 * fills up. */
static uint64_t
memory_ns(const struct fab_flow *flow)
{
    return 16 * flow->path.rtt.smoothed_ns +
           4 * fab_loss_reorder_ns(&flow->path.loss, &flow->path.rtt);
}

static uint64_t
forget_before(const struct fab_flow *flow, uint64_t now_ns)
{
    if (fab_sent_map_is_crowded(&flow->path.sent))
        return UINT64_MAX;
    return now_ns > memory_ns(flow) ? now_ns - memory_ns(flow) : 0;
}

uint64_t
fab_flow_forget_lost_ns(const struct fab_flow *flow)
{
    const struct fab_sent_map *sent = &flow->path.sent;

    return fab_sent_map_at(sent, sent->tail)->sent_ns + memory_ns(flow) + 1;
}

void
fab_flow_forget_lost(struct fab_flow *flow, uint64_t now_ns)
{
    fab_sent_map_forget(&flow->path.sent, forget_before(flow, now_ns));
}

static void
advance_lanes(struct fab_flow *flow)
{
    for (unsigned lanes = flow->used_lanes; lanes != 0; lanes &= lanes - 1) {
        enum fab_lane lane = fab_flow_first_lane(lanes);
        struct fab_send_lane *at = &flow->lanes[lane].send;

        fab_send_lane_advance(at);
        if (at->tail != at->head || at->is_claimed)
            continue;
        if (!at->was_full)
            flow->used_lanes &= (uint8_t) ~(1U << lane);
        if (lane == FAB_LANE_USER && fab_unlikely(flow->latest != NULL))
            fab_flow_forget_latest(flow);
    }
}

static void
on_progress(struct fab_flow *flow, uint64_t now_ns)
{
    flow->path.probe_count = 0;
    flow->path.due.probe = false;
    flow->path.progress_ns = now_ns;
    advance_lanes(flow);
    fab_flow_detect_losses(flow, now_ns);
    if (fab_unlikely(fab_sent_map_forget(&flow->path.sent, 0)))
        fab_flow_forget_lost(flow, now_ns);
}

/* The newest run of an acknowledgement, after `news` frames of its older ones. */
static void
take_newest(struct fab_flow *flow, const struct fab_ack_block *ack, uint32_t news,
            uint64_t pause_ns, uint64_t now_ns)
{
    uint64_t largest = fab_number_expand(flow->path.next_number, ack->largest);
    uint64_t trip_ns = FAB_CONGESTION_NO_TRIP;
    uint32_t newest = ack_first_run(flow, largest - ack->run + 1, largest, now_ns);

    if (newest > 0)
        trip_ns = take_rtt_sample(flow, ack, largest, pause_ns, now_ns);
    if (news + newest == 0)
        return;
    on_progress(flow, now_ns);
    if (!flow->path.congestion.is_off)
        tell_congestion(flow, &(struct fab_congestion_ack){
                                  .number = largest,
                                  .next_number = flow->path.next_number,
                                  .trip_ns = trip_ns,
                                  .trip_ns_min = flow->path.rtt.min_ns,
                                  .frames = news + newest,
                                  .marks = ack->marks,
                              });
}

void
fab_flow_on_ack(struct fab_flow *flow, const struct fab_frame *frame, uint64_t now_ns)
{
    uint32_t news = 0;

    if (frame->ack->ranges > 0) {
        uint64_t largest = fab_number_expand(flow->path.next_number, frame->ack->largest);

        news = ack_ranges(flow, frame, largest - frame->ack->run + 1, now_ns);
        flow->path.due.floor = true;
    }
    take_newest(flow, frame->ack, news, flow->arrival_pause_ns, now_ns);
}

void
fab_flow_take_late_ack(struct fab_flow *flow)
{
    const struct fab_ack_block late = flow->late_ack;

    if (late.run == 0)
        return;
    flow->late_ack.run = 0;
    take_newest(flow, &late, 0, flow->path.received_pause_ns, flow->path.received_ns);
}

void
fab_flow_settle(struct fab_flow *flow)
{
    if (flow->late_ack.run == 0)
        return;
    fab_flow_take_late_ack(flow);
    fab_flow_tell_writable(flow);
}

static void
declare_lost(struct fab_flow *flow, struct fab_sent_frame *frame, uint64_t now_ns)
{
    struct fab_path_mtu *mtu = &flow->path.mtu;

    if (fab_unlikely(
            tell_mtu(flow, fab_path_mtu_on_lost(mtu, frame->number, frame->size, now_ns)))) {
        flow->counters.mtu_probes_lost++;
    } else {
        flow->counters.frames_lost++;
        fab_congestion_on_lost(&flow->path.congestion);
    }
    fab_sent_map_settle(&flow->path.sent, frame, FAB_SENT_LOST);
    flow->has_lost = true;
    for (uint32_t i = 0; i < frame->part_count; i++) {
        if (fab_unlikely(fab_part_is_large(frame->parts[i])))
            fab_large_out_on_lost(flow->large_out, frame->parts[i]);
        else
            fab_send_lane_on_lost(&flow->lanes[fab_part_lane(frame->parts[i])].send,
                                  fab_part_span(frame->parts[i]));
    }
}

void
fab_flow_detect_losses(struct fab_flow *flow, uint64_t now_ns)
{
    struct fab_sent_frame *frame;

    while ((frame = fab_loss_next(&flow->path.loss, &flow->path.sent, &flow->path.rtt, now_ns)) !=
           NULL)
        declare_lost(flow, frame, now_ns);
    fab_flow_arm_probe(flow);
}

void
fab_flow_make_room(struct fab_flow *flow, uint64_t now_ns)
{
    if (!fab_sent_map_is_full(&flow->path.sent))
        return;
    fab_sent_map_forget(&flow->path.sent, UINT64_MAX);
    while (fab_sent_map_is_full(&flow->path.sent) && flow->path.sent.tail != flow->path.sent.head) {
        declare_lost(flow, fab_sent_map_at(&flow->path.sent, flow->path.sent.tail), now_ns);
        fab_sent_map_forget(&flow->path.sent, UINT64_MAX);
    }
}
