/* SPDX-License-Identifier: BSD-3-Clause */
/* The clock that the processes of a host share. */
#include "support/cmocka.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "env/clock.h"

#define CHILDREN 64U
#define HOGS     8U

/* Learns the frequency among others that want the CPUs, too, and tells it. */
static void
child(int out)
{
    uint64_t hz;

    fab_clock_init();
    hz = fab_clock_hz();
    _exit(write(out, &hz, sizeof(hz)) == sizeof(hz) ? 0 : 1);
}

/* Wants a CPU until it is killed. */
static pid_t
start_hog(void)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            (void)getppid();
    }
    return pid;
}

/* Those that lost their CPU while they measured took another frequency than the others. */
static void
test_all_processes_of_a_busy_host_agree_on_the_frequency(void **state)
{
    uint64_t first = 0;
    pid_t hogs[HOGS];
    int pipes[2];

    (void)state;
    assert_int_equal(pipe(pipes), 0);
    for (unsigned i = 0; i < HOGS; i++)
        hogs[i] = start_hog();
    for (unsigned i = 0; i < CHILDREN; i++) {
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0)
            child(pipes[1]);
    }
    for (unsigned i = 0; i < CHILDREN; i++) {
        uint64_t hz = 0;

        assert_int_equal(read(pipes[0], &hz, sizeof(hz)), sizeof(hz));
        assert_true(hz > 1000000);
        first = first ? first : hz;
        assert_int_equal(hz, first);
    }
    for (unsigned i = 0; i < HOGS; i++)
        kill(hogs[i], SIGKILL);
    for (unsigned i = 0; i < CHILDREN + HOGS; i++)
        assert_true(wait(NULL) > 0);
    close(pipes[0]);
    close(pipes[1]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_processes_of_a_busy_host_agree_on_the_frequency),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
