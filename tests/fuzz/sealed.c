/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A flow with security that gets whatever the input says: bytes, frames with the right header and
 * no right tag, and frames that a peer with the key has sealed around any body. Each adds one to
 * exactly one counter, and none without a right tag ends the epoch or counts as a sign of life.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/flow_state.h"
#include "support/quiet_flow.h"

#define FRAME_MAX 1024U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool is_so)
{
    if (!is_so)
        abort();
}

static bool
on_message(void *context, enum fab_lane lane, const struct fab_msg *msg)
{
    (void)context;
    require(lane < FAB_LANE_COUNT && fab_msg_is_valid(msg, FAB_FRAME_SIZE_MAX));
    return true;
}

static void
on_obstacle(void *context, enum fab_flow_obstacle obstacle, const struct fab_hello *hello)
{
    (void)context;
    require(obstacle < FAB_FLOW_OBSTACLE_COUNT && hello != NULL);
}

static void
draw(void *context, uint8_t *bytes, size_t size)
{
    uint8_t *next = context;

    for (size_t i = 0; i < size; i++)
        bytes[i] = (*next)++;
}

static const struct fab_flow_ops ops = {
    .on_message = on_message,
    .on_up = quiet_on_up,
    .on_down = quiet_on_down,
    .on_in_doubt = quiet_on_in_doubt,
    .on_writable = quiet_on_writable,
    .on_suspect = quiet_on_suspect,
    .on_obstacle = on_obstacle,
    .draw = draw,
};

static struct fab_flow *flows[2];
static uint8_t drawn[2];
static uint64_t now_ns;

static struct fab_flow *
make_flow(uint16_t node, enum fab_security security)
{
    static struct fab_sealer *sealer;
    static const uint8_t key[FAB_SECRET_SIZE] = { 1 };
    struct fab_flow_config config;

    if (sealer == NULL)
        sealer = fab_sealer_create();
    require(sealer != NULL);
    fab_flow_config_default(&config);
    config.home = (uint64_t)(node + 1) << 48 | 0x1234;
    config.peer_node = (uint16_t)(2 - node);
    config.window_frames = 16;
    for (int lane = 0; lane < FAB_LANE_COUNT; lane++)
        config.send_bytes[lane] = config.credit_bytes[lane] = 8192;
    config.secure = (struct fab_secure_config){ security, FAB_KEY_LOG2_MIN, sealer, key };
    drawn[node] = (uint8_t)(node * 100);
    flows[node] = fab_flow_init(aligned_alloc(FAB_FLOW_ALIGN, fab_flow_size(&config)), &config,
                                &ops, &drawn[node], now_ns);
    return flows[node];
}

static bool
relay(int from)
{
    _Alignas(8) uint8_t frame[FAB_FRAME_SIZE_MAX];
    size_t size = fab_flow_prepare(flows[from], frame, sizeof(frame), now_ns);

    if (size > 0)
        fab_flow_incoming(flows[1 - from], frame, size, now_ns);
    return size > 0;
}

static void
bring_up(enum fab_security security)
{
    now_ns = 1000000000;
    make_flow(0, security);
    make_flow(1, security);
    while (relay(0) || relay(1))
        ;
    require(fab_flow_state(flows[0]) == FAB_FLOW_UP && fab_flow_state(flows[1]) == FAB_FLOW_UP);
}

/* Of everything that counts a frame that came. */
static uint64_t
frames_counted(void)
{
    const uint64_t *counters = (const uint64_t *)fab_flow_counters(flows[0]);
    uint64_t sum = fab_flow_counters(flows[0])->frames_received;

    for (size_t i = 0; i < FAB_FLOW_COUNTER_COUNT; i++)
        if (strncmp(fab_flow_counter_name(i), "refused_", 8) == 0)
            sum += counters[i];
    return sum;
}

static void
hand_in(const uint8_t *frame, size_t size)
{
    uint64_t counted = frames_counted();
    uint8_t *memory = malloc(FAB_FRAME_READ_ALIGN + size); /* so that reading on is seen */
    uint8_t *copy = memory + FAB_FRAME_READ_ALIGN;

    require(memory != NULL);
    memcpy(copy, frame, size);
    fab_flow_incoming(flows[0], copy, size, now_ns);
    free(memory);
    require(frames_counted() == counted + 1);
}

/* A header that is right but for what the first bytes of the input say. */
static struct fab_frame_header
header_of(const uint8_t *data, size_t body)
{
    return (struct fab_frame_header){
        .version = FAB_FRAME_VERSION_SEALED,
        .type = data[0] & 1 ? FAB_FRAME_DATA : data[1] % 6,
        .flags = (uint16_t)(data[2] | FAB_FRAME_SEALED),
        .from_node = 2,
        .to_node = 1,
        .size = (uint16_t)(FAB_FRAME_HEADER_SIZE + body + FAB_FRAME_TAG_SIZE),
        .epoch = flows[0]->peer.epoch,
    };
}

static void
hand_in_forged(const uint8_t *data, size_t size)
{
    uint8_t frame[FRAME_MAX + 64] = { 0 };
    struct fab_frame_header header = header_of(data, size - 4);
    enum fab_flow_state state = fab_flow_state(flows[0]);
    uint64_t signs = fab_flow_signs(flows[0]);

    header.number = data[3];
    memcpy(frame, &header, sizeof(header));
    memcpy(frame + sizeof(header), data + 4, size - 4);
    hand_in(frame, header.size);
    require(fab_flow_state(flows[0]) == state && fab_flow_signs(flows[0]) == signs);
}

/* As a peer that has the key but makes mistakes would. */
static void
hand_in_sealed(const uint8_t *data, size_t size)
{
    uint8_t frame[FRAME_MAX + 64] = { 0 };
    struct fab_frame_header header = header_of(data, size - 4);

    if (fab_flow_state(flows[1]) != FAB_FLOW_UP)
        return;
    header.from_node = 2;
    header.number = (uint32_t)flows[1]->path.next_number;
    memcpy(frame + sizeof(header), data + 4, size - 4);
    fab_flow_seal(flows[1], frame, &header, flows[1]->path.next_number++);
    hand_in(frame, header.size);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    bring_up(data[0] & 1 ? FAB_SECURITY_AUTH : FAB_SECURITY_ENCRYPT);
    data++, size--;
    while (size >= 6) { /* kind, bytes, 4 of header, body */
        size_t take = 4U + data[1] * 4U;

        if (take > size - 2)
            take = size - 2;
        now_ns += 1000;
        if (data[0] % 3 == 0)
            hand_in(data + 2, take);
        else if (data[0] % 3 == 1)
            hand_in_forged(data + 2, take);
        else
            hand_in_sealed(data + 2, take);
        while (relay(0))
            ;
        data += 2 + take;
        size -= 2 + take;
    }
    for (int i = 0; i < 2; i++) {
        fab_flow_fini(flows[i]);
        free(flows[i]);
    }
    return 0;
}
