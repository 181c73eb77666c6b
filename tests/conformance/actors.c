/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The actors of the conformance suite, by name.
 *
 *   collector  notes reports                     (arguments: pointer to a struct conf_log)
 *   sink       checks that numbers of up to 8 sources come in order, each once
 *   source     sends numbers to its peer, waiting when told FULL, again from the first that came
 * back keeper     has a supervised sink as child, which fails at its first number and waits until
 * Go prober     sends one number and says what became of it victim     ends as its plan says; sends
 * `count` numbers to its peer from its stop function ender      asks its peer to stop with a
 * reason, or kills it watcher    watches its peer asker      asks its peer answerer   answers, or
 * keeps silent finder     looks for a name
 */
#include "conformance/conformance.h"

#define SOURCES_MAX 8U

/* --- what they share -------------------------------------------------------------------------- */

struct base {
    struct conf_plan plan;
};

static enum myc_status
take_plan(void *state, const void *args, size_t args_size)
{
    struct base *base = state;

    if (args_size != sizeof(base->plan))
        return MYC_INVALID;
    memcpy(&base->plan, args, sizeof(base->plan));
    return MYC_OK;
}

static void
report(struct myc_self *self, const struct conf_plan *plan, enum conf_what what, uint64_t value,
       enum myc_status status, struct myc_ref ref)
{
    struct conf_report value_of = {
        .ref = ref,
        .value = value,
        .source = plan->source,
        .status = (uint8_t)status,
        .what = what,
    };

    (void)conf_report_send(self, plan->collector, &value_of);
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

struct sink {
    struct base base; /* count: numbers of each source; option: sources */
    uint64_t next[SOURCES_MAX];
    uint64_t complete;
};

static enum myc_status
plain_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    (void)self;
    return take_plan(state, args, args_size);
}

static enum myc_status
sink_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct sink *sink = state;
    const struct conf_plan *plan = &sink->base.plan;
    struct conf_number number;

    if (!conf_number_decode(message, &number) || number.source >= SOURCES_MAX)
        return MYC_OK;
    if (number.value != sink->next[number.source])
        report(self, plan, CONF_WHAT_DISORDER, number.value, MYC_OK, message->from);
    sink->next[number.source] = number.value + 1;
    if (number.value + 1 != plan->count)
        return MYC_OK;
    if (++sink->complete == (plan->option ? plan->option : 1))
        report(self, plan, CONF_WHAT_COMPLETE, plan->count, MYC_OK, nobody);
    return MYC_OK;
}

/* --- source ----------------------------------------------------------------------------------- */

#define SOURCE_BURST 200U /* numbers in one handler */

struct source {
    struct base base; /* peer: a sink; count: numbers */
    uint64_t next;
    uint32_t attempt; /* numbers of an earlier one that come back are old news */
    bool is_waiting;
};

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
        };

        status = conf_number_send_with(self, plan->peer, &number, &options);
        if (status != MYC_OK)
            break;
        source->next++;
    }
    source->is_waiting = status == MYC_FULL;
    if (status == MYC_FULL)
        report(self, plan, CONF_WHAT_FULL, source->next, status, plan->peer);
    else if (status != MYC_OK)
        report(self, plan, CONF_WHAT_SENT, source->next, status, plan->peer);
    else if (source->next < plan->count &&
             myc_timer_start(self, 0, 0, source->attempt, NULL) != MYC_OK)
        report(self, plan, CONF_WHAT_SENT, source->next, MYC_NO_MEMORY, plan->peer);
}

static enum myc_status
source_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    enum myc_status status = take_plan(state, args, args_size);

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
    report(self, plan, CONF_WHAT_UNDELIVERED, message->tag & UINT32_MAX, status, plan->peer);
    if (status != MYC_FULL)
        return;
    source->next = message->tag & UINT32_MAX;
    source->attempt++;
    source->is_waiting = true;
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
        report(self, &source->base.plan, CONF_WHAT_WRITABLE, source->next, MYC_OK, writable.ref);
        if (source->is_waiting)
            source_go_on(self, source);
    } else if (message->kind == MYC_KIND_EVENT && message->tag == source->attempt &&
               !source->is_waiting) {
        source_go_on(self, source);
    }
    return MYC_OK;
}

/* --- keeper ----------------------------------------------------------------------------------- */

struct keeper {
    struct base base; /* count: as the sink's; option: the child's mailbox */
    struct myc_ref child;
};

/* A sink that the poison fails. */
static enum myc_status
frail_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct conf_number number;

    if (conf_number_decode(message, &number) && number.attempt == UINT32_MAX)
        return MYC_FAILED;
    return sink_receive(self, state, message);
}

static const struct myc_type *const number_types[] = { &conf_number_type };

static const struct myc_class frail_class = {
    .size = sizeof(frail_class),
    .name = "frail",
    .state_size = sizeof(struct sink),
    .accepts = number_types,
    .accepts_count = 1,
    .init = plain_init,
    .receive = frail_receive,
};

static enum myc_status
keeper_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct keeper *keeper = state;
    enum myc_status status = take_plan(state, args, args_size);
    struct conf_plan plan = keeper->base.plan;
    struct myc_spawn_options options = {
        .size = sizeof(options),
        .args = &plan,
        .args_size = sizeof(plan),
        .mailbox_max = (uint32_t)plan.option,
        .is_supervised = true,
    };
    struct conf_number poison = { 0, 0, UINT32_MAX };

    if (status != MYC_OK)
        return status;
    plan.option = 1;
    status = myc_spawn(self, &frail_class, &options, &keeper->child);
    if (status == MYC_OK)
        status = conf_number_send(self, keeper->child, &poison);
    return status;
}

static enum myc_status
keeper_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct keeper *keeper = state;
    struct myc_child_exited exited;

    if (myc_child_exited_decode(message, &exited))
        report(self, &keeper->base.plan, CONF_WHAT_CHILD, 0, exited.reason, exited.ref);
    else if (myc_message_is(message, &conf_go_type))
        return myc_restart(self, keeper->child);
    return MYC_OK;
}

/* --- prober ----------------------------------------------------------------------------------- */

/* Sends to its peer at once: a Number, or a Go when `option` is 1. */
static enum myc_status
prober_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    enum myc_status status = take_plan(state, args, args_size);
    const struct conf_plan *plan = &((struct base *)state)->plan;
    struct conf_number number = { .source = plan->source };
    struct conf_go go = { .value = 1 };

    if (status != MYC_OK)
        return status;
    status = plan->option ? conf_go_send(self, plan->peer, &go)
                          : conf_number_send(self, plan->peer, &number);
    report(self, plan, CONF_WHAT_SENT, 0, status, plan->peer);
    return MYC_OK;
}

static enum myc_status
prober_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct myc_undelivered undelivered;

    if (myc_undelivered_decode(message, &undelivered))
        report(self, &((struct base *)state)->plan, CONF_WHAT_UNDELIVERED, 0, undelivered.status,
               undelivered.ref);
    return MYC_OK;
}

/* --- victim ----------------------------------------------------------------------------------- */

/* It says Go to its peer first, so that the peer can watch it. */
static enum myc_status
victim_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    enum myc_status status = take_plan(state, args, args_size);
    const struct conf_plan *plan = &((struct base *)state)->plan;
    struct conf_go go = { .value = 1 };

    if (status != MYC_OK || myc_ref_is_null(plan->peer))
        return status;
    return conf_go_send(self, plan->peer, &go);
}

/* `option`: the status that its receive answers to a Number. */
static enum myc_status
victim_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    const struct conf_plan *plan = &((struct base *)state)->plan;

    (void)self;
    return myc_message_is(message, &conf_number_type) ? (enum myc_status)plan->option : MYC_OK;
}

static void
victim_stop(struct myc_self *self, void *state, enum myc_status reason)
{
    const struct conf_plan *plan = &((struct base *)state)->plan;

    for (uint64_t i = 0; i < plan->count; i++) {
        struct conf_number number = { i, plan->source, 0 };

        (void)conf_number_send(self, plan->peer, &number);
    }
    report(self, plan, CONF_WHAT_STOPPED, 0, reason, myc_self_ref(self));
}

/* --- ender ------------------------------------------------------------------------------------ */

/* `option`: the reason; KILLED kills. */
static enum myc_status
ender_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    enum myc_status status = take_plan(state, args, args_size);
    const struct conf_plan *plan = &((struct base *)state)->plan;

    if (status != MYC_OK)
        return status;
    status = plan->option == MYC_KILLED ? myc_kill(self, plan->peer)
                                        : myc_stop(self, plan->peer, (enum myc_status)plan->option);
    report(self, plan, CONF_WHAT_SENT, 0, status, plan->peer);
    return MYC_OK;
}

static enum myc_status
idle_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    (void)self, (void)state, (void)message;
    return MYC_OK;
}

/* --- watcher ---------------------------------------------------------------------------------- */

/* Reports each Number and Down that comes. Without a peer it watches whoever says Go. */
static enum myc_status
watcher_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    enum myc_status status = take_plan(state, args, args_size);
    const struct conf_plan *plan = &((struct base *)state)->plan;
    uint64_t monitor;

    if (status != MYC_OK || myc_ref_is_null(plan->peer))
        return status;
    status = myc_monitor(self, plan->peer, &monitor);
    report(self, plan, CONF_WHAT_SENT, 0, status, plan->peer);
    return MYC_OK;
}

static enum myc_status
watcher_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    const struct conf_plan *plan = &((struct base *)state)->plan;
    struct conf_number number;
    struct myc_down down;
    uint64_t monitor;

    if (conf_number_decode(message, &number))
        report(self, plan, CONF_WHAT_NUMBER, number.value, MYC_OK, message->from);
    else if (myc_down_decode(message, &down))
        report(self, plan, CONF_WHAT_DOWN, 0, down.reason, down.ref);
    else if (myc_message_is(message, &conf_go_type))
        report(self, plan, CONF_WHAT_SENT, 0, myc_monitor(self, message->from, &monitor),
               message->from);
    return MYC_OK;
}

/* --- asker and answerer ----------------------------------------------------------------------- */

/* count: asks; option: time-out in ns. */
static enum myc_status
asker_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    enum myc_status status = take_plan(state, args, args_size);
    const struct conf_plan *plan = &((struct base *)state)->plan;

    if (status != MYC_OK)
        return status;
    for (uint64_t i = 0; i < plan->count; i++) {
        struct conf_question question = { .value = i };
        struct myc_ask_options options = {
            .size = sizeof(options),
            .timeout_ns = plan->option,
            .tag = i,
        };

        status = conf_question_ask(self, plan->peer, &question, &options, NULL);
        if (status != MYC_OK)
            report(self, plan, CONF_WHAT_ASK_FAILED, i, status, plan->peer);
    }
    return MYC_OK;
}

static enum myc_status
asker_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    const struct conf_plan *plan = &((struct base *)state)->plan;
    struct conf_answer answer;
    struct myc_ask_failed failed;

    if (message->kind == MYC_KIND_REPLY && conf_answer_decode(message, &answer)) {
        if (answer.value != message->tag + 1000)
            report(self, plan, CONF_WHAT_DISORDER, answer.value, MYC_OK, message->from);
        report(self, plan, CONF_WHAT_REPLY, message->tag, MYC_OK, message->from);
    } else if (myc_ask_failed_decode(message, &failed)) {
        report(self, plan, CONF_WHAT_ASK_FAILED, message->tag, failed.status, failed.ref);
    }
    return MYC_OK;
}

/* option: 0 answers, 1 keeps silent, 2 answers with the failure REFUSED, 3 ends. */
static enum myc_status
answerer_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    const struct conf_plan *plan = &((struct base *)state)->plan;
    struct conf_question question;
    struct conf_answer answer;

    if (message->kind != MYC_KIND_ASK || !conf_question_decode(message, &question))
        return MYC_OK;
    answer.value = question.value + 1000;
    if (plan->option == 0)
        (void)conf_answer_reply(self, myc_message_request(message), &answer);
    else if (plan->option == 2)
        (void)myc_reply_failure(self, myc_message_request(message), MYC_REFUSED);
    return plan->option == 3 ? MYC_FAILED : MYC_OK;
}

/* --- finder ----------------------------------------------------------------------------------- */

/* name: what to look for; option: time-out in ns. */
static enum myc_status
finder_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    enum myc_status status = take_plan(state, args, args_size);
    const struct conf_plan *plan = &((struct base *)state)->plan;

    if (status != MYC_OK)
        return status;
    return myc_discover(self, plan->name, plan->option, plan->source);
}

static enum myc_status
finder_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct myc_name_found found;

    if (myc_name_found_decode(message, &found))
        report(self, &((struct base *)state)->plan, CONF_WHAT_FOUND, message->tag, found.status,
               found.ref);
    return MYC_OK;
}

/* --- by name ---------------------------------------------------------------------------------- */

static const struct myc_type *const report_types[] = { &conf_report_type };
static const struct myc_type *const go_types[] = { &conf_go_type };
static const struct myc_type *const watcher_types[] = { &conf_number_type, &conf_go_type };
static const struct myc_type *const question_types[] = { &conf_question_type };

#define TAKES(types) .accepts = (types), .accepts_count = sizeof(types) / sizeof((types)[0])
#define CLASS(class_name, state_type) \
    .size = sizeof(struct myc_class), .name = (class_name), .state_size = sizeof(state_type)

static const struct myc_class classes[] = {
    { CLASS("collector", struct collector), TAKES(report_types), .init = collector_init,
      .receive = collector_receive },
    { CLASS("sink", struct sink), TAKES(number_types), .init = plain_init,
      .receive = sink_receive },
    { CLASS("source", struct source), .init = source_init, .receive = source_receive },
    { CLASS("keeper", struct keeper), TAKES(go_types), .init = keeper_init,
      .receive = keeper_receive },
    { CLASS("prober", struct base), .init = prober_init, .receive = prober_receive },
    { CLASS("victim", struct base), TAKES(number_types), .init = victim_init,
      .receive = victim_receive, .stop = victim_stop },
    { CLASS("ender", struct base), .init = ender_init, .receive = idle_receive },
    { CLASS("watcher", struct base), TAKES(watcher_types), .init = watcher_init,
      .receive = watcher_receive },
    { CLASS("asker", struct base), .init = asker_init, .receive = asker_receive },
    { CLASS("answerer", struct base), TAKES(question_types), .init = plain_init,
      .receive = answerer_receive },
    { CLASS("finder", struct base), .init = finder_init, .receive = finder_receive },
};

const struct myc_class *
conf_class_lookup(const char *name)
{
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
        if (strcmp(classes[i].name, name) == 0)
            return &classes[i];
    return NULL;
}
