/* SPDX-License-Identifier: BSD-3-Clause */
#include "node/ticker.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#define NS_IN_SECOND 1000000000U

struct fab_ticker {
    void (*tick)(void *context);
    void *context; /* not owned */
    uint64_t every_ns;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wakes;
    bool is_stopping; /* under the lock */
};

/* Sleeps until the next look. False: the end. */
static bool
rest(struct fab_ticker *ticker)
{
    struct timespec until;
    bool is_stopping;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (long)(ticker->every_ns % NS_IN_SECOND);
    until.tv_sec += (time_t)(ticker->every_ns / NS_IN_SECOND) + until.tv_nsec / NS_IN_SECOND;
    until.tv_nsec %= NS_IN_SECOND;
    pthread_mutex_lock(&ticker->lock);
    while (!ticker->is_stopping &&
           pthread_cond_timedwait(&ticker->wakes, &ticker->lock, &until) == 0)
        ;
    is_stopping = ticker->is_stopping;
    pthread_mutex_unlock(&ticker->lock);
    return !is_stopping;
}

static void *
run(void *argument)
{
    struct fab_ticker *ticker = argument;

    while (rest(ticker))
        ticker->tick(ticker->context);
    return NULL;
}

static bool
create_thread(struct fab_ticker *ticker)
{
    pthread_condattr_t monotonic;
    sigset_t all, before;
    bool is_there;

    pthread_mutex_init(&ticker->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&ticker->wakes, &monotonic);
    pthread_condattr_destroy(&monotonic);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    is_there = pthread_create(&ticker->thread, NULL, run, ticker) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return is_there;
}

static void
destroy(struct fab_ticker *ticker)
{
    pthread_cond_destroy(&ticker->wakes);
    pthread_mutex_destroy(&ticker->lock);
    free(ticker);
}

enum myc_status
fab_ticker_start(uint64_t every_ns, void (*tick)(void *context), void *context,
                 struct fab_ticker **ticker)
{
    struct fab_ticker *made = calloc(1, sizeof(*made));

    if (!made)
        return MYC_NO_MEMORY;
    made->tick = tick;
    made->context = context;
    made->every_ns = every_ns;
    if (!create_thread(made)) {
        destroy(made);
        return MYC_NO_MEMORY;
    }
    *ticker = made;
    return MYC_OK;
}

void
fab_ticker_stop(struct fab_ticker **ticker)
{
    struct fab_ticker *ending = *ticker;

    if (!ending)
        return;
    pthread_mutex_lock(&ending->lock);
    ending->is_stopping = true;
    pthread_cond_signal(&ending->wakes);
    pthread_mutex_unlock(&ending->lock);
    pthread_join(ending->thread, NULL);
    destroy(ending);
    *ticker = NULL;
}
