/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Threads of baselines stay on a CPU of their own, as lcores do.
 */
#ifndef BENCHMARKS_CPU_H
#define BENCHMARKS_CPU_H

/* Keeps the calling thread on the CPU with this index among those that the process may use, around
 * their end. */
void bench_pin(unsigned index);

/* Lets it use again what the process could at its start. */
void bench_unpin(void);

#endif
