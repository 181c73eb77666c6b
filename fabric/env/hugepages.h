/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The hugepages of 2 MB that this machine has left.
 *
 * A process that is killed leaves the files of its hugepages behind, and with them the pages stay
 * taken, so that the same node could not be started again. The EAL removes such files when it
 * starts, which is after somebody has counted what is free; so it is done here first.
 */
#ifndef FAB_ENV_HUGEPAGES_H
#define FAB_ENV_HUGEPAGES_H

#include <stdbool.h>
#include <stdint.h>

#define FAB_HUGEPAGE_MB 2U

/* Megabytes that are free, whether or not a hugetlbfs is mounted. Context: any thread. */
uint32_t fab_hugepages_free_mb(void);

/* Removes the files that a dead process with this EAL file prefix has left in hugetlbfs mounts.
 * What a living one holds (its lock says so) stays. @return whether there is a hugetlbfs mount.
 * Context: main thread, before the EAL starts. */
bool fab_hugepages_reclaim(const char *file_prefix);

#endif
