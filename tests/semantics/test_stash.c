/* SPDX-License-Identifier: BSD-3-Clause */
/* Becoming, stashing, draining. */
#include "semantics.h"

#include <mycelium/stash.h>

static struct myc_test *bench;
static struct myc_test_probe *probe;

static int
begin(void **state)
{
    (void)state;
    bench = semantics_bench_at_level((struct myc_test_options){ .link_capacity = 2048 });
    probe = myc_test_add_probe(bench, 0, 0);
    return 0;
}

static int
end(void **state)
{
    (void)state;
    myc_test_destroy(&bench);
    return 0;
}

/* --- a door: closed it stashes, open it passes on --------------------------------------------- */

struct door {
    struct myc_ref out; /* where numbers go */
    struct myc_stash stash;
    uint64_t room[32];
    enum myc_status refused; /* by the stash */
};

static const struct myc_class door_class;
static const struct myc_class open_door_class;

static enum myc_status
door_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct door *door = state;

    (void)self;
    assert_int_equal(args_size, sizeof(door->out));
    memcpy(&door->out, args, args_size);
    myc_stash_init(&door->stash, door->room, sizeof(door->room));
    return MYC_OK;
}

static enum myc_status
open_door_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct door *door = state;
    struct conf_number number = { 0 };

    if (myc_message_is(message, &conf_go_type)) {
        myc_become(self, &door_class);
        return MYC_OK;
    }
    assert_true(conf_number_decode(message, &number));
    return conf_number_send(self, door->out, &number);
}

static enum myc_status
door_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct door *door = state;
    struct myc_message kept;
    uint64_t body[4];

    if (myc_message_is(message, &conf_number_type)) {
        enum myc_status status = myc_stash_push(&door->stash, message);

        if (status != MYC_OK)
            (void)conf_number_send(self, door->out,
                                   &(struct conf_number){ .value = 1000 + status });
        return MYC_OK;
    }
    myc_become(self, &open_door_class);
    while (myc_stash_pop(&door->stash, &kept, body, sizeof(body)))
        if (open_door_receive(self, door, &kept) != MYC_OK)
            return MYC_FAILED;
    return MYC_OK;
}

static unsigned door_stops;

static void
door_stop(struct myc_self *self, void *state, enum myc_status reason)
{
    door_stops++;
    (void)conf_number_send(self, ((struct door *)state)->out,
                           &(struct conf_number){ .value = 2000 + reason });
}

static const struct myc_type *const door_types[] = { &conf_number_type, &conf_go_type,
                                                     &conf_question_type };

static const struct myc_class door_class = {
    .size = sizeof(door_class),
    .name = "door",
    .state_size = sizeof(struct door),
    .accepts = door_types,
    .accepts_count = 3,
    .init = door_init,
    .receive = door_receive,
    .stop = door_stop,
};

static const struct myc_class open_door_class = {
    .size = sizeof(open_door_class),
    .name = "open_door",
    .accepts = door_types,
    .accepts_count = 3,
    .receive = open_door_receive,
    .behaviour_of = &door_class,
};

static struct myc_ref
spawn_door(void)
{
    const struct myc_ref out = myc_test_probe_ref(probe);
    const struct myc_spawn_options options = {
        .size = sizeof(options),
        .args = &out,
        .args_size = sizeof(out),
    };
    struct myc_ref door;

    assert_int_equal(semantics_spawn(bench, &door_class, &options, &door), MYC_OK);
    return door;
}

static void
go(struct myc_ref door)
{
    uint8_t body[CONF_GO_SIZE] = { 0 };

    assert_int_equal(myc_test_send(probe, door, &conf_go_type, body, sizeof(body)), MYC_OK);
}

static void
test_what_is_stashed_comes_out_in_order_when_the_actor_becomes_another(void **state)
{
    struct myc_ref door = spawn_door();

    (void)state;
    for (uint64_t round = 0; round < 3; round++) {
        assert_int_equal(semantics_send(probe, door, 1), MYC_OK);
        assert_int_equal(semantics_send(probe, door, 2), MYC_OK);
        myc_test_expect_none(probe, MS);
        go(door);
        assert_int_equal(semantics_send(probe, door, 3), MYC_OK);
        for (uint64_t i = 1; i <= 3; i++)
            assert_int_equal(semantics_expect_number(probe), i);
        go(door);
        myc_test_settle(bench);
    }
}

static void
test_a_stash_is_bounded(void **state)
{
    struct myc_ref door = spawn_door();

    (void)state;
    /* 256 bytes: two numbers of 64 + 16 are 160, three 240. */
    for (uint64_t i = 1; i <= 3; i++)
        assert_int_equal(semantics_send(probe, door, i), MYC_OK);
    myc_test_expect_none(probe, MS);
    assert_int_equal(semantics_send(probe, door, 4), MYC_OK);
    assert_int_equal(semantics_expect_number(probe), 1000 + MYC_FULL);
    go(door);
    for (uint64_t i = 1; i <= 3; i++)
        assert_int_equal(semantics_expect_number(probe), i);
}

static void
test_a_stash_gives_back_what_it_took_around_its_end(void **state)
{
    uint8_t room[1024] __attribute__((aligned(8)));
    uint8_t in[700], out[700];
    struct myc_stash stash;
    uint64_t pushed = 0, popped = 0;

    (void)state;
    myc_stash_init(&stash, room, sizeof(room));
    for (unsigned step = 0; step < 20000; step++) {
        struct myc_message message = { .body = in,
                                       .tag = pushed,
                                       .size = (uint32_t)(pushed * 37 % 700) };

        memset(in, (int)(pushed & 0xff), sizeof(in));
        if (myc_test_random(bench) % 2 && myc_stash_push(&stash, &message) == MYC_OK) {
            pushed++;
        } else if (myc_stash_pop(&stash, &message, out, sizeof(out))) {
            assert_int_equal(message.tag, popped);
            assert_int_equal(message.size, popped * 37 % 700);
            for (uint32_t i = 0; i < message.size; i++)
                assert_int_equal(out[i], popped & 0xff);
            popped++;
        }
        assert_int_equal(myc_stash_count(&stash), pushed - popped);
    }
    assert_true(popped > 5000);
    assert_int_equal(myc_stash_push(&stash, &(struct myc_message){ .size = 1000, .body = in }),
                     MYC_TOO_BIG);
}

static void
test_a_behaviour_without_a_stop_ends_by_that_of_its_class(void **state)
{
    struct myc_ref door = spawn_door();

    (void)state;
    go(door);
    myc_test_settle(bench);
    assert_int_equal(semantics_send(probe, door, 1), MYC_OK);
    assert_int_equal(semantics_expect_number(probe), 1);
    go(door);
    myc_test_settle(bench);
    go(door);
    myc_test_settle(bench);
}

/* --- draining --------------------------------------------------------------------------------- */

static struct myc_ref ending;

static void
drain(struct myc_self *self, void *context)
{
    (void)context;
    assert_int_equal(myc_drain(self, ending, MYC_SHUTDOWN), MYC_OK);
    assert_int_equal(myc_drain(self, ending, MYC_SHUTDOWN), MYC_OK);
}

/* Asks who is to drain: the drain is known before what waits is handled. */
static void
ask_it(struct myc_self *self, void *context)
{
    const struct conf_question question = { .value = 1 };
    const struct myc_ask_options options = { .size = sizeof(options), .timeout_ns = 1000 * S };

    *(enum myc_status *)context = conf_question_ask(self, ending, &question, &options, NULL);
}

static void
kill_it(struct myc_self *self, void *context)
{
    (void)context;
    assert_int_equal(myc_kill(self, ending), MYC_OK);
}

static void
test_draining_ends_after_what_waits_and_a_kill_ends_draining(void **state)
{
    (void)state;
    for (unsigned is_killed = 0; is_killed < 2; is_killed++) {
        ending = spawn_door();
        door_stops = 0;
        go(ending);
        for (uint64_t i = 0; i < 500; i++)
            assert_int_equal(semantics_send(probe, ending, i), MYC_OK);
        myc_test_act(probe, drain, NULL);
        if (is_killed)
            myc_test_act(probe, kill_it, NULL);
        for (uint64_t i = 0; i < 500 && !is_killed; i++)
            assert_int_equal(semantics_expect_number(probe), i);
        if (!is_killed) {
            assert_int_equal(semantics_expect_number(probe), 2000 + MYC_SHUTDOWN);
        } else {
            myc_test_allow(probe, &myc_undelivered_type);
            if (!semantics_is_local()) /* some come before the kill */
                myc_test_allow(probe, &conf_number_type);
        }
        myc_test_expect_none(probe, MS);
        assert_int_equal(door_stops, !is_killed);
        semantics_expect_refused(probe, ending, 1, MYC_GONE);
    }
}

/* two_children_asking_supervisor_during_drain_both_get_actor_not_running: at once, though the one
 * who drains still has much to do. */
static void
test_two_who_ask_a_draining_actor_are_told_that_it_is_gone(void **state)
{
    struct myc_test_probe *askers[2] = { myc_test_add_probe(bench, 0, 0),
                                         myc_test_add_probe(bench, 0, 0) };
    enum myc_status status[2];

    (void)state;
    ending = spawn_door();
    go(ending);
    for (uint64_t i = 0; i < 500; i++)
        assert_int_equal(semantics_send(probe, ending, i), MYC_OK);
    myc_test_act(askers[0], drain, NULL);
    for (unsigned i = 0; i < 2; i++)
        myc_test_act(askers[i], ask_it, &status[i]);
    for (unsigned i = 0; i < 2; i++) {
        struct myc_ask_failed failed = { .status = MYC_OK };

        if (status[i] == MYC_OK) {
            assert_true(
                myc_ask_failed_decode(myc_test_expect(askers[i], &myc_ask_failed_type), &failed));
            status[i] = (enum myc_status)failed.status;
        }
        assert_int_equal(status[i], MYC_GONE);
    }
    for (uint64_t i = 0; i < 500; i++)
        assert_int_equal(semantics_expect_number(probe), i);
    assert_int_equal(semantics_expect_number(probe), 2000 + MYC_SHUTDOWN);
    myc_test_settle(bench);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, begin, end)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_what_is_stashed_comes_out_in_order_when_the_actor_becomes_another),
        CASE(test_a_stash_is_bounded),
        CASE(test_a_stash_gives_back_what_it_took_around_its_end),
        CASE(test_a_behaviour_without_a_stop_ends_by_that_of_its_class),
        CASE(test_draining_ends_after_what_waits_and_a_kill_ends_draining),
        CASE(test_two_who_ask_a_draining_actor_are_told_that_it_is_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
