/* SPDX-License-Identifier: BSD-3-Clause */
/* Routers: rows of Pekko's RoutersSpec, over the test kit. */
#include "semantics.h"

#include <mycelium/router.h>

static struct myc_test *bench;
static struct myc_test_probe *probe; /* it has the router */
static struct myc_test_probe *workers[4];

static void
do_join(struct myc_self *self, void *context)
{
    (void)context;
    assert_int_equal(myc_join(self, "workers"), MYC_OK);
}

static void
do_end(struct myc_self *self, void *context)
{
    (void)context;
    assert_int_equal(myc_stop(self, myc_self_ref(self), MYC_NORMAL), MYC_OK);
}

static void
begin(uint8_t nodes)
{
    bench = semantics_bench((struct myc_test_options){ .node_count = nodes });
    probe = myc_test_add_probe(bench, 0, 0);
    myc_test_advance(bench, 20 * MS);
}

struct routing {
    struct myc_router router;
    struct myc_routee routees[8];
    uint64_t key;
    struct myc_ref ref;
    enum myc_status status;
    uint32_t accepted;
    const struct myc_message *message;
};

static struct routing routing;

static void
do_follow(struct myc_self *self, void *context)
{
    (void)context;
    routing.status = myc_router_follow(self, &routing.router, "workers");
}

static void
do_take(struct myc_self *self, void *context)
{
    (void)context;
    assert_true(myc_router_on_event(self, &routing.router, routing.message));
}

static void
do_route(struct myc_self *self, void *context)
{
    uint8_t body[CONF_NUMBER_SIZE] = { 0 };
    const struct myc_routed routed = {
        .size = sizeof(routed),
        .key = routing.key,
        .type = &conf_number_type,
        .body = body,
        .body_size = sizeof(body),
    };

    (void)context;
    routing.status = myc_router_send(self, &routing.router, &routed, &routing.ref);
}

static void
do_broadcast(struct myc_self *self, void *context)
{
    uint8_t body[CONF_NUMBER_SIZE] = { 0 };

    (void)context;
    routing.accepted =
        myc_router_broadcast(self, &routing.router, &conf_number_type, body, sizeof(body));
}

static void
take_change(void)
{
    routing.message = myc_test_expect(probe, &myc_group_changed_type);
    myc_test_act(probe, do_take, NULL);
}

/* A router at node 0, four workers at nodes 0 to 2. */
static void
begin_routing(enum myc_route_by by)
{
    begin(3);
    memset(&routing, 0, sizeof(routing));
    myc_router_init(&routing.router, by, routing.routees, 8);
    for (uint8_t i = 0; i < 4; i++) {
        workers[i] = myc_test_add_probe(bench, i % 3, 0);
        myc_test_act(workers[i], do_join, NULL);
    }
    myc_test_advance(bench, 10 * MS);
    myc_test_act(probe, do_follow, NULL);
    assert_int_equal(routing.status, MYC_OK);
    take_change();
}

static unsigned
worker_of(struct myc_ref ref)
{
    for (unsigned i = 0; i < 4; i++)
        if (myc_ref_is_equal(ref, myc_test_probe_ref(workers[i])))
            return i;
    fail_msg("nobody");
    return 0;
}

static unsigned
route(uint64_t key)
{
    routing.key = key;
    myc_test_act(probe, do_route, NULL);
    assert_int_equal(routing.status, MYC_OK);
    return worker_of(routing.ref);
}

static void
test_round_robin_goes_on_with_the_rest_when_one_ends(void **state)
{
    unsigned counts[4] = { 0 };

    (void)state;
    begin_routing(MYC_ROUTE_ROUND_ROBIN);
    myc_test_allow(probe, &myc_undelivered_type);
    for (unsigned i = 0; i < 40; i++)
        counts[route(0)]++;
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(counts[i], 10);
    myc_test_act(workers[3], do_end, NULL);
    myc_test_settle(bench);
    /* Even before the router has heard of it. */
    for (unsigned i = 0; i < 30; i++)
        assert_int_not_equal(route(0), 3);
    take_change();
    assert_int_equal(routing.router.count, 3);
    for (unsigned i = 0; i < 30; i++)
        assert_int_not_equal(route(0), 3);
    myc_test_act(probe, do_broadcast, NULL);
    assert_int_equal(routing.accepted, 3);
    myc_test_destroy(&bench);
}

static void
test_the_least_loaded_gets_the_next(void **state)
{
    unsigned first;

    (void)state;
    begin_routing(MYC_ROUTE_LEAST_LOADED);
    first = route(0);
    for (unsigned i = 0; i < 3; i++)
        assert_int_not_equal(route(0), first);
    myc_router_done(&routing.router, myc_test_probe_ref(workers[2]));
    assert_int_equal(route(0), 2);
    myc_test_destroy(&bench);
}

static void
test_a_key_stays_with_its_routee_and_only_the_lost_ones_keys_move(void **state)
{
    unsigned before[1000], counts[4] = { 0 };
    unsigned moved = 0;

    (void)state;
    begin_routing(MYC_ROUTE_CONSISTENT_HASH);
    for (uint64_t key = 0; key < 1000; key++) {
        before[key] = route(key);
        counts[before[key]]++;
        if (key % 20 == 0)
            myc_test_settle(bench);
    }
    for (unsigned i = 0; i < 4; i++)
        assert_in_range(counts[i], 180, 320);
    /* not_route_to_unreachable: its node is cut off. */
    myc_test_cut(bench, 0, 1);
    myc_test_allow(probe, &myc_undelivered_type);
    myc_test_settle(bench);
    for (uint64_t key = 0; key < 1000; key++) {
        unsigned now = route(key);

        assert_int_not_equal(now, 1);
        moved += now != before[key];
        if (key % 20 == 0)
            myc_test_settle(bench);
    }
    assert_int_equal(moved, counts[1]);
    myc_test_destroy(&bench);
}

static void
test_without_routees_a_send_is_dropped_and_counted(void **state)
{
    (void)state;
    begin(1);
    memset(&routing, 0, sizeof(routing));
    myc_router_init(&routing.router, MYC_ROUTE_ROUND_ROBIN, routing.routees, 8);
    myc_test_act(probe, do_follow, NULL);
    take_change();
    myc_test_act(probe, do_route, NULL);
    assert_int_equal(routing.status, MYC_NOT_FOUND);
    assert_int_equal(routing.router.dropped, 1);
    myc_test_act(probe, do_join, NULL);
    take_change();
    myc_test_act(probe, do_route, NULL);
    assert_int_equal(routing.status, MYC_OK);
    myc_test_destroy(&bench);
}

/* --- broadcasts ------------------------------------------------------------------------------- */

/* SPDK's for_each races, all of them: any of the four may end just before or just after. */
static void
race_with_ends(unsigned ending, bool is_before)
{
    begin_routing(MYC_ROUTE_ROUND_ROBIN);
    myc_test_allow(probe, &myc_undelivered_type);
    myc_test_allow(probe, &myc_group_changed_type);
    if (!is_before)
        myc_test_act(probe, do_broadcast, NULL);
    for (unsigned i = 0; i < 4; i++)
        if (ending & 1U << i)
            myc_test_act(workers[i], do_end, NULL);
    if (is_before)
        myc_test_act(probe, do_broadcast, NULL);
    myc_test_settle(bench);
    assert_in_range(routing.accepted, 4 - (unsigned)__builtin_popcount(ending), 4);
    for (unsigned i = 0; i < 4; i++) {
        if (ending & 1U << i)
            continue;
        assert_int_equal(semantics_expect_number(workers[i]), 0);
        myc_test_expect_none(workers[i], MS);
    }
    myc_test_destroy(&bench);
}

static void
test_a_broadcast_that_races_with_ends_visits_each_of_the_living_once(void **state)
{
    (void)state;
    for (unsigned ending = 0; ending < 16; ending++) {
        race_with_ends(ending, true);
        race_with_ends(ending, false);
    }
}

static unsigned narrow_got;

static enum myc_status
narrow_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    (void)state, (void)args, (void)args_size;
    narrow_got = 0;
    return myc_join(self, "workers");
}

static enum myc_status
narrow_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    (void)self, (void)state;
    narrow_got += message->kind == MYC_KIND_SEND;
    return MYC_OK;
}

static const struct myc_class narrow_class = {
    .size = sizeof(narrow_class),
    .name = "narrow",
    .flags = MYC_CLASS_ACCEPTS_ANY,
    .init = narrow_init,
    .receive = narrow_receive,
};

/* More in one handler than the narrow one has places for. */
static void
do_broadcast_often(struct myc_self *self, void *context)
{
    uint32_t *accepted = context;

    for (unsigned i = 0; i < 5; i++) {
        do_broadcast(self, NULL);
        accepted[i] = routing.accepted;
    }
}

static void
test_a_full_routee_holds_up_no_other_one_of_a_broadcast(void **state)
{
    const struct myc_spawn_options narrow = { .size = sizeof(narrow), .mailbox_max = 2 };
    uint32_t accepted[5];

    (void)state;
    begin_routing(MYC_ROUTE_ROUND_ROBIN);
    assert_int_equal(myc_test_spawn(bench, 0, 0, &narrow_class, &narrow, NULL), MYC_OK);
    take_change();
    assert_int_equal(routing.router.count, 5);
    myc_test_act(probe, do_broadcast_often, accepted);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(accepted[i], i < 2 ? 5 : 4);
    assert_non_null(myc_test_expect(probe, &myc_writable_type));
    for (unsigned i = 0; i < 4; i++)
        for (unsigned n = 0; n < 5; n++)
            assert_int_equal(semantics_expect_number(workers[i]), 0);
    assert_int_equal(narrow_got, 2);
    myc_test_destroy(&bench);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_robin_goes_on_with_the_rest_when_one_ends),
        cmocka_unit_test(test_the_least_loaded_gets_the_next),
        cmocka_unit_test(test_a_key_stays_with_its_routee_and_only_the_lost_ones_keys_move),
        cmocka_unit_test(test_without_routees_a_send_is_dropped_and_counted),
        cmocka_unit_test(test_a_broadcast_that_races_with_ends_visits_each_of_the_living_once),
        cmocka_unit_test(test_a_full_routee_holds_up_no_other_one_of_a_broadcast),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
