/* SPDX-License-Identifier: BSD-3-Clause */
#include "rows.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#include "wait.h"

#define WHO_WIDTH    36
#define COLUMN_WIDTH 12
#define NAME_SIZE    128U

static void
print_json(const struct bench_rows *rows, const char *who, const double *values)
{
    json_t *object = json_pack("{s:s, s:s}", "bench", rows->bench, "who", who);

    for (unsigned i = 0; i < rows->column_count; i++)
        if (!isnan(values[i]))
            json_object_set_new(object, rows->columns[i].key, json_real(values[i]));
    if (rows->samples && rows->samples->count > 0)
        json_object_set_new(object, "curve", bench_curve_json(rows->samples));
    json_object_set_new(object, "machine", bench_machine_json());
    json_dumpf(object, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
    putchar('\n');
    json_decref(object);
}

static void
print_text(struct bench_rows *rows, const char *who, const double *values)
{
    if (!rows->has_heading) {
        printf("%s: %s\n  %-*s", rows->bench, rows->question, WHO_WIDTH, "");
        for (unsigned i = 0; i < rows->column_count; i++)
            printf(" %*s", COLUMN_WIDTH, rows->columns[i].heading);
        putchar('\n');
        rows->has_heading = true;
    }
    printf("  %-*s", WHO_WIDTH, who);
    for (unsigned i = 0; i < rows->column_count; i++)
        if (isnan(values[i]))
            printf(" %*s", COLUMN_WIDTH, "-");
        else
            printf(" %*.*f", COLUMN_WIDTH, rows->columns[i].decimals,
                   values[i] / rows->columns[i].unit);
    putchar('\n');
}

/* Of the bench, who was measured, and what the row is about: small letters, digits and single
 * dashes. */
static void
write_name(const struct bench_rows *rows, const char *who, const double *values, char *name)
{
    int length = snprintf(name, NAME_SIZE, "%s-%s", rows->bench, who);
    char *to = name;

    for (unsigned i = 0; i < rows->label_count && length < (int)NAME_SIZE; i++)
        length += snprintf(name + length, NAME_SIZE - (size_t)length, "-%.6g", values[i]);
    for (const char *at = name; *at; at++)
        if (isalnum((unsigned char)*at))
            *to++ = (char)tolower((unsigned char)*at);
        else if (to > name && to[-1] != '-')
            *to++ = '-';
    *to = '\0';
}

static void
write_samples(const struct bench_options *options, struct bench_rows *rows, const char *who,
              const double *values)
{
    char name[NAME_SIZE];

    write_name(rows, who, values, name);
    bench_write_histogram(options, name, rows->samples);
    rows->samples = NULL;
}

void
bench_row_print(const struct bench_options *options, struct bench_rows *rows, const char *who,
                const double *values)
{
    if (options->is_json)
        print_json(rows, who, values);
    else
        print_text(rows, who, values);
    fflush(stdout);
    if (rows->samples)
        write_samples(options, rows, who, values);
}

void
bench_row_print_medians(const struct bench_options *options, struct bench_rows *rows,
                        const char *who, const double *values)
{
    double medians[BENCH_COLUMNS_MAX], column[BENCH_REPETITIONS_MAX];

    for (unsigned i = 0; i < rows->column_count; i++) {
        for (unsigned j = 0; j < options->repetitions; j++)
            column[j] = values[j * rows->column_count + i];
        medians[i] = isnan(column[0]) ? NAN : bench_median(column, options->repetitions);
    }
    bench_row_print(options, rows, who, medians);
}

struct myc_histogram *
bench_histograms_create(const struct bench_options *options, unsigned count)
{
    struct myc_histogram *histograms =
        options->histograms ? bench_shared_memory(count * sizeof(*histograms)) : NULL;

    for (unsigned i = 0; histograms && i < count; i++)
        myc_histogram_init(&histograms[i]);
    return histograms;
}

struct myc_histogram *
bench_histogram_at(struct myc_histogram *histograms, unsigned place)
{
    return histograms ? &histograms[place] : NULL;
}

void
bench_rows_skip(const struct bench_options *options, const char *bench, const char *reason)
{
    if (options->is_json)
        printf("{\"bench\":\"%s\",\"skipped\":\"%s\"}\n", bench, reason);
    else
        printf("%s: skipped: %s\n", bench, reason);
    fflush(stdout);
}

/* What a child that has ended says; one that has not come to say anything is told of. */
static enum myc_status
outcome_of(int wait_status, enum myc_status said)
{
    if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0 && said < MYC_STATUS_COUNT)
        return said;
    if (WIFSIGNALED(wait_status))
        bench_complain("the process that measures was ended by signal %d (%s)",
                       WTERMSIG(wait_status), strsignal(WTERMSIG(wait_status)));
    else
        bench_complain("the process that measures has ended with exit code %d",
                       WEXITSTATUS(wait_status));
    return MYC_FAILED;
}

/* Never returns. */
static void
run_in_child(pid_t parent, enum myc_status (*measure)(void *context), void *context,
             enum myc_status *said)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == parent)
        *said = measure(context);
    _exit(0);
}

enum myc_status
bench_in_child(enum myc_status (*measure)(void *context), void *context)
{
    enum myc_status *said = bench_shared_memory(sizeof(*said));
    enum myc_status status = MYC_NO_MEMORY;
    pid_t parent = getpid(), child = -1;
    int wait_status = 0;

    if (!said)
        return MYC_NO_MEMORY;
    *said = MYC_STATUS_COUNT; /* nothing yet */
    fflush(NULL);
    child = fork();
    if (child == 0)
        run_in_child(parent, measure, context, said);
    while (child > 0 && waitpid(child, &wait_status, 0) < 0 && errno == EINTR)
        ;
    if (child > 0)
        status = outcome_of(wait_status, *said);
    munmap(said, sizeof(*said));
    return status;
}

void *
bench_shared_memory(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    return memory == MAP_FAILED ? NULL : memory;
}
