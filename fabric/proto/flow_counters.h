/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a flow counts, each with its sentence; struct and names are made from the one table. Every
 * frame that is refused adds one to exactly one of the counters that begin with `refused_`. Those
 * that each frame touches come first, in one line.
 */
#ifndef FAB_PROTO_FLOW_COUNTERS_H
#define FAB_PROTO_FLOW_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

/* clang-format off */
#define FAB_FLOW_COUNTERS_TABLE(X)                                                              \
    X(frames_sent, "frames written by prepare")                                                 \
    X(frames_received, "frames accepted")                                                       \
    X(bytes_sent, "bytes of frames written by prepare")                                         \
    X(bytes_received, "bytes of frames accepted")                                               \
    X(messages_sent, "records committed")                                                       \
    X(messages_received, "records handed to on_message")                                        \
    X(acks_sent, "frames sent for their acknowledgement only")                                  \
    X(messages_reordered, "records that waited for an earlier one of their stream")             \
    X(messages_passed, "records that passed a large body of their stream, for another receiver") \
    X(messages_held, "records that waited for room in the core")                                \
    X(messages_duplicate, "records that had arrived before")                                    \
    X(messages_expired, "records left out because their deadline passed before they left")      \
    X(messages_superseded, "records left out because a later value took their place")           \
    X(messages_missed, "records that the peer left out")                                        \
    X(messages_in_doubt, "records that an epoch's end left unacknowledged")                     \
    X(large_sent, "records committed whose body goes in parts")                                 \
    X(large_received, "bodies that came whole")                                                 \
    X(large_abandoned, "bodies that an epoch's end left incomplete")                            \
    X(parts_sent, "frames that carried a part of a body, again or for the first time")          \
    X(parts_copied, "of them, those into which the bytes of the body were copied")              \
    X(parts_received, "parts of bodies put into their places")                                  \
    X(parts_duplicate, "parts of bodies that had arrived before")                               \
    X(grants_sent, "frames that granted parts of bodies")                                       \
    X(grants_delayed, "times that a body had to wait because there was no memory for it")       \
    X(frames_lost, "frames in flight that were declared lost")                                  \
    X(frames_lost_spurious, "frames declared lost whose acknowledgement came later")            \
    X(frames_retransmitted, "frames that carried records again")                                \
    X(probes_sent, "tail probes and probes after a time-out")                                   \
    X(mtu_probes_sent, "padded frames sent to find how large frames may be")                    \
    X(mtu_probes_lost, "padded frames that did not arrive")                                     \
    X(mtu_holes, "epochs ended because large frames vanished while small ones arrived")         \
    X(credit_probes_sent, "probes that asked a receiver for credit")                            \
    X(keepalives_sent, "frames that asked a silent peer for a sign")                            \
    X(hellos_sent, "handshake frames sent")                                                     \
    X(resets_sent, "resets sent in answer to a stale epoch")                                    \
    X(resets_suppressed, "resets and hello answers left out by the rate limit")                 \
    X(leaves_sent, "leave notices sent")                                                        \
    X(keys_renewed, "times that sealing or opening went on to its next key")                    \
    X(epochs_begun, "times that the flow came up")                                              \
    X(epochs_ended, "times that the flow went down")                                            \
    X(frames_marked, "frames that came with the network's mark of congestion")                  \
    X(congestion_cuts, "times that fewer bytes may be in flight for the network's sake")        \
    X(suspects, "times that the peer became suspect")                                           \
    X(clock_questions, "frames that asked what the peer's clock says")                          \
    X(clock_answers, "answers to them that were of use")                                        \
    X(clock_refused, "answers about the peer's clock to no question of ours, or impossible")    \
    X(claims_full, "claims answered with FULL")                                                 \
    X(claims_too_big, "claims answered with TOO_BIG")                                           \
    X(claims_unreachable, "claims answered with UNREACHABLE")                                   \
    X(refused_size, "frames shorter than a header, or not as long as they say")                 \
    X(refused_version, "frames of a version that we do not speak")                              \
    X(refused_crc, "frames whose checksum is wrong")                                            \
    X(refused_unsealed, "frames without a seal though this peer must have one")                 \
    X(refused_tag, "frames whose seal or proof is not of the key that we share")                \
    X(refused_replay, "sealed frames that had arrived before, or are too old to tell")          \
    X(refused_security, "handshake frames that demand another security than we do")             \
    X(refused_address, "frames that name another node or lcore as source or destination")       \
    X(refused_type, "frames of an unknown type, or with unknown flags")                         \
    X(refused_block, "frames with a block that is cut or out of range")                         \
    X(refused_chunk, "frames with a record that is cut or out of range")                        \
    X(refused_ack, "frames that acknowledge what was never sent")                               \
    X(refused_epoch, "frames of another epoch than the present one")                            \
    X(refused_duplicate, "frames that had arrived before")                                      \
    X(refused_state, "frames that have no meaning in the present state")                        \
    X(refused_hello, "handshake frames with impossible values, or without a version in common") \
    X(refused_transfer, "frames that announce a body out of turn, of no or of too large a size") \
    X(refused_part_unknown, "frames with a part of a body that was never announced")            \
    X(refused_part_place, "frames with a part that lies across others of its body")             \
    X(refused_part_size, "frames with a part that is not as long as its place says")            \
    X(refused_part_grant, "frames with a part that was not granted")                            \
    X(refused_grant, "frames that grant a body that was never announced, or more than all of it") \
    X(refused_credit, "frames whose records exceed the credit that we gave")
/* clang-format on */

struct fab_flow_counters {
#define FAB_FLOW_COUNTER_FIELD(name, text) uint64_t name;
    FAB_FLOW_COUNTERS_TABLE(FAB_FLOW_COUNTER_FIELD)
#undef FAB_FLOW_COUNTER_FIELD
};

#define FAB_FLOW_COUNTER_COUNT (sizeof(struct fab_flow_counters) / sizeof(uint64_t))

/* The name and the sentence of counter `index`, 0 to FAB_FLOW_COUNTER_COUNT - 1. */
const char *fab_flow_counter_name(size_t index);
const char *fab_flow_counter_text(size_t index);

#endif
