/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What pktgen would see of us on one port pair: latency probes as it marks them, sent to a bare
 * loop that gives them back (the floor: what device and wire cost), to a reflector in a program's
 * port loop beside a node, to an actor on the polling lcore, to an actor on another lcore; and an
 * actor's message to an actor and back by the reliable protocol, in frames of the same size.
 *
 * Each place is measured without load (the next probe when the last is back) and at 10, 50 and 90 %
 * of its own drop-free rate (drop_free.h; it may be the generator's own limit), in an open loop
 * with intended send times; that rate is found in the same run. In turn with each place the floor
 * is measured at the very same rates: what is said to be over the floor is the difference of the
 * two in one repetition.
 *
 * Every place has a pair of processes of its own; the generator's is the first CPU's. On a machine
 * with two CPUs the two lcores of "another lcore" share the second: then its times are the
 * scheduler's, and the column `shares_cpu` says so.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cpu.h"
#include "drop_free.h"
#include "load.h"
#include "node/program/eal_arguments.h"
#include "partner.h"
#include "probe_partner.h"
#include "probe_source.h"
#include "rows.h"
#include "wire_place.h"

#define LOADS         4U /* none, and three shares of the drop-free rate */
#define IDLE_COUNT    20000U
#define PROBES_MAX    1000000U /* of one load */
#define LOAD_S        0.5
#define TRIAL_S       0.1
#define STEPS         9U
#define TRIES         3U
#define RATE_MIN      10000.0
#define RATE_MAX      16e6
#define PATIENCE_NS   1000000000ULL /* a stall of the other end is no loss */
#define TIME_MAX_NS   5000000000ULL
#define CPUS_NEEDED   3U
#define SMOKE_COUNT   200U
#define SMOKE_STEPS   2U
#define SMOKE_TRIAL_S 0.002

static const double shares[LOADS] = { 0, 0.1, 0.5, 0.9 };

static const char *const place_names[PROBE_PLACE_COUNT] = {
    "raw echo: the floor",        "reflector in the program's port loop",
    "actor on the polling lcore", "actor on another lcore",
    "actor to actor, reliable",
};

static const struct bench_column columns[] = {
    { "load_percent", "load %", 1, 0 },    { "rate_per_s", "rate K/s", 1e3, 0 },
    { "p50_ns", "p50 ns", 1, 0 },          { "p99_ns", "p99 ns", 1, 0 },
    { "p999_ns", "p99.9 ns", 1, 0 },       { "max_ns", "max ns", 1, 0 },
    { "over_p50_ns", "+p50 ns", 1, 0 },    { "over_p99_ns", "+p99 ns", 1, 0 },
    { "over_p999_ns", "+p99.9 ns", 1, 0 }, { "over_max_ns", "+max ns", 1, 0 },
    { "missing", "missing", 1, 0 },        { "shares_cpu", "shares CPU", 1, 0 },
};

enum {
    RATE = 1,
    P50,
    P99,
    P999,
    MAX,
    OVER,
    MISSING = OVER + 4,
    SHARES_CPU,
    COLUMNS
};

_Static_assert(COLUMNS == sizeof(columns) / sizeof(columns[0]), "one name each");

/* What a child measures; shared with it. */
struct cell {
    const struct bench_options *options;
    enum probe_place place;
    bool has_rates; /* given: those of another place */
    double rates[LOADS];
    struct bench_figures figures[LOADS];
    double missing[LOADS];
    struct myc_histogram *kept; /* of each load; NULL: nobody wants them */
};

/* The way to the place that is measured. */
struct way {
    const struct bench_options *options;
    struct bare_port port;
    struct wire_place wire; /* of RELIABLE */
    bool is_reliable;
    uint64_t *samples_ns; /* PROBES_MAX places */
};

/* What came of a run. */
struct outcome {
    uint32_t count;
    uint32_t done_count;
    uint32_t refused_count;
    double duration_ns;
    double growth_ns;
    struct bench_figures figures;
};

/* ---- one run -------------------------------------------------------------------------------- */

/* The same for messages: one that finds no room is sent later, and so late. */
static enum myc_status
run_messages(struct way *way, uint32_t count, uint64_t interval_ns, struct outcome *outcome)
{
    static struct bench_load load; /* outlives an actor that is still running */
    enum myc_status status;

    load = (struct bench_load){
        .ping_count = count,
        .interval_ns = interval_ns,
        .time_max_ns = TIME_MAX_NS,
        .samples_ns = way->samples_ns,
    };
    status = bench_load_run(way->wire.node, 0, &load);
    if (status != MYC_OK)
        return status;
    outcome->done_count = load.done_count;
    outcome->refused_count = load.refused_count;
    outcome->duration_ns = (double)load.duration_ns;
    outcome->growth_ns = drop_free_growth_ns(way->samples_ns, count);
    outcome->figures = bench_load_figures(&load);
    return MYC_OK;
}

static void
run_probes(struct way *way, uint32_t count, uint64_t interval_ns, struct outcome *outcome)
{
    struct probe_run run = {
        .frame_size = WIRE_FRAME_SIZE(32),
        .count = count,
        .interval_ns = interval_ns,
        .patience_ns = PATIENCE_NS,
        .samples_ns = way->samples_ns,
    };
    uint32_t kept = 0;

    probe_source_run(&way->port, &run);
    outcome->done_count = run.done_count;
    outcome->duration_ns = (double)run.duration_ns;
    outcome->growth_ns = drop_free_growth_ns(way->samples_ns, count);
    for (uint32_t i = 0; i < count; i++)
        if (way->samples_ns[i])
            way->samples_ns[kept++] = way->samples_ns[i];
    if (kept)
        outcome->figures = bench_figures_of(way->samples_ns, kept);
}

/* `rate`: 0 for a closed loop. */
static enum myc_status
run_way(struct way *way, uint32_t count, double rate, struct outcome *outcome)
{
    uint64_t interval_ns = rate > 0 ? (uint64_t)(1e9 / rate) : 0;
    enum myc_status status = MYC_OK;

    *outcome = (struct outcome){ .count = count };
    if (way->is_reliable)
        status = run_messages(way, count, interval_ns, outcome);
    else
        run_probes(way, count, interval_ns, outcome);
    return status;
}

static uint32_t
count_for(double rate, double seconds)
{
    double count = rate * seconds;

    return count < 1 ? 1 : count > PROBES_MAX ? PROBES_MAX : (uint32_t)count;
}

/* ---- the drop-free rate --------------------------------------------------------------------- */

static enum myc_status
run_trial(void *context, struct drop_free_trial *trial)
{
    struct way *way = context;
    double seconds = way->options->is_smoke ? SMOKE_TRIAL_S : TRIAL_S;
    struct outcome outcome;
    enum myc_status status =
        run_way(way, count_for(trial->rate_per_s, seconds), trial->rate_per_s, &outcome);

    trial->count = outcome.count;
    trial->done_count = outcome.done_count;
    trial->refused_count = outcome.refused_count;
    trial->duration_ns = outcome.duration_ns;
    trial->growth_ns = outcome.growth_ns;
    return status;
}

static enum myc_status
find_rate(struct way *way, double *rate)
{
    const struct drop_free_search search = {
        .rate_min = RATE_MIN,
        .rate_max = RATE_MAX,
        .steps = way->options->is_smoke ? SMOKE_STEPS : STEPS,
        .tries = TRIES,
        .run = run_trial,
        .context = way,
    };

    return drop_free_find(&search, rate);
}

/* ---- a place -------------------------------------------------------------------------------- */

static enum myc_status
measure_loads(struct cell *cell, struct way *way)
{
    bool is_smoke = cell->options->is_smoke;
    enum myc_status status = MYC_OK;
    struct outcome outcome;
    double free_rate = 0;

    if (!cell->has_rates)
        status = find_rate(way, &free_rate);
    for (unsigned i = 0; status == MYC_OK && i < LOADS; i++) {
        uint32_t count;

        if (!cell->has_rates)
            cell->rates[i] = shares[i] * free_rate;
        count = is_smoke              ? SMOKE_COUNT
                : cell->rates[i] == 0 ? IDLE_COUNT
                                      : count_for(cell->rates[i], LOAD_S);
        status = run_way(way, count, cell->rates[i], &outcome);
        cell->figures[i] = outcome.figures;
        bench_keep_samples(bench_histogram_at(cell->kept, i), way->samples_ns, outcome.done_count);
        cell->missing[i] = outcome.count - outcome.done_count;
    }
    return status;
}

static enum myc_status
measure_bare(struct cell *cell, struct way *way)
{
    struct wire_devices devices;
    char spec[WIRE_PLACE_TEXT + 16];
    enum myc_status status;
    pid_t partner;

    wire_devices_choose(cell->options->device, &devices);
    snprintf(spec, sizeof(spec), "probe:%u:%s", (unsigned)cell->place, devices.theirs);
    status = bare_port_open(devices.ours, false, &way->port);
    if (status == MYC_OK)
        status = bench_partner_start(spec, NULL, &partner);
    if (status == MYC_OK) {
        bench_pin(0); /* not before: the partner has the other CPUs */
        status = probe_source_await(&way->port) ? measure_loads(cell, way) : MYC_TIMEOUT;
        bench_partner_stop(partner);
    }
    bare_port_close(&way->port);
    unlink(devices.memif);
    return status;
}

static enum myc_status
measure_reliable(struct cell *cell, struct way *way)
{
    const struct wire_place_wish wish = {
        .device = cell->options->device,
        .fault = cell->options->fault,
        .frame_size = WIRE_FRAME_SIZE(32),
    };
    enum myc_status status = wire_place_open(&wish, &way->wire);

    if (status != MYC_OK)
        return status;
    status = measure_loads(cell, way);
    wire_place_close(&way->wire);
    return status;
}

static enum myc_status
measure(void *context)
{
    struct cell *cell = context;
    struct way way = {
        .options = cell->options,
        .is_reliable = cell->place == PROBE_RELIABLE,
        .samples_ns = calloc(PROBES_MAX, sizeof(uint64_t)),
    };
    enum myc_status status = MYC_NO_MEMORY;

    if (way.samples_ns)
        status = way.is_reliable ? measure_reliable(cell, &way) : measure_bare(cell, &way);
    free(way.samples_ns);
    return status;
}

/* ---- rows ----------------------------------------------------------------------------------- */

static void
fill_row(const struct cell *cell, const struct cell *floor, unsigned load, double row[COLUMNS])
{
    const struct bench_figures *ours = &cell->figures[load], *raw = &floor->figures[load];
    uint8_t cpus[CPUS_NEEDED];
    const double values[COLUMNS] = {
        shares[load] * 100,
        cell->rates[load],
        ours->p50_ns,
        ours->p99_ns,
        ours->p999_ns,
        ours->max_ns,
        ours->p50_ns - raw->p50_ns,
        ours->p99_ns - raw->p99_ns,
        ours->p999_ns - raw->p999_ns,
        ours->max_ns - raw->max_ns,
        cell->missing[load],
        cell->place == PROBE_OTHER_LCORE && fab_eal_cpus(cpus, CPUS_NEEDED) < CPUS_NEEDED,
    };

    memcpy(row, values, sizeof(values));
}

/* A place and the floor at its rates, in turn; of the floor itself, just that. */
static enum myc_status
measure_pair(struct cell cells[2], const struct bench_options *options, enum probe_place place,
             struct myc_histogram *kept)
{
    enum myc_status status;

    cells[0] = (struct cell){ .options = options, .place = place, .kept = kept };
    status = bench_in_child(measure, &cells[0]);
    cells[1] = cells[0];
    cells[1].place = PROBE_FLOOR;
    cells[1].has_rates = true;
    cells[1].kept = NULL;
    if (status != MYC_OK || place == PROBE_FLOOR)
        return status;
    return bench_in_child(measure, &cells[1]);
}

static enum myc_status
measure_place(const struct bench_options *options, struct bench_rows *rows, enum probe_place place,
              struct cell cells[2])
{
    static double values[LOADS][BENCH_REPETITIONS_MAX][COLUMNS];
    struct myc_histogram *kept = bench_histograms_create(options, LOADS);
    enum myc_status status = MYC_OK;

    for (unsigned i = 0; status == MYC_OK && i < options->repetitions; i++) {
        status = measure_pair(cells, options, place, kept);
        for (unsigned load = 0; load < LOADS; load++)
            fill_row(&cells[0], &cells[1], load, values[load][i]);
    }
    for (unsigned load = 0; status == MYC_OK && load < LOADS; load++) {
        rows->samples = bench_histogram_at(kept, load);
        bench_row_print_medians(options, rows, place_names[place], values[load][0]);
    }
    return status;
}

enum myc_status
bench_pktgen(const struct bench_options *options)
{
    struct bench_rows rows = {
        .bench = "pktgen",
        .question = "what would pktgen see of us? (+: over the raw echo at the same rate)",
        .columns = columns,
        .column_count = COLUMNS,
        .label_count = 1,
    };
    struct cell *cells = bench_shared_memory(2 * sizeof(*cells));
    enum myc_status status = cells ? MYC_OK : MYC_NO_MEMORY;

    for (unsigned place = 0; status == MYC_OK && place < PROBE_PLACE_COUNT; place++)
        status = measure_place(options, &rows, place, cells);
    return status;
}
