/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A flow over two paths (A/B): which of the two copies of a frame came first, and which path has
 * fallen silent.
 *
 * The sender puts each frame of the flow on both paths, as it is, bit for bit. So both copies have
 * one packet number, one meaning and, sealed, one nonce; the path itself is not on the wire: a
 * frame's path is the port by which it came. What the receiver knows of each path is here:
 *
 *      flow -- frame n --+-- path A ---- n --+-- first: to the flow
 *                        +-- path B ---- n --+-- second: dropped here, counted
 *
 * A path has its own window of packet numbers that came by it. A frame is a second copy when the
 * flow has taken the frame of its epoch and number from the other path. Only what the flow has
 * taken (checksum or tag, epoch, acknowledgements) counts as come, so a broken or forged copy
 * cannot keep the good one away. A number that is older than the window is left to the flow, which
 * knows its own duplicates. Nothing waits for a path: one that lags, loses or is dead only fails to
 * be first.
 *
 * A path is down when the other one brings frames for longer than the patience and it brings none;
 * it is back with the next frame that comes by it. Both silent is no news here: that is the flow's
 * own liveness. Pure; one for each flow over two paths.
 */
#ifndef FAB_PROTO_TWIN_H
#define FAB_PROTO_TWIN_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/frame.h"

#define FAB_TWIN_PATHS  2U
#define FAB_TWIN_WINDOW 1024U /* packet numbers by which one path may be behind the other */

enum fab_twin_news {
    FAB_TWIN_NOTHING = 0,
    FAB_TWIN_OTHER_DOWN, /* the other path has fallen silent */
    FAB_TWIN_BACK,       /* this path was down and is back */
};

/* What came by one path. */
struct fab_twin_path {
    uint64_t behind_ns; /* since when only the other one brings frames; 0: not so */
    uint64_t came[FAB_TWIN_WINDOW / 64]; /* bit for each number of the window, by its low bits */
    bool is_down;
};

struct fab_twin {
    uint32_t epoch;    /* of the numbers; 0: none has come */
    uint32_t newest;   /* number that came by either path */
    uint64_t heard_ns; /* when anything came by either */
    struct fab_twin_path paths[FAB_TWIN_PATHS];
};

void fab_twin_init(struct fab_twin *twin);

/* Whether the frame that came by `path` was taken from the other path already. */
bool fab_twin_is_second(const struct fab_twin *twin, uint8_t path,
                        const struct fab_frame_peek *frame);

/* The flow has taken the frame that came by `path`. */
void fab_twin_on_taken(struct fab_twin *twin, uint8_t path, const struct fab_frame_peek *frame);

/* A frame that was taken, or is a second copy, came by `path`. `patience_ns`: how long the other
 * path may bring nothing meanwhile. */
enum fab_twin_news fab_twin_heard(struct fab_twin *twin, uint8_t path, uint64_t patience_ns,
                                  uint64_t now_ns);

#endif
