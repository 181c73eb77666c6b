/* SPDX-License-Identifier: BSD-3-Clause */
/* Cases of large messages. */
#include "conformance/cases.h"

#include <stdio.h>

#include <mycelium/buffer.h>

#define MIB             (1024U * 1024U)
#define HAUL_TIMEOUT_NS (6 * CONF_TIMEOUT_NS)

static const enum conf_place ways[][2] = {
    { CONF_A, CONF_B }, { CONF_B, CONF_A }, { CONF_A, CONF_A }, { CONF_B, CONF_B }
};

/* `count` bodies of `size` bytes from one place to another, sent and taken as the names say. */
static void
haul(struct conf_fixture *fixture, const enum conf_place way[2], uint32_t size, uint64_t count,
     const char *sent, const char *taken)
{
    struct conf_plan weigher = { .count = count, .option = size };
    struct conf_plan hauler = { .count = count, .option = size };
    uint32_t complete = conf_count_of(&fixture->log, CONF_WHAT_COMPLETE);
    uint32_t ended = conf_count_of(&fixture->log, CONF_WHAT_SENT);
    uint32_t undelivered = conf_count_of(&fixture->log, CONF_WHAT_UNDELIVERED);

    snprintf(weigher.name, sizeof(weigher.name), "%s", taken);
    snprintf(hauler.name, sizeof(hauler.name), "%s", sent);
    hauler.peer = conf_spawn(fixture, way[1], "weigher", weigher);
    conf_spawn(fixture, way[0], "hauler", hauler);
    /* Megabytes take their time where CPUs are shared. */
    conf_await_within(fixture, CONF_WHAT_SENT, ended + 1, HAUL_TIMEOUT_NS);
    conf_await_within(fixture, CONF_WHAT_COMPLETE, complete + 1, HAUL_TIMEOUT_NS);
    assert_int_equal(conf_last_of(&fixture->log, CONF_WHAT_SENT)->status, MYC_OK);
    assert_int_equal(conf_count_of(&fixture->log, CONF_WHAT_DISORDER), 0);
    assert_int_equal(conf_count_of(&fixture->log, CONF_WHAT_UNDELIVERED), undelivered);
}

void
test_large_messages_arrive_whole_in_order_and_once(void **state)
{
    static const struct {
        uint32_t size;
        uint32_t count;
    } loads[] = {
        { MYC_BODY_INLINE_MAX, 20 },
        { MYC_BODY_INLINE_MAX + 1, 20 },
        { 65536, 20 },
        { MIB, 5 },
        { 16 * MIB, 1 },
    };
    struct conf_fixture *fixture = conf_begin(state);

    for (uint32_t i = 0; i < 4; i++)
        for (uint32_t j = 0; j < sizeof(loads) / sizeof(loads[0]); j++)
            haul(fixture, ways[i], loads[j].size, loads[j].count, "", "");
    conf_linger(fixture);
    assert_int_equal(conf_count_of(&fixture->log, CONF_WHAT_COMPLETE), 20);
}

void
test_more_than_sixteen_mebibytes_are_too_big(void **state)
{
    struct conf_fixture *fixture = conf_begin(state);

    for (uint32_t i = 0; i < 4; i++) {
        struct conf_plan weigher = { .count = 1, .option = 16 * MIB + 1 };
        struct conf_plan hauler = weigher;

        hauler.peer = conf_spawn(fixture, ways[i][1], "weigher", weigher);
        conf_spawn(fixture, ways[i][0], "hauler", hauler);
        conf_await(fixture, CONF_WHAT_SENT, i + 1);
        assert_int_equal(conf_last_of(&fixture->log, CONF_WHAT_SENT)->status, MYC_TOO_BIG);
    }
    assert_int_equal(conf_count_of(&fixture->log, CONF_WHAT_COMPLETE), 0);
}

void
test_large_messages_are_written_in_place_shared_and_kept(void **state)
{
    struct conf_fixture *fixture = conf_begin(state);

    for (uint32_t i = 0; i < 4; i++) {
        haul(fixture, ways[i], 100000, 10, "place", "");
        haul(fixture, ways[i], 200000, 10, "share", "");
        haul(fixture, ways[i], 300000, 10, "", "keep");
    }
    conf_linger(fixture);
    assert_int_equal(conf_count_of(&fixture->log, CONF_WHAT_COMPLETE), 12);
}

/* Small ones go on among large ones, to another actor and to the same. */
void
test_small_messages_pass_among_large_ones(void **state)
{
    struct conf_fixture *fixture = conf_begin(state);

    for (uint32_t i = 0; i < 2; i++) {
        struct conf_plan weigher = { .count = 10, .option = MIB };
        struct conf_plan hauler = weigher;
        struct myc_ref sink =
            conf_spawn(fixture, ways[i][1], "sink", (struct conf_plan){ .count = 5000 });

        hauler.peer = conf_spawn(fixture, ways[i][1], "weigher", weigher);
        conf_spawn(fixture, ways[i][0], "hauler", hauler);
        conf_spawn(fixture, ways[i][0], "source",
                   (struct conf_plan){ .peer = sink, .count = 5000, .option = 1 });
        conf_await(fixture, CONF_WHAT_COMPLETE, 2 * (i + 1));
    }
    assert_int_equal(conf_count_of(&fixture->log, CONF_WHAT_DISORDER), 0);
}

/* B goes down in the middle of large messages both ways; what A had lent comes back, so that more
 * than would else fit goes through afterwards. */
void
test_a_node_that_dies_half_way_leaves_no_large_message_behind(void **state)
{
    struct conf_fixture *fixture = *state;

    if (!fixture->crash_b || fixture->is_one_node)
        conf_skip("there is no other node that could crash");
    for (unsigned life = 0; life < 2; life++) {
        struct conf_plan weigher = { .count = UINT32_MAX, .option = 4 * MIB };
        struct conf_plan hauler = weigher;

        conf_begin(state);
        snprintf(weigher.name, sizeof(weigher.name), "keep");
        hauler.peer = conf_spawn(fixture, CONF_B, "weigher", weigher);
        conf_spawn(fixture, CONF_A, "hauler", hauler);
        weigher.name[0] = 0;
        hauler.peer = conf_spawn(fixture, CONF_A, "weigher", weigher);
        conf_spawn(fixture, CONF_B, "hauler", hauler);
        conf_linger(fixture);
        fixture->crash_b(fixture);
        conf_await(fixture, CONF_WHAT_SENT, 1);
        fixture->start_b(fixture);
        conf_cross(fixture);
        conf_linger(fixture); /* reports of what was in doubt */
        haul(fixture, ways[2], 16 * MIB, 2, "", "");
    }
}
