/* SPDX-License-Identifier: BSD-3-Clause */
/* Cases of the suite: groups, as both places see them. */
#include "conformance/cases.h"

static const enum conf_place places[] = { CONF_A, CONF_B };

/* Both places come to see so many members, that one among them (null: whoever). */
static void
await_members(struct conf_fixture *fixture, uint64_t count, struct myc_ref member)
{
    uint32_t complete = conf_count_of(&fixture->log, CONF_WHAT_COMPLETE);

    for (uint32_t i = 0; i < 2; i++)
        conf_spawn(fixture, places[i], "censor",
                   (struct conf_plan){ .name = "conf_group", .count = count, .peer = member });
    conf_await(fixture, CONF_WHAT_COMPLETE, complete + 2);
}

/* pg single, empty_group_by_remote_leave, test_stopped_actor_not_inserted */
void
test_both_places_see_who_joins_leaves_and_ends(void **state)
{
    static const struct myc_ref anybody;
    struct conf_fixture *fixture = conf_begin(state);

    for (uint32_t i = 0; i < 2; i++) {
        struct conf_plan plan = { .name = "conf_group", .count = 2 };
        struct myc_ref twice = conf_spawn(fixture, places[i], "joiner", plan);
        struct myc_ref once;

        await_members(fixture, 2, twice);
        plan.count = 1;
        once = conf_spawn(fixture, places[1 - i], "joiner", plan);
        await_members(fixture, 3, once);
        conf_spawn(fixture, CONF_A, "prober", (struct conf_plan){ .peer = twice, .option = 1 });
        await_members(fixture, 2, twice);
        conf_spawn(fixture, CONF_A, "ender",
                   (struct conf_plan){ .peer = twice, .option = MYC_KILLED });
        await_members(fixture, 1, once);
        conf_spawn(fixture, CONF_A, "prober", (struct conf_plan){ .peer = once, .option = 1 });
        await_members(fixture, 0, anybody);
    }
}

/* What a node that is lost has had in the group is gone with it, and comes with the next one. */
void
test_the_members_of_a_node_that_crashes_are_gone(void **state)
{
    struct conf_fixture *fixture = *state;
    const struct conf_log *log = &fixture->log;
    struct conf_plan plan = { .name = "conf_group", .count = 1 };
    struct myc_ref here, there;

    if (!fixture->crash_b || fixture->is_one_node)
        conf_skip("there is no other node that could crash");
    conf_begin(state);
    here = conf_spawn(fixture, CONF_A, "joiner", plan);
    there = conf_spawn(fixture, CONF_B, "joiner", plan);
    await_members(fixture, 2, there);
    plan.peer = here;
    conf_spawn(fixture, CONF_A, "censor", plan);
    conf_linger(fixture);
    assert_int_equal(conf_count_of(log, CONF_WHAT_COMPLETE), 2);
    fixture->crash_b(fixture);
    conf_await(fixture, CONF_WHAT_COMPLETE, 3);
    fixture->start_b(fixture);
    conf_cross(fixture);
    there = conf_spawn(fixture, CONF_B, "joiner", plan);
    await_members(fixture, 2, there);
}
