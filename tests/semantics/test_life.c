/* SPDX-License-Identifier: BSD-3-Clause */
/* Ends, backing off, many lives in a row. */
#include "semantics.h"

#include <mycelium/supervisor.h>

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

static struct myc_ref ending;

static void
kill_it(struct myc_self *self, void *context)
{
    (void)context;
    assert_int_equal(myc_kill(self, ending), MYC_OK);
}

/* --- ends ------------------------------------------------------------------------------------- */

static struct {
    unsigned stops;
    enum myc_status linked;
    enum myc_status supervised;
} dying;

static const struct myc_class late_class = { .size = sizeof(late_class), .name = "late" };

/* Nobody is born to who is dying. */
static void
dying_stop(struct myc_self *self, void *state, enum myc_status reason)
{
    struct myc_spawn_options options = { .size = sizeof(options), .is_linked = true };
    struct myc_ref ref;

    (void)state, (void)reason;
    dying.stops++;
    dying.linked = myc_spawn(self, &late_class, &options, &ref);
    options.is_linked = false;
    options.is_supervised = true;
    dying.supervised = myc_spawn(self, &late_class, &options, &ref);
}

static const struct myc_class dying_class = {
    .size = sizeof(dying_class),
    .name = "dying",
    .stop = dying_stop,
};

static void
stop_twice(struct myc_self *self, void *context)
{
    uint64_t monitor;

    (void)context;
    assert_int_equal(myc_monitor(self, ending, &monitor), MYC_OK);
    assert_int_equal(myc_stop(self, ending, MYC_SHUTDOWN), MYC_OK);
    assert_int_equal(myc_stop(self, ending, MYC_NORMAL), MYC_OK);
}

/* double shutdown attempt; linked_spawn_rejects_a_stopped_supervisor */
static void
test_who_is_told_to_stop_twice_stops_once_and_bears_nobody(void **state)
{
    struct myc_down down;

    (void)state;
    memset(&dying, 0, sizeof(dying));
    assert_int_equal(semantics_spawn(bench, &dying_class, NULL, &ending), MYC_OK);
    myc_test_act(probe, stop_twice, NULL);
    assert_true(myc_down_decode(myc_test_expect(probe, &myc_down_type), &down));
    assert_int_equal(down.reason, MYC_SHUTDOWN);
    myc_test_expect_none(probe, MS);
    assert_int_equal(dying.stops, 1);
    assert_int_equal(dying.linked, MYC_BAD_STATE);
    assert_int_equal(dying.supervised, MYC_BAD_STATE);
}

/* --- backing off ------------------------------------------------------------------------------ */

static const struct myc_type *const relay_types[] = { &conf_number_type, &conf_go_type };

static void
go(struct myc_ref relay)
{
    uint8_t body[CONF_GO_SIZE] = { 0 };

    assert_int_equal(myc_test_send(probe, relay, &conf_go_type, body, sizeof(body)), MYC_OK);
}

/* Passes numbers on to the probe; a Go fails it. */
static enum myc_status
relay_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct conf_number number = { 0 };

    (void)state;
    if (!conf_number_decode(message, &number))
        return MYC_FAILED;
    return conf_number_send(self, myc_test_probe_ref(probe), &number);
}

static const struct myc_class relay_class = {
    .size = sizeof(relay_class),
    .name = "relay",
    .accepts = relay_types,
    .accepts_count = 2,
    .receive = relay_receive,
};

/* Pekko's "publish dropped messages while backing off and stash is full": the mailbox is the stash,
 * and it tells the sender. */
static void
test_mail_waits_for_who_backs_off_up_to_its_limit(void **state)
{
    static const struct myc_spawn_options relay_options = { .size = sizeof(relay_options),
                                                            .mailbox_max = 8 };
    static const struct myc_child_spec child = {
        .size = sizeof(child),
        .id = "relay",
        .class_of = &relay_class,
        .options = &relay_options,
    };
    const struct myc_supervisor_spec spec = {
        .size = sizeof(spec),
        .children = &child,
        .child_count = 1,
        .backoff_ns_min = S,
    };
    const struct myc_spawn_options options = {
        .size = sizeof(options),
        .args = &spec,
        .args_size = sizeof(spec),
    };
    struct myc_ref relay;

    (void)state;
    assert_int_equal(semantics_spawn(bench, &myc_supervisor_class, &options, &relay), MYC_OK);
    relay = semantics_next(relay);
    go(relay);
    myc_test_settle(bench);
    for (uint64_t i = 0; i < 8; i++)
        assert_int_equal(semantics_send(probe, relay, i), MYC_OK);
    semantics_expect_refused(probe, relay, 8, MYC_FULL);
    assert_int_equal(
        semantics_counter(bench, semantics_is_local() ? "refused_full" : "bounced_full"), 1);
    myc_test_expect_none(probe, S / 2);
    myc_test_allow(probe, &myc_writable_type);
    for (uint64_t i = 0; i < 8; i++)
        assert_int_equal(semantics_expect_number(probe), i);
    assert_int_equal(semantics_send(probe, relay, 9), MYC_OK);
    assert_int_equal(semantics_expect_number(probe), 9);
}

/* --- who would leave its supervisor ----------------------------------------------------------- */

static struct myc_ref warden;

/* Tries to get loose, then ends as it is told. */
static enum myc_status
naughty_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct conf_number number = { 0 };

    (void)state;
    if (!conf_number_decode(message, &number))
        return MYC_OK;
    assert_int_equal(myc_unlink(self, warden), MYC_NOT_FOUND);
    return (enum myc_status)number.value;
}

static const struct myc_type *const naughty_types[] = { &conf_number_type };

static const struct myc_class naughty_class = {
    .size = sizeof(naughty_class),
    .name = "naughty",
    .accepts = naughty_types,
    .accepts_count = 1,
    .receive = naughty_receive,
};

static void
stop_warden(struct myc_self *self, void *context)
{
    (void)context;
    assert_int_equal(myc_stop(self, warden, MYC_SHUTDOWN), MYC_OK);
}

/* OTP's child_unlink: what holds a child is not the child's to undo. */
static void
test_a_child_cannot_unlink_from_its_supervisor(void **state)
{
    static const struct myc_child_spec child = {
        .size = sizeof(child),
        .id = "naughty",
        .class_of = &naughty_class,
    };
    const struct myc_supervisor_spec spec = {
        .size = sizeof(spec),
        .intensity = 5,
        .children = &child,
        .child_count = 1,
    };
    const struct myc_spawn_options options = {
        .size = sizeof(options),
        .args = &spec,
        .args_size = sizeof(spec),
    };
    uint32_t before = semantics_count(bench);
    struct myc_ref naughty;

    (void)state;
    assert_int_equal(semantics_spawn(bench, &myc_supervisor_class, &options, &warden), MYC_OK);
    naughty = semantics_next(warden);
    assert_int_equal(semantics_send(probe, naughty, MYC_OK), MYC_OK);
    assert_int_equal(semantics_send(probe, naughty, MYC_FAILED), MYC_OK);
    myc_test_settle(bench);
    assert_int_equal(semantics_counter(bench, "restarted"), 1);
    assert_int_equal(semantics_send(probe, naughty, MYC_OK), MYC_OK);
    myc_test_act(probe, stop_warden, NULL);
    myc_test_settle(bench);
    assert_int_equal(semantics_count(bench), before);
}

/* --- many lives ------------------------------------------------------------------------------- */

static void
test_a_hundred_thousand_lives_leave_nothing(void **state)
{
    static const struct myc_class brief_class = {
        .size = sizeof(brief_class),
        .name = "brief",
        .state_size = 100,
    };
    uint32_t before = semantics_count(bench);

    (void)state;
    for (unsigned i = 0; i < 100000; i++) {
        assert_int_equal(semantics_spawn(bench, &brief_class, NULL, &ending), MYC_OK);
        myc_test_act(probe, kill_it, NULL);
        if (i % 100 == 99)
            myc_test_settle(bench);
    }
    assert_int_equal(semantics_count(bench), before);
    assert_int_equal(semantics_counter(bench, "killed"), 100000);
    /* The bench's end asserts that no memory, cell or entry is held. */
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, begin, end)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_who_is_told_to_stop_twice_stops_once_and_bears_nobody),
        CASE(test_mail_waits_for_who_backs_off_up_to_its_limit),
        CASE(test_a_child_cannot_unlink_from_its_supervisor),
        CASE(test_a_hundred_thousand_lives_leave_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
