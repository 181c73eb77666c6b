/* SPDX-License-Identifier: BSD-3-Clause */
#include "node/program/signals.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

static sigset_t
stop_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    return set;
}

void
fab_signals_block(void)
{
    sigset_t set = stop_signals();

    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

bool
fab_signals_wait(int timeout_ms)
{
    sigset_t set = stop_signals();
    struct timespec timeout = { timeout_ms / 1000, (long)(timeout_ms % 1000) * 1000000L };

    if (timeout_ms < 0)
        return sigwaitinfo(&set, NULL) > 0;
    return sigtimedwait(&set, NULL, &timeout) > 0;
}

void
fab_signals_release(void)
{
    sigset_t set = stop_signals();

    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}
