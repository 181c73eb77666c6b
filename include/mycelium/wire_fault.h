/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file wire_fault.h
 * A wire that treats frames badly on purpose, for trying how a program stands a bad network.
 *
 * Given to a port in its options, it loses, doubles, damages, holds back and delays the frames of
 * that way, whatever the device is. What it does is drawn from a seed: the same seed and the same
 * frames give the same damage. The node says at its start that a port has faults; without any,
 * nothing of this is in the way.
 */
#ifndef MYCELIUM_WIRE_FAULT_H
#define MYCELIUM_WIRE_FAULT_H

#include <stdint.h>

#include <mycelium/api.h>

MYC_BEGIN_DECLS

#define MYC_WIRE_FAULT_LOST_MAX 64U /**< frames that can be named one by one */

/** Rates are in frames per million; all zero: a wire that does nothing. */
struct myc_wire_fault {
    uint64_t seed;
    uint32_t loss_per_million;
    uint32_t duplicate_per_million;
    uint32_t corrupt_per_million; /**< one to eight bits flipped */
    uint32_t reorder_per_million; /**< held back while later frames pass */
    uint32_t reorder_frames;      /**< that pass a frame held back, 1 to 64; 0: 8 */
    uint64_t reorder_ns;          /**< after which it goes on when nothing follows; 0: 1 ms */
    uint64_t delay_ns;  /**< of every frame; more than 8192 on the wire at once are lost */
    uint64_t jitter_ns; /**< up to that much more, evenly; may reorder */
    uint64_t loss_mask; /**< bit n: the n-th frame is lost, of the first 64 */
    /** Exactly these frames are lost, too: their numbers from 0, each larger than the one before.
     */
    uint64_t lost_frames[MYC_WIRE_FAULT_LOST_MAX];
    uint32_t lost_frames_count; /**< entries of lost_frames, 0 to MYC_WIRE_FAULT_LOST_MAX */
};

MYC_END_DECLS

#endif
