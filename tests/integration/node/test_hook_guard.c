/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The fault guard on an lcore that turns in the program's loop: actors' faults are theirs, the
 * program's own go where they went before, and its thread is in the end as it was.
 */
#include "support/cmocka.h"

#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>

#include "guard_actors.h"
#include "small_node.h"

#define POLLS_MAX 100000U

static struct myc_node *node;
static sigjmp_buf own_place;
static volatile unsigned own_faults;

/* A case that has failed leaves its node to this. */
static int
end(void **state)
{
    (void)state;
    myc_node_stop(&node);
    return 0;
}

/* --- the program ------------------------------------------------------------------------------ */

static void
start(enum guard_fault fault)
{
    static const struct myc_lcore_options lcore = { .eal_lcore = 0, .is_hooked = true };
    char error[256] = "";
    const struct myc_node_options options = {
        .size = sizeof(options),
        .node_id = 7,
        .eal_argc = -1,
        .lcores = &lcore,
        .lcore_count = 1,
        .limits = { .actors_max = 64,
                    .messages_max = 1024,
                    .state_bytes_max = 1 << 20,
                    .heap_bytes_max = 2 << 20 },
        .guards_faults = true,
        .error = error,
        .error_size = sizeof(error),
    };

    guard_want(fault);
    if (myc_node_start(&options, &node) != MYC_OK)
        fail_msg("%s", error);
}

/* The child faults, its parent hears of it and runs it again, and the program's loop goes on. */
static void
expect_failure(void)
{
    assert_int_equal(myc_node_spawn(node, 0, &guard_parent_class, NULL, NULL), MYC_OK);
    for (unsigned i = 0; i < POLLS_MAX && guard_notes.lives < 2; i++)
        (void)myc_node_poll(node, 32);
    assert_int_equal(guard_notes.lives, 2);
    assert_int_equal(guard_notes.exits, 1);
    assert_int_equal(guard_notes.last_reason, MYC_FAULT);
}

static void
test_a_fault_of_an_actor_fails_it_and_the_loop_goes_on(void **state)
{
    (void)state;
    start(GUARD_READ);
    expect_failure();
    myc_node_stop(&node);
}

static void
test_a_handler_that_used_up_the_programs_stack_fails(void **state)
{
    (void)state;
    start(GUARD_STACK);
    expect_failure();
    myc_node_stop(&node);
}

static void
on_own_fault(int number)
{
    (void)number;
    own_faults++;
    siglongjmp(own_place, 1);
}

GUARD_FAULTS static void
fault(void)
{
    *guard_nowhere = 1;
}

static void
test_a_fault_between_polls_is_the_programs(void **state)
{
    const struct sigaction own = { .sa_handler = on_own_fault };
    struct sigaction before, after;

    (void)state;
    own_faults = 0;
    sigaction(SIGSEGV, &own, &before);
    start(GUARD_READ);
    expect_failure();
    if (sigsetjmp(own_place, 1) == 0)
        fault();
    assert_int_equal(own_faults, 1);
    (void)myc_node_poll(node, 32);
    myc_node_stop(&node);
    sigaction(SIGSEGV, &before, &after);
    assert_true(after.sa_handler == on_own_fault);
}

static void
test_the_programs_signal_stack_is_in_the_end_as_it_was(void **state)
{
    static char memory[1 << 16];
    const stack_t given = { .ss_sp = memory, .ss_size = sizeof(memory) };
    stack_t first, now;

    (void)state;
    sigaltstack(NULL, &first);
    for (unsigned i = 0; i < 2; i++) {
        const stack_t none = { .ss_flags = SS_DISABLE };

        assert_int_equal(sigaltstack(i == 0 ? &none : &given, NULL), 0);
        start(GUARD_READ);
        expect_failure();
        myc_node_stop(&node);
        assert_int_equal(sigaltstack(NULL, &now), 0);
        if (i == 0)
            assert_true(now.ss_flags & SS_DISABLE);
        else
            assert_true(now.ss_sp == memory);
    }
    sigaltstack(&first, NULL);
}

static int
run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_a_fault_of_an_actor_fails_it_and_the_loop_goes_on, end),
        cmocka_unit_test_teardown(test_a_handler_that_used_up_the_programs_stack_fails, end),
        cmocka_unit_test_teardown(test_a_fault_between_polls_is_the_programs, end),
        cmocka_unit_test_teardown(test_the_programs_signal_stack_is_in_the_end_as_it_was, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
    return small_node_run("hook-guard", run);
}
