/* SPDX-License-Identifier: BSD-3-Clause */
#include "pair.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct peer_library *library;

struct side {
    char address[64];
    uint32_t count; /* records that come to the far end */
    int is_rate;
};

static struct side
side_of(const char *question, uint32_t count, const char *address)
{
    struct side side = { .is_rate = strncmp(question, "rate", 4) == 0 };

    side.count = side.is_rate ? count : count + PEER_WARM_UP;
    snprintf(side.address, sizeof(side.address), "%s", address);
    return side;
}

/* The far end: sends back; or says that it is there, counts, and then answers once. It stays until
 * one record more comes, for some libraries drop at the close what has not left. */
static void *
serve(void *context)
{
    const struct side *side = context;
    void *end = library->open(side->address, 1);
    struct peer_record record = { 0 };

    if (side->is_rate)
        library->put(end, &record);
    for (uint32_t i = 0; i < side->count; i++) {
        library->take(end, &record);
        peer_check(record.number == i, "order of what came");
        if (!side->is_rate)
            library->put(end, &record);
    }
    if (side->is_rate)
        library->put(end, &record);
    library->take(end, &record);
    library->close(end);
    return NULL;
}

static void
ping(void *end, const char *question, const char *who, uint32_t count)
{
    uint64_t *samples_ns = calloc(count, sizeof(*samples_ns));
    struct peer_record record = { 0 };

    for (uint32_t i = 0; i < count + PEER_WARM_UP; i++) {
        uint64_t sent_ns = peer_clock_ns();

        record.number = i;
        library->put(end, &record);
        library->take(end, &record);
        peer_check(record.number == i, "the number that came back");
        if (i >= PEER_WARM_UP)
            samples_ns[i - PEER_WARM_UP] = peer_clock_ns() - sent_ns;
    }
    peer_print_latency(question, who, samples_ns, count);
    free(samples_ns);
}

static void
blast(void *end, const char *question, const char *who, uint32_t count)
{
    struct peer_record record = { 0 };
    uint64_t start_ns;

    library->take(end, &record);
    start_ns = peer_clock_ns();
    for (uint32_t i = 0; i < count; i++) {
        record.number = i;
        library->put(end, &record);
    }
    library->take(end, &record);
    peer_check(record.number == count - 1, "the last number");
    peer_print_rate(question, who, count, peer_clock_ns() - start_ns);
}

static void *
drive(const struct side *side, const char *question, uint32_t count, const char *way)
{
    const struct peer_record goodbye = { .number = count };
    void *end = library->open(side->address, 0);
    char who[64];

    snprintf(who, sizeof(who), "%s %s", library->name, way);
    if (side->is_rate)
        blast(end, question, who, count);
    else
        ping(end, question, who, count);
    library->put(end, &goodbye);
    return end;
}

static int
run_threads(const char *question, uint32_t count)
{
    struct side side = side_of(question, count, "inproc://peer");
    pthread_t thread;
    void *end;

    peer_check(pthread_create(&thread, NULL, serve, &side) == 0, "pthread_create");
    end = drive(&side, question, count, "inproc");
    pthread_join(thread, NULL);
    library->close(end);
    return 0;
}

static int
run_processes(const char *question, uint32_t count)
{
    pid_t parent = getpid(), child;
    char address[64];
    struct side side;
    int wait_status = 0;
    void *end;

    snprintf(address, sizeof(address), "ipc:///tmp/mycelium-peer-%d.socket", (int)parent);
    side = side_of(question, count, address);
    child = fork();
    peer_check(child >= 0, "fork");
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == parent)
            serve(&side);
        _exit(0);
    }
    end = drive(&side, question, count, "ipc");
    waitpid(child, &wait_status, 0);
    library->close(end);
    unlink(address + strlen("ipc://"));
    return wait_status != 0;
}

int
peer_pair_main(int argc, char **argv, const struct peer_library *of)
{
    static const struct peer_question questions[] = {
        { "rtt", run_threads },
        { "rate", run_threads },
        { "rtt-process", run_processes },
        { "rate-process", run_processes },
        { 0 },
    };

    library = of;
    return peer_main(argc, argv, questions);
}
