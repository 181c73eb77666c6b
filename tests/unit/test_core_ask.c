/* SPDX-License-Identifier: BSD-3-Clause */
/* Asks: each ends exactly once, by a reply or by a failure, here and over every kind of link. */
#include "support/cmocka.h"
#include "support/core_lab.h"
#include "support/probe_parts.h"

#include <mycelium/messages.h>

#define MS 1000000ULL

static struct lab lab;
static struct probe a, b, c;
static const enum fab_level levels[] = { FAB_LEVEL_RING, FAB_LEVEL_SEGMENT, FAB_LEVEL_FLOW };

static void
begin_at(enum fab_level level, unsigned core_of_b)
{
    memset(&a, 0, sizeof(a)), memset(&b, 0, sizeof(b)), memset(&c, 0, sizeof(c));
    lab_init_pair(&lab, level, 0);
    assert_int_equal(probe_spawn(&a, lab.cores[0], NULL), MYC_OK);
    assert_int_equal(probe_spawn(&b, lab.cores[core_of_b], NULL), MYC_OK);
    assert_int_equal(probe_spawn(&c, lab.cores[core_of_b], NULL), MYC_OK);
}

/* Runs a case on one lcore and between two over each kind of link. */
static void
at_each_level(void (*check)(void))
{
    begin_at(FAB_LEVEL_RING, 0);
    check();
    lab_fini(&lab);
    for (unsigned i = 0; i < 3; i++) {
        begin_at(levels[i], 1);
        check();
        lab_fini(&lab);
    }
}

static unsigned
failures(void)
{
    return probe_count(&a, MYC_ASK_FAILED_KEY);
}

static enum myc_status
failure(void)
{
    const struct probe_note *note = probe_last(&a, MYC_ASK_FAILED_KEY);

    return note == NULL ? MYC_OK : note->status;
}

static unsigned
replies(void)
{
    return probe_count(&a, PROBE_NUMBER_KEY);
}

static void
check_reply(void)
{
    b.on_message = probe_answers;
    for (uint64_t i = 0; i < 100; i++) {
        assert_int_equal(probe_ask(&a, b.ref, i, NULL, NULL), MYC_OK);
        if (i % 16 == 15)
            lab_settle(&lab);
    }
    lab_settle(&lab);
    assert_int_equal(replies(), 100);
    assert_int_equal(failures(), 0);
    for (uint64_t i = 0; i < 100; i++) {
        assert_int_equal(a.notes[i].kind, MYC_KIND_REPLY);
        assert_true(a.notes[i].tag == i && a.notes[i].value == i + 1);
        assert_true(myc_ref_is_equal(a.notes[i].ref, b.ref));
    }
}

static void
test_each_ask_gets_its_reply_with_its_tag(void **state)
{
    (void)state;
    at_each_level(check_reply);
}

static void
check_timeout(void)
{
    struct myc_ask_options options = { .timeout_ns = 2 * MS };
    struct myc_ask_options later = { .timeout_ns = 9 * MS };

    b.on_message = probe_keeps;
    assert_int_equal(probe_ask(&a, b.ref, 1, &later, NULL), MYC_OK);
    assert_int_equal(probe_ask(&a, b.ref, 2, &options, NULL), MYC_OK);
    lab_advance(&lab, 2 * MS - 2 * LAB_TURN_NS);
    assert_int_equal(failures(), 0);
    lab_advance(&lab, 3 * LAB_TURN_NS);
    assert_int_equal(failures(), 1);
    assert_int_equal(failure(), MYC_TIMEOUT);
    assert_true(probe_last(&a, MYC_ASK_FAILED_KEY)->tag == 2);
    assert_int_equal(lab_counters(&lab, 0)->asks_timed_out, 1);
    /* The late reply is counted and reaches nobody. */
    assert_int_equal(probe_reply(&b, probe_kept, 9, 8), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(replies(), 0);
    assert_int_equal(lab_counters(&lab, 0)->replies_late, 1);
    lab_advance(&lab, 10 * MS);
    assert_int_equal(failures(), 2);
    assert_true(probe_last(&a, MYC_ASK_FAILED_KEY)->tag == 1);
}

static void
test_each_ask_has_its_own_deadline_and_a_late_reply_is_counted(void **state)
{
    (void)state;
    at_each_level(check_timeout);
}

static void
check_duplicate(void)
{
    b.on_message = probe_keeps;
    assert_int_equal(probe_ask(&a, b.ref, 1, NULL, NULL), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_reply(&b, probe_kept, 5, 8), MYC_OK);
    assert_int_equal(probe_reply(&b, probe_kept, 6, 8), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(replies(), 1);
    assert_int_equal(lab_counters(&lab, 0)->replies_duplicate, 1);
    assert_int_equal(lab_counters(&lab, 0)->replies_late, 0);
}

static void
test_a_second_reply_is_counted_as_duplicate(void **state)
{
    (void)state;
    at_each_level(check_duplicate);
}

static void
check_broken(void)
{
    struct myc_ask_options for_ever = { .timeout_ns = MYC_FOREVER };

    assert_int_equal(probe_ask(&a, b.ref, 1, &for_ever, NULL), MYC_OK);
    assert_int_equal(probe_ask(&a, b.ref, 2, &for_ever, NULL), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(failures(), 0);
    assert_int_equal(probe_stop(&c, b.ref, MYC_SHUTDOWN), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(failures(), 2);
    assert_int_equal(failure(), MYC_BROKEN);
}

static void
test_the_end_of_who_owes_the_answer_is_told_at_once(void **state)
{
    (void)state;
    at_each_level(check_broken);
}

static void
check_waiting_when_it_ends(void)
{
    struct myc_ask_options for_ever = { .timeout_ns = MYC_FOREVER };

    assert_int_equal(probe_ask(&a, b.ref, 1, &for_ever, NULL), MYC_OK);
    assert_int_equal(probe_stop(&c, b.ref, MYC_SHUTDOWN), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(failures(), 1);
    assert_true(failure() == MYC_GONE || failure() == MYC_BROKEN);
}

static void
test_an_ask_that_waits_in_the_mailbox_of_who_ends_fails(void **state)
{
    (void)state;
    at_each_level(check_waiting_when_it_ends);
}

static void
check_gone(void)
{
    struct myc_ref gone = b.ref;
    enum myc_status status;

    assert_int_equal(probe_stop(&c, b.ref, MYC_SHUTDOWN), MYC_OK);
    lab_settle(&lab);
    status = probe_ask(&a, gone, 1, NULL, NULL);
    lab_settle(&lab);
    if (status == MYC_OK)
        assert_int_equal(failure(), MYC_GONE);
    else
        assert_int_equal(status, MYC_GONE);
}

static void
test_who_has_ended_cannot_be_asked(void **state)
{
    (void)state;
    at_each_level(check_gone);
}

static void
check_failure(void)
{
    b.on_message = probe_keeps;
    assert_int_equal(probe_ask(&a, b.ref, 1, NULL, NULL), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_reply_failure(&b, probe_kept, MYC_REFUSED), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(failures(), 1);
    assert_int_equal(failure(), MYC_REFUSED);
    assert_true(probe_last(&a, MYC_ASK_FAILED_KEY)->tag == 1);
}

static void
test_a_failure_is_an_answer(void **state)
{
    (void)state;
    at_each_level(check_failure);
}

static void
check_cap(void)
{
    struct myc_ask_options small = { .timeout_ns = MS, .reply_size_max = 16 };
    struct myc_ask_options large = { .timeout_ns = MS, .reply_size_max = 1024 };
    struct myc_ask_options huge = { .timeout_ns = MS, .reply_size_max = 1025 };

    b.on_message = probe_keeps;
    assert_int_equal(probe_ask(&a, b.ref, 1, &huge, NULL), MYC_TOO_BIG);
    assert_int_equal(probe_ask(&a, b.ref, 1, &small, NULL), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_reply(&b, probe_kept, 5, 17), MYC_TOO_BIG);
    assert_int_equal(probe_reply(&b, probe_kept, 5, 16), MYC_OK);
    assert_int_equal(probe_ask(&a, b.ref, 1, &large, NULL), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_reply(&b, probe_kept, 5, 1025), MYC_TOO_BIG);
    assert_int_equal(probe_reply(&b, probe_kept, 5, 1024), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(replies(), 2);
}

static void
test_a_reply_has_the_size_that_was_allowed_at_most(void **state)
{
    (void)state;
    at_each_level(check_cap);
}

static void
check_cancel(void)
{
    uint64_t ask;

    b.on_message = probe_keeps;
    assert_int_equal(probe_ask(&a, b.ref, 1, NULL, &ask), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_ask_cancel(&b, ask), MYC_NOT_FOUND);
    assert_int_equal(probe_ask_cancel(&a, ask), MYC_OK);
    assert_int_equal(probe_ask_cancel(&a, ask), MYC_NOT_FOUND);
    assert_int_equal(probe_reply(&b, probe_kept, 5, 8), MYC_OK);
    lab_advance(&lab, 2000 * MS);
    assert_int_equal(replies() + failures(), 0);
}

static void
test_a_cancelled_ask_hears_nothing(void **state)
{
    (void)state;
    at_each_level(check_cancel);
}

static void
check_delegation(void)
{
    b.on_message = probe_keeps;
    assert_int_equal(probe_ask(&a, b.ref, 1, NULL, NULL), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_pass_on(&c, probe_kept), MYC_NOT_FOUND);
    assert_int_equal(probe_pass_on(&b, probe_kept), MYC_OK);
    probe_take_over(&c, probe_kept);
    /* The first one's end changes nothing now. */
    assert_int_equal(probe_stop(&c, b.ref, MYC_SHUTDOWN), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(failures(), 0);
    assert_int_equal(probe_reply(&c, probe_kept, 77, 8), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(replies(), 1);
    assert_true(myc_ref_is_equal(probe_last(&a, PROBE_NUMBER_KEY)->ref, c.ref));
}

static void
test_the_answer_may_come_from_a_delegate(void **state)
{
    (void)state;
    at_each_level(check_delegation);
}

static void
check_delegate_ends(void)
{
    b.on_message = probe_keeps;
    assert_int_equal(probe_ask(&a, b.ref, 1, NULL, NULL), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_pass_on(&b, probe_kept), MYC_OK);
    probe_take_over(&c, probe_kept);
    assert_int_equal(probe_kill(&b, c.ref), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(failures(), 1);
    assert_int_equal(failure(), MYC_BROKEN);
}

static void
test_the_end_of_a_delegate_breaks_the_request(void **state)
{
    (void)state;
    at_each_level(check_delegate_ends);
}

static void
test_a_lost_link_fails_every_ask_over_it_at_once(void **state)
{
    struct myc_ask_options for_ever = { .timeout_ns = MYC_FOREVER };

    (void)state;
    for (unsigned i = 1; i < 3; i++) {
        begin_at(levels[i], 1);
        assert_int_equal(probe_ask(&a, b.ref, 1, &for_ever, NULL), MYC_OK);
        lab_settle(&lab);
        /* One that has not been acknowledged yet, too. */
        assert_int_equal(probe_ask(&a, b.ref, 2, &for_ever, NULL), MYC_OK);
        lab_turn_core(&lab, 0);
        loop_pair_cut(lab.pairs[0]);
        lab_settle(&lab);
        assert_int_equal(failures(), 2);
        assert_int_equal(failure(), MYC_NO_CONNECTION);
        assert_int_equal(probe_ask(&a, b.ref, 3, NULL, NULL), MYC_UNREACHABLE);
        lab_fini(&lab);
    }
}

static void
test_asks_end_with_their_asker(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        begin_at(levels[i], 1);
        b.on_message = probe_keeps;
        assert_int_equal(probe_ask(&a, b.ref, 1, NULL, NULL), MYC_OK);
        lab_settle(&lab);
        assert_int_equal(probe_stop(&c, a.ref, MYC_SHUTDOWN), MYC_OK);
        lab_settle(&lab);
        (void)probe_reply(&b, probe_kept, 5, 8);
        lab_advance(&lab, 2000 * MS);
        assert_int_equal(replies() + failures(), 0);
        lab_fini(&lab);
    }
}

static void
test_the_table_of_open_asks_has_a_limit(void **state)
{
    struct myc_spawn_options roomy = { .mailbox_max = 100000 };
    static struct probe callee;
    enum myc_status status;
    unsigned opened = 0;

    (void)state;
    begin_at(FAB_LEVEL_RING, 0);
    memset(&callee, 0, sizeof(callee));
    assert_int_equal(probe_spawn(&callee, lab.cores[0], &roomy), MYC_OK);
    while ((status = probe_ask(&a, callee.ref, opened, NULL, NULL)) == MYC_OK)
        opened++;
    assert_int_equal(status, MYC_NO_MEMORY);
    assert_true(opened > 0 && opened <= fab_core_config_of(lab.cores[0])->limits.asks_max);
    lab_advance(&lab, 1100 * MS);
    assert_int_equal(failures(), opened);
    assert_int_equal(probe_ask(&a, callee.ref, 1, NULL, NULL), MYC_OK);
    lab_fini(&lab);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_ask_gets_its_reply_with_its_tag),
        cmocka_unit_test(test_each_ask_has_its_own_deadline_and_a_late_reply_is_counted),
        cmocka_unit_test(test_a_second_reply_is_counted_as_duplicate),
        cmocka_unit_test(test_the_end_of_who_owes_the_answer_is_told_at_once),
        cmocka_unit_test(test_an_ask_that_waits_in_the_mailbox_of_who_ends_fails),
        cmocka_unit_test(test_who_has_ended_cannot_be_asked),
        cmocka_unit_test(test_a_failure_is_an_answer),
        cmocka_unit_test(test_a_reply_has_the_size_that_was_allowed_at_most),
        cmocka_unit_test(test_a_cancelled_ask_hears_nothing),
        cmocka_unit_test(test_the_answer_may_come_from_a_delegate),
        cmocka_unit_test(test_the_end_of_a_delegate_breaks_the_request),
        cmocka_unit_test(test_a_lost_link_fails_every_ask_over_it_at_once),
        cmocka_unit_test(test_asks_end_with_their_asker),
        cmocka_unit_test(test_the_table_of_open_asks_has_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
