/* SPDX-License-Identifier: BSD-3-Clause */
/* Cases of the suite: asks, and how they end. */
#include "conformance/cases.h"

void
test_asks_are_answered_once_each(void **state)
{
    static const enum conf_place places[] = { CONF_A, CONF_B };
    struct conf_fixture *fixture = conf_begin(state);

    for (uint32_t i = 0; i < 2; i++) {
        struct myc_ref answerer =
            conf_spawn(fixture, places[i], "answerer", (struct conf_plan){ 0 });

        conf_spawn(fixture, CONF_A, "asker",
                   (struct conf_plan){ .peer = answerer, .count = 20, .option = CONF_TIMEOUT_NS });
        conf_await(fixture, CONF_WHAT_REPLY, 20 * (i + 1));
    }
    conf_linger(fixture);
    assert_int_equal(conf_count_of(&fixture->log, CONF_WHAT_REPLY), 40);
    assert_int_equal(conf_count_of(&fixture->log, CONF_WHAT_ASK_FAILED), 0);
    assert_int_equal(conf_count_of(&fixture->log, CONF_WHAT_DISORDER), 0);
}

/* An asker and an answerer of that kind, at either place: each ask fails with that status. */
static void
assert_asks_fail(void **state, uint64_t kind, uint64_t timeout_ns, enum myc_status status)
{
    static const enum conf_place places[] = { CONF_A, CONF_B };
    struct conf_fixture *fixture = conf_begin(state);

    for (uint32_t i = 0; i < 2; i++) {
        struct myc_ref answerer =
            conf_spawn(fixture, places[i], "answerer", (struct conf_plan){ .option = kind });

        conf_spawn(fixture, CONF_A, "asker",
                   (struct conf_plan){ .peer = answerer, .count = 1, .option = timeout_ns });
        conf_await(fixture, CONF_WHAT_ASK_FAILED, i + 1);
        assert_int_equal(conf_last_of(&fixture->log, CONF_WHAT_ASK_FAILED)->status, status);
    }
    conf_linger(fixture);
    assert_int_equal(conf_count_of(&fixture->log, CONF_WHAT_ASK_FAILED), 2);
    assert_int_equal(conf_count_of(&fixture->log, CONF_WHAT_REPLY), 0);
}

void
test_an_ask_that_nobody_answers_times_out(void **state)
{
    assert_asks_fail(state, 1, 30 * MS, MYC_TIMEOUT);
}

void
test_an_ask_that_is_answered_with_a_failure_fails_with_it(void **state)
{
    assert_asks_fail(state, 2, CONF_TIMEOUT_NS, MYC_REFUSED);
}

void
test_an_ask_whose_callee_ends_is_broken(void **state)
{
    assert_asks_fail(state, 3, CONF_TIMEOUT_NS, MYC_BROKEN);
}
