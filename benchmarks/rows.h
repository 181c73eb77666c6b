/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Answers that are tables: several rows, each with who was measured and the same columns; as text
 * for a person, or one JSON object for each row. A row is measured in a process of its own, because
 * an EAL starts once in a process.
 */
#ifndef BENCHMARKS_ROWS_H
#define BENCHMARKS_ROWS_H

#include "bench.h"

#define BENCH_COLUMNS_MAX 16U

struct bench_column {
    const char *key;     /* in JSON */
    const char *heading; /* for people */
    double unit;         /* by which the value is divided for people */
    int decimals;
};

struct bench_rows {
    const char *bench;
    const char *question; /* above the table */
    const struct bench_column *columns;
    unsigned column_count;
    unsigned label_count; /* first columns that say what a row is about; of its .hgrm's name */
    bool has_heading;
    /* All samples of the row that is printed next: then its JSON has their curve, and a .hgrm file
     * is written where that is wanted. NULL: it has none. Not owned; forgotten with the row. */
    const struct myc_histogram *samples;
};

/* Prints a row; a value that is NAN was not measured. */
void bench_row_print(const struct bench_options *options, struct bench_rows *rows, const char *who,
                     const double *values);

/* Prints the median of each column over the repetitions of `options`. `values`: those of the first
 * repetition, then those of the second, and so on. */
void bench_row_print_medians(const struct bench_options *options, struct bench_rows *rows,
                             const char *who, const double *values);

/* Empty histograms for the samples of so many rows, in memory that children share with us, for as
 * long as the process; NULL when nobody wants them (options->histograms), or there is no memory. */
struct myc_histogram *bench_histograms_create(const struct bench_options *options, unsigned count);

/* One of them; NULL when there are none. */
struct myc_histogram *bench_histogram_at(struct myc_histogram *histograms, unsigned place);

/* Says that the question cannot be answered here. */
void bench_rows_skip(const struct bench_options *options, const char *bench, const char *reason);

/* Runs `measure` in a child process and waits for it. `context` should lie in memory from
 * bench_shared_memory, so that what it writes there is seen. What `measure` says; NO_MEMORY (no
 * process); FAILED (it ended before it said anything: how has been printed). */
enum myc_status bench_in_child(enum myc_status (*measure)(void *context), void *context);

/* Zeroed memory that children share with us; NULL: there is none. Lives as long as the process. */
void *bench_shared_memory(size_t size);

#endif
