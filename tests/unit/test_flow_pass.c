/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A small message never waits for a large one of another receiver, also where both go over one
 * stream; and each receiver's messages stay in order, whatever the wire does.
 */
#include "support/cmocka.h"

#include <stdlib.h>
#include <string.h>

#include "base/prng.h"
#include "proto/flow.h"
#include "support/quiet_flow.h"

#define RECEIVERS   4U /* of one stream */
#define STREAM      5U
#define LARGE_SIZE  60000U
#define FRAMES_MAX  4096U
#define TURN_NS     10000ULL
#define TURNS_MAX   200000U
#define BODIES      64U
#define FRAME_BYTES 1472U

struct side {
    struct fab_flow *flow;
    void *memory;
    struct fab_granter granter;
    uint64_t next[RECEIVERS]; /* expected */
    uint64_t got;
    uint64_t got_large;
    uint32_t refuse; /* chance that on_message refuses, per million */
    uint8_t *bodies[BODIES];
};

struct frame {
    uint8_t bytes[FRAME_BYTES];
    size_t size;
};

static struct side sides[2];
static struct frame *wire[2]; /* on their way to each */
static uint32_t wire_count[2];
static struct fab_prng prng;
static uint64_t now_ns;
static uint8_t body[LARGE_SIZE]; /* of all that are sent */

static bool
on_message(void *context, enum fab_lane lane, const struct fab_msg *msg)
{
    struct side *side = context;

    (void)lane;
    if (fab_prng_chance(&prng, side->refuse) && !fab_flow_is_ending(side->flow))
        return false;
    assert_in_range(msg->to, 1, RECEIVERS);
    assert_true(msg->tag == side->next[msg->to - 1]);
    side->next[msg->to - 1]++;
    side->got++;
    if (fab_msg_has_buffer(msg)) {
        uint64_t name = fab_msg_buffer_word(msg);

        assert_memory_equal(side->bodies[name], body, msg->size);
        free(side->bodies[name]);
        side->bodies[name] = NULL;
        side->got_large++;
    }
    return true;
}

static bool
on_body_wanted(void *context, uint32_t size, uint8_t **bytes, uint64_t *token)
{
    struct side *side = context;
    uint32_t i = 0;

    while (i < BODIES && side->bodies[i])
        i++;
    if (i == BODIES)
        return false;
    *bytes = side->bodies[i] = malloc(size);
    *token = i;
    return true;
}

static void
on_body_dropped(void *context, uint64_t token)
{
    struct side *side = context;

    free(side->bodies[token]);
    side->bodies[token] = NULL;
}

static void
on_body_sent(void *context, uint64_t loan)
{
    (void)context;
    (void)loan;
}

static void
on_down(void *context, enum fab_flow_reason reason)
{
    (void)context;
    assert_int_equal(reason, FAB_FLOW_REASON_CLOSED);
}

static void
on_obstacle(void *context, enum fab_flow_obstacle obstacle, const struct fab_hello *hello)
{
    (void)context;
    (void)hello;
    fail_msg("obstacle %d", (int)obstacle);
}

static const struct fab_flow_ops ops = {
    .on_message = on_message,
    .on_up = quiet_on_up,
    .on_down = on_down,
    .on_in_doubt = quiet_on_in_doubt,
    .on_writable = quiet_on_writable,
    .on_suspect = quiet_on_suspect,
    .on_obstacle = on_obstacle,
    .on_body_wanted = on_body_wanted,
    .on_body_dropped = on_body_dropped,
    .on_body_sent = on_body_sent,
};

static void
open_side(unsigned index)
{
    struct side *side = &sides[index];
    struct fab_flow_config config;

    memset(side, 0, sizeof(*side));
    fab_flow_config_default(&config);
    config.home = (uint64_t)(index + 1) << 48 | 77;
    config.peer_node = (uint16_t)(2 - index);
    config.is_initiator = true;
    config.seed = index + 1;
    config.frame_max = FRAME_BYTES;
    config.large_max = 1U << 20;
    config.granter = &side->granter;
    fab_granter_init(&side->granter, FAB_GRANT_BUDGET_DEFAULT);
    side->memory = aligned_alloc(FAB_FLOW_ALIGN, fab_flow_size(&config));
    assert_non_null(side->memory);
    side->flow = fab_flow_init(side->memory, &config, &ops, side, now_ns);
    wire[index] = malloc(FRAMES_MAX * sizeof(*wire[index]));
    wire_count[index] = 0;
}

static void
close_side(unsigned index)
{
    struct side *side = &sides[index];

    fab_flow_close(side->flow, now_ns);
    fab_flow_fini(side->flow);
    free(side->memory);
    free(wire[index]);
    for (uint32_t i = 0; i < BODIES; i++)
        assert_null(side->bodies[i]);
}

static bool
send(struct side *side, uint64_t to, uint64_t tag, bool is_large)
{
    uint32_t size = is_large ? LARGE_SIZE : 32;
    uint32_t total = FAB_MSG_HEADER_SIZE + (is_large ? 8 : size);
    struct fab_msg *msg;
    enum myc_status status = is_large
                                 ? fab_flow_claim_large(side->flow, STREAM, total, size, &msg)
                                 : fab_flow_claim(side->flow, FAB_LANE_USER, STREAM, total, &msg);

    if (status != MYC_OK)
        return false;
    memset(msg, 0, total);
    msg->to = to;
    msg->tag = tag;
    msg->size = size;
    if (!is_large) {
        fab_flow_commit(side->flow);
        return true;
    }
    msg->flags = FAB_MSG_HAS_BUFFER;
    msg->extensions = 1;
    fab_flow_commit_large(side->flow, body, 0);
    return true;
}

/* What the side has to say goes on the wire, but for what is lost. */
static void
talk(unsigned from, uint32_t lose)
{
    unsigned to = 1 - from;

    if (fab_flow_has_refused(sides[from].flow))
        fab_flow_offer(sides[from].flow);
    if (fab_granter_call(&sides[from].granter))
        fab_flow_grant(sides[from].flow);
    for (;;) {
        struct frame *frame = &wire[to][wire_count[to]];

        assert_in_range(wire_count[to], 0, FRAMES_MAX - 1);
        frame->size =
            fab_flow_prepare(sides[from].flow, frame->bytes, sizeof(frame->bytes), now_ns);
        if (frame->size == 0)
            return;
        wire_count[to] += !fab_prng_chance(&prng, lose);
    }
}

/* The side hears `most` frames: in their order, or in none. */
static void
hear(unsigned to, uint32_t most, bool is_shuffled)
{
    for (uint32_t i = 0; i < most && wire_count[to] > 0; i++) {
        uint32_t at = is_shuffled && fab_prng_chance(&prng, 200000)
                          ? (uint32_t)fab_prng_below(&prng, wire_count[to])
                          : 0;
        struct frame frame = wire[to][at];

        wire_count[to]--;
        memmove(&wire[to][at], &wire[to][at + 1], (wire_count[to] - at) * sizeof(frame));
        fab_flow_incoming(sides[to].flow, frame.bytes, frame.size, now_ns);
    }
}

static void
step(uint32_t most, uint32_t lose)
{
    now_ns += TURN_NS;
    for (unsigned i = 0; i < 2; i++)
        talk(i, lose);
    for (unsigned i = 0; i < 2; i++)
        hear(i, most, lose > 0);
}

static void
open_pair(void)
{
    now_ns = 1000000000;
    fab_prng_init(&prng, 4);
    for (uint32_t i = 0; i < LARGE_SIZE; i++)
        body[i] = (uint8_t)(i * 7 + (i >> 8));
    for (unsigned i = 0; i < 2; i++)
        open_side(i);
    for (unsigned i = 0; i < 1000; i++)
        step(FRAMES_MAX, 0);
    assert_int_equal(fab_flow_state(sides[0].flow), FAB_FLOW_UP);
    assert_int_equal(fab_flow_state(sides[1].flow), FAB_FLOW_UP);
}

static void
test_a_small_message_passes_a_large_one_of_another_receiver(void **state)
{
    (void)state;
    open_pair();
    assert_true(send(&sides[0], 1, 0, true));
    assert_true(send(&sides[0], 1, 1, false)); /* behind it, to the same receiver */
    assert_true(send(&sides[0], 2, 0, false));
    assert_true(send(&sides[0], 3, 0, true));
    assert_true(send(&sides[0], 3, 1, false));
    assert_true(send(&sides[0], 2, 1, false));
    step(1, 0); /* the first frame: all records, and no part */
    assert_int_equal(sides[1].next[1], 2);
    assert_int_equal(sides[1].got, 2);
    assert_int_equal(fab_flow_counters(sides[1].flow)->messages_passed, 2);
    for (unsigned i = 0; i < 1000; i++)
        step(FRAMES_MAX, 0);
    assert_int_equal(sides[1].got, 6);
    assert_int_equal(sides[1].got_large, 2);
    assert_true(fab_flow_is_drained(sides[0].flow));
    for (unsigned i = 0; i < 2; i++)
        close_side(i);
}

/* The credit of what has passed comes back, so that many can: far more than the lane has units. */
static void
test_what_has_passed_holds_little_credit(void **state)
{
    uint64_t sent = 0;

    (void)state;
    open_pair();
    assert_true(send(&sides[0], 1, 0, true));
    for (unsigned i = 0; i < 4000 && sides[1].got_large == 0; i++) {
        for (unsigned j = 0; j < 16 && send(&sides[0], 2, sent, false); j++)
            sent++;
        step(1, 0);
        assert_true(sides[1].got_large > 0 ||
                    fab_flow_counters(sides[1].flow)->refused_credit == 0);
    }
    assert_int_equal(sides[1].got_large, 1);
    assert_true(sides[1].next[1] > 100);
    for (unsigned i = 0; i < 3000; i++)
        step(FRAMES_MAX, 0);
    assert_true(sides[1].next[1] == sent);
    for (unsigned i = 0; i < 2; i++)
        close_side(i);
}

/* Both ways, four receivers of one stream, over a bad wire to one who often has no room. */
static void
exchange(uint64_t seed)
{
    uint64_t tags[2][RECEIVERS] = { { 0 } };
    uint64_t left[2] = { 400, 400 };
    uint64_t larges[2] = { 0 };
    unsigned turns = 0;

    open_pair();
    fab_prng_init(&prng, seed);
    sides[0].refuse = sides[1].refuse = 200000;
    while ((sides[0].got < 400 || sides[1].got < 400) && turns++ < TURNS_MAX) {
        for (unsigned i = 0; i < 2; i++) {
            uint64_t to = 1 + fab_prng_below(&prng, RECEIVERS);
            bool is_large = fab_prng_chance(&prng, 100000);

            if (left[i] == 0 || !send(&sides[i], to, tags[i][to - 1], is_large))
                continue;
            tags[i][to - 1]++;
            larges[i] += is_large;
            left[i]--;
        }
        step(1 + (uint32_t)fab_prng_below(&prng, 32), 50000);
    }
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(sides[i].got, 400);
        assert_true(sides[i].got_large == larges[1 - i] && larges[i] > 0);
        assert_true(fab_flow_counters(sides[i].flow)->messages_passed > 0);
        assert_int_equal(fab_flow_counters(sides[i].flow)->refused_credit, 0);
    }
    for (unsigned i = 0; i < 2000; i++)
        step(FRAMES_MAX, 0);
    for (unsigned i = 0; i < 2; i++) {
        assert_true(fab_flow_is_drained(sides[i].flow));
        close_side(i);
    }
}

static void
test_each_receiver_has_its_order_over_a_bad_wire(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++)
        exchange(seed);
}

/* Bodies that have passed, and stubs, when the epoch ends. */
static void
test_an_epoch_ends_with_records_that_have_passed(void **state)
{
    (void)state;
    open_pair();
    assert_true(send(&sides[0], 1, 0, true));
    for (uint64_t i = 0; i < 20; i++)
        assert_true(send(&sides[0], 2, i, false));
    step(2, 0); /* of records two frames */
    assert_int_equal(sides[1].next[1], 20);
    for (unsigned i = 0; i < 2; i++)
        close_side(i);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_small_message_passes_a_large_one_of_another_receiver),
        cmocka_unit_test(test_what_has_passed_holds_little_credit),
        cmocka_unit_test(test_each_receiver_has_its_order_over_a_bad_wire),
        cmocka_unit_test(test_an_epoch_ends_with_records_that_have_passed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
