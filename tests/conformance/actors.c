/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The actors of the conformance suite, by name: those that carry numbers.
 *
 *   collector  notes reports (arguments: pointer to a struct conf_log)
 *   sink       checks that numbers of up to 8 sources come in order, each once
 *   source     sends numbers to its peer, waiting when told FULL, then on from the first that came
 *              back; ends with any other refusal
 *
 * Those whose mailboxes are full are in actors_policy.c, those that carry large messages in
 * actors_large.c, those that end, watch, ask and look for names in actors_life.c, those that work
 * for long in actors_work.c.
 */
#include "conformance/actor_base.h"

/* --- what they share -------------------------------------------------------------------------- */

enum myc_status
conf_take_plan(void *state, const void *args, size_t args_size)
{
    struct base *base = state;

    if (args_size != sizeof(base->plan))
        return MYC_INVALID;
    memcpy(&base->plan, args, sizeof(base->plan));
    return MYC_OK;
}

enum myc_status
conf_plain_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    (void)self;
    return conf_take_plan(state, args, args_size);
}

/* --- reporter --------------------------------------------------------------------------------- */

/* Carries one report that found its link full, until there is room. */
struct reporter {
    struct myc_ref collector;
    struct conf_report report;
};

static enum myc_status
reporter_try(struct myc_self *self, const struct reporter *reporter)
{
    enum myc_status status = conf_report_send(self, reporter->collector, &reporter->report);

    return status == MYC_FULL ? MYC_OK : myc_kill(self, myc_self_ref(self));
}

static enum myc_status
reporter_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    if (args_size != sizeof(struct reporter))
        return MYC_INVALID;
    memcpy(state, args, args_size);
    return reporter_try(self, state);
}

static enum myc_status
reporter_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct myc_writable writable;

    return myc_writable_decode(message, &writable) ? reporter_try(self, state) : MYC_OK;
}

static const struct myc_class reporter_class = {
    .size = sizeof(reporter_class),
    .name = "reporter",
    .state_size = sizeof(struct reporter),
    .init = reporter_init,
    .receive = reporter_receive,
};

void
conf_report_to(struct myc_self *self, const struct conf_plan *plan, enum conf_what what,
               uint64_t value, enum myc_status status, struct myc_ref ref)
{
    const struct reporter reporter = {
        .collector = plan->collector,
        .report = { .ref = ref,
                    .value = value,
                    .source = plan->source,
                    .status = (uint8_t)status,
                    .what = what },
    };
    const struct myc_spawn_options options = {
        .size = sizeof(options),
        .args = &reporter,
        .args_size = sizeof(reporter),
    };
    struct myc_ref ignored;

    if (conf_report_send(self, plan->collector, &reporter.report) == MYC_FULL &&
        myc_spawn(self, &reporter_class, &options, &ignored) != MYC_OK)
        myc_fail(self, MYC_NO_MEMORY);
}

static const struct myc_ref nobody;

/* --- collector -------------------------------------------------------------------------------- */

struct collector {
    struct conf_log *log;
};

static enum myc_status
collector_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct collector *collector = state;

    (void)self;
    if (args_size != sizeof(collector->log))
        return MYC_INVALID;
    memcpy(&collector->log, args, sizeof(collector->log));
    return MYC_OK;
}

static enum myc_status
collector_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct conf_log *log = ((struct collector *)state)->log;
    uint32_t count = atomic_load_explicit(&log->count, memory_order_relaxed);

    (void)self;
    if (count == CONF_LOG_MAX || !conf_report_decode(message, &log->reports[count]))
        return MYC_OK;
    /* Pairs with the test's acquire: it reads the report only after the count. */
    atomic_store_explicit(&log->count, count + 1, memory_order_release);
    return MYC_OK;
}

/* --- sink ------------------------------------------------------------------------------------- */

enum myc_status
conf_sink_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct conf_sink *sink = state;
    const struct conf_plan *plan = &sink->base.plan;
    struct conf_number number;

    if (!conf_number_decode(message, &number) || number.source >= CONF_SOURCES_MAX)
        return MYC_OK;
    if (number.value != sink->next[number.source])
        conf_report_to(self, plan, CONF_WHAT_DISORDER, number.value, MYC_OK, message->from);
    sink->next[number.source] = number.value + 1;
    if (number.value + 1 != plan->count)
        return MYC_OK;
    if (++sink->complete == (plan->option ? plan->option : 1))
        conf_report_to(self, plan, CONF_WHAT_COMPLETE, plan->count, MYC_OK, nobody);
    return MYC_OK;
}

/* --- source ----------------------------------------------------------------------------------- */

#define SOURCE_BURST    200U /* numbers in one handler */
#define SOURCE_IS_QUIET 1U   /* option */

struct source {
    struct base base; /* peer: a sink; count: numbers; option 1: is quiet about FULL, WRITABLE */
    uint64_t next;
    uint32_t attempt; /* numbers of an earlier one that come back are old news */
    bool is_waiting;
};

static void
report_room(struct myc_self *self, const struct conf_plan *plan, enum conf_what what,
            uint64_t value)
{
    enum myc_status status = what == CONF_WHAT_WRITABLE ? MYC_OK : MYC_FULL;

    if (plan->option != SOURCE_IS_QUIET)
        conf_report_to(self, plan, what, value, status, plan->peer);
}

/* Sends until it is told to wait. */
static void
source_go_on(struct myc_self *self, struct source *source)
{
    const struct conf_plan *plan = &source->base.plan;
    enum myc_status status = MYC_OK;

    for (unsigned i = 0; i < SOURCE_BURST && source->next < plan->count; i++) {
        struct conf_number number = { source->next, plan->source, source->attempt };
        struct myc_send_options options = {
            .size = sizeof(options),
            .tag = (uint64_t)source->attempt << 32 | source->next,
            .ttl_ns = source->next == 0 ? plan->ttl_ns : 0,
            .margin = plan->margin,
        };

        status = conf_number_send_with(self, plan->peer, &number, &options);
        if (status != MYC_OK)
            break;
        source->next++;
    }
    source->is_waiting = status == MYC_FULL;
    if (status == MYC_FULL)
        report_room(self, plan, CONF_WHAT_FULL, source->next);
    else if (status != MYC_OK)
        conf_report_to(self, plan, CONF_WHAT_SENT, source->next, status, plan->peer);
    else if (source->next < plan->count &&
             myc_timer_start(self, 0, 0, source->attempt, NULL) != MYC_OK)
        conf_report_to(self, plan, CONF_WHAT_SENT, source->next, MYC_NO_MEMORY, plan->peer);
}

static enum myc_status
source_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    enum myc_status status = conf_take_plan(state, args, args_size);

    if (status == MYC_OK)
        source_go_on(self, state);
    return status;
}

/* One number came back: this attempt has ended there. */
static void
source_go_back(struct myc_self *self, struct source *source, const struct myc_message *message,
               enum myc_status status)
{
    const struct conf_plan *plan = &source->base.plan;

    if (message->tag >> 32 != source->attempt)
        return;
    if (status == MYC_FULL)
        report_room(self, plan, CONF_WHAT_UNDELIVERED, message->tag & UINT32_MAX);
    else
        conf_report_to(self, plan, CONF_WHAT_UNDELIVERED, message->tag & UINT32_MAX, status,
                       plan->peer);
    source->next = message->tag & UINT32_MAX;
    source->attempt++;
    source->is_waiting = status == MYC_FULL;
}

static enum myc_status
source_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct source *source = state;
    struct myc_undelivered undelivered;
    struct myc_writable writable;

    if (myc_undelivered_decode(message, &undelivered)) {
        source_go_back(self, source, message, undelivered.status);
    } else if (myc_writable_decode(message, &writable)) {
        report_room(self, &source->base.plan, CONF_WHAT_WRITABLE, source->next);
        if (source->is_waiting)
            source_go_on(self, source);
    } else if (message->kind == MYC_KIND_EVENT && message->tag == source->attempt &&
               !source->is_waiting) {
        source_go_on(self, source);
    }
    return MYC_OK;
}

/* --- by name ---------------------------------------------------------------------------------- */

static const struct myc_type *const report_types[] = { &conf_report_type };
static const struct myc_type *const number_types[] = { &conf_number_type };

static const struct myc_class classes[] = {
    { CLASS("collector", struct collector), TAKES(report_types), .init = collector_init,
      .receive = collector_receive },
    { CLASS("sink", struct conf_sink), TAKES(number_types), .init = conf_plain_init,
      .receive = conf_sink_receive },
    { CLASS("source", struct source), .init = source_init, .receive = source_receive },
};

static const struct myc_class *
lookup(const struct myc_class *table, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}

const struct myc_class *
conf_class_lookup(const char *name)
{
    const struct myc_class *class_of = lookup(classes, sizeof(classes) / sizeof(classes[0]), name);

    if (!class_of)
        class_of = lookup(conf_policy_classes, conf_policy_class_count, name);
    if (!class_of)
        class_of = lookup(conf_group_classes, conf_group_class_count, name);
    if (!class_of)
        class_of = lookup(conf_life_classes, conf_life_class_count, name);
    if (!class_of)
        class_of = lookup(conf_large_classes, conf_large_class_count, name);
    if (!class_of)
        class_of = lookup(conf_work_classes, conf_work_class_count, name);
    return class_of ? class_of : lookup(conf_tree_classes, conf_tree_class_count, name);
}
