/* SPDX-License-Identifier: BSD-3-Clause */
/* What is owed goes when nobody waits for it, at every level: an ask that is cancelled, times out
 * or ends with its asker leaves nothing with who was asked, whether it has been handled or still
 * waits in the mailbox. */
#include "support/level_lab.h"

#include "actor/owed.h"
#include "actor/parts.h"
#include "wire/system.h"

#define MS   1000000ULL
#define MANY 200U

static struct level_lab own;
static struct probe b;

/* How an ask ends at its asker's side. */
enum ending {
    CANCELLED = 0,
    TIMED_OUT,
    ASKER_ENDED,
    ENDINGS,
};

static unsigned
owed(const struct level_lab *at)
{
    return at->there->requests->handles.taken;
}

static uint64_t
ask(struct level_lab *at, enum ending ending)
{
    const struct myc_ask_options options = {
        .size = sizeof(options),
        .timeout_ns = ending == TIMED_OUT ? MS : MYC_FOREVER,
    };
    uint64_t id;

    assert_int_equal(probe_ask(&at->a, b.ref, 1, &options, &id), MYC_OK);
    return id;
}

static void
end(struct level_lab *at, enum ending ending, uint64_t id)
{
    if (ending == CANCELLED)
        assert_int_equal(probe_ask_cancel(&at->a, id), MYC_OK);
    else if (ending == TIMED_OUT)
        at->lab.now_ns += MS + LAB_TURN_NS;
    else
        assert_int_equal(probe_kill(&at->a, at->a.ref), MYC_OK);
}

static void
spawn_keeper(struct level_lab *at)
{
    b = (struct probe){ .on_message = probe_keeps };
    assert_int_equal(probe_spawn(&b, at->there, NULL), MYC_OK);
}

/* Long enough for what was sent to be handled, and for no deadline. */
static void
turn(struct level_lab *at)
{
    for (unsigned i = 0; i < 4; i++)
        lab_turn(&at->lab);
}

static void
again(struct level_lab *at)
{
    assert_int_equal(probe_kill(&at->c, b.ref), MYC_OK);
    lab_settle(&at->lab);
    at->a.count = 0;
    if (fab_slot_lookup(at->lab.cores[0], at->a.ref.actor))
        return;
    memset(&at->a, 0, sizeof(at->a));
    assert_int_equal(probe_spawn(&at->a, at->lab.cores[0], NULL), MYC_OK);
}

static void
run_handled(struct level_lab *at)
{
    for (enum ending ending = CANCELLED; ending < ENDINGS; ending++) {
        uint64_t id;

        spawn_keeper(at);
        id = ask(at, ending);
        turn(at);
        assert_int_equal(owed(at), 1);
        end(at, ending, id);
        lab_settle(&at->lab);
        assert_int_equal(owed(at), 0);
        assert_int_equal(b.stop_count, 0);
        /* It may still answer: that is a late reply, and harms nobody. */
        (void)probe_reply(&b, probe_kept, 1, 8);
        lab_settle(&at->lab);
        assert_int_equal(probe_count(&at->a, MYC_ASK_FAILED_KEY), ending == TIMED_OUT);
        assert_int_equal(probe_count(&at->a, PROBE_NUMBER_KEY), 0);
        again(at);
    }
}

static void
test_nothing_is_owed_to_who_waits_no_more(void **state)
{
    (void)state;
    level_each(&own, run_handled);
}

static void
run_waiting(struct level_lab *at)
{
    for (enum ending ending = CANCELLED; ending < ENDINGS; ending++) {
        uint64_t id;

        spawn_keeper(at);
        level_hold(at, b.ref);
        id = ask(at, ending);
        level_arrive(at);
        assert_int_equal(owed(at), 0);
        end(at, ending, id);
        level_arrive(at);
        assert_int_equal(b.count, 0);
        lab_settle(&at->lab);
        assert_int_equal(b.count, 2); /* it was handled, and its end is not seen */
        assert_int_equal(owed(at), 0);
        again(at);
    }
}

static void
test_nothing_is_owed_for_an_ask_that_waited_when_it_was_given_up(void **state)
{
    (void)state;
    level_each(&own, run_waiting);
}

/* The full mailbox of b passes on to d's. */
static void
run_redirected(struct level_lab *at)
{
    for (enum ending ending = CANCELLED; ending < ENDINGS; ending++) {
        static struct probe d;
        struct myc_spawn_options options = { .mailbox_max = 1, .overflow = MYC_OVERFLOW_REDIRECT };
        uint64_t id;

        d = (struct probe){ .on_message = probe_keeps };
        assert_int_equal(probe_spawn(&d, at->there, NULL), MYC_OK);
        options.redirect_to = d.ref;
        b = (struct probe){ .on_message = probe_keeps };
        assert_int_equal(probe_spawn(&b, at->there, &options), MYC_OK);
        level_hold(at, b.ref);
        level_hold(at, d.ref);
        id = ask(at, ending);
        level_arrive(at);
        end(at, ending, id);
        lab_settle(&at->lab);
        assert_int_equal(b.count, 1);
        assert_int_equal(d.count, 2);
        assert_int_equal(owed(at), 0);
        assert_int_equal(probe_kill(&at->c, d.ref), MYC_OK);
        again(at);
    }
}

static void
test_nothing_is_owed_for_an_ask_that_was_redirected(void **state)
{
    (void)state;
    level_each(&own, run_redirected);
}

static void
run_delegated(struct level_lab *at)
{
    for (enum ending ending = CANCELLED; ending < ENDINGS; ending++) {
        static struct probe d;
        uint64_t id;

        /* The first one is beside the asker, the delegate there. */
        d = (struct probe){ .on_message = probe_keeps };
        assert_int_equal(probe_spawn(&d, at->lab.cores[0], NULL), MYC_OK);
        spawn_keeper(at);
        assert_int_equal(probe_ask(&at->a, d.ref, 1,
                                   &(struct myc_ask_options){
                                       .timeout_ns = ending == TIMED_OUT ? MS : MYC_FOREVER },
                                   &id),
                         MYC_OK);
        turn(at);
        assert_int_equal(probe_pass_on(&d, probe_kept), MYC_OK);
        probe_take_over(&b, probe_kept);
        turn(at);
        assert_int_equal(owed(at), 1);
        end(at, ending, id);
        lab_settle(&at->lab);
        assert_int_equal(owed(at), 0);
        /* Who takes over what has ended is told. */
        assert_int_equal(probe_pass_on(&d, probe_kept), MYC_NOT_FOUND);
        probe_take_over(&b, probe_kept);
        assert_int_equal(owed(at), at->there_index == 1);
        lab_settle(&at->lab);
        assert_int_equal(owed(at), 0);
        assert_int_equal(probe_kill(&at->c, d.ref), MYC_OK);
        again(at);
    }
}

static void
test_a_delegate_owes_nothing_to_who_waits_no_more(void **state)
{
    (void)state;
    level_each(&own, run_delegated);
}

static void
run_delegate_lost(struct level_lab *at)
{
    static struct probe d;

    d = (struct probe){ .on_message = probe_keeps };
    assert_int_equal(probe_spawn(&d, at->lab.cores[0], NULL), MYC_OK);
    spawn_keeper(at);
    assert_int_equal(
        probe_ask(&at->a, d.ref, 1, &(struct myc_ask_options){ .timeout_ns = MYC_FOREVER }, NULL),
        MYC_OK);
    turn(at);
    assert_int_equal(probe_pass_on(&d, probe_kept), MYC_OK);
    probe_take_over(&b, probe_kept);
    turn(at);
    assert_int_equal(probe_count(&at->a, MYC_ASK_FAILED_KEY), 0);
    loop_pair_cut(at->lab.pairs[0]);
    lab_settle(&at->lab);
    assert_int_equal(probe_count(&at->a, MYC_ASK_FAILED_KEY), 1);
    assert_int_equal(probe_last(&at->a, MYC_ASK_FAILED_KEY)->status, MYC_NO_CONNECTION);
    assert_true(myc_ref_is_equal(probe_last(&at->a, MYC_ASK_FAILED_KEY)->ref, d.ref));
    assert_int_equal(owed(at), 0);
}

static void
test_the_loss_of_a_delegates_node_is_told_to_the_asker(void **state)
{
    (void)state;
    level_each_apart(&own, run_delegate_lost);
}

/* It waits in b's mailbox. */
static void
hold_an_ask(struct level_lab *at)
{
    spawn_keeper(at);
    level_hold(at, b.ref);
    (void)ask(at, CANCELLED);
    level_arrive(at);
}

static void
run_broken(struct level_lab *at)
{
    hold_an_ask(at);
    loop_pair_cut(at->lab.pairs[0]);
    lab_settle(&at->lab);
    assert_int_equal(b.count, 2);
    assert_int_equal(owed(at), 0);
}

static void
test_an_ask_that_waits_while_its_link_breaks_is_not_owed(void **state)
{
    (void)state;
    level_each_apart(&own, run_broken);
}

/* Its asker was told when the link broke; one that comes after that is owed as any other. */
static void
run_broken_and_back(struct level_lab *at)
{
    hold_an_ask(at);
    loop_pair_cut(at->lab.pairs[0]);
    level_arrive(at);
    loop_pair_join(at->lab.pairs[0], LAB_HOME_2);
    for (unsigned i = 0; i < 4; i++)
        level_arrive(at);
    (void)ask(at, CANCELLED);
    level_arrive(at);
    assert_int_equal(b.count, 0); /* both wait */
    lab_settle(&at->lab);
    assert_int_equal(b.count, 3);
    assert_int_equal(owed(at), 1);
    /* The first may still be answered: a late reply. Of the second the end is told. */
    assert_int_equal(probe_kill(&at->c, b.ref), MYC_OK);
    lab_settle(&at->lab);
    assert_int_equal(probe_count(&at->a, MYC_ASK_FAILED_KEY), 2);
    assert_int_equal(probe_last(&at->a, MYC_ASK_FAILED_KEY)->status, MYC_BROKEN);
}

static void
test_an_ask_that_waits_while_its_link_breaks_and_comes_back_is_not_owed(void **state)
{
    (void)state;
    level_each_apart(&own, run_broken_and_back);
}

/* A third node that comes and goes takes nothing from what is owed to the first. */
static void
run_other_broken(struct level_lab *at)
{
    const struct fab_core_config config = lab_config(0x0003000000000cccULL, 0, 1);

    (void)lab_add_core(&at->lab, &config);
    (void)lab_join(&at->lab, 1, 2, at->level, 0);
    lab_settle(&at->lab);
    hold_an_ask(at);
    loop_pair_cut(at->lab.pairs[1]);
    level_arrive(at);
    lab_settle(&at->lab);
    assert_int_equal(owed(at), 1);
}

static void
test_an_ask_that_waits_while_another_link_breaks_is_owed(void **state)
{
    (void)state;
    level_each_apart(&own, run_other_broken);
}

/* An asker who asks and cancels for ever takes nothing from others: the table of who is asked has
 * place for `asks_max`, and none is pushed out of it. */
static void
run_many(struct level_lab *at)
{
    const struct myc_ask_options brief = { .timeout_ns = MYC_FOREVER, .reply_size_max = 8 };
    uint32_t slots = fab_core_config_of(at->there)->limits.asks_max;
    static struct probe d;

    spawn_keeper(at);
    b.is_silent = true;
    memset(&d, 0, sizeof(d));
    assert_int_equal(probe_spawn(&d, at->lab.cores[0], NULL), MYC_OK);
    assert_int_equal(probe_ask(&d, b.ref, 7, &brief, NULL), MYC_OK);
    lab_settle(&at->lab);
    for (uint32_t i = 0; i < 3 * slots; i++) {
        uint64_t id = ask(at, CANCELLED);

        if (i % 8 == 0)
            lab_turn(&at->lab);
        end(at, CANCELLED, id);
        if (i % 8 == 7)
            lab_settle(&at->lab);
    }
    lab_settle(&at->lab);
    assert_int_equal(owed(at), 1);
    assert_int_equal(level_counters(at)->requests_untracked, 0);
    /* So the other one hears at once. */
    assert_int_equal(probe_kill(&at->c, b.ref), MYC_OK);
    lab_settle(&at->lab);
    assert_int_equal(probe_last(&d, MYC_ASK_FAILED_KEY)->status, MYC_BROKEN);
    assert_int_equal(probe_count(&at->a, MYC_ASK_FAILED_KEY), 0);
}

static void
test_asks_given_up_again_and_again_push_nobodys_request_out(void **state)
{
    (void)state;
    level_each(&own, run_many);
}

/* The records must be about actors of the core that sends them. */
static void
test_an_ask_of_another_core_cannot_be_given_up_or_taken(void **state)
{
    const struct fab_system_ask_ended lie = { .asker = 0x0500000100000001ULL, .ask = 7 };
    const struct fab_system_ask_taken other = { .owner = 0x0500000100000001ULL, .ask = 7 };

    (void)state;
    level_begin(&own, FAB_LEVEL_SEGMENT);
    spawn_keeper(&own);
    (void)ask(&own, CANCELLED);
    lab_settle(&own.lab);
    assert_false(fab_asks_on_system(own.there, loop_pair_b(own.lab.pairs[0]), FAB_SYSTEM_ASK_ENDED,
                                    &lie, sizeof(lie)));
    assert_false(fab_asks_on_system(own.there, loop_pair_b(own.lab.pairs[0]), FAB_SYSTEM_ASK_ENDED,
                                    &lie, sizeof(lie) - 1));
    assert_false(fab_asks_on_system(own.there, loop_pair_b(own.lab.pairs[0]), FAB_SYSTEM_ASK_TAKEN,
                                    &other, sizeof(other)));
    assert_int_equal(owed(&own), 1);
    level_end(&own);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_owed_to_who_waits_no_more),
        cmocka_unit_test(test_nothing_is_owed_for_an_ask_that_waited_when_it_was_given_up),
        cmocka_unit_test(test_asks_given_up_again_and_again_push_nobodys_request_out),
        cmocka_unit_test(test_nothing_is_owed_for_an_ask_that_was_redirected),
        cmocka_unit_test(test_a_delegate_owes_nothing_to_who_waits_no_more),
        cmocka_unit_test(test_the_loss_of_a_delegates_node_is_told_to_the_asker),
        cmocka_unit_test(test_an_ask_that_waits_while_its_link_breaks_is_not_owed),
        cmocka_unit_test(test_an_ask_that_waits_while_its_link_breaks_and_comes_back_is_not_owed),
        cmocka_unit_test(test_an_ask_that_waits_while_another_link_breaks_is_owed),
        cmocka_unit_test(test_an_ask_of_another_core_cannot_be_given_up_or_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
