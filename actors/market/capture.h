/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Captured frames from a file: pcap or pcapng, plain or gzip, micro- or nanoseconds.
 *
 * libpcap reads the formats, zlib undoes the compression (it passes plain files through), and a
 * stdio cookie joins them. Real captures often end in the middle of a packet, as the tool that
 * wrote them was stopped; that is an outcome of its own, MARKET_CAPTURE_CUT, told after every whole
 * packet was given, and different from a file that is damaged in the middle. libpcap has one error
 * for both, so we tell them apart by whether the file's bytes were used up.
 */
#ifndef MARKET_CAPTURE_H
#define MARKET_CAPTURE_H

#include "bytes.h"

#define MARKET_CAPTURE_ERROR_SIZE 512U

enum market_capture_outcome {
    MARKET_CAPTURE_PACKET = 0, /* a packet was given */
    MARKET_CAPTURE_END,        /* the file ended after a whole packet */
    MARKET_CAPTURE_CUT,        /* the file ended within a packet */
    MARKET_CAPTURE_DAMAGED,    /* the file cannot be read further; the reader's error says why */
};

struct market_captured {
    uint64_t time_ns;         /* since 1970 */
    struct market_bytes data; /* the reader's; valid until the next call */
    uint32_t size_on_wire;    /* larger than data.size when the capture kept only a part */
};

struct market_capture;

/*
 * Opens a capture of Ethernet frames. Returns NULL when it is none; then `error` (of
 * MARKET_CAPTURE_ERROR_SIZE bytes) says what is wrong and names the file.
 */
struct market_capture *market_capture_open(const char *path, char *error);

/* Closes it; NULL is allowed. */
void market_capture_close(struct market_capture *capture);

/* The next packet. After any other outcome the same one comes again. */
enum market_capture_outcome market_capture_next(struct market_capture *capture,
                                                struct market_captured *captured);

/* What was wrong, after CUT or DAMAGED; valid until the close. */
const char *market_capture_error(const struct market_capture *capture);

#endif
