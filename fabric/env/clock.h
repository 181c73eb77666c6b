/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Nanoseconds from the TSC, the same on all processes of a host.
 *
 * The value is the TSC scaled by its frequency, without an offset, so two processes agree as far as
 * they use the same frequency. It is therefore read and never measured: a measurement differs by
 * some ppm each time, which after a day of uptime is a second between two processes. Sources, in
 * this order: CPUID leaf 0x15; the hypervisor's leaf 0x40000010; the kernel's bogomips (on x86
 * preset from its calibrated TSC, twice the MHz, to 5 kHz); at last a measurement, rounded to
 * 10 MHz. It needs no DPDK, so that clients without an EAL read the same clock.
 */
#ifndef FAB_ENV_CLOCK_H
#define FAB_ENV_CLOCK_H

#include <stdint.h>

/* Learns the frequency, once in a process. Context: any thread, before any other call. */
void fab_clock_init(void);

/* Ticks of the TSC in a second. Context: any thread, after init. */
uint64_t fab_clock_hz(void);

/* Which clock it is: processes with the same id read the same one, though they be nodes of
 * containers with networks of their own. From the kernel's boot id and the frequency; 0: not known.
 * Context: any thread, after init. */
uint64_t fab_clock_id(void);

/* Nanoseconds, monotonic on a host with an invariant TSC. Context: any thread, after init. */
uint64_t fab_clock_ns(void);

#endif
