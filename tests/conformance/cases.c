/* SPDX-License-Identifier: BSD-3-Clause */
#include "conformance/conformance.h"

#define MS 1000000ULL

/* --- asking the log --------------------------------------------------------------------------- */

/* Which reports a case waits for. */
struct want {
    const struct conf_log *log;
    enum conf_what what;
    uint32_t count; /* at least so many */
};

static uint32_t
log_count(const struct conf_log *log)
{
    return atomic_load_explicit(&log->count, memory_order_acquire);
}

static uint32_t
count_of(const struct conf_log *log, enum conf_what what)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < log_count(log); i++)
        count += log->reports[i].what == what;
    return count;
}

static const struct conf_report *
last_of(const struct conf_log *log, enum conf_what what)
{
    const struct conf_report *last = NULL;

    for (uint32_t i = 0; i < log_count(log); i++)
        if (log->reports[i].what == what)
            last = &log->reports[i];
    return last;
}

static bool
is_there(void *context)
{
    const struct want *want = context;

    return count_of(want->log, want->what) >= want->count;
}

static bool
never(void *context)
{
    (void)context;
    return false;
}

static void
await(struct conf_fixture *fixture, enum conf_what what, uint32_t count)
{
    struct want want = { &fixture->log, what, count };

    if (!fixture->run_until(fixture, is_there, &want, CONF_TIMEOUT_NS))
        fail_msg("%s: waited for %u of report %d, have %u", fixture->locality, count, (int)what,
                 count_of(&fixture->log, what));
}

/* Lets what is still on its way arrive. */
static void
linger(struct conf_fixture *fixture)
{
    (void)fixture->run_until(fixture, never, NULL, 20 * MS);
}

/* --- spawning --------------------------------------------------------------------------------- */

static struct conf_fixture *
begin(void **state)
{
    struct conf_fixture *fixture = *state;
    struct conf_log *log = &fixture->log;
    struct myc_spawn_options options = {
        .size = sizeof(options),
        .args = &log,
        .args_size = sizeof(log),
        .mailbox_max = CONF_LOG_MAX,
    };

    atomic_store(&log->count, 0);
    assert_int_equal(fixture->spawn(fixture, CONF_A, "collector", &options, &fixture->collector),
                     MYC_OK);
    return fixture;
}

static struct myc_ref
spawn_with(struct conf_fixture *fixture, enum conf_place place, const char *class_name,
           struct conf_plan plan, struct myc_spawn_options options)
{
    struct myc_ref ref = { 0, 0 };

    plan.collector = fixture->collector;
    options.size = sizeof(options);
    options.args = &plan;
    options.args_size = sizeof(plan);
    assert_int_equal(fixture->spawn(fixture, place, class_name, &options, &ref), MYC_OK);
    return ref;
}

static struct myc_ref
spawn(struct conf_fixture *fixture, enum conf_place place, const char *class_name,
      struct conf_plan plan)
{
    return spawn_with(fixture, place, class_name, plan, (struct myc_spawn_options){ 0 });
}

/* --- cases ------------------------------------------------------------------------------------ */

static void
test_messages_of_a_pair_arrive_in_order_and_once(void **state)
{
    static const enum conf_place ways[][2] = {
        { CONF_A, CONF_B }, { CONF_B, CONF_A }, { CONF_A, CONF_A }, { CONF_B, CONF_B }
    };
    struct conf_fixture *fixture = begin(state);

    for (uint32_t i = 0; i < 4; i++) {
        struct myc_ref sink =
            spawn(fixture, ways[i][1], "sink", (struct conf_plan){ .count = 5000 });

        spawn(fixture, ways[i][0], "source",
              (struct conf_plan){ .peer = sink, .count = 5000, .source = i });
        await(fixture, CONF_WHAT_COMPLETE, i + 1);
    }
    linger(fixture);
    assert_int_equal(count_of(&fixture->log, CONF_WHAT_COMPLETE), 4);
    assert_int_equal(count_of(&fixture->log, CONF_WHAT_DISORDER), 0);
}

static void
test_many_senders_to_a_small_mailbox_lose_and_repeat_nothing(void **state)
{
    struct conf_fixture *fixture = begin(state);
    struct myc_ref sink =
        spawn_with(fixture, CONF_B, "sink", (struct conf_plan){ .count = 1000, .option = 6 },
                   (struct myc_spawn_options){ .mailbox_max = 8 });

    for (uint32_t i = 0; i < 6; i++)
        spawn(fixture, i % 3 == 0 ? CONF_B : CONF_A, "source",
              (struct conf_plan){ .peer = sink, .count = 1000, .source = i });
    await(fixture, CONF_WHAT_COMPLETE, 1);
    linger(fixture);
    assert_int_equal(count_of(&fixture->log, CONF_WHAT_COMPLETE), 1);
    assert_int_equal(count_of(&fixture->log, CONF_WHAT_DISORDER), 0);
}

static void
test_full_is_told_and_writable_follows(void **state)
{
    static const enum conf_place places[] = { CONF_A, CONF_B };
    struct conf_fixture *fixture = begin(state);
    const struct conf_log *log = &fixture->log;

    for (uint32_t i = 0; i < 2; i++) {
        struct myc_ref keeper =
            spawn(fixture, places[i], "keeper", (struct conf_plan){ .count = 100, .option = 8 });
        uint32_t refused = count_of(log, CONF_WHAT_FULL) + count_of(log, CONF_WHAT_UNDELIVERED);
        uint32_t writable;

        await(fixture, CONF_WHAT_CHILD, i + 1);
        spawn(fixture, CONF_A, "source",
              (struct conf_plan){ .peer = last_of(log, CONF_WHAT_CHILD)->ref, .count = 100 });
        linger(fixture);
        assert_true(count_of(log, CONF_WHAT_FULL) + count_of(log, CONF_WHAT_UNDELIVERED) > refused);
        assert_int_equal(count_of(log, CONF_WHAT_COMPLETE), i);
        writable = count_of(log, CONF_WHAT_WRITABLE); /* a link may have been full on the way */
        spawn(fixture, CONF_A, "prober", (struct conf_plan){ .peer = keeper, .option = 1 });
        await(fixture, CONF_WHAT_COMPLETE, i + 1);
        assert_true(count_of(log, CONF_WHAT_WRITABLE) > writable);
    }
    assert_int_equal(count_of(log, CONF_WHAT_DISORDER), 0);
}

static void
test_who_has_ended_is_gone(void **state)
{
    static const enum conf_place places[] = { CONF_A, CONF_B };
    struct conf_fixture *fixture = begin(state);

    for (uint32_t i = 0; i < 2; i++) {
        struct myc_ref victim = spawn(fixture, places[i], "victim", (struct conf_plan){ 0 });
        const struct conf_report *report;

        spawn(fixture, CONF_A, "ender",
              (struct conf_plan){ .peer = victim, .option = MYC_SHUTDOWN });
        await(fixture, CONF_WHAT_STOPPED, i + 1);
        assert_int_equal(last_of(&fixture->log, CONF_WHAT_STOPPED)->status, MYC_SHUTDOWN);
        spawn(fixture, CONF_A, "prober", (struct conf_plan){ .peer = victim });
        await(fixture, CONF_WHAT_SENT, 2 * i + 2);
        report = last_of(&fixture->log, CONF_WHAT_SENT);
        if (report->status == MYC_OK) {
            await(fixture, CONF_WHAT_UNDELIVERED, 1);
            report = last_of(&fixture->log, CONF_WHAT_UNDELIVERED);
        }
        assert_int_equal(report->status, MYC_GONE);
        assert_true(myc_ref_is_equal(report->ref, victim));
    }
}

static void
test_each_watcher_gets_one_down_with_the_reason(void **state)
{
    static const enum myc_status reasons[] = { MYC_NORMAL, MYC_SHUTDOWN, MYC_KILLED };
    static const enum conf_place places[] = { CONF_A, CONF_B };
    struct conf_fixture *fixture = begin(state);
    uint32_t downs = 0, sent = 0;

    for (uint32_t p = 0; p < 2; p++) {
        for (uint32_t i = 0; i < 3; i++) {
            struct myc_ref victim = spawn(fixture, places[p], "victim", (struct conf_plan){ 0 });

            spawn(fixture, CONF_A, "watcher", (struct conf_plan){ .peer = victim, .source = 1 });
            spawn(fixture, CONF_B, "watcher", (struct conf_plan){ .peer = victim, .source = 2 });
            sent += 2;
            await(fixture, CONF_WHAT_SENT, sent);
            linger(fixture);
            spawn(fixture, CONF_A, "ender",
                  (struct conf_plan){ .peer = victim, .option = reasons[i] });
            sent++;
            downs += 2;
            await(fixture, CONF_WHAT_DOWN, downs);
            linger(fixture);
            assert_int_equal(count_of(&fixture->log, CONF_WHAT_DOWN), downs);
            assert_int_equal(last_of(&fixture->log, CONF_WHAT_DOWN)->status, reasons[i]);
            assert_true(myc_ref_is_equal(last_of(&fixture->log, CONF_WHAT_DOWN)->ref, victim));
        }
    }
}

static void
test_a_failed_handler_is_the_reason_of_down(void **state)
{
    struct conf_fixture *fixture = begin(state);
    struct myc_ref victim =
        spawn(fixture, CONF_B, "victim", (struct conf_plan){ .option = MYC_FAILED });

    spawn(fixture, CONF_A, "watcher", (struct conf_plan){ .peer = victim });
    await(fixture, CONF_WHAT_SENT, 1);
    spawn(fixture, CONF_A, "prober", (struct conf_plan){ .peer = victim });
    await(fixture, CONF_WHAT_DOWN, 1);
    linger(fixture);
    assert_int_equal(count_of(&fixture->log, CONF_WHAT_DOWN), 1);
    assert_int_equal(last_of(&fixture->log, CONF_WHAT_DOWN)->status, MYC_FAILED);
}

static void
test_watching_who_has_ended_says_no_process(void **state)
{
    static const enum conf_place places[] = { CONF_A, CONF_B };
    struct conf_fixture *fixture = begin(state);

    for (uint32_t i = 0; i < 2; i++) {
        struct myc_ref victim = spawn(fixture, places[i], "victim", (struct conf_plan){ 0 });

        spawn(fixture, places[i], "ender",
              (struct conf_plan){ .peer = victim, .option = MYC_NORMAL });
        await(fixture, CONF_WHAT_STOPPED, i + 1);
        linger(fixture);
        spawn(fixture, CONF_A, "watcher", (struct conf_plan){ .peer = victim });
        await(fixture, CONF_WHAT_DOWN, i + 1);
        assert_int_equal(last_of(&fixture->log, CONF_WHAT_DOWN)->status, MYC_NO_PROCESS);
    }
}

static void
test_down_comes_after_the_last_message(void **state)
{
    static const enum conf_place places[] = { CONF_A, CONF_B };
    struct conf_fixture *fixture = begin(state);
    const struct conf_log *log = &fixture->log;

    for (uint32_t i = 0; i < 2; i++) {
        struct myc_ref watcher = spawn(fixture, CONF_A, "watcher", (struct conf_plan){ 0 });
        /* It says Go to the watcher, which then watches it, and sends 30 numbers as it stops. */
        struct myc_ref victim =
            spawn(fixture, places[i], "victim", (struct conf_plan){ .peer = watcher, .count = 30 });

        await(fixture, CONF_WHAT_SENT, 2 * i + 1);
        linger(fixture);
        spawn(fixture, CONF_A, "ender",
              (struct conf_plan){ .peer = victim, .option = MYC_SHUTDOWN });
        await(fixture, CONF_WHAT_DOWN, i + 1);
        assert_int_equal(count_of(log, CONF_WHAT_NUMBER), 30 * (i + 1));
    }
}

static void
test_asks_are_answered_once_each(void **state)
{
    static const enum conf_place places[] = { CONF_A, CONF_B };
    struct conf_fixture *fixture = begin(state);

    for (uint32_t i = 0; i < 2; i++) {
        struct myc_ref answerer = spawn(fixture, places[i], "answerer", (struct conf_plan){ 0 });

        spawn(fixture, CONF_A, "asker",
              (struct conf_plan){ .peer = answerer, .count = 20, .option = CONF_TIMEOUT_NS });
        await(fixture, CONF_WHAT_REPLY, 20 * (i + 1));
    }
    linger(fixture);
    assert_int_equal(count_of(&fixture->log, CONF_WHAT_REPLY), 40);
    assert_int_equal(count_of(&fixture->log, CONF_WHAT_ASK_FAILED), 0);
    assert_int_equal(count_of(&fixture->log, CONF_WHAT_DISORDER), 0);
}

/* An asker and an answerer of that kind, at either place: each ask fails with that status. */
static void
assert_asks_fail(void **state, uint64_t kind, uint64_t timeout_ns, enum myc_status status)
{
    static const enum conf_place places[] = { CONF_A, CONF_B };
    struct conf_fixture *fixture = begin(state);

    for (uint32_t i = 0; i < 2; i++) {
        struct myc_ref answerer =
            spawn(fixture, places[i], "answerer", (struct conf_plan){ .option = kind });

        spawn(fixture, CONF_A, "asker",
              (struct conf_plan){ .peer = answerer, .count = 1, .option = timeout_ns });
        await(fixture, CONF_WHAT_ASK_FAILED, i + 1);
        assert_int_equal(last_of(&fixture->log, CONF_WHAT_ASK_FAILED)->status, status);
    }
    linger(fixture);
    assert_int_equal(count_of(&fixture->log, CONF_WHAT_ASK_FAILED), 2);
    assert_int_equal(count_of(&fixture->log, CONF_WHAT_REPLY), 0);
}

static void
test_an_ask_that_nobody_answers_times_out(void **state)
{
    assert_asks_fail(state, 1, 30 * MS, MYC_TIMEOUT);
}

static void
test_an_ask_that_is_answered_with_a_failure_fails_with_it(void **state)
{
    assert_asks_fail(state, 2, CONF_TIMEOUT_NS, MYC_REFUSED);
}

static void
test_an_ask_whose_callee_ends_is_broken(void **state)
{
    assert_asks_fail(state, 3, CONF_TIMEOUT_NS, MYC_BROKEN);
}

static void
test_a_ref_to_the_earlier_life_of_a_node_is_gone(void **state)
{
    struct conf_fixture *fixture = begin(state);
    const struct conf_report *report;
    struct myc_ref old, now;

    if (!fixture->restart_b)
        skip();
    old = spawn(fixture, CONF_B, "sink", (struct conf_plan){ .count = 1 });
    spawn(fixture, CONF_A, "prober", (struct conf_plan){ .peer = old });
    await(fixture, CONF_WHAT_COMPLETE, 1);
    fixture->restart_b(fixture);
    now = spawn(fixture, CONF_B, "sink", (struct conf_plan){ .count = 1 });
    assert_true(myc_ref_node(now) == myc_ref_node(old));
    assert_false(myc_ref_is_equal(now, old));
    spawn(fixture, CONF_A, "prober", (struct conf_plan){ .peer = old });
    await(fixture, CONF_WHAT_SENT, 2);
    report = last_of(&fixture->log, CONF_WHAT_SENT);
    assert_int_equal(report->status, MYC_GONE);
    /* The new one is reached, and was not by the other's message. */
    spawn(fixture, CONF_A, "prober", (struct conf_plan){ .peer = now });
    await(fixture, CONF_WHAT_COMPLETE, 2);
    linger(fixture);
    assert_int_equal(count_of(&fixture->log, CONF_WHAT_DISORDER), 0);
}

static void
test_a_name_is_found_wherever_it_lives(void **state)
{
    static const enum conf_place places[] = { CONF_A, CONF_B };
    struct conf_fixture *fixture = begin(state);

    for (uint32_t i = 0; i < 2; i++) {
        struct conf_plan plan = { .count = 1 };
        struct myc_ref named =
            spawn_with(fixture, places[i], "sink", plan,
                       (struct myc_spawn_options){ .name = i == 0 ? "conf_near" : "conf_far" });

        plan = (struct conf_plan){ .option = CONF_TIMEOUT_NS };
        strcpy(plan.name, i == 0 ? "conf_near" : "conf_far");
        spawn(fixture, CONF_A, "finder", plan);
        await(fixture, CONF_WHAT_FOUND, i + 1);
        assert_int_equal(last_of(&fixture->log, CONF_WHAT_FOUND)->status, MYC_OK);
        assert_true(myc_ref_is_equal(last_of(&fixture->log, CONF_WHAT_FOUND)->ref, named));
    }
}

static void
test_a_search_waits_for_who_registers_later_and_gives_up_in_time(void **state)
{
    struct conf_fixture *fixture = begin(state);
    struct conf_plan plan = { .option = CONF_TIMEOUT_NS, .name = "conf_late" };
    struct myc_ref named;

    spawn(fixture, CONF_A, "finder", plan);
    linger(fixture);
    assert_int_equal(count_of(&fixture->log, CONF_WHAT_FOUND), 0);
    named = spawn_with(fixture, CONF_B, "sink", (struct conf_plan){ .count = 1 },
                       (struct myc_spawn_options){ .name = "conf_late" });
    await(fixture, CONF_WHAT_FOUND, 1);
    assert_true(myc_ref_is_equal(last_of(&fixture->log, CONF_WHAT_FOUND)->ref, named));
    strcpy(plan.name, "conf_never");
    plan.option = 30 * MS;
    spawn(fixture, CONF_A, "finder", plan);
    await(fixture, CONF_WHAT_FOUND, 2);
    assert_int_equal(last_of(&fixture->log, CONF_WHAT_FOUND)->status, MYC_TIMEOUT);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, conf_setup, conf_teardown)

const struct CMUnitTest conf_cases[] = {
    CASE(test_messages_of_a_pair_arrive_in_order_and_once),
    CASE(test_many_senders_to_a_small_mailbox_lose_and_repeat_nothing),
    CASE(test_full_is_told_and_writable_follows),
    CASE(test_who_has_ended_is_gone),
    CASE(test_each_watcher_gets_one_down_with_the_reason),
    CASE(test_a_failed_handler_is_the_reason_of_down),
    CASE(test_watching_who_has_ended_says_no_process),
    CASE(test_down_comes_after_the_last_message),
    CASE(test_asks_are_answered_once_each),
    CASE(test_an_ask_that_nobody_answers_times_out),
    CASE(test_an_ask_that_is_answered_with_a_failure_fails_with_it),
    CASE(test_an_ask_whose_callee_ends_is_broken),
    CASE(test_a_ref_to_the_earlier_life_of_a_node_is_gone),
    CASE(test_a_name_is_found_wherever_it_lives),
    CASE(test_a_search_waits_for_who_registers_later_and_gives_up_in_time),
};

const size_t conf_case_count = sizeof(conf_cases) / sizeof(conf_cases[0]);
