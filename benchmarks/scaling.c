/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does an operation cost as there is more of something (scale.h)? For each curve the time of
 * the operation at each size, the memory that one more takes, and the order of growth that fits the
 * times (scale_fit.h).
 *
 * Times of what is chosen at random among very many are those of caches that do not hold it: an
 * operation of as many instructions at each size still grows. Instructions, which do not depend on
 * the machine's load, are counted for the same worlds by tests/cost/scaling.py.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "env/clock.h"
#include "env/eal.h"
#include "node/program/eal_arguments.h"
#include "rows.h"
#include "scale.h"
#include "scale_fit.h"

#define MEMORY_MB       256U
#define PHASE_NS        50000000ULL /* that a phase takes at the least */
#define FIRST_COUNT     256U
#define SMOKE_COUNT     256U
#define SMOKE_SIZE_MAX  1000U
#define SMOKE_RINGS_MAX 8U
#define TOLERANCE       0.2 /* of times */

/* What a child measures and prints. */
struct plan {
    const struct bench_options *options;
    const struct scale_curve *curve;
};

struct points {
    unsigned count;
    double sizes[SCALE_POINTS_MAX];
    double costs_ns[SCALE_POINTS_MAX];
    double bytes[SCALE_POINTS_MAX];
    bool is_cut; /* there was no memory for more */
};

static enum myc_status
start_eal(void)
{
    uint8_t cpus[1] = { 0 };
    struct fab_eal_arguments eal;
    char error[256];
    enum myc_status status;

    (void)fab_eal_cpus(cpus, 1);
    fab_eal_arguments_make(
        &(struct fab_eal_wish){ .memory_mb = MEMORY_MB, .lcore_count = 1, .cpus = cpus }, &eal);
    fab_clock_init();
    status = fab_eal_start(eal.argc, eal.argv, error, sizeof(error));
    if (status != MYC_OK)
        fprintf(stderr, "mycelium bench: scaling: %s\n", error);
    return status;
}

/* As often as the phase needs to be long enough. */
static double
time_one(const struct bench_options *options, struct scale_world *world)
{
    uint64_t count = options->is_smoke ? SMOKE_COUNT : FIRST_COUNT, took_ns = 0;

    for (;; count *= 2) {
        uint64_t start_ns = bench_clock_ns();

        scale_world_work(world, count);
        took_ns = bench_clock_ns() - start_ns;
        if (took_ns >= PHASE_NS || options->is_smoke)
            return took_ns ? (double)took_ns / (double)count : 1;
    }
}

static bool
measure_size(const struct plan *plan, uint32_t size, struct points *points)
{
    struct scale_world *world = scale_world_create(plan->curve, size);
    double costs[BENCH_REPETITIONS_MAX];

    if (!world)
        return false;
    (void)time_one(plan->options, world); /* so that all is as warm as it gets */
    for (unsigned i = 0; i < plan->options->repetitions; i++)
        costs[i] = time_one(plan->options, world);
    points->sizes[points->count] = size;
    points->bytes[points->count] = (double)world->bytes;
    points->costs_ns[points->count++] = bench_median(costs, plan->options->repetitions);
    scale_world_destroy(&world);
    return true;
}

/* ---- what is said ---------------------------------------------------------------------------- */

/* Of each one more than in the size before; NAN: there was none before. */
static double
bytes_each(const struct points *points, unsigned place)
{
    return place == 0 ? NAN
                      : (points->bytes[place] - points->bytes[place - 1]) /
                            (points->sizes[place] - points->sizes[place - 1]);
}

/* How many times as long it takes with the most as with the fewest. */
static double
growth_of(const struct points *points)
{
    return points->costs_ns[points->count - 1] / points->costs_ns[0];
}

static void
print_json(const struct scale_curve *curve, const struct points *points,
           const struct scale_fit *fit)
{
    json_t *list = json_array();
    json_t *object;

    for (unsigned i = 0; i < points->count; i++) {
        json_t *point = json_pack("{s:f, s:f}", "x", points->sizes[i], "y_ns", points->costs_ns[i]);

        if (i > 0)
            json_object_set_new(point, "bytes_each", json_real(bytes_each(points, i)));
        json_array_append_new(list, point);
    }
    object =
        json_pack("{s:s, s:s, s:s, s:s, s:o, s:s, s:f, s:f, s:f, s:f, s:b, s:o}", "bench",
                  "scaling", "curve_of", curve->name, "x_is", curve->x_is, "y_is", curve->y_is,
                  "points", list, "order", fit->order, "fit_base_ns", fit->base, "fit_slope_ns",
                  fit->slope, "fit_error", fit->error, "growth", growth_of(points), "is_cut",
                  (int)points->is_cut, "machine", bench_machine_json());
    json_dumpf(object, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
    putchar('\n');
    json_decref(object);
}

static void
print_text(const struct scale_curve *curve, const struct points *points,
           const struct scale_fit *fit)
{
    printf("scaling, %s: %s; as there are more %s\n", curve->name, curve->y_is, curve->x_is);
    for (unsigned i = 0; i < points->count; i++) {
        printf("  %10.0f %12.1f ns", points->sizes[i], points->costs_ns[i]);
        if (i > 0)
            printf(" %12.0f bytes each", bytes_each(points, i));
        putchar('\n');
    }
    if (points->is_cut)
        printf("  (no memory for more)\n");
    printf("  %s: %.1f ns", fit->order, fit->base);
    if (fit->slope > 0)
        printf(" + %.3g ns of growth", fit->slope);
    printf(" (off by %.0f %%); with the most %.1f times as long as with the fewest\n",
           fit->error * 100, growth_of(points));
}

static enum myc_status
measure_curve(void *context)
{
    const struct plan *plan = context;
    const struct scale_curve *curve = plan->curve;
    uint32_t most = curve->size_max;
    struct points points = { 0 };
    struct scale_fit fit;

    if (plan->options->is_smoke) {
        uint32_t smoke_max = curve->needs_eal ? SMOKE_RINGS_MAX : SMOKE_SIZE_MAX;

        most = most < smoke_max ? most : smoke_max;
    }
    if (curve->needs_eal && start_eal() != MYC_OK)
        return MYC_NO_MEMORY;
    for (uint32_t size = curve->size_min; size <= most && !points.is_cut; size *= curve->factor)
        points.is_cut = !measure_size(plan, size, &points);
    if (points.count < 2)
        return MYC_NO_MEMORY;
    fit = scale_fit_find(points.sizes, points.costs_ns, points.count, TOLERANCE);
    if (plan->options->is_json)
        print_json(curve, &points, &fit);
    else
        print_text(curve, &points, &fit);
    fflush(stdout);
    if (curve->needs_eal)
        fab_eal_stop();
    return MYC_OK;
}

enum myc_status
bench_scaling(const struct bench_options *options)
{
    enum myc_status status = MYC_OK;

    for (unsigned i = 0; status == MYC_OK && i < scale_curve_count; i++) {
        struct plan plan = { options, scale_curves[i] };

        status = bench_in_child(measure_curve, &plan);
    }
    return status;
}
