/* SPDX-License-Identifier: BSD-3-Clause */
/* The time of the frame that caused a message goes with it, and with all that it causes. */
#include "support/cmocka.h"
#include "support/core_lab.h"
#include "support/probe.h"
#include "support/probe_parts.h"

#include <mycelium/port.h>

#define RX_NS    123456789ULL
#define OTHER_NS 55ULL

static struct lab lab;
static struct probe a, b, c, d;

/* a and c on one core, b and d on another one. */
static int
setup(void **state)
{
    (void)state;
    memset(&a, 0, sizeof(a)), memset(&b, 0, sizeof(b));
    memset(&c, 0, sizeof(c)), memset(&d, 0, sizeof(d));
    lab_init_pair(&lab, LAB_ANY_LEVEL, 0);
    assert_int_equal(probe_spawn(&a, lab.cores[0], NULL), MYC_OK);
    assert_int_equal(probe_spawn(&b, lab.cores[1], NULL), MYC_OK);
    assert_int_equal(probe_spawn(&c, lab.cores[0], NULL), MYC_OK);
    assert_int_equal(probe_spawn(&d, lab.cores[1], NULL), MYC_OK);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    lab_fini(&lab);
    return 0;
}

static void
send_on(struct myc_self *self, struct myc_ref to, uint64_t number)
{
    assert_int_equal(myc_send(self, to, &probe_number_type, &number, sizeof(number)), MYC_OK);
}

/* To the next one of the chain a, b, c, d. */
static void
pass_on(struct myc_self *self, struct probe *probe, const struct myc_message *message)
{
    uint64_t number;

    if (message->kind == MYC_KIND_EVENT)
        return;
    memcpy(&number, message->body, sizeof(number));
    send_on(self, probe == &b ? c.ref : d.ref, number);
}

static void
on_frame(struct myc_self *self, void *state, const struct myc_frame *frame)
{
    (void)state, (void)frame;
    send_on(self, b.ref, 7);
}

static void
receive_frame(void)
{
    const struct myc_frame frame = { .bytes = "", .size = 1, .origin = RX_NS };

    fab_core_turn_begin(lab.cores[0], lab.now_ns);
    assert_true(fab_core_frame(lab.cores[0], a.ref, on_frame, &frame));
    lab_settle(&lab);
}

/* Over two links and within a core: the last one knows when the frame came. */
static void
test_the_last_of_a_chain_knows_when_the_frame_came(void **state)
{
    (void)state;
    b.on_message = c.on_message = pass_on;
    receive_frame();
    assert_int_equal(d.count, 1);
    assert_true(b.notes[0].origin == RX_NS);
    assert_true(c.notes[0].origin == RX_NS);
    assert_true(d.notes[0].origin == RX_NS);
}

/* Messages that wait in a mailbox keep each its own. */
static void
test_messages_that_wait_keep_their_own(void **state)
{
    (void)state;
    assert_int_equal(probe_send(&d, b.ref, 1), MYC_OK); /* b has something to do */
    receive_frame();
    assert_int_equal(probe_send(&a, b.ref, 2), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(b.count, 3);
    assert_true(b.notes[0].origin == 0);
    assert_true(b.notes[1].origin == RX_NS);
    assert_true(b.notes[2].origin == 0);
}

static void
do_send_given(struct myc_self *self, void *context)
{
    const struct myc_send_options options = { .size = sizeof(options), .origin = OTHER_NS };
    uint64_t number = 3;

    (void)context;
    assert_int_equal(
        myc_send_with(self, b.ref, &probe_number_type, &number, sizeof(number), &options), MYC_OK);
}

static void
test_a_sender_may_say_the_time_itself(void **state)
{
    (void)state;
    probe_do(&a, do_send_given, NULL);
    lab_settle(&lab);
    assert_true(b.notes[0].origin == OTHER_NS);
}

static void
on_frame_ask(struct myc_self *self, void *state, const struct myc_frame *frame)
{
    const struct myc_ask_options options = { .size = sizeof(options), .timeout_ns = 1000000000 };
    uint64_t number = 4;

    (void)state, (void)frame;
    assert_int_equal(
        myc_ask(self, b.ref, &probe_number_type, &number, sizeof(number), &options, NULL), MYC_OK);
}

static void
test_a_reply_has_the_time_of_its_question(void **state)
{
    const struct myc_frame frame = { .bytes = "", .size = 1, .origin = RX_NS };

    (void)state;
    b.on_message = probe_answers;
    fab_core_turn_begin(lab.cores[0], lab.now_ns);
    assert_true(fab_core_frame(lab.cores[0], a.ref, on_frame_ask, &frame));
    lab_settle(&lab);
    assert_true(b.notes[0].origin == RX_NS);
    assert_int_equal(a.notes[0].kind, MYC_KIND_REPLY);
    assert_true(a.notes[0].origin == RX_NS);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_last_of_a_chain_knows_when_the_frame_came, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_messages_that_wait_keep_their_own, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_sender_may_say_the_time_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_reply_has_the_time_of_its_question, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
