/* SPDX-License-Identifier: BSD-3-Clause */
#include "node/watchdog.h"

#include <stdlib.h>

#include "actor/stall.h"
#include "base/log.h"
#include "env/clock.h"
#include "node/ticker.h"

#define LOOKS       4U      /* in each stall_report_us */
#define LOOK_NS_MIN 200000U /* between two looks */

/* What was seen of one lcore. */
struct sight {
    uint64_t turn;
    uint64_t actor;    /* who ran in it; 0: nobody */
    uint64_t since_ns; /* that both are the same */
    bool is_reported;
    bool is_over; /* the limit */
};

struct fab_watchdog {
    struct fab_full *full; /* not owned */
    uint64_t report_ns;
    uint64_t limit_ns;         /* UINT64_MAX: none */
    uint64_t look_ns;          /* between two looks */
    uint64_t before_ns;        /* of the last one */
    struct fab_ticker *ticker; /* owned */
    struct sight sights[FAB_LCORES_MAX];
};

struct culprit {
    struct fab_stall stall;
    const char *class_name;
};

static void
run_stalled(void *lcore, void *argument)
{
    fab_core_stalled(((struct fab_lcore *)lcore)->core, argument);
    free(argument);
}

/* An lcore whose queue is full has not turned for long, and will hear of later stalls. */
static void
tell_cores(struct fab_watchdog *watchdog, const struct fab_stall *stall)
{
    struct fab_full *full = watchdog->full;

    for (uint32_t i = 0; i < full->lcore_count; i++) {
        struct fab_stall *copy = malloc(sizeof(*copy));

        if (!copy)
            return;
        *copy = *stall;
        if (fab_command_post(&full->lcores[i].commands, run_stalled, copy) != MYC_OK)
            free(copy);
    }
}

static void
report(struct fab_watchdog *watchdog, const struct fab_lcore *lcore, const struct culprit *culprit)
{
    char ref[MYC_REF_TEXT_SIZE];

    myc_ref_format(culprit->stall.actor, ref);
    fab_log(FAB_LOG_WARNING, "lcore %u: %s (%s) has not returned for %llu us", lcore->index,
            culprit->class_name, ref, (unsigned long long)culprit->stall.stalled_ns / 1000U);
    tell_cores(watchdog, &culprit->stall);
}

/* Somebody stands still: whoever was not seen at the look before has not for long. */
static void
judge(struct fab_watchdog *watchdog, const struct fab_lcore *lcore, struct sight *sight,
      const struct culprit *culprit)
{
    const struct myc_node_options *options = &watchdog->full->options;

    if (culprit->stall.stalled_ns >= watchdog->report_ns && !sight->is_reported) {
        sight->is_reported = true;
        report(watchdog, lcore, culprit);
    }
    if (culprit->stall.stalled_ns >= watchdog->limit_ns && !sight->is_over) {
        sight->is_over = true;
        options->on_stall_limit(options->stall_context, culprit->stall.actor, culprit->class_name,
                                culprit->stall.stalled_ns);
    }
}

static void
look(struct fab_watchdog *watchdog, uint32_t index, uint64_t now_ns)
{
    const struct fab_lcore *lcore = &watchdog->full->lcores[index];
    const struct fab_stall_word *running = fab_core_stall_word(lcore->core);
    struct sight *sight = &watchdog->sights[index];
    uint64_t turn = atomic_load_explicit(&lcore->usage.turns, memory_order_relaxed);
    /* Pairs with the release of fab_say_running (actor/run.h): the class is there too. */
    uint64_t actor = atomic_load_explicit(&running->actor, memory_order_acquire);
    struct culprit culprit;

    if (actor == 0 || actor != sight->actor || turn != sight->turn) {
        *sight = (struct sight){ .turn = turn, .actor = actor, .since_ns = now_ns };
        return;
    }
    culprit.stall =
        (struct fab_stall){ { watchdog->full->head.home, actor }, now_ns - sight->since_ns };
    culprit.class_name = atomic_load_explicit(&running->class_of, memory_order_relaxed)->name;
    judge(watchdog, lcore, sight, &culprit);
}

/* The watchdog did not run either for that long: nobody's stall. */
static void
forgive(struct fab_watchdog *watchdog, uint64_t lost_ns)
{
    for (uint32_t i = 0; i < watchdog->full->lcore_count; i++)
        watchdog->sights[i].since_ns += lost_ns;
}

static void
watch(void *context)
{
    struct fab_watchdog *watchdog = context;
    uint64_t now_ns = fab_clock_ns();
    uint64_t took_ns = now_ns - watchdog->before_ns;

    if (took_ns > 2 * watchdog->look_ns)
        forgive(watchdog, took_ns - watchdog->look_ns);
    for (uint32_t i = 0; i < watchdog->full->lcore_count; i++)
        look(watchdog, i, now_ns);
    watchdog->before_ns = now_ns;
}

enum myc_status
fab_watchdog_start(struct fab_full *full, struct fab_watchdog **made)
{
    const struct myc_node_options *options = &full->options;
    bool has_limit = options->stall_limit_ms && options->on_stall_limit;
    struct fab_watchdog *watchdog;

    if (options->stall_report_us == 0)
        return MYC_OK;
    watchdog = calloc(1, sizeof(*watchdog));
    if (!watchdog)
        return MYC_NO_MEMORY;
    watchdog->full = full;
    watchdog->report_ns = options->stall_report_us * 1000ULL;
    watchdog->limit_ns = has_limit ? options->stall_limit_ms * 1000000ULL : UINT64_MAX;
    watchdog->look_ns = watchdog->report_ns / LOOKS;
    if (watchdog->look_ns < LOOK_NS_MIN)
        watchdog->look_ns = LOOK_NS_MIN;
    watchdog->before_ns = fab_clock_ns();
    if (fab_ticker_start(watchdog->look_ns, watch, watchdog, &watchdog->ticker) != MYC_OK) {
        free(watchdog);
        return MYC_NO_MEMORY;
    }
    *made = watchdog;
    return MYC_OK;
}

void
fab_watchdog_stop(struct fab_watchdog **made)
{
    if (!*made)
        return;
    fab_ticker_stop(&(*made)->ticker);
    free(*made);
    *made = NULL;
}
