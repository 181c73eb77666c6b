/* SPDX-License-Identifier: BSD-3-Clause */
/* Sending on one lcore and between two: order, refusals, back-pressure, notices. */
#include "support/cmocka.h"
#include "support/level_lab.h"
#include "probe_numbers.h"

#include <mycelium/messages.h>

static void
test_a_message_on_the_lcore_is_queued_not_called(void **state)
{
    static struct probe a, b;
    struct lab lab;

    (void)state;
    memset(&a, 0, sizeof(a)), memset(&b, 0, sizeof(b));
    lab_init_pair(&lab, FAB_LEVEL_RING, 0);
    assert_int_equal(probe_spawn(&a, lab.cores[0], NULL), MYC_OK);
    assert_int_equal(probe_spawn(&b, lab.cores[0], NULL), MYC_OK);
    assert_int_equal(probe_send(&a, b.ref, 7), MYC_OK);
    assert_int_equal(b.count, 0);
    lab_settle(&lab);
    assert_numbers(&b, 7, 1);
    assert_true(myc_ref_is_equal(b.notes[0].ref, a.ref));
    assert_int_equal(b.notes[0].kind, MYC_KIND_SEND);
    assert_true(b.notes[0].tag == 7);
    lab_fini(&lab);
}

static void
test_messages_keep_their_order_here_and_over_every_kind_of_link(void **state)
{
    static const enum fab_level levels[] = { FAB_LEVEL_RING, FAB_LEVEL_SEGMENT, FAB_LEVEL_FLOW };
    static struct probe a, b, c;

    (void)state;
    for (unsigned l = 0; l < 3; l++) {
        struct lab lab;

        memset(&a, 0, sizeof(a)), memset(&b, 0, sizeof(b)), memset(&c, 0, sizeof(c));
        lab_init_pair(&lab, levels[l], 0);
        assert_int_equal(probe_spawn(&a, lab.cores[0], NULL), MYC_OK);
        assert_int_equal(probe_spawn(&b, lab.cores[0], NULL), MYC_OK);
        assert_int_equal(probe_spawn(&c, lab.cores[1], NULL), MYC_OK);
        for (unsigned i = 0; i < 500; i++) {
            assert_int_equal(probe_send(&a, b.ref, i), MYC_OK);
            assert_int_equal(probe_send(&a, c.ref, i), MYC_OK);
            if (i % 20 == 0)
                lab_settle(&lab);
        }
        lab_settle(&lab);
        assert_numbers(&b, 0, 500);
        assert_numbers(&c, 0, 500);
        assert_true(myc_ref_is_equal(c.notes[0].ref, a.ref));
        assert_true(lab_counters(&lab, 1)->delivered_in_place > 0);
        lab_fini(&lab);
    }
}

static void
test_a_full_mailbox_refuses_at_once_and_says_when_there_is_room(void **state)
{
    static struct probe a, b;
    struct myc_spawn_options small = { .mailbox_max = 4 };
    struct lab lab;

    (void)state;
    memset(&a, 0, sizeof(a)), memset(&b, 0, sizeof(b));
    lab_init_pair(&lab, FAB_LEVEL_RING, 0);
    probe_spawn(&a, lab.cores[0], NULL);
    probe_spawn(&b, lab.cores[0], &small);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(probe_send(&a, b.ref, i), MYC_OK);
    assert_int_equal(probe_send(&a, b.ref, 4), MYC_FULL);
    assert_int_equal(probe_send(&a, b.ref, 4), MYC_FULL);
    assert_int_equal(probe_count(&a, MYC_WRITABLE_KEY), 0);
    lab_settle(&lab);
    assert_numbers(&b, 0, 4);
    assert_int_equal(probe_count(&a, MYC_WRITABLE_KEY), 1);
    assert_true(myc_ref_is_equal(probe_last(&a, MYC_WRITABLE_KEY)->ref, b.ref));
    assert_int_equal(lab_counters(&lab, 0)->refused_full, 2);
    lab_fini(&lab);
}

/* bounded_tell_requests_mailbox_full, bounded_ask_requests_mailbox_full: the fifth is taken, what
 * c has said included, the sixth is not, be it a message or an ask. */
static void
check_capacity(struct level_lab *at, bool is_ask)
{
    static struct probe b;
    struct myc_spawn_options five = { .mailbox_max = 5 };
    enum myc_status status;

    memset(&b, 0, sizeof(b));
    b.on_message = probe_answers;
    assert_int_equal(probe_spawn(&b, at->there, &five), MYC_OK);
    level_hold(at, b.ref);
    for (unsigned i = 1; i < 4; i++)
        assert_int_equal(probe_send(&at->a, b.ref, i), MYC_OK);
    assert_int_equal(probe_ask(&at->a, b.ref, 4, NULL, NULL), MYC_OK);
    level_arrive(at);
    assert_int_equal(at->a.count, 0);
    status = is_ask ? probe_ask(&at->a, b.ref, 5, NULL, NULL) : probe_send(&at->a, b.ref, 5);
    level_arrive(at);
    assert_int_equal(
        is_ask ? probe_send(&at->c, b.ref, 6) : probe_ask(&at->c, b.ref, 6, NULL, NULL), MYC_FULL);
    lab_settle(&at->lab);
    if (is_ask && status == MYC_OK)
        assert_int_equal(probe_last(&at->a, MYC_ASK_FAILED_KEY)->status, MYC_FULL);
    else
        assert_true(level_was_told_full(at, status));
    assert_int_equal(b.count, 5);
    assert_int_equal(probe_count(&at->a, PROBE_NUMBER_KEY), 1); /* the fifth's answer */
    assert_int_equal(probe_count(&at->a, MYC_WRITABLE_KEY), 1);
    assert_int_equal(probe_kill(&at->c, b.ref), MYC_OK);
    lab_settle(&at->lab);
    at->a.count = at->c.count = 0;
}

static void
run_capacity(struct level_lab *at)
{
    check_capacity(at, false);
    check_capacity(at, true);
}

static void
test_a_mailbox_is_full_at_exactly_its_capacity(void **state)
{
    static struct level_lab own;

    (void)state;
    level_each(&own, run_capacity);
}

static void
test_a_full_link_refuses_at_once_and_says_when_there_is_room(void **state)
{
    static struct probe a, b;
    struct lab lab;
    unsigned sent = 0;

    (void)state;
    memset(&a, 0, sizeof(a)), memset(&b, 0, sizeof(b));
    lab_init_pair(&lab, LAB_ANY_LEVEL, 16);
    probe_spawn(&a, lab.cores[0], NULL);
    probe_spawn(&b, lab.cores[1], NULL);
    while (probe_send(&a, b.ref, sent) == MYC_OK)
        sent++;
    assert_int_equal(sent, 12); /* a quarter is the system lane's */
    assert_int_equal(probe_send(&a, b.ref, sent), MYC_FULL);
    lab_settle(&lab);
    assert_numbers(&b, 0, sent);
    assert_int_equal(probe_count(&a, MYC_WRITABLE_KEY), 1);
    assert_int_equal(probe_send(&a, b.ref, sent), MYC_OK);
    lab_settle(&lab);
    assert_numbers(&b, 0, sent + 1);
    lab_fini(&lab);
}

static void
test_a_full_mailbox_elsewhere_bounces_announces_and_says_writable(void **state)
{
    static struct probe a, b, parent;
    struct myc_spawn_options small = { .mailbox_max = 4, .is_supervised = true };
    struct lab lab;
    const struct probe_note *note;

    (void)state;
    memset(&a, 0, sizeof(a)), memset(&b, 0, sizeof(b)), memset(&parent, 0, sizeof(parent));
    lab_init_pair(&lab, LAB_ANY_LEVEL, 0);
    probe_spawn(&a, lab.cores[0], NULL);
    probe_spawn(&parent, lab.cores[1], NULL);
    assert_int_equal(probe_spawn_child(&b, &parent, &small), MYC_OK);
    /* Suspended, it takes messages but handles none. */
    b.answer = MYC_FAILED;
    assert_int_equal(probe_send(&a, b.ref, 0), MYC_OK);
    lab_settle(&lab);
    for (unsigned i = 1; i <= 7; i++)
        assert_int_equal(probe_send(&a, b.ref, i), MYC_OK);
    lab_settle(&lab);
    /* 5, 6 and 7 came back, in order, with their tags. */
    assert_int_equal(probe_count(&a, MYC_UNDELIVERED_KEY), 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(a.notes[i].key, MYC_UNDELIVERED_KEY);
        assert_int_equal(a.notes[i].status, MYC_FULL);
        assert_true(a.notes[i].tag == 5 + i);
    }
    assert_int_equal(lab_counters(&lab, 1)->bounced_full, 1);
    assert_int_equal(lab_counters(&lab, 1)->bounced_gap, 2);
    /* Announced: no need to go there to hear it again. */
    assert_int_equal(probe_send(&a, b.ref, 8), MYC_FULL);
    assert_int_equal(probe_count(&a, MYC_WRITABLE_KEY), 0);
    assert_int_equal(probe_restart(&parent, b.ref), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_count(&a, MYC_WRITABLE_KEY), 1);
    note = probe_last(&a, MYC_WRITABLE_KEY);
    assert_true(myc_ref_is_equal(note->ref, b.ref));
    assert_int_equal(probe_send(&a, b.ref, 5), MYC_OK);
    lab_settle(&lab);
    assert_numbers(&b, 0, 6);
    lab_fini(&lab);
}

static void
test_after_an_undelivered_message_nothing_arrives_until_the_sender_knows(void **state)
{
    static struct probe a, b;
    struct lab lab;

    (void)state;
    memset(&a, 0, sizeof(a)), memset(&b, 0, sizeof(b));
    lab_init_pair(&lab, LAB_ANY_LEVEL, 0);
    probe_spawn(&a, lab.cores[0], NULL);
    probe_spawn(&b, lab.cores[1], NULL);
    probe_send(&a, b.ref, 0);
    assert_int_equal(probe_send_stranger(&a, b.ref), MYC_OK);
    probe_send(&a, b.ref, 1);
    probe_send(&a, b.ref, 2);
    lab_settle(&lab);
    assert_numbers(&b, 0, 1);
    assert_int_equal(probe_count(&a, MYC_UNDELIVERED_KEY), 3);
    assert_int_equal(a.notes[0].status, MYC_BAD_TYPE);
    assert_true(a.notes[1].tag == 1 && a.notes[2].tag == 2);
    assert_int_equal(lab_counters(&lab, 1)->bounced_bad_type, 1);
    assert_int_equal(lab_counters(&lab, 1)->bounced_gap, 2);
    /* It knows now: the pair goes on, and the actor that was sent nonsense lives. */
    probe_send(&a, b.ref, 1);
    lab_settle(&lab);
    assert_numbers(&b, 0, 2);
    lab_fini(&lab);
}

static void
test_a_wrong_type_is_refused_and_the_actor_lives(void **state)
{
    static struct probe a, b;
    struct lab lab;

    (void)state;
    for (unsigned core = 0; core < 2; core++) {
        enum myc_status status;

        memset(&a, 0, sizeof(a)), memset(&b, 0, sizeof(b));
        lab_init_pair(&lab, LAB_ANY_LEVEL, 0);
        probe_spawn(&a, lab.cores[0], NULL);
        probe_spawn(&b, lab.cores[core], NULL);
        status = probe_send_stranger(&a, b.ref);
        lab_settle(&lab);
        if (core == 1 && status == MYC_OK) /* known there only */
            status = probe_last(&a, MYC_UNDELIVERED_KEY)->status;
        assert_int_equal(status, MYC_BAD_TYPE);
        assert_int_equal(probe_send(&a, b.ref, 1), MYC_OK);
        lab_settle(&lab);
        assert_numbers(&b, 1, 1);
        assert_int_equal(b.count, 1);
        lab_fini(&lab);
    }
}

static void
test_bytes_of_another_process_are_verified_before_the_handler(void **state)
{
    static const enum fab_level levels[] = { FAB_LEVEL_SEGMENT, FAB_LEVEL_FLOW };
    static struct probe a, b;

    (void)state;
    for (unsigned l = 0; l < 2; l++) {
        struct lab lab;

        memset(&a, 0, sizeof(a)), memset(&b, 0, sizeof(b));
        lab_init_pair(&lab, levels[l], 0);
        probe_spawn(&a, lab.cores[0], NULL);
        probe_spawn(&b, lab.cores[1], NULL);
        assert_int_equal(probe_send(&a, b.ref, UINT64_MAX), MYC_OK);
        lab_settle(&lab);
        assert_int_equal(b.count, 0);
        assert_int_equal(lab_counters(&lab, 1)->unverified, 1);
        assert_int_equal(probe_last(&a, MYC_UNDELIVERED_KEY)->status, MYC_BAD_TYPE);
        lab_fini(&lab);
    }
}

static void
test_sends_to_who_has_ended_answer_gone_or_come_back_as_gone(void **state)
{
    static struct probe a, b, c;
    struct lab lab;

    (void)state;
    memset(&a, 0, sizeof(a)), memset(&b, 0, sizeof(b)), memset(&c, 0, sizeof(c));
    lab_init_pair(&lab, LAB_ANY_LEVEL, 0);
    probe_spawn(&a, lab.cores[0], NULL);
    probe_spawn(&b, lab.cores[0], NULL);
    probe_spawn(&c, lab.cores[1], NULL);
    assert_int_equal(probe_stop(&a, b.ref, MYC_SHUTDOWN), MYC_OK);
    assert_int_equal(probe_stop(&a, c.ref, MYC_NORMAL), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(b.stop_count, 1);
    assert_int_equal(b.stop_reason, MYC_SHUTDOWN);
    assert_int_equal(c.stop_reason, MYC_NORMAL);
    assert_int_equal(probe_send(&a, b.ref, 1), MYC_GONE);
    assert_int_equal(probe_send(&a, c.ref, 2), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_count(&a, MYC_UNDELIVERED_KEY), 1);
    assert_int_equal(probe_last(&a, MYC_UNDELIVERED_KEY)->status, MYC_GONE);
    assert_true(probe_last(&a, MYC_UNDELIVERED_KEY)->tag == 2);
    lab_fini(&lab);
}

/* stop_higher_priority_over_messages: three of a's, its ask and c's one wait
 * when the stop comes. */
static void
run_stop(struct level_lab *at)
{
    const struct myc_ask_options patient = { .timeout_ns = MYC_FOREVER };
    static struct probe b;

    memset(&b, 0, sizeof(b));
    assert_int_equal(probe_spawn(&b, at->there, NULL), MYC_OK);
    level_hold(at, b.ref);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(probe_send(&at->a, b.ref, i), MYC_OK);
    assert_int_equal(probe_ask(&at->a, b.ref, 3, &patient, NULL), MYC_OK);
    level_arrive(at);
    assert_int_equal(probe_stop(&at->a, b.ref, MYC_SHUTDOWN), MYC_OK);
    level_arrive(at);
    lab_settle(&at->lab);
    assert_int_equal(b.count, 0);
    assert_int_equal(b.stop_count, 1);
    assert_int_equal(probe_count(&at->a, MYC_UNDELIVERED_KEY), 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(at->a.notes[i].tag == i);
        assert_int_equal(at->a.notes[i].status, MYC_GONE);
    }
    /* An ask that waited fails, and is no message to its asker. */
    assert_int_equal(probe_count(&at->a, MYC_ASK_FAILED_KEY), 1);
    assert_int_equal(probe_last(&at->a, MYC_ASK_FAILED_KEY)->status, MYC_GONE);
    assert_int_equal(probe_count(&at->c, MYC_UNDELIVERED_KEY), 1);
    assert_int_equal(level_counters(at)->dead_letters, 5);
}

static void
test_a_stop_overtakes_what_waits_and_returns_it(void **state)
{
    static struct level_lab own;

    (void)state;
    level_each(&own, run_stop);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_message_on_the_lcore_is_queued_not_called),
        cmocka_unit_test(test_messages_keep_their_order_here_and_over_every_kind_of_link),
        cmocka_unit_test(test_a_full_mailbox_refuses_at_once_and_says_when_there_is_room),
        cmocka_unit_test(test_a_mailbox_is_full_at_exactly_its_capacity),
        cmocka_unit_test(test_a_full_link_refuses_at_once_and_says_when_there_is_room),
        cmocka_unit_test(test_a_full_mailbox_elsewhere_bounces_announces_and_says_writable),
        cmocka_unit_test(test_after_an_undelivered_message_nothing_arrives_until_the_sender_knows),
        cmocka_unit_test(test_a_wrong_type_is_refused_and_the_actor_lives),
        cmocka_unit_test(test_bytes_of_another_process_are_verified_before_the_handler),
        cmocka_unit_test(test_sends_to_who_has_ended_answer_gone_or_come_back_as_gone),
        cmocka_unit_test(test_a_stop_overtakes_what_waits_and_returns_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
