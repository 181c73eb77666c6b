/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The partner of a benchmark in a process of its own.
 *
 * The driver's process starts this same program as `mycelium bench --partner SPEC`; SPEC says what
 * joins the two. Both then start a node; the driver finds the partner by name.
 */
#ifndef BENCHMARKS_PARTNER_H
#define BENCHMARKS_PARTNER_H

#include <sys/types.h>

#include "pair.h"

/* Runs the partner's side until the process is told to end. Returns the exit code of the program.
 */
int bench_partner_main(const char *spec, const char *fault);

/* Starts the process. `fault`: as in bench_options, for wire partners; NULL: none. OK; IO_ERROR. */
enum myc_status bench_partner_start(const char *spec, const char *fault, pid_t *pid);

void bench_partner_stop(pid_t pid);

/* Each kind of partner: takes the rest of the spec, starts its node, spawns the partner actor. */
enum myc_status bench_segment_partner(const char *arguments, const char *fault,
                                      struct myc_node **node);
enum myc_status bench_segment_bulk_partner(const char *arguments, const char *fault,
                                           struct myc_node **node);
/* A client that registers a name and polls until it is killed. */
enum myc_status bench_client_partner(const char *arguments, const char *fault,
                                     struct myc_node **node);
/* A process that only connects to a Unix socket. */
enum myc_status bench_connect_partner(const char *arguments, const char *fault,
                                      struct myc_node **node);
enum myc_status bench_wire_partner(const char *arguments, const char *fault,
                                   struct myc_node **node);

/* An end of Savina's, over a segment; those over a wire are in bench_wire_partner. */
enum myc_status bench_savina_partner(const char *arguments, const char *fault,
                                     struct myc_node **node);
enum myc_status bench_security_partner(const char *arguments, const char *fault,
                                       struct myc_node **node);

/* What gives probes back (probe_partner.h), and the end of its loop. */
enum myc_status bench_probe_partner(const char *arguments, const char *fault,
                                    struct myc_node **node);
void bench_probe_partner_stop(void);

/* Spawns the partner actor on lcore 0 of a node, and beside it a second one and a nursery of
 * Savina's. `raw` must outlive it; NULL: no raw phases. */
enum myc_status bench_partner_spawn(struct myc_node *node, uint8_t lcore,
                                    const struct bench_raw *raw);

#endif
