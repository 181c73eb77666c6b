/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The fault guard: handler_segv_guard. Real signals on the lcores of a real node; what must end the
 * process does so in a child process, which is forked before there is an EAL and starts its own.
 */
#include "support/cmocka.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guard_actors.h"
#include "small_node.h"

static struct myc_node *node;

/* --- cases ------------------------------------------------------------------------------------ */

static uint64_t
counter(const char *name)
{
    uint64_t value = 0;

    assert_int_equal(myc_node_counter(node, name, &value), MYC_OK);
    return value;
}

static void
await(const _Atomic unsigned *value, unsigned at_least)
{
    while (*value < at_least)
        nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

static void
start(enum guard_fault fault)
{
    guard_want(fault);
    node = small_node_start((struct myc_node_options){ .guards_faults = true });
}

/* The child faults, its parent hears FAULT and runs it again, and all goes on. */
static void
expect_failure(enum guard_fault fault, unsigned stops_expected)
{
    start(fault);
    assert_int_equal(myc_node_spawn(node, 0, &guard_parent_class, NULL, NULL), MYC_OK);
    await(&guard_notes.lives, 2);
    assert_int_equal(guard_notes.exits, 1);
    assert_int_equal(guard_notes.last_reason, fault == GUARD_STOP ? MYC_FAILED : MYC_FAULT);
    assert_int_equal(guard_notes.stops, stops_expected);
    assert_int_equal(counter("faults"), 1);
    assert_int_equal(counter("failed"), 1);
    assert_int_equal(counter("restarted"), 1);
    small_node_stop(&node);
}

static void
test_a_fault_in_a_handler_fails_its_actor_which_is_run_again(void **state)
{
    (void)state;
    expect_failure(GUARD_READ, 0);
    expect_failure(GUARD_DIVIDE, 0);
    expect_failure(GUARD_LIBC, 0);
}

static void
test_a_fault_in_a_poller_or_stop_function_is_the_actors_too(void **state)
{
    (void)state;
    expect_failure(GUARD_POLLER, 0);
    expect_failure(GUARD_STOP, 1);
}

static void
test_a_handler_that_used_up_its_stack_fails(void **state)
{
    (void)state;
    expect_failure(GUARD_STACK, 0);
}

static void
test_a_fault_between_claim_and_commit_leaves_nothing_claimed(void **state)
{
    (void)state;
    expect_failure(GUARD_CLAIM, 0);
}

static void
test_a_fault_in_init_is_told_to_the_spawner(void **state)
{
    (void)state;
    start(GUARD_INIT);
    assert_int_equal(myc_node_spawn(node, 0, &guard_faulty_class, NULL, NULL), MYC_FAULT);
    assert_int_equal(counter("faults"), 1);
    assert_int_equal(counter("spawn_failed"), 1);
    small_node_stop(&node);
}

/* --- who had the signals before --------------------------------------------------------------- */

static volatile sig_atomic_t host_signals;

static void
on_host_signal(int number)
{
    (void)number;
    host_signals++;
}

static void
test_signals_that_are_not_ours_go_to_who_had_them_who_has_them_back_after(void **state)
{
    const struct sigaction host = { .sa_handler = on_host_signal };
    struct sigaction before, now;

    (void)state;
    sigaction(SIGFPE, &host, &before);
    start(GUARD_DIVIDE);
    assert_int_equal(myc_node_spawn(node, 0, &guard_parent_class, NULL, NULL), MYC_OK);
    await(&guard_notes.lives, 2);
    assert_int_equal(host_signals, 0);
    raise(SIGFPE); /* on this thread, and sent */
    assert_int_equal(host_signals, 1);
    small_node_stop(&node);
    sigaction(SIGFPE, NULL, &now);
    assert_ptr_equal(now.sa_handler, on_host_signal);
    sigaction(SIGFPE, &before, NULL);
}

static void
test_without_the_option_no_signal_is_touched(void **state)
{
    struct sigaction before, now;

    (void)state;
    sigaction(SIGFPE, NULL, &before);
    node = small_node_start((struct myc_node_options){ .guards_faults = false });
    sigaction(SIGFPE, NULL, &now);
    assert_ptr_equal(now.sa_handler, before.sa_handler);
    small_node_stop(&node);
}

/* --- what ends the process -------------------------------------------------------------------- */

static int
die(void)
{
    start(guard_notes.wanted);
    if (myc_node_spawn(node, 0, &guard_parent_class, NULL, NULL) == MYC_OK)
        await(&guard_notes.lives, 2);
    small_node_stop(&node);
    return 0;
}

/* The signal that ended a process in which that happened; 0: it lived on. */
static int
signal_of(enum guard_fault fault)
{
    pid_t pid = fork();
    int status = 0;

    if (pid == 0) {
        signal(SIGSEGV, SIG_DFL); /* cmocka has it */
        guard_notes.wanted = fault;
        exit(small_node_run("guard-child", die));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        skip();
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void
test_a_fault_within_the_fabric_ends_the_process(void **state)
{
    (void)state;
#ifdef __SANITIZE_ADDRESS__
    skip(); /* AddressSanitizer reports the fault and guard_notes.exits with a code of its own */
#endif
    assert_int_equal(signal_of(GUARD_SEND), SIGSEGV);
    assert_int_equal(signal_of(GUARD_MONITOR), SIGSEGV);
}

static void
test_a_signal_that_somebody_sends_ends_the_process(void **state)
{
    (void)state;
#ifdef __SANITIZE_ADDRESS__
    skip();
#endif
    assert_int_equal(signal_of(GUARD_SENT), SIGSEGV);
}

static int
run_here(void)
{
    const struct CMUnitTest tests[] = {
        SMALL_NODE_TEST(test_without_the_option_no_signal_is_touched),
        SMALL_NODE_TEST(test_a_fault_in_a_handler_fails_its_actor_which_is_run_again),
        SMALL_NODE_TEST(test_a_fault_in_a_poller_or_stop_function_is_the_actors_too),
        SMALL_NODE_TEST(test_a_handler_that_used_up_its_stack_fails),
        SMALL_NODE_TEST(test_a_fault_between_claim_and_commit_leaves_nothing_claimed),
        SMALL_NODE_TEST(test_a_fault_in_init_is_told_to_the_spawner),
        SMALL_NODE_TEST(test_signals_that_are_not_ours_go_to_who_had_them_who_has_them_back_after),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
    const struct CMUnitTest ends[] = {
        cmocka_unit_test(test_a_fault_within_the_fabric_ends_the_process),
        cmocka_unit_test(test_a_signal_that_somebody_sends_ends_the_process),
    };
    int failed = cmocka_run_group_tests(ends, NULL, NULL);
    int failed_here = small_node_run("guard", run_here);

    return failed ? failed : failed_here;
}
