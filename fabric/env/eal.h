/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Starting and ending DPDK's environment, or finding one that the host program has started.
 *
 * An EAL starts once in a process. When the program has called rte_eal_init itself we only look:
 * what it set up is used as it is, and left as it is.
 */
#ifndef FAB_ENV_EAL_H
#define FAB_ENV_EAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mycelium/status.h>

#define FAB_EAL_ANY_SOCKET (-1)

/*
 * Starts the EAL; argc is that of the arguments without the program's name, or negative: it is up
 * already. On failure `error` says what to do. OK; EXISTS (an EAL was started before in this
 * process); NO_MEMORY (hugepages, locked memory); REFUSED (permissions); INVALID (arguments);
 * BAD_STATE (argc is negative and no EAL is up). Context: main thread.
 */
enum myc_status fab_eal_start(int argc, char *const argv[], char *error, size_t error_size);

/* Ends what start began. Context: main thread, when no lcore runs. */
void fab_eal_stop(void);

/* Whether there is such a lcore, and it is not the main one. */
bool fab_eal_has_worker(uint32_t eal_lcore);

/* Whether this is a DPDK secondary process. Context: any thread, after start. */
bool fab_eal_is_secondary(void);

/* Whether this is a secondary process whose primary has ended. Looks at a file's lock. Context: any
 * thread; not on a hot path. */
bool fab_eal_has_lost_primary(void);

/* Whether the EAL's memory is on hugepages. */
bool fab_eal_is_huge(void);

/* NUMA node of a lcore. */
int fab_eal_socket(uint32_t eal_lcore);

/* Runs `run(argument)` on a worker lcore. OK; NOT_FOUND (no such worker); BAD_STATE (it is running
 * something else). Context: main thread. */
enum myc_status fab_eal_launch(uint32_t eal_lcore, int (*run)(void *argument), void *argument);

/* Waits until it has returned. Context: main thread. */
void fab_eal_wait(uint32_t eal_lcore);

#endif
