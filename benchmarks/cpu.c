/* SPDX-License-Identifier: BSD-3-Clause */
#include "cpu.h"

#include <sched.h>

static cpu_set_t all_cpus;

void
bench_pin(unsigned index)
{
    cpu_set_t one;
    unsigned left;

    if (CPU_COUNT(&all_cpus) == 0)
        sched_getaffinity(0, sizeof(all_cpus), &all_cpus);
    left = index % (unsigned)(CPU_COUNT(&all_cpus) > 0 ? CPU_COUNT(&all_cpus) : 1);
    CPU_ZERO(&one);
    for (unsigned cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &all_cpus) && left-- == 0) {
            CPU_SET(cpu, &one);
            sched_setaffinity(0, sizeof(one), &one);
            return;
        }
}

void
bench_unpin(void)
{
    if (CPU_COUNT(&all_cpus) > 0)
        sched_setaffinity(0, sizeof(all_cpus), &all_cpus);
}
