/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where an exchange's payloads come from: a capture, or the generator. One payload at a time, each
 * with its own time; the difference between two times is the pace.
 */
#ifndef MARKET_SOURCE_H
#define MARKET_SOURCE_H

#include "capture.h"
#include "frame.h"
#include "generator.h"

struct market_source {
    struct market_capture *capture;      /* owned; NULL with a generator */
    struct market_generator *generator;  /* owned; NULL with a capture */
    uint8_t *payload;                    /* owned; the generator's */
    struct market_frame_counters frames; /* of the capture */
    enum market_capture_outcome outcome; /* PACKET until it is over */
};

/* Opens a capture (path not empty), else the generator. On false, `error` (of
 * MARKET_CAPTURE_ERROR_SIZE bytes) says why. */
bool market_source_init(struct market_source *source, const char *path,
                        const struct market_generator_options *options, char *error);

void market_source_fini(struct market_source *source);

/* The next payload, valid until the next call, and its time; false at the end: see `outcome`. */
bool market_source_next(struct market_source *source, struct market_bytes *payload,
                        uint64_t *time_ns);

#endif
