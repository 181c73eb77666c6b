/* SPDX-License-Identifier: BSD-3-Clause */
/* What frames of the golden files have in common: from lcore 2 of node 3 to lcore 1 of node 7. */
#ifndef TESTS_SUPPORT_EXAMPLE_FRAME_H
#define TESTS_SUPPORT_EXAMPLE_FRAME_H

#include "wire/frame.h"

/* The header of such a frame, of any type; epoch and number are 0. */
static inline struct fab_frame_header
example_header(uint8_t type, uint16_t flags, uint16_t size)
{
    return (struct fab_frame_header){
        .version = 1,
        .type = type,
        .flags = flags,
        .from_node = 3,
        .to_node = 7,
        .from_lcore = 2,
        .to_lcore = 1,
        .size = size,
    };
}

/* What its sender says of itself. */
static inline struct fab_hello
example_hello(uint32_t features, uint8_t version_max)
{
    return (struct fab_hello){
        .home = 0x0003a1b2c3d4e5f6ULL,
        .nonce = 0x1122334455667788ULL,
        .features = features,
        .poll_gap_us = 10000,
        .credit = { 8192, 2048, 2048 },
        .first_number = 0xfffffff0U,
        .frame_max = 1472,
        .lcore_count = 4,
        .version_min = 1,
        .version_max = version_max,
        .large_log2 = 24,
    };
}

#endif
