/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the machine itself needs to bring a word to another core and back: the floor under every
 * figure between lcores.
 *
 * One thread writes a number into a line, the other answers in a second one. `one line` has both
 * words in the same line, as a naive flag would. A sample includes one reading of the clock, as the
 * samples of ours do.
 */
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "bench.h"
#include "cpu.h"
#include "rows.h"

#define COUNT       200000U
#define SMOKE_COUNT 1000U
#define SPINS_MAX   20000U /* then let the other thread run: they may share a CPU */

struct line {
    _Alignas(128) _Atomic uint64_t word;
    _Atomic uint64_t neighbour; /* in the same line */
};

struct track {
    struct line there, back;
    uint32_t count;
    bool is_one_line;
};

static const struct bench_column columns[] = {
    { "p50_ns", "p50 ns", 1, 1 },
    { "p99_ns", "p99 ns", 1, 1 },
    { "p999_ns", "p99.9 ns", 1, 1 },
    { "max_ns", "max ns", 1, 0 },
};

#define COLUMN_COUNT (sizeof(columns) / sizeof(columns[0]))

static void
wait_for(const _Atomic uint64_t *word, uint64_t value)
{
    /* Acquire pairs with the release of the thread that writes the word. */
    for (uint32_t spins = 0; atomic_load_explicit(word, memory_order_acquire) != value; spins++)
        if (spins > SPINS_MAX)
            sched_yield();
}

static _Atomic uint64_t *
answer_of(struct track *track)
{
    return track->is_one_line ? &track->there.neighbour : &track->back.word;
}

static void *
echo(void *context)
{
    struct track *track = context;
    _Atomic uint64_t *answer = answer_of(track);

    bench_pin(1);
    for (uint64_t i = 1; i <= track->count; i++) {
        wait_for(&track->there.word, i);
        atomic_store_explicit(answer, i, memory_order_release); /* pairs with wait_for */
    }
    return NULL;
}

static enum myc_status
measure(struct track *track, uint64_t *samples_ns, struct bench_figures *figures)
{
    const _Atomic uint64_t *answer = answer_of(track);
    uint64_t before_ns;
    pthread_t thread;

    if (pthread_create(&thread, NULL, echo, track) != 0)
        return MYC_NO_MEMORY;
    before_ns = bench_clock_ns();
    for (uint64_t i = 1; i <= track->count; i++) {
        uint64_t now_ns;

        atomic_store_explicit(&track->there.word, i, memory_order_release); /* likewise */
        wait_for(answer, i);
        now_ns = bench_clock_ns();
        samples_ns[i - 1] = now_ns - before_ns;
        before_ns = now_ns;
    }
    pthread_join(thread, NULL);
    *figures = bench_figures_of(samples_ns, track->count);
    return MYC_OK;
}

/* One repetition of one row; `values` has a place for each column. */
static enum myc_status
measure_row(bool is_one_line, uint32_t count, uint64_t *samples_ns, double *values)
{
    struct track track = { .count = count, .is_one_line = is_one_line };
    struct bench_figures figures = { 0 };
    enum myc_status status;

    bench_pin(0);
    status = measure(&track, samples_ns, &figures);
    bench_unpin();
    values[0] = figures.p50_ns;
    values[1] = figures.p99_ns;
    values[2] = figures.p999_ns;
    values[3] = figures.max_ns;
    return status;
}

enum myc_status
bench_cache_line(const struct bench_options *options)
{
    static const char *const who[] = { "a line each way", "one line" };
    struct bench_rows rows = {
        .bench = "cache-line",
        .question = "a word to another core and back",
        .columns = columns,
        .column_count = COLUMN_COUNT,
    };
    const uint32_t count = options->is_smoke ? SMOKE_COUNT : COUNT;
    double values[2][BENCH_REPETITIONS_MAX * COLUMN_COUNT];
    struct myc_histogram *kept = bench_histograms_create(options, 2);
    uint64_t *samples_ns = calloc(count, sizeof(*samples_ns));
    enum myc_status status = samples_ns ? MYC_OK : MYC_NO_MEMORY;

    for (unsigned i = 0; i < options->repetitions && status == MYC_OK; i++)
        for (unsigned row = 0; row < 2 && status == MYC_OK; row++) {
            status = measure_row(row == 1, count, samples_ns, &values[row][i * COLUMN_COUNT]);
            bench_keep_samples(bench_histogram_at(kept, row), samples_ns, count);
        }
    for (unsigned row = 0; row < 2 && status == MYC_OK; row++) {
        rows.samples = bench_histogram_at(kept, row);
        bench_row_print_medians(options, &rows, who[row], values[row]);
    }
    free(samples_ns);
    return status;
}
