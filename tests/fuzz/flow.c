/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A whole flow fed by somebody who knows its address and its epoch and can count checksums, but
 * not how to behave. The input is a run of steps, each an op and a length in a byte, then so many
 * bytes: of a frame to be mended and handed in, or a genuine frame of the peer with some of them
 * changed; between them records are sent and time goes on. Whatever comes, the flow keeps its
 * invariants, and each frame handed in adds one to exactly one counter.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/flow_state.h"
#include "wire/crc32c.h"

#define FRAME_MAX 2048U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum op {
    OP_FRAME = 0, /* the bytes are a frame's body and flags */
    OP_RAW,       /* the bytes are a frame as they are */
    OP_PEER,      /* the peer's next frame, bytes over it, checksum mended */
    OP_HONEST,    /* the peer's next frame as it is */
    OP_SEND,
    OP_PEER_SEND,
    OP_TIME,
    OP_PREPARE,
    OP_COUNT
};

struct end {
    struct fab_flow *flow;
};

struct pair {
    struct end ends[2];
    uint64_t now_ns;
};

static uint32_t asked; /* every fifth record finds no room */

static void
require(bool condition)
{
    if (!condition)
        abort();
}

#define BODIES_MAX 64U
#define LARGE_MAX  65536U

/* Bodies of either flow that were asked for and not handed on; exactly as long as was said. */
static struct {
    uint8_t *bytes;
    uint32_t size;
} bodies[BODIES_MAX];

static uint8_t large_body[LARGE_MAX]; /* what is sent */

static bool
on_body_wanted(void *context, uint32_t size, uint8_t **bytes, uint64_t *token)
{
    (void)context;
    require(size > 0 && size <= LARGE_MAX);
    for (uint32_t i = 0; i < BODIES_MAX; i++) {
        if (bodies[i].bytes || ++asked % 7 == 0)
            continue;
        bodies[i].bytes = *bytes = malloc(size);
        bodies[i].size = size;
        require(*bytes != NULL);
        memset(*bytes, 0, size);
        *token = i;
        return true;
    }
    return false;
}

static void
on_body_dropped(void *context, uint64_t token)
{
    (void)context;
    require(token < BODIES_MAX && bodies[token].bytes);
    free(bodies[token].bytes);
    bodies[token].bytes = NULL;
}

static void
on_body_sent(void *context, uint64_t loan)
{
    (void)context;
    require(loan == 77);
}

static bool
take_large(void *context, const struct fab_msg *msg)
{
    uint64_t token = fab_msg_buffer_word(msg);

    require(token < BODIES_MAX && bodies[token].bytes && bodies[token].size == msg->size);
    if (++asked % 5 == 0 && !fab_flow_is_ending(*(struct fab_flow **)context))
        return false;
    on_body_dropped(context, token);
    return true;
}

static bool
on_message(void *context, enum fab_lane lane, const struct fab_msg *msg)
{
    const uint8_t *body = fab_msg_body_const(msg);
    uint32_t sum = 0;

    require(lane < FAB_LANE_COUNT && fab_msg_is_valid(msg, FAB_FRAME_SIZE_MAX));
    if (fab_msg_has_buffer(msg))
        return take_large(context, msg);
    for (uint32_t i = 0; i < msg->size; i++)
        sum += body[i];
    require(sum <= 255U * msg->size);
    return ++asked % 5 != 0 || fab_flow_is_ending(*(struct fab_flow **)context);
}

static void
on_up(void *context, const struct fab_flow_peer *peer)
{
    (void)context;
    require(peer->epoch != 0 && peer->frame_max >= FAB_FRAME_SIZE_MIN);
}

static void
on_down(void *context, enum fab_flow_reason reason)
{
    (void)context;
    require(reason < FAB_FLOW_REASON_COUNT);
}

static void
on_in_doubt(void *context, const struct fab_msg *msg)
{
    (void)context;
    require(fab_msg_is_valid(msg, FAB_FRAME_SIZE_MAX));
}

static void
on_writable(void *context, enum fab_lane lane)
{
    (void)context;
    require(lane < FAB_LANE_COUNT);
}

static void
on_suspect(void *context, bool is_suspect)
{
    (void)context;
    (void)is_suspect;
}

static void
on_obstacle(void *context, enum fab_flow_obstacle obstacle, const struct fab_hello *hello)
{
    (void)context;
    (void)obstacle;
    (void)hello;
}

static const struct fab_flow_ops ops = {
    .on_message = on_message,
    .on_up = on_up,
    .on_down = on_down,
    .on_in_doubt = on_in_doubt,
    .on_writable = on_writable,
    .on_suspect = on_suspect,
    .on_obstacle = on_obstacle,
    .on_body_wanted = on_body_wanted,
    .on_body_dropped = on_body_dropped,
    .on_body_sent = on_body_sent,
};

static struct fab_flow *made[3]; /* by node; each the context of its callbacks */

static struct fab_flow *
make_flow(uint16_t node, uint64_t now_ns)
{
    struct fab_flow_config config;
    void *memory;

    fab_flow_config_default(&config);
    config.home = (uint64_t)node << 48 | 0x1234;
    config.peer_node = 3 - node;
    config.seed = node;
    config.window_frames = 16;
    config.frame_max = 1232;
    config.large_max = LARGE_MAX;
    config.first_number = UINT32_MAX - 10;
    for (int lane = 0; lane < FAB_LANE_COUNT; lane++)
        config.send_bytes[lane] = config.credit_bytes[lane] = 8192;
    memory = aligned_alloc(FAB_FLOW_ALIGN, fab_flow_size(&config));
    require(memory != NULL);
    asked = 0;
    made[node] = fab_flow_init(memory, &config, &ops, &made[node], now_ns);
    return made[node];
}

/* Sums the counters of which a frame that comes in adds one to exactly one. */
static uint64_t
frames_accounted(const struct fab_flow *flow)
{
    const struct fab_flow_counters *c = fab_flow_counters(flow);

    return c->frames_received + c->refused_size + c->refused_version + c->refused_crc +
           c->refused_address + c->refused_security + c->refused_type + c->refused_block +
           c->refused_chunk + c->refused_ack + c->refused_epoch + c->refused_duplicate +
           c->refused_state + c->refused_hello + c->refused_credit + c->refused_transfer +
           c->refused_part_unknown + c->refused_part_place + c->refused_part_size +
           c->refused_part_grant + c->refused_grant;
}

static void
check(const struct fab_flow *flow)
{
    for (int lane = 0; lane < FAB_LANE_COUNT; lane++) {
        const struct fab_send_lane *send = &flow->lanes[lane].send;

        require(flow->reorder.used[lane] <= flow->lanes[lane].credit_in.window);
        require(send->next - send->tail <= send->head - send->tail); /* places wrap */
        require(flow->lanes[lane].credit_out.sent <= flow->lanes[lane].credit_out.limit);
    }
    require(flow->path.sent.in_flight <= flow->path.sent.head - flow->path.sent.tail);
    if (flow->state == FAB_FLOW_UP && !fab_flow_is_drained(flow))
        require(fab_flow_next_deadline(flow) != FAB_FLOW_NO_DEADLINE);
    if (flow->state == FAB_FLOW_CONNECTING)
        require(fab_flow_next_deadline(flow) != FAB_FLOW_NO_DEADLINE);
}

static void
hand_in(struct pair *pair, const uint8_t *frame, size_t size)
{
    struct fab_flow *flow = pair->ends[0].flow;
    uint64_t accounted = frames_accounted(flow);
    uint8_t *memory = malloc(FAB_FRAME_READ_ALIGN + size); /* so that reading on is seen */
    uint8_t *copy = memory + FAB_FRAME_READ_ALIGN;

    require(memory != NULL);
    memcpy(copy, frame, size);
    if (fab_flow_has_refused(flow))
        fab_flow_offer(flow);
    fab_flow_incoming(flow, copy, size, pair->now_ns);
    free(memory);
    require(frames_accounted(flow) == accounted + 1);
    check(flow);
}

static void
mend(uint8_t *frame, size_t size)
{
    uint32_t crc;

    memset(frame + 4, 0, 4);
    crc = fab_crc32c(0, frame, size);
    memcpy(frame + 4, &crc, sizeof(crc));
}

/* A frame with the right address and epoch; the first bytes say type, flags and number. */
static void
hand_in_mended(struct pair *pair, const uint8_t *data, size_t size)
{
    uint8_t frame[FRAME_MAX] = { 0 };
    const struct fab_flow *flow = pair->ends[0].flow;
    struct fab_frame_header header = {
        .version = 1, .from_node = 2, .to_node = 1, .size = (uint16_t)(24 + size - 4)
    };

    header.type = data[0] % 6;
    header.flags = data[1];
    header.epoch = data[2] & 0x80 ? flow->peer.epoch : flow->handshake.candidate_epoch;
    header.number = (uint32_t)(fab_ranges_end(&flow->path.received) + (data[2] & 0x7f) - 32);
    memcpy(frame, &header, sizeof(header));
    memcpy(frame + sizeof(header), data + 4, size - 4);
    mend(frame, header.size);
    hand_in(pair, frame, header.size);
}

static void
relay_from_peer(struct pair *pair, const uint8_t *data, size_t size)
{
    uint8_t frame[FRAME_MAX];
    size_t got = fab_flow_prepare(pair->ends[1].flow, frame, sizeof(frame), pair->now_ns);

    if (got == 0)
        return;
    for (size_t i = 0; i + 1 < size; i += 2)
        frame[data[i] % got] ^= data[i + 1];
    if (size > 0)
        mend(frame, got);
    hand_in(pair, frame, got);
}

static void
send_large(struct fab_flow *flow, uint8_t data)
{
    uint32_t size = 1025U + (data & 0x7fU) * 400U;
    struct fab_msg *msg;

    if (fab_flow_claim_large(flow, data % FAB_STREAM_USER_COUNT, FAB_MSG_HEADER_SIZE + 8, size,
                             &msg) != MYC_OK)
        return;
    memset(msg, 0, FAB_MSG_HEADER_SIZE + 8);
    msg->size = size;
    msg->flags = FAB_MSG_HAS_BUFFER;
    msg->extensions = 1;
    fab_flow_commit_large(flow, large_body, 77);
}

static void
send_records(struct pair *pair, int who, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        struct fab_msg *msg;
        uint32_t body = (data[i] % 16U) * 60U;

        if (data[i] & 0x80) {
            send_large(pair->ends[who].flow, data[i]);
            continue;
        }
        if (fab_flow_claim(pair->ends[who].flow, data[i] % FAB_LANE_COUNT,
                           data[i] % FAB_STREAM_COUNT, FAB_MSG_HEADER_SIZE + body, &msg) != MYC_OK)
            continue;
        memset(msg, 0, FAB_MSG_HEADER_SIZE + body);
        msg->size = body;
        fab_flow_commit(pair->ends[who].flow);
    }
}

/* What the flow under test says reaches its peer, who is real. */
static void
prepare_all(struct pair *pair)
{
    uint8_t frame[FRAME_MAX];
    size_t got;

    for (int i = 0; i < 200; i++) {
        got = fab_flow_prepare(pair->ends[0].flow, frame, sizeof(frame), pair->now_ns);
        if (got == 0)
            return;
        fab_flow_incoming(pair->ends[1].flow, frame, got, pair->now_ns);
    }
    abort(); /* it never stops talking */
}

static void
run_step(struct pair *pair, enum op op, const uint8_t *data, size_t size)
{
    switch (op) {
    case OP_FRAME:
        if (size >= 4)
            hand_in_mended(pair, data, size);
        break;
    case OP_RAW:
        hand_in(pair, data, size);
        break;
    case OP_PEER:
        relay_from_peer(pair, data, size);
        break;
    case OP_HONEST:
        relay_from_peer(pair, data, 0);
        break;
    case OP_SEND:
        send_records(pair, 0, data, size);
        break;
    case OP_PEER_SEND:
        send_records(pair, 1, data, size);
        break;
    case OP_TIME:
        pair->now_ns += 1000ULL << (size > 0 ? data[0] % 20 : 0);
        fab_flow_on_timer(pair->ends[0].flow, pair->now_ns);
        check(pair->ends[0].flow);
        break;
    case OP_PREPARE:
    case OP_COUNT:
        prepare_all(pair);
        check(pair->ends[0].flow);
        break;
    }
}

static void
shake_hands(struct pair *pair)
{
    for (int i = 0; i < 3; i++) {
        prepare_all(pair);
        relay_from_peer(pair, NULL, 0);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pair pair = { .now_ns = 1000000000 };

    pair.ends[0].flow = make_flow(1, pair.now_ns);
    pair.ends[1].flow = make_flow(2, pair.now_ns);
    if (size > 0 && (data[0] & 0x80) == 0)
        shake_hands(&pair);
    while (size >= 2) {
        size_t length = data[1] < size - 2 ? data[1] : size - 2;

        run_step(&pair, data[0] % OP_COUNT, data + 2, length);
        data += 2 + length;
        size -= 2 + length;
    }
    for (int i = 0; i < 2; i++) {
        fab_flow_close(pair.ends[i].flow, pair.now_ns);
        free(pair.ends[i].flow);
    }
    for (uint32_t i = 0; i < BODIES_MAX; i++)
        require(bodies[i].bytes == NULL);
    return 0;
}
