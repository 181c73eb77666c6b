/* SPDX-License-Identifier: BSD-3-Clause */
/* Groups: rows of OTP's pg_SUITE, over the test kit. */
#include "semantics.h"

#include <stdio.h>

#include <mycelium/group.h>
#include <mycelium/registry.h>

#define REFS_MAX 64U

static struct myc_test *bench;
static struct myc_test_probe *probes[4];

/* What an act in a probe's name needs and answers. */
struct call {
    const char *group;
    struct myc_ref refs[REFS_MAX];
    uint32_t count;
    enum myc_status status;
};

static void
do_join(struct myc_self *self, void *context)
{
    ((struct call *)context)->status = myc_join(self, ((struct call *)context)->group);
}

static void
do_leave(struct myc_self *self, void *context)
{
    ((struct call *)context)->status = myc_leave(self, ((struct call *)context)->group);
}

static void
do_members(struct myc_self *self, void *context)
{
    struct call *call = context;

    call->count = myc_members(self, call->group, call->refs, REFS_MAX);
}

static void
do_watch(struct myc_self *self, void *context)
{
    ((struct call *)context)->status = myc_watch_group(self, ((struct call *)context)->group, 7);
}

static void
do_end(struct myc_self *self, void *context)
{
    (void)context;
    assert_int_equal(myc_stop(self, myc_self_ref(self), MYC_NORMAL), MYC_OK);
}

static enum myc_status
join(struct myc_test_probe *probe, const char *group)
{
    struct call call = { .group = group };

    myc_test_act(probe, do_join, &call);
    return call.status;
}

static enum myc_status
leave(struct myc_test_probe *probe, const char *group)
{
    struct call call = { .group = group };

    myc_test_act(probe, do_leave, &call);
    return call.status;
}

static uint32_t
count_at(struct myc_test_probe *probe, const char *group)
{
    struct call call = { .group = group };

    myc_test_act(probe, do_members, &call);
    return call.count;
}

/* How often a member is one, as seen by a probe. */
static uint32_t
times_at(struct myc_test_probe *probe, const char *group, struct myc_test_probe *member)
{
    struct call call = { .group = group };
    uint32_t times = 0;

    myc_test_act(probe, do_members, &call);
    for (uint32_t i = 0; i < call.count && i < REFS_MAX; i++)
        times += myc_ref_is_equal(call.refs[i], myc_test_probe_ref(member));
    return times;
}

static void
begin(uint8_t nodes, uint8_t lcores, uint32_t names_max)
{
    bench = semantics_bench((struct myc_test_options){
        .node_count = nodes,
        .lcore_count = lcores,
        .limits.names_max = names_max,
        .limits.messages_max = 8192,
    });
    for (uint8_t i = 0; i < 4; i++)
        probes[i] = i < nodes ? myc_test_add_probe(bench, i, (uint8_t)(lcores - 1)) : NULL;
    myc_test_advance(bench, 20 * MS);
}

/* pg single */
static void
test_joining_twice_makes_a_member_twice_and_leaving_once_leaves_one(void **state)
{
    (void)state;
    begin(2, 2, 0);
    assert_int_equal(leave(probes[0], "g"), MYC_NOT_FOUND);
    assert_int_equal(join(probes[0], "g"), MYC_OK);
    assert_int_equal(join(probes[0], "g"), MYC_OK);
    assert_int_equal(join(probes[0], "other"), MYC_OK);
    assert_int_equal(count_at(probes[0], "g"), 2);
    myc_test_advance(bench, 5 * MS);
    assert_int_equal(times_at(probes[1], "g", probes[0]), 2);
    assert_int_equal(leave(probes[0], "g"), MYC_OK);
    myc_test_advance(bench, 5 * MS);
    assert_int_equal(times_at(probes[1], "g", probes[0]), 1);
    assert_int_equal(leave(probes[0], "g"), MYC_OK);
    assert_int_equal(leave(probes[0], "g"), MYC_NOT_FOUND);
    myc_test_advance(bench, 5 * MS);
    assert_int_equal(count_at(probes[1], "g"), 0);
    assert_int_equal(count_at(probes[1], "other"), 1);
    assert_int_equal(join(probes[0], ""), MYC_INVALID);
    myc_test_destroy(&bench);
}

/* pg empty_group_by_remote_leave, test_stopped_actor_not_inserted */
static void
test_a_member_that_ends_is_none_anywhere(void **state)
{
    (void)state;
    begin(2, 2, 0);
    assert_int_equal(join(probes[0], "g"), MYC_OK);
    assert_int_equal(join(probes[0], "g"), MYC_OK);
    assert_int_equal(join(probes[1], "g"), MYC_OK);
    myc_test_advance(bench, 5 * MS);
    assert_int_equal(count_at(probes[1], "g"), 3);
    myc_test_act(probes[0], do_end, NULL);
    myc_test_advance(bench, 5 * MS);
    assert_int_equal(count_at(probes[1], "g"), 1);
    assert_int_equal(leave(probes[1], "g"), MYC_OK);
    assert_int_equal(count_at(probes[1], "g"), 0);
    myc_test_destroy(&bench);
}

static void
do_register(struct myc_self *self, void *context)
{
    struct call *call = context;

    assert_int_equal(myc_register(self, "\001g"), MYC_INVALID);
    assert_int_equal(myc_lookup(self, "g", call->refs), MYC_NOT_FOUND);
    call->status = myc_register(self, "g");
}

static void
test_a_group_and_a_name_of_one_text_are_two_things(void **state)
{
    struct call call = { .group = "g" };

    (void)state;
    begin(1, 1, 0);
    assert_int_equal(join(probes[0], "g"), MYC_OK);
    myc_test_act(myc_test_add_probe(bench, 0, 0), do_register, &call);
    assert_int_equal(call.status, MYC_OK);
    assert_int_equal(count_at(probes[0], "g"), 1);
    myc_test_destroy(&bench);
}

/* pg overlay_missing, missing_scope_join: a claim from who is no registry is not heard. */
static void
test_a_membership_that_a_stranger_tells_of_is_ignored(void **state)
{
    struct myc_name_claimed claimed = { .claimed_ns = 1, .ref = { 0x0002000000000001ULL, 5 } };
    uint8_t body[MYC_NAME_CLAIMED_SIZE];
    const struct myc_ref registry = { 0, 1 };
    struct myc_ref to = registry;

    (void)state;
    begin(2, 1, 0);
    claimed.name[0] = MYC_GROUP_MARK;
    claimed.name[1] = 'g';
    myc_name_claimed_encode(&claimed, body);
    to.home = myc_test_probe_ref(probes[0]).home;
    assert_int_equal(myc_test_send(probes[0], to, &myc_name_claimed_type, body, sizeof(body)),
                     MYC_OK);
    assert_int_equal(myc_test_send(probes[1], to, &myc_name_claimed_type, body, sizeof(body)),
                     MYC_OK);
    myc_test_advance(bench, 5 * MS);
    assert_int_equal(count_at(probes[0], "g"), 0);
    myc_test_destroy(&bench);
}

static void
test_who_watches_a_group_hears_once_a_turn_and_nothing_when_it_is_told_again(void **state)
{
    struct call call = { .group = "g" };
    const struct myc_message *message;

    (void)state;
    begin(2, 1, 0);
    myc_test_act(probes[1], do_watch, &call);
    assert_int_equal(call.status, MYC_OK);
    message = myc_test_expect(probes[1], &myc_group_changed_type);
    assert_int_equal(message->tag, 7);
    myc_test_expect_none(probes[1], 10 * MS);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(join(probes[1], "g"), MYC_OK);
    assert_non_null(myc_test_expect(probes[1], &myc_group_changed_type));
    myc_test_expect_none(probes[1], 10 * MS);
    assert_int_equal(join(probes[0], "g"), MYC_OK);
    assert_non_null(myc_test_expect(probes[1], &myc_group_changed_type));
    assert_int_equal(join(probes[0], "other"), MYC_OK);
    myc_test_expect_none(probes[1], 10 * MS);
    /* scope_restart, forced_sync: a cut takes the other's members, a new list brings them once. */
    myc_test_cut(bench, 0, 1);
    assert_non_null(myc_test_expect(probes[1], &myc_group_changed_type));
    assert_int_equal(count_at(probes[1], "g"), 10);
    myc_test_heal(bench, 0, 1);
    assert_non_null(myc_test_expect(probes[1], &myc_group_changed_type));
    myc_test_expect_none(probes[1], 50 * MS);
    assert_int_equal(count_at(probes[1], "g"), 11);
    myc_test_destroy(&bench);
}

/* pg netsplit, trisplit, foursplit */
static void
test_after_a_split_all_views_are_the_same_and_what_was_left_meanwhile_is_left(void **state)
{
    (void)state;
    for (uint8_t nodes = 2; nodes <= 4; nodes++) {
        begin(nodes, 1, 0);
        for (uint8_t i = 0; i < nodes; i++)
            assert_int_equal(join(probes[i], "g"), MYC_OK);
        myc_test_advance(bench, 5 * MS);
        for (uint8_t i = 0; i < nodes; i++)
            assert_int_equal(count_at(probes[i], "g"), nodes);
        for (uint8_t i = 0; i < nodes; i++)
            for (uint8_t j = 0; j < i; j++)
                myc_test_cut(bench, i, j);
        myc_test_advance(bench, 5 * MS);
        for (uint8_t i = 0; i < nodes; i++)
            assert_int_equal(count_at(probes[i], "g"), 1);
        assert_int_equal(leave(probes[0], "g"), MYC_OK);
        assert_int_equal(join(probes[1], "g"), MYC_OK);
        for (uint8_t i = 0; i < nodes; i++)
            for (uint8_t j = 0; j < i; j++)
                myc_test_heal(bench, i, j);
        myc_test_advance(bench, 50 * MS);
        for (uint8_t i = 0; i < nodes; i++) {
            assert_int_equal(count_at(probes[i], "g"), nodes);
            assert_int_equal(times_at(probes[i], "g", probes[0]), 0);
            assert_int_equal(times_at(probes[i], "g", probes[1]), 2);
        }
        myc_test_destroy(&bench);
    }
}

/* pg thundering_herd: many groups are told anew again and again. */
static void
test_ten_thousand_groups_are_told_again_and_again(void **state)
{
    const char *is_long = getenv("MYCELIUM_LONG");
    unsigned rounds = is_long && strcmp(is_long, "1") == 0 ? 2000 : 40;
    char name[32];

    (void)state;
    begin(2, 1, 16384);
    for (unsigned i = 0; i < 10000; i++) {
        snprintf(name, sizeof(name), "group%u", i);
        assert_int_equal(join(probes[0], name), MYC_OK);
    }
    for (unsigned round = 0; round < rounds; round++) {
        myc_test_advance(bench, 500 * MS);
        assert_int_equal(count_at(probes[1], "group0"), 1);
        assert_int_equal(count_at(probes[1], "group9999"), 1);
        myc_test_cut(bench, 0, 1);
        myc_test_advance(bench, 5 * MS);
        assert_int_equal(count_at(probes[1], "group9999"), 0);
        myc_test_heal(bench, 0, 1);
    }
    myc_test_advance(bench, 500 * MS);
    for (unsigned i = 0; i < 10000; i++) {
        snprintf(name, sizeof(name), "group%u", i);
        assert_int_equal(times_at(probes[1], name, probes[0]), 1);
    }
    myc_test_destroy(&bench);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_joining_twice_makes_a_member_twice_and_leaving_once_leaves_one),
        cmocka_unit_test(test_a_member_that_ends_is_none_anywhere),
        cmocka_unit_test(test_a_group_and_a_name_of_one_text_are_two_things),
        cmocka_unit_test(test_a_membership_that_a_stranger_tells_of_is_ignored),
        cmocka_unit_test(
            test_who_watches_a_group_hears_once_a_turn_and_nothing_when_it_is_told_again),
        cmocka_unit_test(
            test_after_a_split_all_views_are_the_same_and_what_was_left_meanwhile_is_left),
        cmocka_unit_test(test_ten_thousand_groups_are_told_again_and_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
