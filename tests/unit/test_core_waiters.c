/* SPDX-License-Identifier: BSD-3-Clause */
/* waiting_sender_order: who was told FULL is told Writable in the order in which they came,
 * whatever kept them, at every level. */
#include "support/level_lab.h"

#define SENDERS 6U
#define ROOM    8U /* records of a narrow link */

static struct level_lab own;
static struct probe b;
static struct probe senders[SENDERS];
/* Neither that of their slots nor its reverse. */
static const unsigned order[SENDERS] = { 3, 0, 5, 1, 4, 2 };
static unsigned told[2 * SENDERS];
static unsigned told_count;

static void
note_writable(struct myc_self *self, struct probe *probe, const struct myc_message *message)
{
    (void)self;
    if (myc_message_key(message) != MYC_WRITABLE_KEY)
        return;
    assert_in_range(told_count, 0, 2 * SENDERS - 1);
    told[told_count++] = (unsigned)(probe - senders);
}

static void
spawn_all(struct lab *lab, struct fab_core *there, uint32_t mailbox_max)
{
    told_count = 0;
    memset(senders, 0, sizeof(senders));
    memset(&b, 0, sizeof(b));
    for (unsigned i = 0; i < SENDERS; i++) {
        senders[i].on_message = note_writable;
        assert_int_equal(probe_spawn(&senders[i], lab->cores[0], NULL), MYC_OK);
    }
    assert_int_equal(
        probe_spawn(&b, there, &(struct myc_spawn_options){ .mailbox_max = mailbox_max }), MYC_OK);
}

static void
assert_told_in_order(void)
{
    assert_int_equal(told_count, SENDERS);
    for (unsigned i = 0; i < SENDERS; i++)
        assert_int_equal(told[i], order[i]);
}

/* --- a mailbox -------------------------------------------------------------------------------- */

static void
fill_mailbox(struct level_lab *at)
{
    spawn_all(&at->lab, at->there, 2);
    level_hold(at, b.ref);
    level_hold(at, b.ref);
}

/* Over a link the first one hears it by a notice, and all others at once. */
static void
run_known_as_full(struct level_lab *at)
{
    enum myc_status status;

    fill_mailbox(at);
    status = probe_send(&senders[order[0]], b.ref, 1);
    level_arrive(at);
    assert_int_equal(status, at->there_index == 0 ? MYC_FULL : MYC_OK);
    for (unsigned i = 1; i < SENDERS; i++)
        assert_int_equal(probe_send(&senders[order[i]], b.ref, 1), MYC_FULL);
    /* Who tries again keeps the place that it has. */
    assert_int_equal(probe_send(&senders[order[0]], b.ref, 2), MYC_FULL);
    assert_int_equal(probe_send(&senders[order[2]], b.ref, 2), MYC_FULL);
    assert_int_equal(told_count, 0);
    lab_settle(&at->lab);
    assert_told_in_order();
    assert_int_equal(b.count, 2);
}

static void
test_waiting_sender_order(void **state)
{
    (void)state;
    level_each(&own, run_known_as_full);
}

/* All have sent before the first notice is back. */
static void
run_bounced(struct level_lab *at)
{
    enum myc_status sent = at->there_index == 0 ? MYC_FULL : MYC_OK;

    fill_mailbox(at);
    for (unsigned i = 0; i < SENDERS; i++)
        assert_int_equal(probe_send(&senders[order[i]], b.ref, 1), sent);
    level_arrive(at);
    lab_settle(&at->lab);
    for (unsigned i = 0; i < SENDERS; i++)
        assert_int_equal(probe_count(&senders[i], MYC_UNDELIVERED_KEY), sent == MYC_OK);
    assert_told_in_order();
}

static void
test_waiting_sender_order_of_those_whose_messages_came_back(void **state)
{
    (void)state;
    level_each(&own, run_bounced);
}

/* Who is told first is served first: at once it sends what it could not. */
static void
send_again(struct myc_self *self, struct probe *probe, const struct myc_message *message)
{
    note_writable(self, probe, message);
    if (myc_message_key(message) == MYC_WRITABLE_KEY)
        (void)probe_send_from(self, b.ref, (uint64_t)(probe - senders));
}

static void
run_served(struct level_lab *at)
{
    fill_mailbox(at);
    for (unsigned i = 0; i < SENDERS; i++) {
        senders[order[i]].on_message = send_again;
        (void)probe_send(&senders[order[i]], b.ref, 1);
    }
    level_arrive(at);
    for (unsigned i = 0; i < 4 && b.count < 4; i++)
        lab_settle(&at->lab);
    assert_true(told_count >= SENDERS);
    for (unsigned i = 0; i < SENDERS; i++)
        assert_int_equal(told[i], order[i]);
    assert_true(b.count >= 4);
    assert_int_equal(b.notes[2].value, order[0]);
    assert_int_equal(b.notes[3].value, order[1]);
}

static void
test_who_waits_longest_is_served_first(void **state)
{
    (void)state;
    level_each(&own, run_served);
}

/* --- a link ----------------------------------------------------------------------------------- */

static void
test_waiting_sender_order_at_a_link_that_is_full(void **state)
{
    static struct lab lab;

    (void)state;
    for (unsigned level = FAB_LEVEL_RING; level <= FAB_LEVEL_FLOW; level++) {
        static struct probe filler;

        lab_init_pair(&lab, (enum fab_level)level, ROOM);
        memset(&filler, 0, sizeof(filler));
        spawn_all(&lab, lab.cores[1], 1000);
        assert_int_equal(probe_spawn(&filler, lab.cores[0], NULL), MYC_OK);
        for (unsigned i = 0; i <= ROOM; i++)
            if (probe_send(&filler, b.ref, i) == MYC_FULL)
                break;
        for (unsigned i = 0; i < SENDERS; i++)
            assert_int_equal(probe_send(&senders[order[i]], b.ref, 1), MYC_FULL);
        lab_settle(&lab);
        assert_int_equal(probe_count(&filler, MYC_WRITABLE_KEY), 1);
        assert_told_in_order();
        lab_fini(&lab);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waiting_sender_order),
        cmocka_unit_test(test_waiting_sender_order_of_those_whose_messages_came_back),
        cmocka_unit_test(test_who_waits_longest_is_served_first),
        cmocka_unit_test(test_waiting_sender_order_at_a_link_that_is_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
