/* SPDX-License-Identifier: BSD-3-Clause */
/* What ends send, what they check of what they get, and the invariants. */
#include <string.h>

#include "sim/sim_parts.h"
#include "support/flow_invariants.h"

/* The body of each record. */
struct body {
    uint64_t life_key; /* names sender, incarnation and epoch */
    uint64_t sequence; /* in its stream */
};

uint64_t
sim_life_key(const struct sim_end *end)
{
    return end->config.home ^ ((uint64_t)end->flow->peer.epoch << 16);
}

static uint8_t
pattern(uint64_t sequence, uint32_t at)
{
    return (uint8_t)(sequence * 31 + at);
}

static void
write_record(struct fab_msg *msg, const struct sim_end *end, uint8_t stream, uint32_t size)
{
    struct body body = { .life_key = sim_life_key(end), .sequence = end->sent[stream] };
    uint8_t *bytes;

    memset(msg, 0, sizeof(*msg));
    msg->to = sim_receiver(end->sim, stream);
    msg->size = size;
    bytes = fab_msg_body(msg);
    memcpy(bytes, &body, sizeof(body));
    for (uint32_t i = sizeof(body); i < size; i++)
        bytes[i] = pattern(body.sequence, i);
}

/* Records of streams next to each other, written into the flow's window. Returns how many. */
static uint32_t
send_row(struct sim_end *end, uint8_t stream, uint32_t size, uint32_t most)
{
    uint8_t *next;
    uint32_t room = fab_flow_window(end->flow, FAB_MSG_HEADER_SIZE + size, &next);
    uint32_t count = room < most ? room : most;

    for (uint32_t i = 0; i < count; i++) {
        uint8_t at = (uint8_t)((stream + i) % FAB_STREAM_USER_COUNT);

        write_record((struct fab_msg *)(void *)next, end, at, size);
        next += fab_chunk_stride(FAB_MSG_HEADER_SIZE + size);
        end->sent[at]++;
    }
    end->sent_total += count;
    if (room > 0)
        SIM_CHECK(end->sim, fab_flow_take_window(end->flow, next) == count);
    return count;
}

uint32_t
sim_send_records(struct sim *sim, struct sim_end *end, uint32_t most)
{
    uint8_t stream = (uint8_t)fab_prng_below(&sim->prng, FAB_STREAM_COUNT);
    uint32_t pick = (uint32_t)fab_prng_below(&sim->prng, 16);
    enum fab_lane lane = pick == 0 ? FAB_LANE_SYSTEM : pick == 1 ? FAB_LANE_REPLY : FAB_LANE_USER;
    uint32_t room = fab_flow_record_max(end->flow);
    uint32_t size;
    struct fab_msg *msg;

    if (room == 0)
        return 0;
    if (end->large_all > 0)
        stream %= FAB_STREAM_USER_COUNT;
    if (end->large_all > 0 ||
        (end->large > 0 && stream < FAB_STREAM_SYSTEM && fab_prng_chance(&sim->prng, end->large))) {
        if (!sim_send_large(sim, end, stream))
            return 0;
        end->sent[stream]++;
        end->sent_total++;
        return 1;
    }
    room -= FAB_MSG_HEADER_SIZE + (uint32_t)sizeof(struct body);
    size = (uint32_t)sizeof(struct body) +
           (uint32_t)fab_prng_below(&sim->prng, (end->body_max < room ? end->body_max : room) + 1);
    if (lane == FAB_LANE_USER && pick % 4 == 3) {
        uint32_t sent = send_row(end, stream, size, most < pick ? most : pick);

        if (sent > 0)
            return sent;
    }
    if (fab_flow_claim(end->flow, lane, stream, FAB_MSG_HEADER_SIZE + size, &msg) != MYC_OK)
        return 0;
    write_record(msg, end, stream, size);
    fab_flow_commit(end->flow);
    end->sent[stream]++;
    end->sent_total++;
    return 1;
}

bool
sim_send_class(struct sim *sim, uint32_t index, const struct sim_class *of)
{
    struct sim_end *end = &sim->ends[index];
    uint8_t extensions = fab_msg_extensions_of(of->flags);
    uint32_t size = FAB_MSG_HEADER_SIZE + 8U * extensions + (uint32_t)sizeof(struct body) + 8;
    struct fab_msg *msg;

    if (fab_flow_claim(end->flow, FAB_LANE_USER, of->stream, size, &msg) != MYC_OK)
        return false;
    write_record(msg, end, of->stream, sizeof(struct body) + 8);
    if (extensions > 0) {
        memmove((uint8_t *)fab_msg_body(msg) + 8, fab_msg_body(msg), msg->size);
        fab_msg_set_word(msg, 0, of->deadline_ns);
    }
    msg->flags = of->flags;
    msg->extensions = extensions;
    msg->tag = of->tag;
    fab_flow_commit(end->flow);
    end->sent[of->stream]++;
    end->sent_total++;
    return true;
}

/* What identifies a record. */
static struct body
body_of(const struct fab_msg *msg)
{
    struct body body = { .life_key = msg->origin, .sequence = msg->tag };

    if (!fab_msg_has_buffer(msg))
        memcpy(&body, fab_msg_body_const(msg), sizeof(body));
    return body;
}

static bool
on_message(void *context, enum fab_lane lane, const struct fab_msg *msg)
{
    struct sim_end *end = context;
    const uint8_t *bytes = fab_msg_body_const(msg);
    uint8_t stream = sim_stream(msg);
    struct body body;

    (void)lane;
    if (!fab_flow_is_ending(end->flow) &&
        (end->has_no_room || fab_prng_chance(&end->sim->prng, end->refuse)))
        return false;
    SIM_CHECK(end->sim, msg->size >= sizeof(body) && msg->to == sim_receiver(end->sim, stream));
    body = body_of(msg);
    SIM_CHECK(end->sim,
              body.life_key == (end->flow->peer.home ^ ((uint64_t)end->flow->peer.epoch << 16)));
    SIM_CHECK(end->sim, body.sequence == end->got[stream] ||
                            (end->may_miss && body.sequence > end->got[stream]));
    end->last_tag = msg->tag;
    if (fab_msg_has_buffer(msg))
        sim_check_large(end, msg);
    for (uint32_t i = sizeof(body); i < msg->size && !fab_msg_has_buffer(msg); i++)
        SIM_CHECK(end->sim, bytes[i] == pattern(body.sequence, i));
    end->got[stream] = body.sequence + 1;
    end->got_total++;
    end->got_bytes += msg->size;
    end->got_ns = end->sim->now_ns;
    end->to_send += end->is_echo;
    return true;
}

static void
on_up(void *context, const struct fab_flow_peer *peer)
{
    struct sim_end *end = context;

    SIM_CHECK(end->sim, peer->epoch != 0 && peer->home >> 48 == end->config.peer_node);
    SIM_CHECK(end->sim, end->up_total == end->down_total);
    memset(end->sent, 0, sizeof(end->sent));
    memset(end->got, 0, sizeof(end->got));
    memset(end->doubt_from, 0xff, sizeof(end->doubt_from));
    end->up_total++;
    end->up_ns = end->sim->now_ns;
}

/* The epoch has ended on both sides: what was sent was handed on or reported, or both. */
static void
check_ended(const struct sim *sim, const struct sim_ended *from, const struct sim_ended *to)
{
    for (uint32_t i = 0; i < FAB_STREAM_COUNT; i++)
        SIM_CHECK(sim, to->got[i] == from->sent[i] || from->doubt_from[i] <= to->got[i]);
}

static void
remember_ended(struct sim_end *end)
{
    const struct sim_end *peer = &end->sim->ends[end->peer];

    end->ended.epoch = end->flow->peer.epoch;
    memcpy(end->ended.sent, end->sent, sizeof(end->sent));
    memcpy(end->ended.got, end->got, sizeof(end->got));
    memcpy(end->ended.doubt_from, end->doubt_from, sizeof(end->doubt_from));
    if (peer->ended.epoch != end->ended.epoch)
        return;
    check_ended(end->sim, &end->ended, &peer->ended);
    check_ended(end->sim, &peer->ended, &end->ended);
}

static void
on_down(void *context, enum fab_flow_reason reason)
{
    struct sim_end *end = context;

    end->down_total++;
    SIM_CHECK(end->sim, end->up_total == end->down_total);
    end->down_reason = reason;
    sim_forget_lent(end);
    remember_ended(end);
    end->down_ns = end->sim->now_ns;
}

static void
on_in_doubt(void *context, const struct fab_msg *msg)
{
    struct sim_end *end = context;
    struct body body;

    SIM_CHECK(end->sim, fab_msg_is_valid(msg, FAB_FRAME_SIZE_MAX));
    end->in_doubt_total++;
    body = body_of(msg);
    SIM_CHECK(end->sim, body.life_key == sim_life_key(end));
    if (body.sequence < end->doubt_from[sim_stream(msg)])
        end->doubt_from[sim_stream(msg)] = body.sequence;
}

static void
on_writable(void *context, enum fab_lane lane)
{
    struct sim_end *end = context;

    (void)lane;
    end->writable_total++;
}

static void
on_suspect(void *context, bool is_suspect)
{
    struct sim_end *end = context;

    end->suspect_total += is_suspect;
}

static void
on_obstacle(void *context, enum fab_flow_obstacle obstacle, const struct fab_hello *hello)
{
    struct sim_end *end = context;

    (void)hello;
    end->obstacles[obstacle]++;
}

static void
draw(void *context, uint8_t *bytes, size_t size)
{
    struct sim_end *end = context;

    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)fab_prng_next(&end->sim->prng);
}

uint64_t
sim_clock_ns(const struct sim *sim, uint32_t end)
{
    const struct sim_end *at = &sim->ends[end];

    return sim->now_ns + (uint64_t)at->clock_ns +
           (uint64_t)((__int128)sim->now_ns * at->clock_ppb / 1000000000);
}

static uint64_t
read_clock(void *context)
{
    const struct sim_end *end = context;

    return sim_clock_ns(end->sim, end->index);
}

const struct fab_flow_ops sim_flow_ops = {
    .on_message = on_message,
    .on_up = on_up,
    .on_down = on_down,
    .on_in_doubt = on_in_doubt,
    .on_writable = on_writable,
    .on_suspect = on_suspect,
    .on_obstacle = on_obstacle,
    .read_clock = read_clock,
    .draw = draw,
    .on_body_wanted = sim_on_body_wanted,
    .on_body_dropped = sim_on_body_dropped,
    .on_body_sent = sim_on_body_sent,
};

void
sim_check_end(const struct sim *sim, struct sim_end *end)
{
    const char *broken = flow_broken(end->flow, end->has_no_buffer);

    SIM_CHECK(sim, flow_counters_only_grow(end->flow, &end->before));
    if (broken)
        sim_fail(sim, broken);
}
