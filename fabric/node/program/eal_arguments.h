/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Arguments for rte_eal_init, for the commands that choose them themselves (demo, bench).
 *
 * Hugepages are used when enough of them are free, else ordinary pages (--no-huge), and the choice
 * can be told to the user. Each process is its own primary (its own file prefix, no files left
 * behind).
 */
#ifndef FAB_PROGRAM_EAL_ARGUMENTS_H
#define FAB_PROGRAM_EAL_ARGUMENTS_H

#include <stdbool.h>
#include <stdint.h>

#define FAB_EAL_ARGUMENTS_MAX 32U
#define FAB_EAL_TEXT_SIZE     2048U

/* What is asked for. */
struct fab_eal_wish {
    uint32_t memory_mb;       /* from 64 */
    bool is_no_huge;          /* ordinary pages, also when hugepages are free */
    uint32_t lcore_count;     /* lcores of the node, EAL lcores 1 up; 0 is the main thread */
    const uint8_t *cpus;      /* CPU of each of them; not owned */
    const char *const *vdevs; /* device strings; not owned */
    uint32_t vdev_count;      /* 0 to 8 */
};

/* argv for rte_eal_init, without program name; points into `text`. */
struct fab_eal_arguments {
    int argc;
    char *argv[FAB_EAL_ARGUMENTS_MAX];
    bool has_hugepages;
    char text[FAB_EAL_TEXT_SIZE];
};

/* CPUs that this process may run on: the first `max` of them into `cpus`. @return how many. */
uint32_t fab_eal_cpus(uint8_t *cpus, uint32_t max);

/* Whether so much memory is free in hugepages of 2 MiB. */
bool fab_eal_has_hugepages(uint32_t memory_mb);

void fab_eal_arguments_make(const struct fab_eal_wish *wish, struct fab_eal_arguments *arguments);

#endif
