/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counts what a thread asks of the system: memory of the C library, system calls, page faults.
 *
 * malloc and its kin are this program's own and hand on to glibc's. System calls trap by a seccomp
 * filter of the thread alone, and are carried out from the one place that the filter lets through:
 * no tracer and no privilege is needed, and nothing else of the process is slowed. A filter cannot
 * be taken off; the thread just stops to count.
 */
#ifndef TESTS_STEADY_COUNTS_H
#define TESTS_STEADY_COUNTS_H

#include <stdbool.h>
#include <stdint.h>

#define COUNTS_SYSCALLS_MAX 512U

struct counts {
    uint64_t allocations; /* malloc, calloc, realloc, aligned_alloc */
    uint64_t frees;
    uint64_t faults; /* minor and major */
    uint64_t syscalls[COUNTS_SYSCALLS_MAX];
};

/* False where that cannot be counted: another architecture, or no seccomp. `why` says it. */
bool counts_are_possible(const char **why);

/* Begins to count, for the calling thread, into `counts`. */
void counts_begin(struct counts *counts);

/* Ends it: `counts` is complete. Context: the same thread. */
void counts_end(void);

#endif
