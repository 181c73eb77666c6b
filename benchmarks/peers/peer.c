/* SPDX-License-Identifier: BSD-3-Clause */
#include "peer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int
peer_main(int argc, char **argv, const struct peer_question *questions)
{
    uint32_t count = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;

    for (; argc > 2 && count > 0 && questions->name; questions++)
        if (strcmp(questions->name, argv[1]) == 0)
            return questions->run(argv[1], count);
    fprintf(stderr, "usage: %s QUESTION COUNT; it does not know this question\n", argv[0]);
    return 2;
}

uint64_t
peer_clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

static int
compare_samples(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static uint64_t
percentile(const uint64_t *sorted, uint32_t count, double part)
{
    uint32_t rank = (uint32_t)(count * part);

    return sorted[rank < count ? rank : count - 1];
}

void
peer_print_latency(const char *question, const char *who, uint64_t *samples_ns, uint32_t count)
{
    qsort(samples_ns, count, sizeof(samples_ns[0]), compare_samples);
    printf("{\"question\":\"%s\",\"who\":\"%s\",\"count\":%" PRIu32 ",\"p50_ns\":%" PRIu64
           ",\"p99_ns\":%" PRIu64 ",\"p999_ns\":%" PRIu64 ",\"max_ns\":%" PRIu64 "}\n",
           question, who, count, percentile(samples_ns, count, 0.5),
           percentile(samples_ns, count, 0.99), percentile(samples_ns, count, 0.999),
           samples_ns[count - 1]);
    fflush(stdout);
}

void
peer_print_rate(const char *question, const char *who, uint32_t count, uint64_t duration_ns)
{
    printf("{\"question\":\"%s\",\"who\":\"%s\",\"count\":%" PRIu32 ",\"per_s\":%.1f}\n", question,
           who, count, count * 1e9 / (double)duration_ns);
    fflush(stdout);
}

void
peer_check(int is_right, const char *what)
{
    if (is_right)
        return;
    fprintf(stderr, "wrong: %s\n", what);
    exit(1);
}
