/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A flow's life cycle, and what can be read of it.
 */
#include "proto/flow.h"

#include <string.h>

#include "base/assert.h"
#include "base/compiler.h"
#include "proto/flow_state.h"

#define KIB 1024U
#define US  1000ULL
#define MS  1000000ULL

void
fab_flow_timers_default(struct fab_flow_timers *timers)
{
    *timers = (struct fab_flow_timers){
        .hello_ns_min = 1 * MS,
        .hello_ns_max = 250 * MS,
        .rtt_ns_initial = 1 * MS,
        .pto_ns_min = 20 * US,
        .pto_ns_max = 50 * MS,
        .keepalive_ns = 100 * MS,
        .suspect_ns = 300 * MS,
        .down_ns = 750 * MS,
        .give_up_ns = 3000 * MS,
        .credit_probe_ns = 200 * US,
        .reset_ns = 500 * US,
        .clock_ns = 1000 * MS,
    };
}

void
fab_flow_config_default(struct fab_flow_config *config)
{
    *config = (struct fab_flow_config){
        .size = sizeof(*config),
        .lcore_count = 1,
        .is_initiator = true,
        .frame_max = 1472,
        .send_bytes = { 512 * KIB, 128 * KIB, 128 * KIB },
        .credit_bytes = { 512 * KIB, 128 * KIB, 128 * KIB },
        .window_frames = 1024,
        .grant_window = FAB_GRANT_WINDOW_DEFAULT,
        .poll_gap_us = 10000,
    };
    fab_flow_timers_default(&config->timers);
}

static bool
is_power_of_two(uint32_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

static bool
budgets_are_valid(const struct fab_flow_config *config)
{
    for (int lane = 0; lane < FAB_LANE_COUNT; lane++) {
        if (!is_power_of_two(config->send_bytes[lane]) || config->send_bytes[lane] < 8 * KIB ||
            config->send_bytes[lane] > 256U * KIB * KIB)
            return false;
        if (config->credit_bytes[lane] < 8 * KIB || config->credit_bytes[lane] > 256U * KIB * KIB)
            return false;
        if (config->credit_least[lane] != 0 &&
            (config->credit_least[lane] < config->frame_max + FAB_CREDIT_UNIT ||
             config->credit_least[lane] > config->credit_bytes[lane]))
            return false;
    }
    return is_power_of_two(config->window_frames) && config->window_frames >= 16 &&
           config->window_frames <= 32768;
}

static bool
timers_are_valid(const struct fab_flow_timers *timers)
{
    return timers->hello_ns_min > 0 && timers->hello_ns_max >= timers->hello_ns_min &&
           timers->rtt_ns_initial > 0 && timers->pto_ns_min > 0 &&
           timers->pto_ns_max >= timers->pto_ns_min && timers->give_up_ns > 0 &&
           timers->credit_probe_ns > 0;
}

static bool
security_is_valid(const struct fab_flow_config *config)
{
    const struct fab_secure_config *secure = &config->secure;

    if (config->version_max > FAB_FRAME_VERSION_MAX || secure->security >= FAB_SECURITY_COUNT)
        return false;
    if (secure->security == FAB_SECURITY_OFF)
        return true;
    return secure->sealer != NULL && secure->pre_shared_key != NULL &&
           (config->version_max == 0 || config->version_max >= FAB_FRAME_VERSION_SEALED) &&
           (secure->key_log2 == 0 ||
            (secure->key_log2 >= FAB_KEY_LOG2_MIN && secure->key_log2 <= FAB_KEY_LOG2_MAX));
}

enum myc_status
fab_flow_config_check(const struct fab_flow_config *config)
{
    uint16_t node = (uint16_t)(config->home >> 48);

    if (config->size != sizeof(*config) || node == 0 || config->peer_node == 0 ||
        config->peer_node == node || config->lcore_count == 0)
        return MYC_INVALID;
    if (config->frame_max < FAB_FRAME_SIZE_MIN || config->frame_max > FAB_FRAME_SIZE_MAX)
        return MYC_INVALID;
    if (config->large_max != 0 &&
        (!is_power_of_two(config->large_max) || config->large_max > FAB_MSG_SIZE_MAX ||
         config->grant_window < FAB_FRAME_SIZE_MAX))
        return MYC_INVALID;
    if (!fab_is_wishable(config->source_port) || !fab_is_wishable(config->source_port_second))
        return MYC_INVALID;
    if (!budgets_are_valid(config) || !timers_are_valid(&config->timers) ||
        !security_is_valid(config))
        return MYC_INVALID;
    return MYC_OK;
}

struct fab_flow *
fab_flow_init(void *memory, const struct fab_flow_config *config, const struct fab_flow_ops *ops,
              void *context, uint64_t now_ns)
{
    struct fab_flow *flow = memory;

    FAB_ASSERT((uintptr_t)memory % FAB_FLOW_ALIGN == 0);
    FAB_ASSERT(fab_flow_config_check(config) == MYC_OK);
    fab_flow_clear(memory, config);
    flow->config = *config;
    flow->ops = ops;
    flow->context = context;
    flow->version_max = config->version_max ? config->version_max : FAB_FRAME_VERSION_MAX;
    fab_flow_place_parts(flow, memory);
    if (flow->secure) /* so that no nonce is guessed or comes again */
        ops->draw(context, (uint8_t *)&flow->config.seed, sizeof(flow->config.seed));
    flow->config.secure.pre_shared_key = NULL;
    fab_granter_init(&flow->own_granter, FAB_GRANT_BUDGET_DEFAULT);
    flow->granter = config->granter ? config->granter : &flow->own_granter;
    flow->seat.context = context;
    flow->silence_away.presence = flow->progress_away.presence = config->presence;
    fab_handshake_init(&flow->handshake, config->home, flow->config.seed);
    fab_prng_init(&flow->jitter, ~flow->config.seed);
    fab_rtt_init(&flow->path.rtt, config->timers.rtt_ns_initial);
    fab_loss_init(&flow->path.loss);
    flow->path.probe_ns = FAB_FLOW_NO_DEADLINE;
    flow->path.pace_ns = FAB_FLOW_NO_DEADLINE;
    flow->credit_probe_ns = FAB_FLOW_NO_DEADLINE;
    flow->hello_ns = FAB_FLOW_NO_DEADLINE;
    flow->clock.next_ns = FAB_FLOW_NO_DEADLINE;
    flow->state = config->is_initiator ? FAB_FLOW_CONNECTING : FAB_FLOW_IDLE;
    if (config->is_initiator)
        fab_flow_start_hello(flow, 0, now_ns);
    return flow;
}

static void
prefetch(const void *from, const void *to)
{
    for (const char *at = from; at < (const char *)to; at += FAB_CACHE_LINE)
        __builtin_prefetch(at, 1);
}

void
fab_flow_wish_second(struct fab_flow *flow, uint16_t source_port)
{
    FAB_ASSERT(fab_is_wishable(source_port));
    flow->config.source_port_second = source_port;
}

void
fab_flow_prefetch(const struct fab_flow *flow)
{
    const struct fab_flow_path *path = &flow->path;

    prefetch(flow, &flow->lanes[FAB_LANE_USER + 1]);
    prefetch(path, &path->received.range[1]);
    prefetch(&path->mtu, &flow->clock.peer);
    __builtin_prefetch(&flow->counters, 1);
    __builtin_prefetch(&flow->config);
    __builtin_prefetch(&flow->reorder, 1);
    prefetch(flow + 1, (const char *)(flow + 1) + FAB_CACHE_LINE * 3); /* places of pages */
}

void
fab_flow_fini(struct fab_flow *flow)
{
    flow->state = FAB_FLOW_CLOSED;
    flow->hello_ns = FAB_FLOW_NO_DEADLINE;
    flow->path.due = (struct fab_flow_due){ 0 };
    fab_granter_leave(flow->granter, &flow->seat);
    if (flow->secure)
        fab_secure_wipe(flow->secure);
    fab_sent_map_reset(&flow->path.sent);
    for (int lane = 0; lane < FAB_LANE_COUNT; lane++)
        fab_send_lane_reset(&flow->lanes[lane].send);
    fab_flow_forget_latest(flow);
    fab_reorder_reset(&flow->reorder, 0);
    fab_flow_credit_end(flow);
    flow->store->shelf.promised -= fab_flow_credit_promise(&flow->config);
}

enum fab_flow_state
fab_flow_state(const struct fab_flow *flow)
{
    return flow->state;
}

const struct fab_flow_peer *
fab_flow_peer(const struct fab_flow *flow)
{
    return flow->state == FAB_FLOW_UP ? &flow->peer : NULL;
}

const struct fab_hello_wish *
fab_flow_peer_wish(const struct fab_flow *flow)
{
    return &flow->wish;
}

uint64_t
fab_flow_signs(const struct fab_flow *flow)
{
    return flow->signs;
}

bool
fab_flow_is_drained(const struct fab_flow *flow)
{
    for (int lane = 0; lane < FAB_LANE_COUNT; lane++) {
        if (flow->lanes[lane].send.tail != flow->lanes[lane].send.head)
            return false;
    }
    return !flow->large_out || flow->large_out->open_count == 0;
}

uint64_t
fab_flow_rtt_ns(const struct fab_flow *flow)
{
    return flow->path.rtt.smoothed_ns;
}

uint64_t
fab_flow_congestion_window(const struct fab_flow *flow)
{
    return fab_congestion_is_limiting(&flow->path.congestion) ? flow->path.congestion.window
                                                              : UINT64_MAX;
}

const struct fab_flow_counters *
fab_flow_counters(const struct fab_flow *flow)
{
    return &flow->counters;
}
