/* SPDX-License-Identifier: BSD-3-Clause */
/* What an actor is told of the clock of another one's node. */
#include "support/cmocka.h"
#include "support/core_lab.h"
#include "support/probe.h"

#include <mycelium/clock.h>

#include "actor/state.h"

static struct lab lab;
static struct probe a, b;
static bool is_known;

static bool
tell(const struct fab_link *link, uint64_t now_ns, struct fab_link_clock *clock)
{
    (void)link;
    *clock = (struct fab_link_clock){ .offset_ns = -7 * (int64_t)now_ns, .error_ns = 250 };
    return is_known;
}

static int
setup(void **state)
{
    (void)state;
    memset(&a, 0, sizeof(a)), memset(&b, 0, sizeof(b));
    lab_init_pair(&lab, FAB_LEVEL_SEGMENT, 0);
    probe_spawn(&a, lab.cores[0], NULL);
    probe_spawn(&b, lab.cores[1], NULL);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    lab_fini(&lab);
    return 0;
}

struct question {
    struct myc_ref peer;
    struct myc_peer_clock clock;
    enum myc_status status;
};

static void
do_ask(struct myc_self *self, void *context)
{
    struct question *question = context;

    question->status = myc_clock_of(self, question->peer, &question->clock);
}

static struct question
ask(struct myc_ref peer)
{
    struct question question = { .peer = peer };

    probe_do(&a, do_ask, &question);
    return question;
}

static void
test_processes_of_a_host_have_one_clock(void **state)
{
    struct question own = ask(a.ref), other = ask(b.ref);

    (void)state;
    assert_int_equal(own.status, MYC_OK);
    assert_true(own.clock.is_same);
    assert_int_equal(other.status, MYC_OK);
    assert_true(other.clock.is_same);
    assert_int_equal(other.clock.error_ns, 0);
}

static void
test_what_the_link_knows_is_told(void **state)
{
    struct fab_link *link = lab.cores[0]->routes.states[0].link;
    const struct fab_link_ops *before = link->ops;
    struct fab_link_ops ops = *before;
    struct question question;

    (void)state;
    ops.clock = tell;
    link->ops = &ops;
    is_known = false;
    assert_int_equal(ask(b.ref).status, MYC_PENDING);
    is_known = true;
    question = ask(b.ref);
    link->ops = before;
    assert_int_equal(question.status, MYC_OK);
    assert_false(question.clock.is_same);
    assert_true(question.clock.offset_ns == -7 * (int64_t)lab.cores[0]->now_ns);
    assert_int_equal(question.clock.error_ns, 250);
}

static void
test_a_node_that_nobody_knows_has_no_clock(void **state)
{
    (void)state;
    assert_int_equal(ask((struct myc_ref){ .home = 77ULL << 48 | 1, .actor = 1ULL << 32 }).status,
                     MYC_UNREACHABLE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_processes_of_a_host_have_one_clock, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_the_link_knows_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_node_that_nobody_knows_has_no_clock, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
