/* SPDX-License-Identifier: BSD-3-Clause */
#include "node/idle.h"

#include <sched.h>
#include <time.h>

#include "base/compiler.h"

void
fab_idle_init(struct fab_idle *idle, enum myc_idle policy)
{
    *idle = (struct fab_idle){ .policy = policy };
}

static void
observe_sharing(struct fab_idle *idle, uint64_t now_ns)
{
    uint64_t took_ns = now_ns - idle->turn_ns;
    uint64_t limit_ns = idle->has_yielded ? FAB_IDLE_HANDED_NS : FAB_IDLE_GAP_NS;

    if (idle->was_idle && took_ns > limit_ns) {
        idle->shared_count += !idle->is_sharing;
        idle->is_sharing = true;
        idle->shared_seen_ns = now_ns;
        idle->patience = 0;
    } else if (idle->is_sharing && now_ns - idle->shared_seen_ns > FAB_IDLE_SHARED_NS) {
        idle->is_sharing = false;
    } else if (idle->has_yielded && idle->patience < FAB_IDLE_PATIENCE_MAX) {
        idle->patience = idle->patience ? 2 * idle->patience : 1;
    }
}

/* Whether the yield that ended the turn before met a thread that does not yield. */
static void
observe_crowd(struct fab_idle *idle, uint64_t now_ns)
{
    if (idle->has_yielded && now_ns - idle->turn_ns > FAB_IDLE_CROWDED_NS) {
        idle->is_crowded = true;
        idle->crowd_seen_ns = now_ns;
    } else if (idle->is_crowded && now_ns - idle->crowd_seen_ns > FAB_IDLE_CROWD_NS) {
        idle->is_crowded = false;
    }
}

static void
cpu_pause(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void
sleep_when_idle_for_long(struct fab_idle *idle)
{
    static const struct timespec pause = { .tv_nsec = FAB_IDLE_SLEEP_NS };

    if (idle->idle_turns < FAB_IDLE_SLEEP_TURNS)
        idle->idle_turns++;
    else
        nanosleep(&pause, NULL);
}

/* Whoever is in the middle of an exchange looks again at once. */
static void
give_up_cpu(struct fab_idle *idle)
{
    static const struct timespec nap = { .tv_nsec = FAB_IDLE_NAP_NS };
    uint64_t idle_ns = idle->turn_ns - idle->work_ns;

    if (idle->is_crowded) {
        idle->has_napped = idle_ns > FAB_IDLE_BEFORE_NAP_NS;
        if (idle->has_napped)
            nanosleep(&nap, NULL);
    } else if (idle->is_sharing && idle->idle_turns++ >= idle->patience &&
               idle_ns > FAB_IDLE_BEFORE_YIELD_NS) {
        idle->idle_turns = 0;
        idle->has_yielded = true;
        sched_yield();
    }
}

static void
rest(struct fab_idle *idle)
{
    switch (idle->policy) {
    case MYC_IDLE_AUTO:
        give_up_cpu(idle);
        break;
    case MYC_IDLE_BUSY:
        break;
    case MYC_IDLE_PAUSE:
        cpu_pause();
        break;
    case MYC_IDLE_YIELD:
        sched_yield();
        break;
    case MYC_IDLE_SLEEP:
        sleep_when_idle_for_long(idle);
        break;
    }
}

void
fab_idle_turn(struct fab_idle *idle, uint64_t now_ns, unsigned work)
{
    if (idle->policy == MYC_IDLE_AUTO) {
        observe_crowd(idle, now_ns);
        observe_sharing(idle, now_ns);
    }
    idle->turn_ns = now_ns;
    idle->was_idle = work == 0;
    idle->has_yielded = idle->has_napped = false;
    if (fab_likely(work)) {
        idle->work_ns = now_ns;
        idle->idle_turns = 0;
        return;
    }
    rest(idle);
}
