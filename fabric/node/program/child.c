/* SPDX-License-Identifier: BSD-3-Clause */
#include "node/program/child.h"

#include <errno.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STEP_MS     5
#define REMAINS_MAX 64U
#define REST_S      2 /* from the end of a child until it is taken away */

/* Not fork: to copy the tables of an EAL's memory takes long (seconds were seen on a busy machine).
 * The child makes only system calls until exec. AddressSanitizer takes what it leaves on the stack
 * that it shares with us for ours. */
#ifdef __SANITIZE_ADDRESS__
#define begin_child fork
#else
#define begin_child vfork
#endif

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
    pid_t child = begin_child();

    if (child < 0)
        return MYC_IO_ERROR;
    if (child == 0)
        become_child(argv, stdout_fd, parent);
    *pid = child;
    return MYC_OK;
}

/* Those who have ended and are not taken away yet: see child.h. Main thread. */
static struct {
    pid_t pid; /* 0: none */
    time_t seen;
} remains[REMAINS_MAX];

static time_t
seconds_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static void
take_away_remains(void)
{
    for (unsigned i = 0; i < REMAINS_MAX; i++)
        if (remains[i].pid && seconds_now() - remains[i].seen >= REST_S &&
            waitpid(remains[i].pid, NULL, WNOHANG) != 0)
            remains[i].pid = 0;
}

/* Without room for it, it stays until we end. */
static void
leave_remains(pid_t pid)
{
    for (unsigned i = 0; i < REMAINS_MAX; i++) {
        if (remains[i].pid)
            continue;
        remains[i].pid = pid;
        remains[i].seen = seconds_now();
        return;
    }
}

/* As waitpid says it. */
static int
status_of(const siginfo_t *info)
{
    if (info->si_code == CLD_EXITED)
        return W_EXITCODE(info->si_status, 0);
    return W_EXITCODE(0, info->si_status) | (info->si_code == CLD_DUMPED ? WCOREFLAG : 0);
}

bool
fab_child_has_ended(pid_t pid, int *wait_status)
{
    siginfo_t info = { .si_pid = 0 };

    take_away_remains();
    *wait_status = 0;
    if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0)
        return errno == ECHILD;
    if (info.si_pid != pid)
        return false;
    *wait_status = status_of(&info);
    leave_remains(pid);
    return true;
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
    while (!fab_child_has_ended(pid, &wait_status))
        nanosleep(&step, NULL);
    return wait_status;
}
