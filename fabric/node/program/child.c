/* SPDX-License-Identifier: BSD-3-Clause */
#include "node/program/child.h"

#include <errno.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STEP_MS 5

static void
become_child(char *const argv[], int stdout_fd, pid_t parent)
{
    sigset_t none;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* The parent may have ended before that took effect. */
    if (getppid() != parent)
        _exit(127);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (stdout_fd >= 0)
        dup2(stdout_fd, STDOUT_FILENO);
    /* Not all that the EAL opens is closed by exec: a child shall hold nobody else's sockets. */
    close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    execv("/proc/self/exe", argv);
    _exit(127);
}

enum myc_status
fab_child_start(char *const argv[], int stdout_fd, pid_t *pid)
{
    pid_t parent = getpid();
    /* Not fork: to copy the tables of an EAL's memory takes long (seconds were seen on a busy
     * machine). The child makes only system calls until exec. */
    pid_t child = vfork();

    if (child < 0)
        return MYC_IO_ERROR;
    if (child == 0)
        become_child(argv, stdout_fd, parent);
    *pid = child;
    return MYC_OK;
}

bool
fab_child_has_ended(pid_t pid, int *wait_status)
{
    pid_t result = waitpid(pid, wait_status, WNOHANG);

    if (result < 0 && errno == ECHILD)
        *wait_status = 0;
    return result == pid || (result < 0 && errno == ECHILD);
}

int
fab_child_stop(pid_t pid, int timeout_ms)
{
    static const struct timespec step = { .tv_nsec = STEP_MS * 1000000L };
    int wait_status = 0;

    kill(pid, SIGTERM);
    for (int waited_ms = 0; waited_ms < timeout_ms; waited_ms += STEP_MS) {
        if (fab_child_has_ended(pid, &wait_status))
            return wait_status;
        nanosleep(&step, NULL);
    }
    kill(pid, SIGKILL);
    while (waitpid(pid, &wait_status, 0) < 0 && errno == EINTR)
        ;
    return wait_status;
}
