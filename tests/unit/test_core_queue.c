/* SPDX-License-Identifier: BSD-3-Clause */
/* An actor whose answers wait for room says other things, too: they leave behind the answers. */
#include "support/cmocka.h"
#include "support/core_lab.h"
#include "support/probe_parts.h"

#include "actor/state.h"

#include <mycelium/messages.h>

#define CAPACITY  64U /* records of the link each way */
#define USER_MAX  48U /* of these without the reserve */
#define ASKS      60U /* of which 44 answers wait: the reserve takes 16 */
#define QUEUED    43U /* messages that may wait behind them */
#define QUEUED_AT 1000U

static struct probe a, b, c;
static struct lab lab;
static struct myc_request kept[ASKS];
static unsigned kept_count;

static void
keep_all(struct myc_self *self, struct probe *probe, const struct myc_message *message)
{
    (void)self;
    (void)probe;
    if (message->kind == MYC_KIND_ASK && kept_count < ASKS)
        kept[kept_count++] = myc_message_request(message);
}

/* `a` has asked `b`; the link back to `a` is full up to its last place, and answers wait. */
static void
begin(enum fab_level level)
{
    uint64_t sent = 0;

    memset(&a, 0, sizeof(a)), memset(&b, 0, sizeof(b)), memset(&c, 0, sizeof(c));
    kept_count = 0;
    b.on_message = keep_all;
    lab_init_pair(&lab, level, CAPACITY);
    assert_int_equal(probe_spawn(&a, lab.cores[0], NULL), MYC_OK);
    assert_int_equal(probe_spawn(&b, lab.cores[1], NULL), MYC_OK);
    assert_int_equal(probe_spawn(&c, lab.cores[1], NULL), MYC_OK);
    lab_settle(&lab);
    for (unsigned i = 0; i < ASKS; i++) {
        assert_int_equal(probe_ask(&a, b.ref, i, NULL, NULL), MYC_OK);
        if (i % 30 == 29)
            lab_settle(&lab);
    }
    assert_int_equal(kept_count, ASKS);
    while (probe_send(&c, a.ref, sent) == MYC_OK)
        sent++;
    assert_int_equal(sent, USER_MAX);
    for (unsigned i = 0; i < ASKS; i++)
        assert_int_equal(probe_reply(&b, kept[i], sent + i, 8), MYC_OK);
}

/* Every other one with a deadline, which lies in an extension of the record. */
static enum myc_status
send_on(uint64_t i)
{
    const struct myc_send_options options = { .size = sizeof(options),
                                              .tag = i,
                                              .ttl_ns = i % 2 ? 1000000000ULL : 0 };

    return probe_send_with(&b, a.ref, QUEUED_AT + i, &options);
}

static void
run_order(enum fab_level level)
{
    unsigned seen = 0;

    begin(level);
    for (unsigned i = 0; i < QUEUED; i++)
        assert_int_equal(send_on(i), MYC_OK);
    assert_int_equal(send_on(QUEUED), MYC_FULL);
    lab_settle(&lab);
    assert_int_equal(probe_count(&a, PROBE_NUMBER_KEY), USER_MAX + ASKS + QUEUED);
    for (unsigned i = 0; i < a.count; i++) {
        if (a.notes[i].key != PROBE_NUMBER_KEY)
            continue;
        if (seen < USER_MAX + ASKS)
            assert_int_equal(a.notes[i].value, seen);
        else
            assert_int_equal(a.notes[i].value, QUEUED_AT + seen - USER_MAX - ASKS);
        seen++;
    }
    assert_int_equal(probe_count(&b, MYC_WRITABLE_KEY), 1);
    assert_int_equal(send_on(QUEUED), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_last(&a, PROBE_NUMBER_KEY)->value, QUEUED_AT + QUEUED);
    lab_fini(&lab);
}

static void
test_messages_leave_behind_answers_that_wait(void **state)
{
    (void)state;
    run_order(FAB_LEVEL_RING);
    run_order(FAB_LEVEL_SEGMENT);
}

/* Answers without end must not keep from its Writable who was told FULL: it has come before all of
 * them have left. */
static void
test_who_was_told_full_hears_while_answers_still_wait(void **state)
{
    unsigned turns = 0;

    (void)state;
    begin(FAB_LEVEL_RING);
    for (unsigned i = 0; i < QUEUED; i++)
        assert_int_equal(send_on(i), MYC_OK);
    assert_int_equal(send_on(QUEUED), MYC_FULL);
    while (probe_count(&b, MYC_WRITABLE_KEY) == 0 && turns++ < 100)
        (void)lab_turn(&lab);
    assert_int_equal(probe_count(&b, MYC_WRITABLE_KEY), 1);
    assert_true(lab.cores[1]->waiting > 0);
    assert_int_equal(send_on(QUEUED), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_last(&a, PROBE_NUMBER_KEY)->value, QUEUED_AT + QUEUED);
    lab_fini(&lab);
}

/* A core takes no messages from flows while many records wait, and so gets its turn there. */
static void
test_over_a_flow_they_are_full(void **state)
{
    (void)state;
    begin(FAB_LEVEL_FLOW);
    assert_int_equal(send_on(0), MYC_FULL);
    lab_settle(&lab);
    assert_int_equal(probe_count(&a, PROBE_NUMBER_KEY), USER_MAX + ASKS);
    assert_int_equal(probe_count(&b, MYC_WRITABLE_KEY), 1);
    assert_int_equal(send_on(0), MYC_OK);
    lab_fini(&lab);
}

static void
test_what_waits_when_the_link_breaks_is_told(void **state)
{
    (void)state;
    begin(FAB_LEVEL_SEGMENT);
    for (unsigned i = 0; i < QUEUED; i++)
        assert_int_equal(send_on(i), MYC_OK);
    loop_pair_cut(lab.pairs[0]);
    lab_settle(&lab);
    assert_int_equal(probe_count(&b, MYC_UNDELIVERED_KEY), QUEUED);
    for (unsigned i = 0; i < b.count; i++) {
        if (b.notes[i].key == MYC_UNDELIVERED_KEY)
            assert_int_equal(b.notes[i].status, MYC_IN_DOUBT);
    }
    assert_int_equal(probe_last(&b, MYC_UNDELIVERED_KEY)->tag, QUEUED - 1);
    assert_int_equal(probe_count(&a, PROBE_NUMBER_KEY), 0);
    loop_pair_join(lab.pairs[0], LAB_HOME_2);
    lab_settle(&lab);
    assert_int_equal(send_on(QUEUED), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_last(&a, PROBE_NUMBER_KEY)->value, QUEUED_AT + QUEUED);
    lab_fini(&lab);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages_leave_behind_answers_that_wait),
        cmocka_unit_test(test_who_was_told_full_hears_while_answers_still_wait),
        cmocka_unit_test(test_over_a_flow_they_are_full),
        cmocka_unit_test(test_what_waits_when_the_link_breaks_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
