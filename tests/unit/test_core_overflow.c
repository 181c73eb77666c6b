/* SPDX-License-Identifier: BSD-3-Clause */
/* Mailboxes that redirect, messages that want a margin, and what can be seen of mailboxes, at every
 * level. */
#include "support/level_lab.h"

#include "actor/inspect.h"

#define CHAIN 6U

static struct level_lab own;
static struct probe b, d;
static struct probe chain[CHAIN];

static void
spawn(struct probe *probe, uint32_t mailbox_max, struct myc_ref redirect_to)
{
    struct myc_spawn_options options = { .mailbox_max = mailbox_max };

    if (!myc_ref_is_null(redirect_to)) {
        options.overflow = MYC_OVERFLOW_REDIRECT;
        options.redirect_to = redirect_to;
    }
    memset(probe, 0, sizeof(*probe));
    assert_int_equal(probe_spawn(probe, own.there, &options), MYC_OK);
}

static const struct myc_ref nobody;

/* --- redirect --------------------------------------------------------------------------------- */

static void
run_redirect(struct level_lab *at)
{
    spawn(&d, 100, nobody);
    spawn(&b, 2, d.ref);
    level_hold(at, b.ref);
    for (uint64_t i = 1; i <= 5; i++)
        assert_int_equal(probe_send(&at->a, b.ref, i), MYC_OK);
    lab_settle(&at->lab);
    assert_int_equal(b.count, 2);
    assert_int_equal(b.notes[1].value, 1);
    assert_int_equal(d.count, 4);
    for (uint64_t i = 0; i < 4; i++) {
        assert_int_equal(d.notes[i].value, i + 2);
        assert_true(myc_ref_is_equal(d.notes[i].ref, at->a.ref)); /* it still is the sender's */
    }
    assert_int_equal(level_counters(at)->redirected, 4);
    assert_int_equal(at->a.count, 0);
}

static void
test_what_is_too_much_goes_to_another(void **state)
{
    (void)state;
    level_each(&own, run_redirect);
}

static void
run_ask(struct level_lab *at)
{
    const struct myc_ask_options options = { .size = sizeof(options), .timeout_ns = 1000000000 };
    uint64_t ask;

    spawn(&d, 100, nobody);
    spawn(&b, 1, d.ref);
    d.on_message = probe_answers;
    level_hold(at, b.ref);
    assert_int_equal(probe_ask(&at->a, b.ref, 5, &options, &ask), MYC_OK);
    lab_settle(&at->lab);
    assert_int_equal(d.count, 1);
    assert_int_equal(probe_last(&at->a, PROBE_NUMBER_KEY)->value, 6);
}

static void
test_an_ask_that_is_redirected_is_answered_by_the_other(void **state)
{
    (void)state;
    level_each(&own, run_ask);
}

/* chain[0] -> chain[1] -> ...; each with one place. */
static void
begin_chain(struct level_lab *at)
{
    for (unsigned i = CHAIN; i-- > 0;)
        spawn(&chain[i], 1, i + 1 < CHAIN ? chain[i + 1].ref : nobody);
    for (unsigned i = 0; i + 1 < CHAIN; i++)
        level_hold(at, chain[i].ref);
}

static void
run_too_deep(struct level_lab *at)
{
    enum myc_status status;

    begin_chain(at);
    status = probe_send(&at->a, chain[1].ref, 1); /* four redirections are allowed */
    assert_int_equal(status, MYC_OK);
    level_arrive(at);
    assert_int_equal(level_counters(at)->redirect_too_deep, 0);
    status = probe_send(&at->a, chain[0].ref, 2);
    level_arrive(at);
    assert_int_equal(level_counters(at)->redirect_too_deep, 1);
    lab_settle(&at->lab);
    assert_true(level_was_told_full(at, status));
    assert_int_equal(probe_count(&at->a, MYC_WRITABLE_KEY), 1);
    assert_int_equal(chain[CHAIN - 1].count, 1);
    assert_int_equal(chain[CHAIN - 1].notes[0].value, 1);
}

static void
test_redirect_too_deep(void **state)
{
    (void)state;
    level_each(&own, run_too_deep);
}

static void
run_redirect_to_nobody(struct level_lab *at)
{
    enum myc_status status;

    spawn(&d, 100, nobody);
    spawn(&b, 1, d.ref);
    assert_int_equal(probe_kill(&at->c, d.ref), MYC_OK);
    lab_settle(&at->lab);
    level_hold(at, b.ref);
    status = probe_send(&at->a, b.ref, 1);
    lab_settle(&at->lab);
    assert_true(level_was_told_full(at, status));
    assert_int_equal(probe_count(&at->a, MYC_WRITABLE_KEY), 1);
}

static void
test_who_redirects_to_somebody_who_has_ended_is_just_full(void **state)
{
    (void)state;
    level_each(&own, run_redirect_to_nobody);
}

static void
test_redirect_to_somebody_elsewhere_is_refused(void **state)
{
    struct myc_spawn_options options = { .overflow = MYC_OVERFLOW_REDIRECT };

    (void)state;
    level_begin(&own, FAB_LEVEL_RING);
    assert_int_equal(probe_spawn(&b, own.there, &options), MYC_INVALID);
    options.redirect_to = own.a.ref;
    assert_int_equal(probe_spawn(&b, own.there, &options), MYC_INVALID);
    level_end(&own);
}

/* --- margin ----------------------------------------------------------------------------------- */

static const struct myc_send_options patient = { .size = sizeof(patient), .tag = 7, .margin = 4 };

static void
run_margin(struct level_lab *at)
{
    enum myc_status status;

    spawn(&b, 8, nobody);
    level_hold(at, b.ref);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(probe_send_with(&at->a, b.ref, i, &patient), MYC_OK);
    level_arrive(at);
    assert_int_equal(at->a.count, 0);
    status = probe_send_with(&at->a, b.ref, 3, &patient);
    level_arrive(at);
    /* Others may still take the places that were to stay free. */
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(probe_send(&at->c, b.ref, 10 + i), MYC_OK);
    assert_int_equal(probe_send(&at->c, b.ref, 14), MYC_FULL);
    lab_settle(&at->lab);
    assert_int_equal(b.count, 8);
    assert_true(level_was_told_full(at, status));
    assert_int_equal(probe_count(&at->a, MYC_WRITABLE_KEY), 1);
    assert_int_equal(probe_send_with(&at->a, b.ref, 4, &patient), MYC_OK);
    lab_settle(&at->lab);
    assert_int_equal(b.notes[8].value, 4);
    assert_int_equal(b.notes[8].tag, 7);
}

static void
test_margin_leaves_places_to_others(void **state)
{
    (void)state;
    level_each(&own, run_margin);
}

/* A neighbour of a's core is not held up because a was told FULL for its margin. */
static void
run_margin_of_another(struct level_lab *at)
{
    static struct probe e;
    enum myc_status status;

    memset(&e, 0, sizeof(e));
    assert_int_equal(probe_spawn(&e, at->lab.cores[0], NULL), MYC_OK);
    spawn(&b, 6, nobody);
    level_hold(at, b.ref);
    assert_int_equal(probe_send(&at->a, b.ref, 1), MYC_OK);
    status = probe_send_with(&at->a, b.ref, 2, &patient);
    level_arrive(at);
    assert_true(status == MYC_FULL || lab_counters(&at->lab, 1)->bounced_full == 1);
    assert_int_equal(probe_send(&e, b.ref, 3), MYC_OK);
    assert_int_equal(probe_send_with(&e, b.ref, 4, &patient), MYC_FULL); /* known here by now */
    lab_settle(&at->lab);
    assert_int_equal(b.count, 3);
    assert_int_equal(b.notes[2].value, 3);
    assert_int_equal(probe_count(&e, MYC_WRITABLE_KEY), 1);
    assert_int_equal(probe_count(&at->a, MYC_WRITABLE_KEY), 1);
}

static void
test_margin_of_one_does_not_hold_up_another(void **state)
{
    (void)state;
    level_each(&own, run_margin_of_another);
}

/* A margin as large as the mailbox: FULL would promise a Writable that never comes. */
static void
run_margin_too_large(struct level_lab *at)
{
    const struct probe_note *note;
    enum myc_status status;

    spawn(&b, patient.margin, nobody);
    status = probe_send_with(&at->a, b.ref, 1, &patient);
    lab_settle(&at->lab);
    note = probe_last(&at->a, MYC_UNDELIVERED_KEY);
    assert_int_equal(status, at->there_index == 0 ? MYC_INVALID : MYC_OK);
    assert_int_equal(note ? note->status : status, MYC_INVALID);
    assert_int_equal(note ? note->tag : patient.tag, patient.tag);
    assert_int_equal(level_counters(at)->refused_margin + level_counters(at)->bounced_margin, 1);
    /* Nor while others wait in it; and it holds up nobody, not even its sender. */
    level_hold(at, b.ref);
    status = probe_send_with(&at->a, b.ref, 2, &patient);
    level_arrive(at);
    assert_int_equal(status, at->there_index == 0 ? MYC_INVALID : MYC_OK);
    lab_settle(&at->lab);
    assert_int_equal(probe_count(&at->a, MYC_WRITABLE_KEY), 0);
    assert_int_equal(probe_send(&at->a, b.ref, 3), MYC_OK);
    lab_settle(&at->lab);
    assert_int_equal(b.count, 2);
    assert_int_equal(b.notes[1].value, 3);
    /* One place more, and it may. */
    spawn(&b, patient.margin + 1, nobody);
    assert_int_equal(probe_send_with(&at->a, b.ref, 4, &patient), MYC_OK);
    lab_settle(&at->lab);
    assert_int_equal(b.count, 1);
}

static void
test_margin_that_no_mailbox_of_that_size_can_leave_is_invalid(void **state)
{
    (void)state;
    level_each(&own, run_margin_too_large);
}

/* --- what can be seen ------------------------------------------------------------------------- */

struct seen {
    struct myc_ref ref;
    struct fab_mailbox_view view;
    unsigned count;
};

static void
look(void *context, const struct fab_mailbox_view *mailbox)
{
    struct seen *seen = context;

    if (!myc_ref_is_equal(seen->ref, mailbox->ref))
        return;
    seen->view = *mailbox;
    seen->count++;
}

static struct fab_mailbox_view
view_of_b(void)
{
    struct seen seen = { .ref = b.ref };

    fab_core_each_mailbox(own.there, look, &seen);
    assert_int_equal(seen.count, 1);
    return seen.view;
}

static void
run_high_water(struct level_lab *at)
{
    struct fab_mailbox_view view;

    spawn(&b, 40, nobody);
    level_hold(at, b.ref);
    for (unsigned i = 0; i < 30; i++)
        assert_int_equal(probe_send(&at->a, b.ref, i), MYC_OK);
    lab_settle(&at->lab);
    level_hold(at, b.ref);
    level_hold(at, b.ref);
    lab_settle(&at->lab);
    view = view_of_b();
    assert_int_equal(view.high_water, 31);
    assert_int_equal(view.waiting, 0);
    assert_int_equal(view.waiting_max, 40);
    assert_int_equal(view.age_ns, 0);
    assert_string_equal(view.class_name, "probe");
    assert_int_equal(level_counters(at)->mailbox_high_water, 31);
}

static void
test_high_water_mark_is_what_waited_before_a_batch(void **state)
{
    (void)state;
    level_each(&own, run_high_water);
}

/* 200 wait and 64 are handled in a turn: the last have waited for three. */
static void
test_queue_age_is_seen_while_messages_wait_and_kept_at_its_longest(void **state)
{
    struct fab_mailbox_view view;

    (void)state;
    level_begin(&own, LEVEL_LOCAL);
    spawn(&b, 1000, nobody);
    for (unsigned i = 0; i < 200; i++)
        assert_int_equal(probe_send(&own.a, b.ref, i), MYC_OK);
    (void)lab_turn(&own.lab);
    own.lab.now_ns += 50000;
    (void)lab_turn(&own.lab);
    view = view_of_b();
    assert_int_equal(view.waiting, 72);
    assert_int_equal(view.age_ns, 50000 + LAB_TURN_NS);
    lab_settle(&own.lab);
    assert_int_equal(view_of_b().age_ns, 0);
    assert_int_equal(level_counters(&own)->mailbox_wait_ns_max, 50000 + 3 * LAB_TURN_NS);
    level_end(&own);
}

static void
test_the_fullest_mailboxes_are_shown_and_no_more_than_some(void **state)
{
    static struct probe many[2 * FAB_METERS_BUSIEST];
    unsigned shown = 0;

    (void)state;
    level_begin(&own, LEVEL_LOCAL);
    for (unsigned i = 0; i < 2 * FAB_METERS_BUSIEST; i++) {
        spawn(&many[i], 100, nobody);
        for (unsigned sent = 0; sent < i + 2; sent++)
            assert_int_equal(probe_send(&own.a, many[i].ref, sent), MYC_OK);
        lab_settle(&own.lab);
    }
    for (unsigned i = 0; i < 2 * FAB_METERS_BUSIEST; i++) {
        struct seen seen = { .ref = many[i].ref };

        fab_core_each_mailbox(own.there, look, &seen);
        assert_int_equal(seen.count, i >= FAB_METERS_BUSIEST ? 1 : 0);
        shown += seen.count;
    }
    assert_int_equal(shown, FAB_METERS_BUSIEST);
    level_end(&own);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_too_much_goes_to_another),
        cmocka_unit_test(test_an_ask_that_is_redirected_is_answered_by_the_other),
        cmocka_unit_test(test_redirect_too_deep),
        cmocka_unit_test(test_who_redirects_to_somebody_who_has_ended_is_just_full),
        cmocka_unit_test(test_redirect_to_somebody_elsewhere_is_refused),
        cmocka_unit_test(test_margin_leaves_places_to_others),
        cmocka_unit_test(test_margin_of_one_does_not_hold_up_another),
        cmocka_unit_test(test_margin_that_no_mailbox_of_that_size_can_leave_is_invalid),
        cmocka_unit_test(test_high_water_mark_is_what_waited_before_a_batch),
        cmocka_unit_test(test_queue_age_is_seen_while_messages_wait_and_kept_at_its_longest),
        cmocka_unit_test(test_the_fullest_mailboxes_are_shown_and_no_more_than_some),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
