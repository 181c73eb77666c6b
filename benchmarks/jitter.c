/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How long does a polling loop stand still, and who kept it?
 *
 * A loop reads the clock as often as it comes round; the time between two readings is the poll gap,
 * and its tail is the jitter that every message on that CPU meets. The baseline is a thread that
 * does nothing else, on the same CPU: what it sees is the machine's. The other row is a poller of
 * an actor on an lcore that has nothing else to do: a gap there is a whole turn.
 *
 * Beside the gaps stands what the machine did to that CPU or thread meanwhile: interrupts, changes
 * to another thread, page faults, and time that the hypervisor gave to others (in ticks of 10 ms:
 * less is not seen). A gap in both rows is the host's; one in ours alone would be ours.
 */
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <mycelium/histogram.h>

#include "bench.h"
#include "cpu.h"
#include "local_node.h"
#include "rows.h"

#define FOR_NS       2000000000ULL
#define SMOKE_FOR_NS 20000000ULL
#define LONG_NS      10000U /* no turn takes as long by itself */
#define LINE_SIZE    4096U

static const struct bench_column columns[] = {
    { "p50_ns", "p50 ns", 1, 0 },         { "p9999_ns", "p99.99 ns", 1, 0 },
    { "max_ns", "max us", 1000, 1 },      { "long_gaps", ">10 us", 1, 0 },
    { "interrupts", "interrupts", 1, 0 }, { "switches", "switches", 1, 0 },
    { "faults", "faults", 1, 0 },         { "stolen_ms", "stolen ms", 1, 0 },
};

#define COLUMN_COUNT (sizeof(columns) / sizeof(columns[0]))

/* What has happened so far to this thread, and to the CPU that it is on. */
struct disturbance {
    double interrupts;
    double switches;
    double faults;
    double stolen_ms;
};

struct watch {
    uint64_t for_ns;
    uint64_t end_ns;
    uint64_t last_ns;
    uint64_t long_gaps;
    struct disturbance before;
    struct myc_histogram gaps;
    double values[COLUMN_COUNT]; /* the answer */
};

struct plan {
    struct watch watch;
    bool is_raw;
    sem_t done;
};

/* --- what the machine did --------------------------------------------------------------------- */

/* Of all lines with numbers for each CPU, those of ours. Not counted: NAN. */
static double
interrupts_of(unsigned cpu)
{
    FILE *file = fopen("/proc/interrupts", "r");
    char line[LINE_SIZE];
    double sum = 0;

    if (!file)
        return NAN;
    while (fgets(line, sizeof(line), file)) {
        char *at = strchr(line, ':');
        unsigned long long number = 0;
        int length;

        for (unsigned i = 0; at && i <= cpu; i++) {
            at += i == 0;
            if (sscanf(at, "%llu%n", &number, &length) != 1)
                break;
            at += length;
            if (i == cpu)
                sum += (double)number;
        }
    }
    fclose(file);
    return sum;
}

static double
stolen_ms_of(unsigned cpu)
{
    FILE *file = fopen("/proc/stat", "r");
    char line[LINE_SIZE], format[64];
    unsigned long long ticks;
    double stolen = NAN;

    snprintf(format, sizeof(format), "cpu%u %%*u %%*u %%*u %%*u %%*u %%*u %%*u %%llu", cpu);
    while (file && fgets(line, sizeof(line), file))
        if (sscanf(line, format, &ticks) == 1)
            stolen = (double)ticks * 1000 / (double)sysconf(_SC_CLK_TCK);
    if (file)
        fclose(file);
    return stolen;
}

static struct disturbance
disturbance_now(void)
{
    int cpu = sched_getcpu();
    struct rusage usage;

    getrusage(RUSAGE_THREAD, &usage);
    return (struct disturbance){
        .interrupts = cpu >= 0 ? interrupts_of((unsigned)cpu) : NAN,
        .switches = (double)(usage.ru_nvcsw + usage.ru_nivcsw),
        .faults = (double)(usage.ru_minflt + usage.ru_majflt),
        .stolen_ms = cpu >= 0 ? stolen_ms_of((unsigned)cpu) : NAN,
    };
}

/* --- the loops -------------------------------------------------------------------------------- */

static void
watch_begin(struct watch *watch)
{
    myc_histogram_init(&watch->gaps);
    (void)disturbance_now(); /* its own first faults are not the loop's */
    watch->before = disturbance_now();
    watch->last_ns = bench_clock_ns();
    watch->end_ns = watch->last_ns + watch->for_ns;
}

/* Returns whether it goes on. */
static inline bool
watch_look(struct watch *watch)
{
    uint64_t now_ns = bench_clock_ns();
    uint64_t gap_ns = now_ns - watch->last_ns;

    watch->last_ns = now_ns;
    watch->long_gaps += gap_ns > LONG_NS;
    myc_histogram_record(&watch->gaps, gap_ns);
    return now_ns < watch->end_ns;
}

static void
watch_end(struct watch *watch)
{
    struct disturbance after = disturbance_now();
    const double values[COLUMN_COUNT] = {
        (double)myc_histogram_percentile(&watch->gaps, 50),
        (double)myc_histogram_percentile(&watch->gaps, 99.99),
        (double)watch->gaps.max,
        (double)watch->long_gaps,
        after.interrupts - watch->before.interrupts,
        after.switches - watch->before.switches,
        after.faults - watch->before.faults,
        after.stolen_ms - watch->before.stolen_ms,
    };

    memcpy(watch->values, values, sizeof(values));
}

static enum myc_status
run_bare(struct plan *plan)
{
    bench_pin(0);
    watch_begin(&plan->watch);
    while (watch_look(&plan->watch))
        continue;
    watch_end(&plan->watch);
    return MYC_OK;
}

struct looker {
    struct plan *plan;
    uint64_t poller;
    bool has_begun;
};

/* The first turns still belong to the start. */
static unsigned
looker_poll(struct myc_self *self, void *state)
{
    struct looker *looker = state;

    if (!looker->has_begun) {
        looker->has_begun = true;
        watch_begin(&looker->plan->watch);
    } else if (!watch_look(&looker->plan->watch)) {
        watch_end(&looker->plan->watch);
        (void)myc_poller_stop(self, looker->poller);
        sem_post(&looker->plan->done);
    }
    return 0;
}

static enum myc_status
looker_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct looker *looker = state;

    if (args_size != sizeof(looker->plan))
        return MYC_INVALID;
    memcpy(&looker->plan, args, sizeof(looker->plan));
    return myc_poller_start(self, looker_poll, 0, &looker->poller);
}

static const struct myc_class looker_class = {
    .size = sizeof(struct myc_class),
    .name = "bench_looker",
    .state_size = sizeof(struct looker),
    .init = looker_init,
};

static enum myc_status
run_lcore(struct plan *plan)
{
    const struct local_node_wish wish = { .node_id = LOCAL_NODE_ID, .lcore_count = 1 };

    sem_init(&plan->done, 0, 0);
    return local_node_run(&wish, &looker_class, plan, &plan->done);
}

static enum myc_status
run(void *context)
{
    struct plan *plan = context;

    return plan->is_raw ? run_bare(plan) : run_lcore(plan);
}

enum myc_status
bench_jitter(const struct bench_options *options)
{
    static const char *const names[] = { "a bare loop", "an lcore's turns" };
    struct bench_rows rows = {
        .bench = "jitter",
        .question = "how long does a polling loop stand still, and who kept it?",
        .columns = columns,
        .column_count = COLUMN_COUNT,
    };
    double values[2][BENCH_REPETITIONS_MAX][COLUMN_COUNT];
    struct myc_histogram *kept = bench_histograms_create(options, 2);
    struct plan *plan = bench_shared_memory(sizeof(*plan));
    enum myc_status status = plan ? MYC_OK : MYC_NO_MEMORY;

    for (unsigned i = 0; i < 2 * options->repetitions && status == MYC_OK; i++) {
        *plan = (struct plan){ .is_raw = i % 2 == 0 };
        plan->watch.for_ns = options->is_smoke ? SMOKE_FOR_NS : FOR_NS;
        status = bench_in_child(run, plan);
        memcpy(values[i % 2][i / 2], plan->watch.values, sizeof(values[0][0]));
        if (kept)
            myc_histogram_merge(&kept[i % 2], &plan->watch.gaps);
    }
    for (unsigned i = 0; i < 2 && status == MYC_OK; i++) {
        rows.samples = bench_histogram_at(kept, i);
        bench_row_print_medians(options, &rows, names[i], values[i][0]);
    }
    return status;
}
