/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The fault guard: handler_segv_guard. Real signals on the lcores of a real node; what must end the
 * process does so in a child process, which is forked before there is an EAL and starts its own.
 */
#include "support/cmocka.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <mycelium/messages.h>
#include <mycelium/monitor.h>
#include <mycelium/send.h>
#include <mycelium/supervisor.h>
#include <mycelium/timer.h>

#include "small_node.h"

static struct myc_node *node;

enum fault {
    FAULT_NONE,
    FAULT_READ,   /* through a null pointer */
    FAULT_DIVIDE, /* by zero */
    FAULT_LIBC,   /* within the C library, which the handler called */
    FAULT_STACK,  /* the stack used up */
    FAULT_INIT,   /* in its init */
    FAULT_POLLER,
    FAULT_STOP,
    FAULT_CLAIM,   /* between claim and commit */
    FAULT_SEND,    /* within myc_send: a body that cannot be read */
    FAULT_MONITOR, /* within a function of the fabric that sets what it is given */
    FAULT_SENT,    /* not a fault of its own: somebody sends the signal to the lcore */
};

static _Atomic enum fault wanted; /* by the next life of the faulty one */
static _Atomic unsigned lives;
static _Atomic unsigned stops;
static _Atomic int last_reason; /* of the child, as its parent heard it */
static _Atomic unsigned exits;
static char *volatile nowhere; /* null, and the compiler does not know */
static volatile int zero;

/* What faults on purpose is no finding. */
#define FAULTS __attribute__((no_sanitize("address", "undefined")))

/* --- actors ----------------------------------------------------------------------------------- */

/* gcc is right, that is what it is for. */
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

FAULTS static enum myc_status
claim(struct myc_self *self, struct myc_ref to)
{
    void *body;
    enum myc_status status =
        myc_send_claim(self, to, &myc_timer_fired_type, MYC_TIMER_FIRED_SIZE, &body);

    if (status == MYC_OK)
        *nowhere = 1;
    return status;
}

FAULTS static enum myc_status
commit_fault(struct myc_self *self, enum fault fault)
{
    switch (fault) {
    case FAULT_READ:
        return (enum myc_status) * nowhere;
    case FAULT_DIVIDE:
        return (enum myc_status)(100 / zero);
    case FAULT_LIBC:
        return (enum myc_status)strlen(nowhere);
    case FAULT_STACK:
        return (enum myc_status)use_up(0);
    case FAULT_CLAIM:
        return claim(self, myc_self_ref(self));
    case FAULT_SEND:
        return myc_send(self, myc_self_ref(self), &myc_timer_fired_type, nowhere + 8,
                        MYC_TIMER_FIRED_SIZE);
    case FAULT_MONITOR:
        return myc_monitor(self, myc_self_ref(self), (uint64_t *)(void *)nowhere);
    case FAULT_SENT:
        return raise(SIGSEGV) == 0 ? MYC_OK : MYC_FAILED;
    default:
        return MYC_OK;
    }
}

FAULTS static unsigned
faulty_poll(struct myc_self *self, void *state)
{
    (void)self, (void)state;
    return (unsigned)*nowhere;
}

FAULTS static enum myc_status
faulty_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    (void)state, (void)args, (void)args_size;
    if (++lives == 1 && wanted == FAULT_INIT)
        return (enum myc_status) * nowhere;
    if (lives == 1 && wanted == FAULT_POLLER)
        return myc_poller_start(self, faulty_poll, 0, &(uint64_t){ 0 });
    return myc_timer_start(self, 0, 0, 0, NULL);
}

static enum myc_status
faulty_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    (void)state;
    if (message->kind != MYC_KIND_EVENT || lives > 1)
        return MYC_OK;
    return wanted == FAULT_STOP ? MYC_FAILED : commit_fault(self, wanted);
}

FAULTS static void
faulty_stop(struct myc_self *self, void *state, enum myc_status reason)
{
    (void)self, (void)state, (void)reason;
    stops++;
    if (wanted == FAULT_STOP && lives == 1)
        *nowhere = 1;
}

static const struct myc_type *const faulty_types[] = { &myc_timer_fired_type };

static const struct myc_class faulty_class = {
    .size = sizeof(faulty_class),
    .name = "faulty",
    .accepts = faulty_types,
    .accepts_count = 1,
    .init = faulty_init,
    .receive = faulty_receive,
    .stop = faulty_stop,
};

static const struct myc_spawn_options supervised = { .size = sizeof(supervised),
                                                     .is_supervised = true };

static enum myc_status
parent_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct myc_ref child;

    (void)state, (void)args, (void)args_size;
    return myc_spawn(self, &faulty_class, &supervised, &child);
}

/* Runs its child again, once. */
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
start(enum fault fault)
{
    wanted = fault;
    lives = stops = exits = 0;
    last_reason = MYC_OK;
    node = small_node_start((struct myc_node_options){ .guards_faults = true });
}

/* The child faults, its parent hears FAULT and runs it again, and all goes on. */
static void
expect_failure(enum fault fault, unsigned stops_expected)
{
    start(fault);
    assert_int_equal(myc_node_spawn(node, 0, &parent_class, NULL, NULL), MYC_OK);
    await(&lives, 2);
    assert_int_equal(exits, 1);
    assert_int_equal(last_reason, fault == FAULT_STOP ? MYC_FAILED : MYC_FAULT);
    assert_int_equal(stops, stops_expected);
    assert_int_equal(counter("faults"), 1);
    assert_int_equal(counter("failed"), 1);
    assert_int_equal(counter("restarted"), 1);
    myc_node_stop(&node);
}

static void
test_a_fault_in_a_handler_fails_its_actor_which_is_run_again(void **state)
{
    (void)state;
    expect_failure(FAULT_READ, 0);
    expect_failure(FAULT_DIVIDE, 0);
    expect_failure(FAULT_LIBC, 0);
}

static void
test_a_fault_in_a_poller_or_stop_function_is_the_actors_too(void **state)
{
    (void)state;
    expect_failure(FAULT_POLLER, 0);
    expect_failure(FAULT_STOP, 1);
}

static void
test_a_handler_that_used_up_its_stack_fails(void **state)
{
    (void)state;
    expect_failure(FAULT_STACK, 0);
}

static void
test_a_fault_between_claim_and_commit_leaves_nothing_claimed(void **state)
{
    (void)state;
    expect_failure(FAULT_CLAIM, 0);
}

static void
test_a_fault_in_init_is_told_to_the_spawner(void **state)
{
    (void)state;
    start(FAULT_INIT);
    assert_int_equal(myc_node_spawn(node, 0, &faulty_class, NULL, NULL), MYC_FAULT);
    assert_int_equal(counter("faults"), 1);
    assert_int_equal(counter("spawn_failed"), 1);
    myc_node_stop(&node);
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
    start(FAULT_DIVIDE);
    assert_int_equal(myc_node_spawn(node, 0, &parent_class, NULL, NULL), MYC_OK);
    await(&lives, 2);
    assert_int_equal(host_signals, 0);
    raise(SIGFPE); /* on this thread, and sent */
    assert_int_equal(host_signals, 1);
    myc_node_stop(&node);
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
    myc_node_stop(&node);
}

/* --- what ends the process -------------------------------------------------------------------- */

static int
die(void)
{
    start(wanted);
    if (myc_node_spawn(node, 0, &parent_class, NULL, NULL) == MYC_OK)
        await(&lives, 2);
    myc_node_stop(&node);
    return 0;
}

/* The signal that ended a process in which that happened; 0: it lived on. */
static int
signal_of(enum fault fault)
{
    pid_t pid = fork();
    int status = 0;

    if (pid == 0) {
        signal(SIGSEGV, SIG_DFL); /* cmocka has it */
        wanted = fault;
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
    skip(); /* AddressSanitizer reports the fault and exits with a code of its own */
#endif
    assert_int_equal(signal_of(FAULT_SEND), SIGSEGV);
    assert_int_equal(signal_of(FAULT_MONITOR), SIGSEGV);
}

static void
test_a_signal_that_somebody_sends_ends_the_process(void **state)
{
    (void)state;
#ifdef __SANITIZE_ADDRESS__
    skip();
#endif
    assert_int_equal(signal_of(FAULT_SENT), SIGSEGV);
}

static int
run_here(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_the_option_no_signal_is_touched),
        cmocka_unit_test(test_a_fault_in_a_handler_fails_its_actor_which_is_run_again),
        cmocka_unit_test(test_a_fault_in_a_poller_or_stop_function_is_the_actors_too),
        cmocka_unit_test(test_a_handler_that_used_up_its_stack_fails),
        cmocka_unit_test(test_a_fault_between_claim_and_commit_leaves_nothing_claimed),
        cmocka_unit_test(test_a_fault_in_init_is_told_to_the_spawner),
        cmocka_unit_test(test_signals_that_are_not_ours_go_to_who_had_them_who_has_them_back_after),
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
