/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * handler_matrix: every state of a flow against every kind of frame has one specified outcome: the
 * one counter that it adds to, the state after it, and what the flow says then.
 */
#include "support/cmocka.h"

#include <stdlib.h>

#include "base/compiler.h"
#include "proto/flow_state.h"
#include "support/quiet_flow.h"
#include "unit/flow_matrix.h"

#define OWN_HOME  0x0001000000000001ULL
#define PEER_HOME 0x0002000000000002ULL
#define NONCE     0x1111ULL
#define NONCE_NEW 0x2222ULL
#define MS        1000000ULL

/* A flow under test and what it said last. */
struct subject {
    struct fab_flow *flow;
    uint64_t now_ns;
    uint64_t messages;
    uint64_t epoch; /* that runs, ran, or is the candidate's */
    _Alignas(8) uint8_t frame[FAB_FRAME_SIZE_MAX];
};

static bool
on_message(void *context, enum fab_lane lane, const struct fab_msg *msg)
{
    struct subject *subject = context;

    (void)lane;
    (void)msg;
    subject->messages++;
    return true;
}

static const struct fab_flow_ops ops = {
    .on_message = on_message,
    .on_up = quiet_on_up,
    .on_down = quiet_on_down,
    .on_in_doubt = quiet_on_in_doubt,
    .on_writable = quiet_on_writable,
    .on_suspect = quiet_on_suspect,
    .on_obstacle = quiet_on_obstacle,
};

/* The type of the next frame that the flow says; 0: none. */
static uint8_t
says(struct subject *subject)
{
    struct fab_frame_peek peek;
    size_t size =
        fab_flow_prepare(subject->flow, subject->frame, sizeof(subject->frame), subject->now_ns);

    if (size == 0)
        return 0;
    assert_true(fab_frame_peek(subject->frame, size, &peek));
    return peek.type;
}

static void
drain(struct subject *subject)
{
    while (says(subject) != 0)
        ;
}

static struct fab_frame_header
header_of(enum fab_frame_type type, uint32_t epoch, uint32_t number)
{
    return (struct fab_frame_header){
        .version = 1,
        .type = (uint8_t)type,
        .from_node = 2,
        .to_node = 1,
        .size = FAB_FRAME_HEADER_SIZE,
        .epoch = epoch,
        .number = number,
    };
}

static void
hand_in(struct subject *subject, struct fab_frame_header header, const void *body, size_t size)
{
    _Alignas(8) uint8_t frame[256];

    memcpy(frame + FAB_FRAME_HEADER_SIZE, body, size);
    header.size = (uint16_t)(FAB_FRAME_HEADER_SIZE + size);
    fab_frame_seal(frame, &header);
    fab_flow_incoming(subject->flow, frame, header.size, subject->now_ns);
}

static void
hand_hello(struct subject *subject, uint64_t nonce, uint64_t echo, uint8_t version)
{
    struct fab_hello hello = {
        .home = PEER_HOME,
        .nonce = nonce,
        .echo = echo,
        .credit = { 1024, 1024, 1024 },
        .first_number = FIRST,
        .frame_max = 1472,
        .lcore_count = 1,
        .version_min = version,
        .version_max = version,
    };

    hand_in(subject, header_of(FAB_FRAME_HELLO, 0, 0), &hello, sizeof(hello));
}

/* A record on stream 0 whose number goes with that of the packet. */
static void
hand_data(struct subject *subject, uint64_t epoch, uint32_t number)
{
    struct {
        struct fab_chunk chunk;
        struct fab_msg msg;
    } body = { .chunk = { .size = sizeof(struct fab_msg), .number = number } };

    hand_in(subject, header_of(FAB_FRAME_DATA, (uint32_t)epoch, number), &body, sizeof(body));
}

static void
hand_floor(struct subject *subject, uint32_t number, uint32_t floor)
{
    struct fab_floor_block block = { .floor = floor };
    struct fab_frame_header header = header_of(FAB_FRAME_DATA, (uint32_t)subject->epoch, number);

    header.flags = FAB_FRAME_HAS_FLOOR;
    hand_in(subject, header, &block, sizeof(block));
}

static void
hand_bad_ack(struct subject *subject)
{
    struct fab_ack_block ack = { .largest = (uint32_t)subject->flow->path.next_number + 5,
                                 .run = 1 };
    struct fab_frame_header header = header_of(FAB_FRAME_DATA, (uint32_t)subject->epoch, FIRST + 3);

    header.flags = FAB_FRAME_HAS_ACK;
    hand_in(subject, header, &ack, sizeof(ack));
}

static void
bring_up(struct subject *subject)
{
    hand_hello(subject, NONCE, subject->flow->handshake.own_nonce, 1);
    assert_int_equal(fab_flow_state(subject->flow), FAB_FLOW_UP);
    subject->epoch = subject->flow->peer.epoch;
    hand_data(subject, subject->epoch, FIRST);
    hand_data(subject, subject->epoch, FIRST + 1);
    hand_floor(subject, FIRST + 2, FIRST + 1);
    drain(subject);
}

static void
enter(struct subject *subject, enum state state)
{
    struct fab_flow_config config;

    fab_flow_config_default(&config);
    config.home = OWN_HOME;
    config.peer_node = 2;
    config.seed = 5;
    config.is_initiator = state != IDLE;
    config.timers.hello_ns_min = config.timers.hello_ns_max = 1000 * MS;
    memset(subject, 0, sizeof(*subject));
    subject->now_ns = 1000 * MS;
    subject->epoch = 0x5555;
    subject->flow = fab_flow_init(aligned_alloc(FAB_FLOW_ALIGN, fab_flow_size(&config)), &config,
                                  &ops, subject, subject->now_ns);
    drain(subject);
    if (state >= UP)
        bring_up(subject);
    if (state == CANDIDATE) {
        hand_hello(subject, NONCE, 0, 1);
        subject->epoch = subject->flow->handshake.candidate_epoch;
    }
    if (state == UP_OFFERED)
        hand_hello(subject, NONCE_NEW, 0, 1);
    if (state == CLOSED)
        fab_flow_close(subject->flow, subject->now_ns);
    drain(subject);
    subject->now_ns += 2 * MS; /* the rate limit of answers is over */
}

/* What a peer that answers us would echo. */
static uint64_t
right_echo(const struct subject *subject, enum state state)
{
    const struct fab_handshake *handshake = &subject->flow->handshake;

    if (state == UP)
        return handshake->session.own_nonce;
    return state == UP_OFFERED ? handshake->candidate.own_nonce : handshake->own_nonce;
}

/* A data frame: what is right or wrong about it is its number and its epoch. */
static void
hand_data_frame(struct subject *subject, enum frame frame)
{
    const struct fab_handshake *handshake = &subject->flow->handshake;

    switch (frame) {
    case DATA_IN_ORDER:
        hand_data(subject, subject->epoch, FIRST + 3);
        break;
    case DATA_DUPLICATE:
        hand_data(subject, subject->epoch, FIRST + 2);
        break;
    case DATA_PAST:
        hand_data(subject, subject->epoch, FIRST);
        break;
    case DATA_FUTURE:
        hand_data(subject, subject->epoch, FIRST + 1000);
        break;
    case DATA_BEFORE_ALL:
        hand_data(subject, subject->epoch, FIRST - 1);
        break;
    case DATA_CANDIDATE:
        hand_data(subject, handshake->candidate_epoch != 0 ? handshake->candidate_epoch : 0x7777,
                  FIRST);
        break;
    case DATA_WRONG_EPOCH:
        hand_data(subject, subject->epoch ^ 0x40000000U, FIRST + 3);
        break;
    default:
        fail();
    }
}

static void
hand_frame(struct subject *subject, enum state state, enum frame frame)
{
    const struct fab_handshake *handshake = &subject->flow->handshake;
    struct fab_frame_header header = header_of(FAB_FRAME_RESET, (uint32_t)subject->epoch, 0);
    uint64_t known = state == UP_OFFERED ? NONCE_NEW : NONCE;

    switch (frame) {
    case HELLO_OFFER:
        hand_hello(subject, 0x3333, 0, 1);
        break;
    case HELLO_ECHO:
        hand_hello(subject, state == UP_OFFERED ? NONCE_NEW : 0x3333, right_echo(subject, state),
                   1);
        break;
    case HELLO_KNOWN:
        hand_hello(subject, known, 0, 1);
        break;
    case HELLO_CONFIRM:
        hand_hello(subject, NONCE,
                   state >= UP ? handshake->session.own_nonce : handshake->own_nonce, 1);
        break;
    case HELLO_VERSION:
        hand_hello(subject, 0x3333, 0, 9);
        break;
    case DATA_IN_ORDER:
    case DATA_DUPLICATE:
    case DATA_PAST:
    case DATA_FUTURE:
    case DATA_BEFORE_ALL:
    case DATA_CANDIDATE:
    case DATA_WRONG_EPOCH:
        hand_data_frame(subject, frame);
        break;
    case DATA_BAD_ACK:
        hand_bad_ack(subject);
        break;
    case LEAVE_OF_EPOCH:
    case LEAVE_WRONG_EPOCH:
        header.type = FAB_FRAME_LEAVE;
        /* fall through */
    case RESET_OF_EPOCH:
    case RESET_WRONG_EPOCH:
        if (frame == RESET_WRONG_EPOCH || frame == LEAVE_WRONG_EPOCH)
            header.epoch ^= 0x40000000U;
        hand_in(subject, header, &header, 0);
        break;
    case FOREIGN_NODE:
        header.from_node = 9;
        hand_in(subject, header, &header, 0);
        break;
    case FOREIGN_LCORE:
        header.to_lcore = 9;
        hand_in(subject, header, &header, 0);
        break;
    case FRAME_COUNT:
        break;
    }
}

/* Sums what a frame that comes in may add to. */
static uint64_t
accounted(const struct fab_flow_counters *c)
{
    return c->frames_received + c->refused_size + c->refused_version + c->refused_crc +
           c->refused_address + c->refused_type + c->refused_block + c->refused_chunk +
           c->refused_ack + c->refused_epoch + c->refused_duplicate + c->refused_state +
           c->refused_hello + c->refused_credit;
}

static uint64_t
counter_at(const struct fab_flow_counters *counters, size_t offset)
{
    return *(const uint64_t *)(const void *)((const uint8_t *)counters + offset);
}

static void
check_cell(enum state state, enum frame frame)
{
    const struct outcome *outcome = &expected[state][frame];
    const struct fab_flow_counters *counters;
    struct subject subject;
    struct fab_flow_counters before;
    uint8_t said;

    enter(&subject, state);
    counters = fab_flow_counters(subject.flow);
    before = *counters;
    hand_frame(&subject, state, frame);
    said = says(&subject);
    if (counter_at(counters, outcome->counter) != counter_at(&before, outcome->counter) + 1 ||
        fab_flow_state(subject.flow) != outcome->state || said != outcome->says)
        print_message("state %d, frame %d: now %s, says %u\n", (int)state, (int)frame,
                      fab_flow_state_name(fab_flow_state(subject.flow)), said);
    assert_true(counter_at(counters, outcome->counter) ==
                counter_at(&before, outcome->counter) + 1);
    assert_true(accounted(counters) == accounted(&before) + 1);
    assert_int_equal(fab_flow_state(subject.flow), outcome->state);
    assert_int_equal(said, outcome->says);
    free(subject.flow);
}

static void
test_handler_matrix(void **state)
{
    (void)state;
    for (int from = 0; from < STATE_COUNT; from++) {
        for (int frame = 0; frame < FRAME_COUNT; frame++) {
            assert_true(expected[from][frame].counter != 0); /* no cell is left out */
            check_cell((enum state)from, (enum frame)frame);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_handler_matrix),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
