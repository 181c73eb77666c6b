/* SPDX-License-Identifier: BSD-3-Clause */
#include "node/command.h"

#include <errno.h>
#include <semaphore.h>
#include <stdlib.h>
#include <time.h>

#include "base/compiler.h"

/* What a caller waits on. A caller may give up before the command has run, so both own it and the
 * last one frees it. */
struct fab_command_wait {
    sem_t done;
    _Atomic int owners;
};

static void
release(struct fab_command_wait *wait)
{
    /* Acquire and release: the last one frees after the other's last use. */
    if (!wait || atomic_fetch_sub_explicit(&wait->owners, 1, memory_order_acq_rel) != 1)
        return;
    sem_destroy(&wait->done);
    free(wait);
}

void
fab_command_queue_init(struct fab_command_queue *queue)
{
    pthread_mutex_init(&queue->lock, NULL);
    atomic_init(&queue->tail, 0);
    atomic_init(&queue->head, 0);
}

void
fab_command_queue_fini(struct fab_command_queue *queue)
{
    for (uint32_t i = atomic_load(&queue->head); i != atomic_load(&queue->tail); i++)
        release(queue->slots[i % FAB_COMMANDS_MAX].wait);
    pthread_mutex_destroy(&queue->lock);
}

static enum myc_status
put(struct fab_command_queue *queue, struct fab_command command)
{
    enum myc_status status = MYC_FULL;
    uint32_t tail;

    pthread_mutex_lock(&queue->lock);
    tail = atomic_load_explicit(&queue->tail, memory_order_relaxed);
    /* Acquire pairs with the release of head in poll: the slot has been read. */
    if (tail - atomic_load_explicit(&queue->head, memory_order_acquire) < FAB_COMMANDS_MAX) {
        queue->slots[tail % FAB_COMMANDS_MAX] = command;
        atomic_store_explicit(&queue->tail, tail + 1, memory_order_release);
        status = MYC_OK;
    }
    pthread_mutex_unlock(&queue->lock);
    return status;
}

enum myc_status
fab_command_post(struct fab_command_queue *queue, fab_command_fn run, void *argument)
{
    return put(queue, (struct fab_command){ .run = run, .argument = argument });
}

static struct timespec
deadline_in(unsigned timeout_ms)
{
    struct timespec deadline;

    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += timeout_ms / 1000;
    deadline.tv_nsec += (long)(timeout_ms % 1000) * 1000000L;
    deadline.tv_sec += deadline.tv_nsec / 1000000000L;
    deadline.tv_nsec %= 1000000000L;
    return deadline;
}

static enum myc_status
wait_until(struct fab_command_wait *wait, const struct timespec *deadline)
{
    int result;

    do
        result = sem_timedwait(&wait->done, deadline);
    while (result != 0 && errno == EINTR);
    return result == 0 ? MYC_OK : MYC_TIMEOUT;
}

enum myc_status
fab_command_call(struct fab_command_queue *queue, fab_command_fn run, void *argument,
                 unsigned timeout_ms)
{
    struct timespec deadline = deadline_in(timeout_ms);
    struct fab_command_wait *wait = malloc(sizeof(*wait));
    enum myc_status status;

    if (!wait)
        return MYC_NO_MEMORY;
    sem_init(&wait->done, 0, 0);
    atomic_init(&wait->owners, 2);
    status = put(queue, (struct fab_command){ run, argument, wait });
    if (status == MYC_OK)
        status = wait_until(wait, &deadline);
    else
        release(wait);
    release(wait);
    return status;
}

unsigned
fab_command_poll(struct fab_command_queue *queue, void *lcore)
{
    uint32_t head = atomic_load_explicit(&queue->head, memory_order_relaxed);
    /* Acquire pairs with the release of tail in put: the slot has been written. */
    uint32_t tail = atomic_load_explicit(&queue->tail, memory_order_acquire);
    unsigned done_count = 0;

    while (fab_unlikely(head != tail)) {
        struct fab_command command = queue->slots[head % FAB_COMMANDS_MAX];

        command.run(lcore, command.argument);
        atomic_store_explicit(&queue->head, ++head, memory_order_release);
        if (command.wait)
            sem_post(&command.wait->done);
        release(command.wait);
        done_count++;
    }
    return done_count;
}
