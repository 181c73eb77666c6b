/* SPDX-License-Identifier: BSD-3-Clause */
#include "conformance/steps.h"

/* --- asking the log --------------------------------------------------------------------------- */

#define QUIET_NS (20 * MS) /* what has not come by then was not on its way */

uint32_t
conf_log_count(const struct conf_log *log)
{
    return atomic_load_explicit(&log->count, memory_order_acquire);
}

uint32_t
conf_count_of(const struct conf_log *log, enum conf_what what)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < conf_log_count(log); i++)
        count += log->reports[i].what == what;
    return count;
}

const struct conf_report *
conf_last_of(const struct conf_log *log, enum conf_what what)
{
    const struct conf_report *last = NULL;

    for (uint32_t i = 0; i < conf_log_count(log); i++)
        if (log->reports[i].what == what)
            last = &log->reports[i];
    return last;
}

const struct conf_report *
conf_report_of(const struct conf_log *log, enum conf_what what, struct myc_ref ref)
{
    for (uint32_t i = 0; i < conf_log_count(log); i++)
        if (log->reports[i].what == what && myc_ref_is_equal(log->reports[i].ref, ref))
            return &log->reports[i];
    return NULL;
}

static uint32_t
count_wanted(const struct want *want)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < conf_log_count(want->log); i++)
        count +=
            want->log->reports[i].what == want->what &&
            (myc_ref_is_null(want->ref) || myc_ref_is_equal(want->log->reports[i].ref, want->ref));
    return count;
}

static bool
is_there(void *context)
{
    const struct want *want = context;

    return count_wanted(want) >= want->count;
}

static bool
never(void *context)
{
    (void)context;
    return false;
}

uint32_t
conf_refusals(const struct conf_log *log)
{
    return conf_count_of(log, CONF_WHAT_FULL) + conf_count_of(log, CONF_WHAT_UNDELIVERED);
}

/* Whether a source has been refused more often than before. */
struct refusals {
    const struct conf_log *log;
    uint32_t before;
};

static bool
is_refused(void *context)
{
    const struct refusals *refusals = context;

    return conf_refusals(refusals->log) > refusals->before;
}

void
conf_await_refusal(struct conf_fixture *fixture, uint32_t before)
{
    struct refusals refusals = { &fixture->log, before };

    assert_true(fixture->run_until(fixture, is_refused, &refusals, CONF_TIMEOUT_NS));
}

static void
await(struct conf_fixture *fixture, struct want want, uint64_t timeout_ns)
{
    if (!fixture->run_until(fixture, is_there, &want, timeout_ns))
        fail_msg("%s: waited for %u of report %d, have %u", fixture->locality, want.count,
                 (int)want.what, count_wanted(&want));
}

void
conf_await_within(struct conf_fixture *fixture, enum conf_what what, uint32_t count,
                  uint64_t timeout_ns)
{
    await(fixture, (struct want){ .log = &fixture->log, .what = what, .count = count }, timeout_ns);
}

void
conf_await(struct conf_fixture *fixture, enum conf_what what, uint32_t count)
{
    conf_await_within(fixture, what, count, CONF_TIMEOUT_NS);
}

void
conf_await_of(struct conf_fixture *fixture, enum conf_what what, struct myc_ref ref, uint32_t count)
{
    await(fixture, (struct want){ .log = &fixture->log, .what = what, .count = count, .ref = ref },
          CONF_TIMEOUT_NS);
}

/* --- spawning --------------------------------------------------------------------------------- */

void
conf_spawn_collector(struct conf_fixture *fixture)
{
    struct conf_log *log = &fixture->log;
    struct myc_spawn_options options = {
        .size = sizeof(options),
        .args = &log,
        .args_size = sizeof(log),
        .mailbox_max = CONF_LOG_MAX,
    };

    assert_int_equal(fixture->spawn(fixture, CONF_A, "collector", &options, &fixture->collector),
                     MYC_OK);
}

struct myc_ref
conf_spawn_with(struct conf_fixture *fixture, enum conf_place place, const char *class_name,
                struct conf_plan plan, struct myc_spawn_options options)
{
    struct myc_ref ref = { 0, 0 };

    plan.collector = fixture->collector;
    options.size = sizeof(options);
    options.args = &plan;
    options.args_size = sizeof(plan);
    assert_int_equal(fixture->spawn(fixture, place, class_name, &options, &ref), MYC_OK);
    return ref;
}

enum myc_status
conf_try_spawn(struct conf_fixture *fixture, enum conf_place place, const char *class_name,
               struct conf_plan plan, struct myc_spawn_options options)
{
    struct myc_ref ref;

    plan.collector = fixture->collector;
    options.size = sizeof(options);
    options.args = &plan;
    options.args_size = sizeof(plan);
    return fixture->spawn(fixture, place, class_name, &options, &ref);
}

struct myc_ref
conf_spawn(struct conf_fixture *fixture, enum conf_place place, const char *class_name,
           struct conf_plan plan)
{
    return conf_spawn_with(fixture, place, class_name, plan, (struct myc_spawn_options){ 0 });
}

/* An ask and its answer go over whatever joins the places, from either side; waits until they are
 * joined. */
void
conf_cross(struct conf_fixture *fixture)
{
    static const enum conf_place other[] = { CONF_B, CONF_A };

    for (enum conf_place place = CONF_A; place <= CONF_B; place++) {
        uint32_t crossed = conf_count_of(&fixture->log, CONF_WHAT_CROSSED);
        struct myc_ref answerer =
            conf_spawn(fixture, other[place], "answerer", (struct conf_plan){ 0 });

        conf_spawn(fixture, place, "crosser", (struct conf_plan){ .peer = answerer });
        conf_await(fixture, CONF_WHAT_CROSSED, crossed + 1);
    }
}

void
conf_pass(struct conf_fixture *fixture, uint64_t ns)
{
    (void)fixture->run_until(fixture, never, NULL, ns);
}

/* Lets what is still on its way arrive. */
void
conf_linger(struct conf_fixture *fixture)
{
    conf_cross(fixture);
    conf_pass(fixture, QUIET_NS);
}

struct conf_fixture *
conf_begin(void **state)
{
    struct conf_fixture *fixture = *state;

    atomic_store(&fixture->log.count, 0);
    conf_spawn_collector(fixture);
    conf_cross(fixture);
    return fixture;
}

/* B's node ends without a word, and comes again. */
void
conf_restart_b(struct conf_fixture *fixture)
{
    fixture->crash_b(fixture);
    fixture->start_b(fixture);
    if (fixture->is_one_node)
        conf_spawn_collector(fixture);
    conf_cross(fixture);
}

void
conf_skip(const char *why)
{
    print_message("skipped: %s\n", why);
    skip();
}
