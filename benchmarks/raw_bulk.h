/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The baselines of large messages between two processes: each body is copied into memory that both
 * map and out of it again, or goes through a Unix socket.
 */
#ifndef BENCHMARKS_RAW_BULK_H
#define BENCHMARKS_RAW_BULK_H

#include "pair.h"

#define RAW_BULK_PATH_SIZE 64U

struct raw_bulk_area;

struct raw_bulk {
    uint32_t body_bytes;
    uint8_t *body;              /* owned: what is sent, or the last that came */
    struct raw_bulk_area *area; /* owned mapping; NULL: through the socket */
    int listener;               /* owned; -1: not the driver's, or no socket */
    int stream;                 /* owned; -1: not connected yet, or no socket */
    int memfd;                  /* owned; -1: through the socket */
};

/* The driver's end. `path` is where it listens for the partner's socket; NULL: through memory.
 * OK; NO_MEMORY; IO_ERROR. */
enum myc_status raw_bulk_init(struct raw_bulk *bulk, uint32_t body_bytes, const char *path);

/* The partner's end: a path of the driver's memory, or else its socket. */
enum myc_status raw_bulk_attach(struct raw_bulk *bulk, uint32_t body_bytes, const char *memory,
                                const char *path);

void raw_bulk_fini(struct raw_bulk *bulk);

/* The rate phases of it. */
void raw_bulk_ops(struct raw_bulk *bulk, struct bench_raw *raw);

#endif
