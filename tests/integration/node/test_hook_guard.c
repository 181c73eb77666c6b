/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The fault guard on an lcore that turns in the program's loop: actors' faults are theirs, the
 * program's own go where they went before, and its thread is in the end as it was.
 */
#include "support/cmocka.h"

#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>

#include <mycelium/messages.h>
#include <mycelium/supervisor.h>

#include "small_node.h"

#define POLLS_MAX 100000U

/* What faults on purpose is no finding. */
#define FAULTS __attribute__((no_sanitize("address", "undefined")))

static struct myc_node *node;
static unsigned lives, exits;
static int last_reason;
static bool uses_up_stack;
static char *volatile nowhere; /* null, and the compiler does not know */
static sigjmp_buf own_place;
static volatile unsigned own_faults;

/* --- actors ----------------------------------------------------------------------------------- */

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winfinite-recursion"
FAULTS static unsigned
use_up(unsigned depth)
{
    volatile char frame[4096];

    frame[depth % sizeof(frame)] = (char)depth;
    return use_up(depth + 1) + (unsigned)frame[0];
}
#pragma GCC diagnostic pop

static enum myc_status
faulty_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    (void)state, (void)args, (void)args_size;
    lives++;
    return myc_timer_start(self, 0, 0, 0, NULL);
}

FAULTS static enum myc_status
faulty_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    (void)self, (void)state, (void)message;
    if (lives > 1)
        return MYC_OK;
    return uses_up_stack ? (enum myc_status)use_up(0) : (enum myc_status) * nowhere;
}

static const struct myc_type *const faulty_types[] = { &myc_timer_fired_type };

static const struct myc_class faulty_class = {
    .size = sizeof(faulty_class),
    .name = "faulty",
    .accepts = faulty_types,
    .accepts_count = 1,
    .init = faulty_init,
    .receive = faulty_receive,
};

static enum myc_status
parent_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    const struct myc_spawn_options supervised = { .size = sizeof(supervised),
                                                  .is_supervised = true };
    struct myc_ref child;

    (void)state, (void)args, (void)args_size;
    return myc_spawn(self, &faulty_class, &supervised, &child);
}

static enum myc_status
parent_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct myc_child_exited exited;

    (void)state;
    if (!myc_child_exited_decode(message, &exited))
        return MYC_OK;
    last_reason = exited.reason;
    exits++;
    return myc_restart(self, exited.ref);
}

static const struct myc_class parent_class = {
    .size = sizeof(parent_class),
    .name = "parent",
    .init = parent_init,
    .receive = parent_receive,
};

/* --- the program ------------------------------------------------------------------------------ */

static void
start(void)
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

    lives = exits = 0;
    last_reason = MYC_OK;
    if (myc_node_start(&options, &node) != MYC_OK)
        fail_msg("%s", error);
}

/* The child faults, its parent hears of it and runs it again, and the program's loop goes on. */
static void
expect_failure(void)
{
    assert_int_equal(myc_node_spawn(node, 0, &parent_class, NULL, NULL), MYC_OK);
    for (unsigned i = 0; i < POLLS_MAX && lives < 2; i++)
        (void)myc_node_poll(node, 32);
    assert_int_equal(lives, 2);
    assert_int_equal(exits, 1);
    assert_int_equal(last_reason, MYC_FAULT);
}

static void
test_a_fault_of_an_actor_fails_it_and_the_loop_goes_on(void **state)
{
    (void)state;
    uses_up_stack = false;
    start();
    expect_failure();
    myc_node_stop(&node);
}

static void
test_a_handler_that_used_up_the_programs_stack_fails(void **state)
{
    (void)state;
    uses_up_stack = true;
    start();
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

FAULTS static void
fault(void)
{
    *nowhere = 1;
}

static void
test_a_fault_between_polls_is_the_programs(void **state)
{
    const struct sigaction own = { .sa_handler = on_own_fault };
    struct sigaction before, after;

    (void)state;
    uses_up_stack = false;
    own_faults = 0;
    sigaction(SIGSEGV, &own, &before);
    start();
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
    uses_up_stack = false;
    sigaltstack(NULL, &first);
    for (unsigned i = 0; i < 2; i++) {
        const stack_t none = { .ss_flags = SS_DISABLE };

        assert_int_equal(sigaltstack(i == 0 ? &none : &given, NULL), 0);
        start();
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
        cmocka_unit_test(test_a_fault_of_an_actor_fails_it_and_the_loop_goes_on),
        cmocka_unit_test(test_a_handler_that_used_up_the_programs_stack_fails),
        cmocka_unit_test(test_a_fault_between_polls_is_the_programs),
        cmocka_unit_test(test_the_programs_signal_stack_is_in_the_end_as_it_was),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
    return small_node_run("hook-guard", run);
}
