/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two hosts and a bridge that loses frames, on this machine: network namespaces without names,
 * which live as long as somebody is in them or holds them open, and so are gone when we are,
 * however we end.
 *
 *     ours                    the bridge                     theirs
 *     +------------+        +-------------------+        +------------+
 *     | wa (nodes) |--------| ma             mb |--------| wb (nodes) |
 *     | ta (kernel)|--------| sa  nftables:  sb |--------| tb (kernel)|
 *     +------------+        |  drops at random  |        +------------+
 *                           +-------------------+
 *
 * Nodes and the kernel's sockets have a cable each, so that neither hears the other's frames; both
 * go through the same bridge and its rule. The kernel's interfaces do not merge frames (no TSO, no
 * GRO): a frame lost is a frame of the MTU for both.
 */
#ifndef BENCHMARKS_NETWORK_H
#define BENCHMARKS_NETWORK_H

#include <mycelium/status.h>

#define NETWORK_OUR_INTERFACE   "wa"
#define NETWORK_THEIR_INTERFACE "wb"
#define NETWORK_OUR_ADDRESS     "10.98.0.1"
#define NETWORK_THEIR_ADDRESS   "10.98.0.2"

struct network {
    int bridge_fd; /* namespaces */
    int their_fd;
    int our_fd; /* the one that we are in */
};

/* Makes them and enters ours. OK; IO_ERROR: this machine does not let us, the cause is in `reason`.
 * Context: a process with one thread and without an EAL. */
enum myc_status network_open(struct network *network, const char **reason);
void network_close(struct network *network);

/* From now on that many of 10 000 frames are lost, each way. OK; IO_ERROR. */
enum myc_status network_set_loss(const struct network *network, unsigned per_10000);

#endif
