/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames: what one UDP payload of the actor protocol holds. fabric/wire/README.md is the
 * specification; this header is its byte layouts in C.
 *
 *    0        1      2        4           8          10       12         13       14      16
 *    +--------+------+--------+-----------+----------+--------+----------+--------+-------+
 *    |version | type | flags  |  crc32c   |from node |to node |from lcore|to lcore| size  |
 *    +--------+------+--------+-----+-----+----------+--------+----------+--------+-------+
 *    |           epoch              |    number      |  blocks by flag, chunks ...
 *    +------------------------------+----------------+
 *    16                             20               24
 *
 * Everything is little-endian; blocks, chunks and records start at multiples of 8 bytes from the
 * start of the frame. The header is the same in each version: what a later version may change
 * stands behind it.
 */
#ifndef FAB_WIRE_FRAME_H
#define FAB_WIRE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAB_FRAME_VERSION     1U
#define FAB_FRAME_HEADER_SIZE 24U
#define FAB_FRAME_SIZE_MAX    9216U /* bytes of UDP payload that any peer may be asked to take */
#define FAB_FRAME_SIZE_MIN    1232U /* bytes of UDP payload that every path carries (RFC 8200) */

/* To whom a frame belongs; what a carrier needs to find its flow. Nothing of it is proven yet. */
struct fab_frame_peek {
    uint16_t from_node;
    uint16_t to_node;
    uint8_t from_lcore;
    uint8_t to_lcore;
    uint8_t version;
    uint8_t type; /* enum fab_frame_type */
    uint32_t epoch;
};

/*
 * Reads the address of a frame, so that a carrier finds the flow in O(1). Only the length is
 * checked; version, fields and checksum are the flow's business (fab_flow_incoming).
 * `bytes`: a UDP payload, any alignment, not kept.
 * Returns whether there are enough bytes for a header. Context: any thread.
 */
bool fab_frame_peek(const void *bytes, size_t size, struct fab_frame_peek *peek);

#endif
