/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What becomes of a group when a case of it fails while its node runs: the case fails alone, the
 * next one has a node again, and the program ends. The group runs in a child process, which is
 * forked before there is an EAL.
 */
#include "support/cmocka.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "small_node.h"
#include "support/clock.h"

#define WAIT_NS 30000000000ULL

static const struct myc_class plain_class = { .size = sizeof(plain_class), .name = "plain" };

static void
start_and_fail(void **state)
{
    struct myc_node *node = small_node_start((struct myc_node_options){ .stop_timeout_ms = 1000 });

    (void)state;
    assert_null(node);
}

static void
start_and_go_on(void **state)
{
    struct myc_node *node = small_node_start((struct myc_node_options){ .stop_timeout_ms = 1000 });

    (void)state;
    assert_int_equal(myc_node_spawn(node, 1, &plain_class, NULL, NULL), MYC_OK);
    small_node_stop(&node);
    assert_null(node);
}

static int
run_group(void)
{
    const struct CMUnitTest tests[] = {
        SMALL_NODE_TEST(start_and_fail),
        SMALL_NODE_TEST(start_and_go_on),
        SMALL_NODE_TEST(start_and_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* In the child, whose failures are not this program's. */
static void
be_silent(void)
{
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

    if (nowhere < 0 || dup2(nowhere, STDOUT_FILENO) < 0 || dup2(nowhere, STDERR_FILENO) < 0)
        exit(126);
}

/* Whether it ended in time; one that did not is killed. */
static bool
await_end(pid_t pid, int *status)
{
    uint64_t end_ns = clock_now_ns() + WAIT_NS;

    while (waitpid(pid, status, WNOHANG) == 0) {
        if (clock_now_ns() >= end_ns) {
            kill(pid, SIGKILL);
            waitpid(pid, status, 0);
            return false;
        }
        nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
    }
    return true;
}

static void
test_a_case_that_fails_with_its_node_running_fails_alone_and_the_program_ends(void **state)
{
    pid_t pid = fork();
    int status = 0;

    (void)state;
    assert_true(pid >= 0);
    if (pid == 0) {
        be_silent();
        exit(small_node_run("failed-case", run_group));
    }
    assert_true(await_end(pid, &status));
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(WEXITSTATUS(status), 2); /* of three */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            test_a_case_that_fails_with_its_node_running_fails_alone_and_the_program_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
