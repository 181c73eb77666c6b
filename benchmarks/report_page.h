/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A folder with what was measured: report.json, a .hgrm file for each latency that was sampled, and
 * report.html, one page that holds the same JSON and draws it. It needs nothing from elsewhere.
 */
#ifndef BENCHMARKS_REPORT_PAGE_H
#define BENCHMARKS_REPORT_PAGE_H

#include <stdio.h>

#include "bench.h"

struct bench_report_wish {
    const char *directory;
    const struct bench_options *options;
    FILE *lines;       /* what the benchmarks printed with --json, from the start; not owned */
    const char *peers; /* file of lines from `benchmarks/compare --json`; NULL: none */
};

/* Makes the folder unless it is there. OK; IO_ERROR (the cause has been printed). */
enum myc_status bench_report_make_folder(const char *directory);

/* Writes report.json and report.html. OK; IO_ERROR; INVALID (peers are no JSON); the cause has been
 * printed. */
enum myc_status bench_report_write(const struct bench_report_wish *wish);

#endif
