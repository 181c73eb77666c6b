/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cases of the suite: mailboxes that are full, each policy, and who hears of what was lost.
 *
 * What was sent has arrived when the last of it was refused: a pair's messages come in order. So
 * nothing here waits for a time to pass.
 */
#include "conformance/cases.h"

static const enum conf_place places[] = { CONF_A, CONF_B };

/* A keeper whose child's mailbox has so many places and that policy, and does not run yet. */
struct held {
    struct myc_ref keeper;
    struct myc_ref child;
};

static struct held
hold(struct conf_fixture *fixture, enum conf_place place, uint64_t mailbox_max,
     enum myc_overflow overflow)
{
    uint32_t children = conf_count_of(&fixture->log, CONF_WHAT_CHILD);
    struct held held;

    held.keeper = conf_spawn(
        fixture, place, "keeper",
        (struct conf_plan){ .option = mailbox_max, .overflow = overflow, .is_told = true });
    conf_await(fixture, CONF_WHAT_CHILD, children + 1);
    held.child = conf_last_of(&fixture->log, CONF_WHAT_CHILD)->ref;
    return held;
}

static void
let_go(struct conf_fixture *fixture, struct held held)
{
    conf_spawn(fixture, CONF_A, "prober", (struct conf_plan){ .peer = held.keeper, .option = 1 });
}

/* The numbers told by that teller (0 the child, 1 its heir), in order, from the report `from` on.
 */
static void
assert_told(const struct conf_log *log, uint32_t from, uint32_t teller, const uint64_t *values,
            uint32_t count)
{
    uint32_t told = 0;

    for (uint32_t i = from; i < conf_log_count(log); i++) {
        const struct conf_report *report = &log->reports[i];

        if (report->what != CONF_WHAT_NUMBER || report->source != teller)
            continue;
        assert_true(told < count);
        assert_int_equal(report->value, values[told]);
        told++;
    }
    assert_int_equal(told, count);
}

/* The first refusal of that source, from the report `from` on; NULL: none. */
static const struct conf_report *
refusal_of(const struct conf_log *log, uint32_t from, uint32_t source)
{
    for (uint32_t i = from; i < conf_log_count(log); i++)
        if ((log->reports[i].what == CONF_WHAT_FULL ||
             log->reports[i].what == CONF_WHAT_UNDELIVERED) &&
            log->reports[i].source == source)
            return &log->reports[i];
    return NULL;
}

/* conflate_keeps_latest_per_key: the number after the keyed ones finds no place, so that they are
 * all there when it comes back. */
void
test_who_conflates_gets_the_latest_of_each_key(void **state)
{
    static const uint64_t expected[] = { CONF_KEYED - 3, CONF_KEYED - 2, CONF_KEYED - 1,
                                         CONF_KEYED };
    struct conf_fixture *fixture = conf_begin(state);
    const struct conf_log *log = &fixture->log;

    for (uint32_t i = 0; i < 2; i++) {
        struct held held = hold(fixture, places[i], CONF_KEYS, MYC_OVERFLOW_CONFLATE);
        uint32_t begin = conf_log_count(log), refusals = conf_refusals(log);

        conf_spawn(fixture, CONF_A, "source",
                   (struct conf_plan){ .peer = held.child, .count = CONF_KEYED + 1 });
        conf_await_refusal(fixture, refusals);
        assert_int_equal(refusal_of(log, begin, 0)->value, CONF_KEYED);
        let_go(fixture, held);
        conf_await(fixture, CONF_WHAT_NUMBER, 4 * (i + 1));
        conf_linger(fixture);
        assert_told(log, begin, 0, expected, 4);
        assert_int_equal(conf_refusals(log), refusals + 1);
    }
}

void
test_what_is_too_much_goes_to_another(void **state)
{
    static const uint64_t of_child[] = { 0, 1 }, of_heir[] = { 2, 3, 4 };
    struct conf_fixture *fixture = conf_begin(state);
    const struct conf_log *log = &fixture->log;

    for (uint32_t i = 0; i < 2; i++) {
        struct held held = hold(fixture, places[i], 2, MYC_OVERFLOW_REDIRECT);
        uint32_t begin = conf_log_count(log);
        struct myc_ref source;

        source = conf_spawn(fixture, CONF_A, "source",
                            (struct conf_plan){ .peer = held.child, .count = 5 });
        conf_await(fixture, CONF_WHAT_NUMBER, 5 * i + 3);
        assert_told(log, begin, 1, of_heir, 3);
        let_go(fixture, held);
        conf_await(fixture, CONF_WHAT_NUMBER, 5 * (i + 1));
        conf_linger(fixture);
        assert_told(log, begin, 0, of_child, 2);
        assert_told(log, begin, 1, of_heir, 3);
        /* It still is the sender's. */
        assert_true(myc_ref_is_equal(conf_report_of(log, CONF_WHAT_NUMBER, source)->ref, source));
    }
    assert_int_equal(conf_refusals(log), 0);
}

/* margin_leaves_places_to_others: of eight places the patient one takes four, the other one the
 * other four, and all arrives in the end. */
void
test_a_margin_leaves_places_to_who_wants_none(void **state)
{
    struct conf_fixture *fixture = conf_begin(state);
    const struct conf_log *log = &fixture->log;

    for (uint32_t i = 0; i < 2; i++) {
        struct held held = hold(fixture, places[i], 8, MYC_OVERFLOW_REJECT);
        uint32_t begin = conf_log_count(log), refusals = conf_refusals(log);

        conf_spawn(fixture, CONF_A, "source",
                   (struct conf_plan){ .peer = held.child, .count = 6, .source = 1, .margin = 4 });
        conf_await_refusal(fixture, refusals);
        assert_int_equal(refusal_of(log, begin, 1)->value, 4);
        conf_linger(fixture);
        assert_int_equal(conf_refusals(log), refusals + 1);
        conf_spawn(fixture, CONF_A, "source",
                   (struct conf_plan){ .peer = held.child, .count = 5, .source = 2 });
        conf_await_refusal(fixture, refusals + 1);
        assert_int_equal(refusal_of(log, begin, 2)->value, 4);
        let_go(fixture, held);
        conf_await(fixture, CONF_WHAT_NUMBER, 11 * (i + 1));
        conf_linger(fixture);
        assert_int_equal(conf_count_of(log, CONF_WHAT_NUMBER), 11 * (i + 1));
        assert_true(conf_count_of(log, CONF_WHAT_WRITABLE) > 0);
    }
}

/* --- dead letters ----------------------------------------------------------------------------- */

/* Letters about that receiver's losses for that cause. */
struct letters {
    const struct conf_log *log;
    struct myc_ref receiver;
    enum myc_status cause;
    uint32_t count; /* wanted */
};

static uint32_t
count_letters(const struct letters *letters)
{
    const struct conf_log *log = letters->log;
    uint32_t count = 0;

    for (uint32_t i = 0; i < conf_log_count(log); i++)
        count += log->reports[i].what == CONF_WHAT_LETTER &&
                 log->reports[i].status == letters->cause &&
                 myc_ref_is_equal(log->reports[i].ref, letters->receiver);
    return count;
}

static bool
has_letters(void *context)
{
    const struct letters *letters = context;

    return count_letters(letters) >= letters->count;
}

static void
await_letters(struct conf_fixture *fixture, struct myc_ref receiver, enum myc_status cause,
              uint32_t count)
{
    struct letters letters = { &fixture->log, receiver, cause, count };

    if (!fixture->run_until(fixture, has_letters, &letters, CONF_TIMEOUT_NS))
        fail_msg("%s: waited for %u letters with %s, have %u", fixture->locality, count,
                 myc_status_name(cause), count_letters(&letters));
}

/* A mourner at A that place B knows of: it has heard of a loss there. */
static void
mourn(struct conf_fixture *fixture)
{
    struct myc_ref gone[2];

    conf_spawn(fixture, CONF_A, "mourner", (struct conf_plan){ 0 });
    for (uint32_t i = 0; i < 2; i++) {
        gone[i] = conf_spawn(fixture, places[i], "victim", (struct conf_plan){ 0 });
        conf_spawn(fixture, CONF_A, "ender",
                   (struct conf_plan){ .peer = gone[i], .option = MYC_SHUTDOWN });
        conf_await(fixture, CONF_WHAT_STOPPED, i + 1);
    }
    for (uint32_t i = 0; i < 2; i++) {
        struct letters letters = { &fixture->log, gone[i], MYC_GONE, 1 };

        /* From the other place: beside it the end is known, and nothing is accepted. */
        for (unsigned n = 0; n < 20 && !has_letters(&letters); n++) {
            conf_spawn(fixture, places[1 - i], "prober", (struct conf_plan){ .peer = gone[i] });
            conf_linger(fixture);
        }
        assert_true(has_letters(&letters));
    }
}

static void
check_dropped(struct conf_fixture *fixture, enum conf_place place, enum myc_overflow overflow,
              const uint64_t *kept)
{
    const struct conf_log *log = &fixture->log;
    struct held held = hold(fixture, place, 2, overflow);
    uint32_t begin = conf_log_count(log), refusals = conf_refusals(log);
    uint32_t numbers = conf_count_of(log, CONF_WHAT_NUMBER);

    conf_spawn(fixture, CONF_A, "source", (struct conf_plan){ .peer = held.child, .count = 5 });
    await_letters(fixture, held.child, MYC_FULL, 3);
    let_go(fixture, held);
    conf_await(fixture, CONF_WHAT_NUMBER, numbers + 2);
    conf_linger(fixture);
    assert_told(log, begin, 0, kept, 2);
    await_letters(fixture, held.child, MYC_FULL, 3);
    assert_int_equal(conf_refusals(log), refusals);
}

void
test_what_a_mailbox_drops_is_told_as_dead_letters_and_not_to_the_sender(void **state)
{
    static const uint64_t oldest[] = { 0, 1 }, newest[] = { 3, 4 };
    struct conf_fixture *fixture = conf_begin(state);

    mourn(fixture);
    for (uint32_t i = 0; i < 2; i++) {
        check_dropped(fixture, places[i], MYC_OVERFLOW_DROP_NEWEST, oldest);
        check_dropped(fixture, places[i], MYC_OVERFLOW_DROP_OLDEST, newest);
    }
}

/* ttl_expired_dropped_before_handler */
void
test_what_has_expired_does_not_reach_the_handler(void **state)
{
    static const uint64_t expected[] = { 1 };
    struct conf_fixture *fixture = conf_begin(state);
    const struct conf_log *log = &fixture->log;

    mourn(fixture);
    for (uint32_t i = 0; i < 2; i++) {
        struct held held = hold(fixture, places[i], 1, MYC_OVERFLOW_REJECT);
        uint32_t begin = conf_log_count(log), refusals = conf_refusals(log);

        /* The second one, which is refused, has no such deadline. */
        conf_spawn(fixture, CONF_A, "source",
                   (struct conf_plan){ .peer = held.child, .count = 2, .ttl_ns = 100 * MS });
        conf_await_refusal(fixture, refusals);
        conf_pass(fixture, 200 * MS);
        let_go(fixture, held);
        conf_await(fixture, CONF_WHAT_NUMBER, i + 1);
        await_letters(fixture, held.child, MYC_EXPIRED, 1);
        conf_linger(fixture);
        assert_told(log, begin, 0, expected, 1);
        assert_int_equal(conf_refusals(log), refusals + 1);
    }
}

void
test_what_waits_in_the_mailbox_of_who_ends_comes_back_as_gone(void **state)
{
    struct conf_fixture *fixture = conf_begin(state);
    const struct conf_log *log = &fixture->log;

    mourn(fixture);
    for (uint32_t i = 0; i < 2; i++) {
        struct held held = hold(fixture, places[i], 8, MYC_OVERFLOW_REJECT);
        uint32_t returned = conf_count_of(log, CONF_WHAT_UNDELIVERED);

        conf_spawn(fixture, CONF_A, "prober", (struct conf_plan){ .peer = held.child });
        conf_linger(fixture);
        assert_int_equal(conf_count_of(log, CONF_WHAT_UNDELIVERED), returned);
        /* Its child ends with it. */
        conf_spawn(fixture, CONF_A, "ender",
                   (struct conf_plan){ .peer = held.keeper, .option = MYC_KILLED });
        conf_await(fixture, CONF_WHAT_UNDELIVERED, returned + 1);
        assert_int_equal(conf_last_of(log, CONF_WHAT_UNDELIVERED)->status, MYC_GONE);
        assert_true(myc_ref_is_equal(conf_last_of(log, CONF_WHAT_UNDELIVERED)->ref, held.child));
        await_letters(fixture, held.child, MYC_GONE, 1);
    }
    assert_int_equal(conf_count_of(log, CONF_WHAT_NUMBER), 0);
}
