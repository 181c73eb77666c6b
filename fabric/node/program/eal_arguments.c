/* SPDX-License-Identifier: BSD-3-Clause */
#include "node/program/eal_arguments.h"

#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/compiler.h"
#include "env/hugepages.h"

uint32_t
fab_eal_cpus(uint8_t *cpus, uint32_t max)
{
    cpu_set_t set;
    uint32_t count = 0;

    if (sched_getaffinity(0, sizeof(set), &set) != 0)
        return 0;
    for (unsigned cpu = 0; cpu < UINT8_MAX && count < max; cpu++)
        if (CPU_ISSET(cpu, &set))
            cpus[count++] = (uint8_t)cpu;
    return count;
}

bool
fab_eal_has_hugepages(uint32_t memory_mb)
{
    return fab_hugepages_free_mb() >= memory_mb;
}

static void add(struct fab_eal_arguments *arguments, size_t *used, const char *format, ...)
    FAB_PRINTF(3, 4);

static void
add(struct fab_eal_arguments *arguments, size_t *used, const char *format, ...)
{
    char *place = arguments->text + *used;
    size_t room = sizeof(arguments->text) - *used;
    va_list values;
    int length;

    va_start(values, format);
    length = vsnprintf(place, room, format, values);
    va_end(values);
    FAB_ASSERT(length >= 0 && (size_t)length < room);
    FAB_ASSERT((unsigned)arguments->argc < FAB_EAL_ARGUMENTS_MAX);
    arguments->argv[arguments->argc++] = place;
    *used += (size_t)length + 1;
}

/* The main thread may run anywhere (it sleeps); each lcore has its CPU. */
static void
add_lcores(const struct fab_eal_wish *wish, struct fab_eal_arguments *arguments, size_t *used)
{
    char map[FAB_EAL_TEXT_SIZE / 2];
    size_t length =
        (size_t)snprintf(map, sizeof(map), "0@(0-%ld)", sysconf(_SC_NPROCESSORS_CONF) - 1);

    for (uint32_t i = 0; i < wish->lcore_count && length < sizeof(map); i++)
        length +=
            (size_t)snprintf(map + length, sizeof(map) - length, ",%u@%u", i + 1, wish->cpus[i]);
    add(arguments, used, "--lcores");
    add(arguments, used, "%s", map);
}

void
fab_eal_arguments_make(const struct fab_eal_wish *wish, struct fab_eal_arguments *arguments)
{
    size_t used = 0;

    memset(arguments, 0, sizeof(*arguments));
    arguments->has_hugepages = !wish->is_no_huge && fab_eal_has_hugepages(wish->memory_mb);
    add_lcores(wish, arguments, &used);
    add(arguments, &used, "--no-pci");
    add(arguments, &used, "--no-telemetry");
    add(arguments, &used, "--log-level=error");
    /* A memif whose other end is away is tried again, and we say so ourselves. */
    add(arguments, &used, "--log-level=pmd.net.memif:critical");
    add(arguments, &used, "-m");
    add(arguments, &used, "%u", wish->memory_mb);
    if (arguments->has_hugepages) {
        add(arguments, &used, "--in-memory");
    } else {
        add(arguments, &used, "--no-huge");
        add(arguments, &used, "--file-prefix=mycelium-%d", (int)getpid());
    }
    for (uint32_t i = 0; i < wish->vdev_count; i++)
        add(arguments, &used, "--vdev=%s", wish->vdevs[i]);
}
