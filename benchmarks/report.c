/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A result as text for a person, or as one JSON object on a line for a program.
 */
#include "bench.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <jansson.h>

#include "hgrm.h"

#define NAME_SIZE 128U /* of a file, without its ending */

static int
compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

struct spread {
    double median, min, max;
};

static struct spread
spread_of(const double *values, unsigned count)
{
    double sorted[BENCH_REPETITIONS_MAX];
    double middle;

    memcpy(sorted, values, count * sizeof(values[0]));
    qsort(sorted, count, sizeof(sorted[0]), compare_doubles);
    middle = sorted[count / 2];
    if (count % 2 == 0)
        middle = (middle + sorted[count / 2 - 1]) / 2;
    return (struct spread){ middle, sorted[0], sorted[count - 1] };
}

double
bench_median(const double *values, unsigned count)
{
    return count ? spread_of(values, count).median : 0;
}

/* The median over the repetitions of one field, given by its offset. */
static double
median_of(const struct bench_figures *figures, unsigned count, size_t offset)
{
    double values[BENCH_REPETITIONS_MAX];

    for (unsigned i = 0; i < count; i++)
        memcpy(&values[i], (const char *)&figures[i] + offset, sizeof(double));
    return spread_of(values, count).median;
}

static struct bench_figures
medians_of(const struct bench_figures *figures, unsigned count)
{
    return (struct bench_figures){
        .p50_ns = median_of(figures, count, offsetof(struct bench_figures, p50_ns)),
        .p99_ns = median_of(figures, count, offsetof(struct bench_figures, p99_ns)),
        .p999_ns = median_of(figures, count, offsetof(struct bench_figures, p999_ns)),
        .max_ns = median_of(figures, count, offsetof(struct bench_figures, max_ns)),
        .per_s = median_of(figures, count, offsetof(struct bench_figures, per_s)),
    };
}

static struct spread
ratio_of(const struct bench_result *result)
{
    double ratios[BENCH_REPETITIONS_MAX];

    for (unsigned i = 0; i < result->count; i++)
        ratios[i] = result->is_rate ? result->fabric[i].per_s / result->raw[i].per_s
                                    : result->fabric[i].p50_ns / result->raw[i].p50_ns;
    return spread_of(ratios, result->count);
}

static void
read_cpu_model(char *model, size_t size)
{
    FILE *file = fopen("/proc/cpuinfo", "r");
    char line[256];

    snprintf(model, size, "unknown");
    while (file && fgets(line, sizeof(line), file)) {
        char *colon = strchr(line, ':');

        if (strncmp(line, "model name", 10) != 0 || !colon)
            continue;
        line[strcspn(line, "\n")] = '\0';
        snprintf(model, size, "%s", colon + 2);
        break;
    }
    if (file)
        fclose(file);
}

json_t *
bench_machine_json(void)
{
    struct utsname name;
    char model[128];
    double load[3] = { 0 };

    uname(&name);
    read_cpu_model(model, sizeof(model));
    getloadavg(load, 3);
    return json_pack("{s:s, s:i, s:s, s:s, s:f}", "cpu", model, "cores",
                     (int)sysconf(_SC_NPROCESSORS_ONLN), "kernel", name.release, "arch",
                     name.machine, "load_1m", load[0]);
}

json_t *
bench_curve_json(const struct myc_histogram *samples)
{
    struct hgrm_point points[HGRM_POINTS_MAX];
    unsigned count = hgrm_points(samples, points);
    json_t *curve = json_array();

    for (unsigned i = 0; i < count; i++)
        json_array_append_new(
            curve, json_pack("[f, I]", points[i].percentile, (json_int_t)points[i].value));
    return curve;
}

static json_t *
figures_json(const struct bench_figures *figures, bool is_rate, const struct myc_histogram *samples)
{
    json_t *object;

    if (is_rate)
        return json_pack("{s:f}", "per_s", figures->per_s);
    object = json_pack("{s:f, s:f, s:f, s:f}", "p50_ns", figures->p50_ns, "p99_ns", figures->p99_ns,
                       "p999_ns", figures->p999_ns, "max_ns", figures->max_ns);
    if (samples && samples->count > 0)
        json_object_set_new(object, "curve", bench_curve_json(samples));
    return object;
}

void
bench_write_histogram(const struct bench_options *options, const char *name,
                      const struct myc_histogram *samples)
{
    char path[PATH_MAX];
    FILE *out;

    if (!options->histograms || !samples || samples->count == 0)
        return;
    snprintf(path, sizeof(path), "%s/%s.hgrm", options->histograms, name);
    out = fopen(path, "we");
    if (!out) {
        fprintf(stderr, "mycelium bench: %s: %s\n", path, strerror(errno));
        return;
    }
    hgrm_write(out, samples);
    fclose(out);
}

static void
write_side(const struct bench_options *options, const struct bench_result *result, const char *side,
           const struct myc_histogram *samples)
{
    char name[NAME_SIZE];

    snprintf(name, sizeof(name), "%s-%s", result->bench, side);
    bench_write_histogram(options, name, samples);
}

static void
report_json(const struct bench_result *result, const struct bench_figures *raw,
            const struct bench_figures *fabric, struct spread ratio)
{
    json_t *object = json_pack(
        "{s:s, s:s, s:s, s:i, s:f, s:f, s:f, s:i, s:o, s:o, s:o}", "bench", result->bench, "raw_is",
        result->raw_name, "fabric_is", result->fabric_name, "body_bytes", (int)result->body_bytes,
        "ratio", ratio.median, "ratio_min", ratio.min, "ratio_max", ratio.max, "repetitions",
        (int)result->count, "raw", figures_json(raw, result->is_rate, result->raw_samples),
        "fabric", figures_json(fabric, result->is_rate, result->fabric_samples), "machine",
        bench_machine_json());

    if (result->is_rate) {
        json_object_set_new(object, "raw_per_s", json_real(raw->per_s));
        json_object_set_new(object, "fabric_per_s", json_real(fabric->per_s));
    } else {
        json_object_set_new(object, "raw_p50_ns", json_real(raw->p50_ns));
        json_object_set_new(object, "fabric_p50_ns", json_real(fabric->p50_ns));
    }
    if (result->is_bytes)
        json_object_set_new(object, "per_s_is", json_string("bytes"));
    if (result->aim > 0)
        json_object_set_new(object, "aim", json_real(result->aim));
    json_dumpf(object, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
    putchar('\n');
    json_decref(object);
}

static void
print_side(const char *name, const struct bench_figures *figures, const struct bench_result *result)
{
    if (result->is_rate)
        printf("  %-44s %12.3f %s\n", name, figures->per_s / 1e6,
               result->is_bytes ? "MB/s" : "M/s");
    else
        printf("  %-44s p50 %8.1f  p99 %8.1f  p99.9 %9.1f  max %10.1f ns\n", name, figures->p50_ns,
               figures->p99_ns, figures->p999_ns, figures->max_ns);
}

static void
report_text(const struct bench_result *result, const struct bench_figures *raw,
            const struct bench_figures *fabric, struct spread ratio)
{
    printf("%s (%u B, %u alternations)\n", result->bench, result->body_bytes, result->count);
    print_side(result->raw_name, raw, result);
    print_side(result->fabric_name, fabric, result);
    printf("  ratio %.3f (%.3f to %.3f)", ratio.median, ratio.min, ratio.max);
    if (result->aim > 0)
        printf("; aim: at %s %.2f", result->is_rate ? "least" : "most", result->aim);
    putchar('\n');
}

void
bench_report(const struct bench_options *options, const struct bench_result *result)
{
    struct bench_figures raw = medians_of(result->raw, result->count);
    struct bench_figures fabric = medians_of(result->fabric, result->count);

    write_side(options, result, "raw", result->raw_samples);
    write_side(options, result, "fabric", result->fabric_samples);
    if (options->is_json)
        report_json(result, &raw, &fabric, ratio_of(result));
    else
        report_text(result, &raw, &fabric, ratio_of(result));
    fflush(stdout);
}
