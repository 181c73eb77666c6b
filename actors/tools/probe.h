/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Latency probes as Pktgen-DPDK sends them, and their reflection.
 *
 * An Ethernet frame without a VLAN tag, IPv4 without options, UDP; the mark stands at byte 48, the
 * first multiple of 8 behind the headers, in the byte order of the machine, because whoever sends a
 * probe is who reads it again:
 *
 *      0        14             34      42     48        52       56            64
 *      +--------+--------------+-------+------+---------+--------+-------------+-------
 *      | Ether  | IPv4         | UDP   | zero | magic   | index  | time stamp  | fill
 *      +--------+--------------+-------+------+---------+--------+-------------+-------
 *
 * Magic is 0xf00dcafe, index counts probes, the time stamp is the sender's TSC; both UDP ports are
 * 1028. A reflection has the ends exchanged, and all checksums stay true, because they are sums.
 */
#ifndef TOOLS_PROBE_H
#define TOOLS_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#define TOOLS_PROBE_UDP_PORT 1028U
#define TOOLS_PROBE_MAGIC    0xf00dcafeU
#define TOOLS_PROBE_AT       48U   /* bytes from the start of the frame */
#define TOOLS_PROBE_SIZE_MIN 64U   /* bytes of a frame, without FCS */
#define TOOLS_PROBE_SIZE_MAX 1000U /* likewise; so that one is a small message, too */

struct tools_probe_mark {
    uint32_t magic;
    uint32_t index;
    uint64_t tsc;
};

/* Reads the mark of a frame. False: it is no probe, or has a size that is none. */
bool tools_probe_read(const void *frame, uint32_t size, struct tools_probe_mark *mark);

/* Exchanges the ends of a probe, in place: MAC, IP, UDP port. */
void tools_probe_reflect(void *frame);

/* Writes a whole probe of TOOLS_PROBE_SIZE_MIN to TOOLS_PROBE_SIZE_MAX bytes, from 10.99.0.1 to
 * 10.99.0.2 and to every station, with both checksums. */
void tools_probe_write(void *frame, uint32_t size, uint32_t index, uint64_t tsc);

/* Writes another index and time stamp into one, and mends its checksum. */
void tools_probe_renew(void *frame, uint32_t index, uint64_t tsc);

#endif
