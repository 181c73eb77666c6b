/* SPDX-License-Identifier: BSD-3-Clause */
#include "wait.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include <mycelium/messages.h>

#include "node/program/child.h"

#define LOOK_S       1U    /* between two looks at how it gets on */
#define STILL_S      60U   /* as wait.h says; longer than any raw phase keeps its handler */
#define WAIT_S_MAX   3600U /* although it gets on */
#define TEXT_SIZE    512U
#define COUNTERS_MAX 4U

/* Core counters that grow when a measurement gets on. */
static const char *const progress[COUNTERS_MAX] = { "delivered", "events", "spawned",
                                                    "timers_fired" };

/* Those that say why it may not. */
static const char *const told[] = { "sent",         "delivered",    "undelivered",
                                    "in_doubt",     "refused_full", "refused_unreachable",
                                    "epochs_begun", "epochs_ended", "suspects" };

void
bench_complain(const char *format, ...)
{
    char text[TEXT_SIZE];
    va_list values;

    va_start(values, format);
    vsnprintf(text, sizeof(text), format, values);
    va_end(values);
    fprintf(stderr, "mycelium bench: %s\n", text);
}

enum myc_status
bench_complain_undelivered(const char *who, const struct myc_message *message)
{
    struct myc_undelivered undelivered;

    if (!myc_undelivered_decode(message, &undelivered))
        return MYC_INVALID;
    bench_complain("%s: its message of template %u was not delivered: %s: %s", who,
                   undelivered.template_id, myc_status_name(undelivered.status),
                   myc_status_text(undelivered.status));
    return undelivered.status;
}

void
bench_complain_down(const char *who, const struct myc_message *message)
{
    struct myc_down down;

    if (myc_down_decode(message, &down))
        bench_complain("%s has gone: %s: %s", who, myc_status_name(down.reason),
                       myc_status_text(down.reason));
}

/* 0 for a counter that this node does not have. */
static uint64_t
counter(const struct myc_node *node, const char *name)
{
    uint64_t value = 0;

    return myc_node_counter(node, name, &value) == MYC_OK ? value : 0;
}

static uint64_t
progress_of(const struct myc_node *node)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < COUNTERS_MAX; i++)
        sum += counter(node, progress[i]);
    return sum;
}

static void
write_counters(const struct myc_node *node, char *text, size_t size)
{
    size_t used = 0;

    *text = '\0';
    for (size_t i = 0; i < sizeof(told) / sizeof(told[0]) && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s %llu", i ? ", " : "", told[i],
                                 (unsigned long long)counter(node, told[i]));
}

/* Tells what was waited for in vain. */
static void
give_up(const struct bench_wait *wait, unsigned waited_s, const char *why)
{
    char state[BENCH_WAIT_STATE_SIZE] = "";
    char counters[TEXT_SIZE / 2];

    if (wait->tell)
        wait->tell(wait->context, state);
    write_counters(wait->node, counters, sizeof(counters));
    bench_complain("waited %u s for %s: %s%s%s; the node: %s", waited_s, wait->what, why,
                   *state ? "; " : "", state, counters);
}

static bool
has_lost_partner(const struct bench_wait *wait, unsigned waited_s)
{
    char why[TEXT_SIZE / 4];
    int wait_status;

    if (!wait->partner || !fab_child_has_ended(wait->partner, &wait_status))
        return false;
    if (WIFSIGNALED(wait_status))
        snprintf(why, sizeof(why), "its partner (pid %d) was ended by signal %d (%s)",
                 (int)wait->partner, WTERMSIG(wait_status), strsignal(WTERMSIG(wait_status)));
    else
        snprintf(why, sizeof(why), "its partner (pid %d) has ended with exit code %d",
                 (int)wait->partner, WEXITSTATUS(wait_status));
    give_up(wait, waited_s, why);
    return true;
}

/* Whether it was posted within LOOK_S. */
static bool
is_posted(sem_t *done)
{
    struct timespec until;
    int result;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += LOOK_S;
    do
        result = sem_timedwait(done, &until);
    while (result != 0 && errno == EINTR);
    return result == 0;
}

enum myc_status
bench_wait(const struct bench_wait *wait, sem_t *done)
{
    unsigned still_s_max = wait->still_s ? wait->still_s : STILL_S;
    uint64_t before = progress_of(wait->node);
    unsigned still_s = 0;

    for (unsigned waited_s = LOOK_S; !is_posted(done); waited_s += LOOK_S) {
        uint64_t now = progress_of(wait->node);

        still_s = now == before ? still_s + LOOK_S : 0;
        before = now;
        if (has_lost_partner(wait, waited_s))
            return MYC_GONE;
        if (still_s < still_s_max && waited_s < WAIT_S_MAX)
            continue;
        give_up(wait, waited_s,
                still_s < still_s_max ? "it has not ended"
                                      : "no handler of its node has run for a while");
        return MYC_TIMEOUT;
    }
    return MYC_OK;
}
