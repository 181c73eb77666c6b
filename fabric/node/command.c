/* SPDX-License-Identifier: BSD-3-Clause */
#include "node/command.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/compiler.h"

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

/* A call that timed out leaves its semaphore to the command, which posts it whenever it runs: so it
 * is on the heap and is given up (not freed) in that one case. */
enum myc_status
fab_command_call(struct fab_command_queue *queue, fab_command_fn run, void *argument,
                 unsigned timeout_ms)
{
    struct timespec deadline;
    enum myc_status status;
    sem_t *done = malloc(sizeof(*done));

    if (!done)
        return MYC_NO_MEMORY;
    sem_init(done, 0, 0);
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += timeout_ms / 1000;
    deadline.tv_nsec += (long)(timeout_ms % 1000) * 1000000L;
    deadline.tv_sec += deadline.tv_nsec / 1000000000L;
    deadline.tv_nsec %= 1000000000L;
    status = put(queue, (struct fab_command){ run, argument, done });
    if (status == MYC_OK) {
        int result;

        do
            result = sem_timedwait(done, &deadline);
        while (result != 0 && errno == EINTR);
        if (result != 0)
            return MYC_TIMEOUT;
    }
    sem_destroy(done);
    free(done);
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
        if (command.done)
            sem_post(command.done);
        done_count++;
    }
    return done_count;
}
