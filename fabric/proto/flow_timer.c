/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a flow does when nothing comes in: hellos, probes, losses that time reveals, silence.
 */
#include "base/compiler.h"
#include "proto/flow_state.h"

#define BACKOFF_SHIFT_MAX 16U
#define GIVE_UP_EXCUSES   2U /* of own absence, in lengths of the time that is borne */

static uint64_t
backed_off(uint64_t interval_ns, uint32_t count, uint64_t interval_ns_max)
{
    uint64_t longer_ns = interval_ns << (count < BACKOFF_SHIFT_MAX ? count : BACKOFF_SHIFT_MAX);

    return longer_ns < interval_ns_max ? longer_ns : interval_ns_max;
}

static uint64_t
earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

void
fab_flow_arm_probe(struct fab_flow *flow)
{
    const struct fab_flow_timers *timers = &flow->config.timers;
    uint64_t timeout_ns;

    if (flow->path.sent.in_flight == 0) {
        flow->path.probe_ns = FAB_FLOW_NO_DEADLINE;
        return;
    }
    timeout_ns = fab_rtt_probe_timeout(&flow->path.rtt, timers->pto_ns_min);
    flow->path.probe_ns = flow->path.last_sent_ns +
                          backed_off(timeout_ns, flow->path.probe_count, timers->pto_ns_max);
}

void
fab_flow_on_peer_alive(struct fab_flow *flow, uint64_t now_ns)
{
    if (flow->state == FAB_FLOW_UP)
        fab_flow_heard(flow, now_ns);
}

void
fab_flow_on_peer_dead(struct fab_flow *flow, uint64_t now_ns)
{
    if (flow->state == FAB_FLOW_UP)
        fab_flow_end_epoch(flow, FAB_FLOW_REASON_SILENT, now_ns);
}

/* How long nothing may get through. A peer whose silence is borne for longer may only be silent. */
static uint64_t
patience_ns(const struct fab_flow *flow)
{
    uint64_t give_up_ns = flow->config.timers.give_up_ns;

    return flow->silence.down_ns > give_up_ns ? flow->silence.down_ns : give_up_ns;
}

/* By as much as the probe is late we did not run ourselves: what came meanwhile is not read yet.
 * From the first probe on all of our absence is known, and no lack of progress either. */
static void
excuse_absence(struct fab_flow *flow, uint64_t now_ns)
{
    struct fab_flow_path *path = &flow->path;
    uint64_t late_ns =
        now_ns - (path->probe_ns > path->progress_ns ? path->probe_ns : path->progress_ns);
    uint64_t away_ns = 0;

    if (path->probe_count == 0)
        fab_absence_begin(&flow->progress_away, GIVE_UP_EXCUSES * patience_ns(flow));
    else
        away_ns = fab_absence_take(&flow->progress_away);
    path->progress_ns += away_ns > late_ns ? away_ns : late_ns;
    if (path->progress_ns > now_ns) /* absences of several lcores overlap */
        path->progress_ns = now_ns;
}

static void
on_probe_timer(struct fab_flow *flow, uint64_t now_ns)
{
    excuse_absence(flow, now_ns);
    if (flow->path.probe_count >= FAB_FLOW_PROBES_MIN &&
        now_ns - flow->path.progress_ns >= patience_ns(flow)) {
        fab_flow_end_epoch(flow, FAB_FLOW_REASON_LOST, now_ns);
        return;
    }
    flow->path.probe_count++;
    if (flow->path.probe_count == FAB_FLOW_PROBES_SILENT)
        fab_congestion_on_silence(&flow->path.congestion);
    flow->path.due.probe = true;
    flow->path.last_sent_ns =
        now_ns; /* the next one counts from here, also if no buffer is to be had */
    fab_flow_arm_probe(flow);
}

/* Records that were cut for frames that vanish never get through in this epoch. */
static bool
is_in_hole(struct fab_flow *flow, uint64_t now_ns)
{
    if (fab_likely(!fab_path_mtu_is_hole(&flow->path.mtu, now_ns)))
        return false;
    flow->counters.mtu_holes++;
    fab_path_mtu_distrust(&flow->path.mtu);
    fab_flow_end_epoch(flow, FAB_FLOW_REASON_LOST, now_ns);
    return true;
}

static void
on_credit_timer(struct fab_flow *flow, uint64_t now_ns)
{
    const struct fab_flow_timers *timers = &flow->config.timers;
    uint64_t interval_ns = fab_rtt_probe_timeout(&flow->path.rtt, timers->credit_probe_ns);

    flow->credit_probe_count++;
    flow->credit_probe_ns =
        now_ns + backed_off(interval_ns, flow->credit_probe_count, timers->pto_ns_max);
    flow->path.due.ping = true;
    flow->counters.credit_probes_sent++;
}

static void
run_liveness(struct fab_flow *flow, uint64_t now_ns)
{
    while (flow->state == FAB_FLOW_UP) {
        switch (fab_liveness_on_timer(&flow->path.liveness, &flow->silence_away, now_ns)) {
        case FAB_LIVENESS_NOTHING:
            return;
        case FAB_LIVENESS_ASK:
            flow->path.due.ping = true;
            flow->counters.keepalives_sent++;
            break;
        case FAB_LIVENESS_SUSPECT:
            flow->counters.suspects++;
            flow->ops->on_suspect(flow->context, true);
            break;
        case FAB_LIVENESS_DOWN:
            fab_flow_end_epoch(flow, FAB_FLOW_REASON_SILENT, now_ns);
            break;
        }
    }
}

/* Whether something waits for pages of the store. */
static bool
is_starved(const struct fab_flow *flow)
{
    return flow->store->pages.free <= flow->store->pages.reserve && flow->used_lanes != 0;
}

void
fab_flow_on_timer(struct fab_flow *flow, uint64_t now_ns)
{
    fab_flow_settle(flow);
    fab_flow_large_on_turn(flow, now_ns);
    if (now_ns >= flow->hello_ns)
        fab_flow_on_hello_timer(flow, now_ns);
    if (flow->state != FAB_FLOW_UP || is_in_hole(flow, now_ns))
        return;
    if (fab_unlikely(is_starved(flow)))
        flow->starved_ns = now_ns + FAB_FLOW_STARVED_NS;
    else if (fab_unlikely(fab_flow_is_writable_due(flow)))
        fab_flow_tell_writable(flow);
    if (now_ns >= flow->path.pace_ns) {
        fab_pacer_on_release(&flow->path.pacer, flow->path.pace_ns, now_ns);
        flow->path.pace_ns = FAB_FLOW_NO_DEADLINE;
    }
    if (now_ns >= flow->path.loss.deadline_ns)
        fab_flow_detect_losses(flow, now_ns);
    if (fab_unlikely(now_ns >= fab_flow_forget_ns(flow)))
        fab_flow_forget_lost(flow, now_ns);
    if (now_ns >= flow->path.probe_ns)
        on_probe_timer(flow, now_ns);
    if (flow->state == FAB_FLOW_UP && now_ns >= flow->credit_probe_ns)
        on_credit_timer(flow, now_ns);
    if (flow->state == FAB_FLOW_UP && now_ns >= flow->clock.next_ns)
        fab_flow_on_clock_timer(flow);
    run_liveness(flow, now_ns);
}

uint64_t
fab_flow_next_deadline(const struct fab_flow *flow)
{
    return fab_flow_has_output(flow) ? 0 : fab_flow_next_timer(flow);
}

uint64_t
fab_flow_next_timer(const struct fab_flow *flow)
{
    uint64_t deadline_ns = flow->hello_ns;

    if (fab_unlikely(flow->late_ack.run != 0))
        return 0;
    if (flow->state != FAB_FLOW_UP)
        return deadline_ns;
    if (fab_unlikely(is_starved(flow)))
        deadline_ns = earlier(deadline_ns, flow->starved_ns);
    else if (fab_unlikely(fab_flow_is_writable_due(flow)))
        return 0;
    deadline_ns = earlier(deadline_ns, flow->path.loss.deadline_ns);
    deadline_ns = earlier(deadline_ns, flow->path.probe_ns);
    deadline_ns = earlier(deadline_ns, fab_flow_forget_ns(flow));
    deadline_ns = earlier(deadline_ns, flow->path.pace_ns);
    if (fab_unlikely(fab_flow_has_bodies(flow)))
        deadline_ns = earlier(deadline_ns, fab_flow_next_part_ns(flow));
    deadline_ns = earlier(deadline_ns, flow->credit_probe_ns);
    deadline_ns = earlier(deadline_ns, flow->clock.next_ns);
    return earlier(deadline_ns, fab_liveness_deadline(&flow->path.liveness));
}
