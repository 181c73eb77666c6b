/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The actors of the conformance suite that end, watch, ask and look for names.
 *
 *   prober    sends one number and says what became of it
 *   victim    ends as its plan says; sends `count` numbers to its peer from its stop function
 *   ender     asks its peer to stop with a reason, or kills it
 *   stillborn has an init that fails
 *   sweeper   kills its peer and then itself, without a word
 *   watcher   watches its peer
 *   linker    links itself to its peer, and says why it stops
 *   asker     asks its peer
 *   crosser   asks its peer until it is answered, and says so
 *   answerer  answers, or keeps silent
 *   finder    looks for a name
 */
#include "conformance/actor_base.h"

/* --- prober ----------------------------------------------------------------------------------- */

/* Sends to its peer at once: a Number, a Go when `option` is 1, poison when it is 2. */
static enum myc_status
prober_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    enum myc_status status = conf_take_plan(state, args, args_size);
    const struct conf_plan *plan = &((struct base *)state)->plan;
    struct conf_number number = { .source = plan->source };
    struct conf_go go = { .value = 1 };

    if (status != MYC_OK)
        return status;
    if (plan->option == 2)
        number.attempt = UINT32_MAX;
    status = plan->option == 1 ? conf_go_send(self, plan->peer, &go)
                               : conf_number_send(self, plan->peer, &number);
    conf_report_to(self, plan, CONF_WHAT_SENT, 0, status, plan->peer);
    return MYC_OK;
}

static enum myc_status
prober_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct myc_undelivered undelivered;

    if (myc_undelivered_decode(message, &undelivered))
        conf_report_to(self, &((struct base *)state)->plan, CONF_WHAT_UNDELIVERED, 0,
                       undelivered.status, undelivered.ref);
    return MYC_OK;
}

/* --- victim ----------------------------------------------------------------------------------- */

/* It says Go to its peer first, so that the peer can watch it. */
static enum myc_status
victim_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    enum myc_status status = conf_take_plan(state, args, args_size);
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
    conf_report_to(self, plan, CONF_WHAT_STOPPED, 0, reason, myc_self_ref(self));
}

/* --- ender ------------------------------------------------------------------------------------ */

/* `option`: the reason; KILLED kills. */
static enum myc_status
ender_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    enum myc_status status = conf_take_plan(state, args, args_size);
    const struct conf_plan *plan = &((struct base *)state)->plan;

    if (status != MYC_OK)
        return status;
    status = plan->option == MYC_KILLED ? myc_kill(self, plan->peer)
                                        : myc_stop(self, plan->peer, (enum myc_status)plan->option);
    conf_report_to(self, plan, CONF_WHAT_SENT, 0, status, plan->peer);
    return MYC_OK;
}

static enum myc_status
idle_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    (void)self, (void)state, (void)message;
    return MYC_OK;
}

/* --- stillborn -------------------------------------------------------------------------------- */

/* `option`: what its init answers. */
static enum myc_status
stillborn_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    enum myc_status status = conf_take_plan(state, args, args_size);

    (void)self;
    return status == MYC_OK ? (enum myc_status)((struct base *)state)->plan.option : status;
}

/* --- sweeper ---------------------------------------------------------------------------------- */

static enum myc_status
sweeper_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    enum myc_status status = conf_take_plan(state, args, args_size);

    if (status != MYC_OK)
        return status;
    (void)myc_kill(self, ((struct base *)state)->plan.peer);
    return myc_kill(self, myc_self_ref(self));
}

/* --- watcher ---------------------------------------------------------------------------------- */

/* Reports each Number and Down that comes. Without a peer it watches whoever says Go. */
static enum myc_status
watcher_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    enum myc_status status = conf_take_plan(state, args, args_size);
    const struct conf_plan *plan = &((struct base *)state)->plan;
    uint64_t monitor;

    if (status != MYC_OK || myc_ref_is_null(plan->peer))
        return status;
    status = myc_monitor(self, plan->peer, &monitor);
    conf_report_to(self, plan, CONF_WHAT_SENT, 0, status, plan->peer);
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
        conf_report_to(self, plan, CONF_WHAT_NUMBER, number.value, MYC_OK, message->from);
    else if (myc_down_decode(message, &down))
        conf_report_to(self, plan, CONF_WHAT_DOWN, 0, down.reason, down.ref);
    else if (myc_message_is(message, &conf_go_type))
        conf_report_to(self, plan, CONF_WHAT_SENT, 0, myc_monitor(self, message->from, &monitor),
                       message->from);
    return MYC_OK;
}

/* --- linker ----------------------------------------------------------------------------------- */

static enum myc_status
linker_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    enum myc_status status = conf_take_plan(state, args, args_size);
    const struct conf_plan *plan = &((struct base *)state)->plan;

    if (status == MYC_OK)
        conf_report_to(self, plan, CONF_WHAT_SENT, 0, myc_link(self, plan->peer), plan->peer);
    return status;
}

/* A Go takes the link back. */
static enum myc_status
linker_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    const struct conf_plan *plan = &((struct base *)state)->plan;

    if (myc_message_is(message, &conf_go_type))
        conf_report_to(self, plan, CONF_WHAT_SENT, 0, myc_unlink(self, plan->peer), plan->peer);
    return MYC_OK;
}

static void
linker_stop(struct myc_self *self, void *state, enum myc_status reason)
{
    conf_report_to(self, &((struct base *)state)->plan, CONF_WHAT_STOPPED, 0, reason,
                   myc_self_ref(self));
}

/* --- asker and answerer ----------------------------------------------------------------------- */

/* count: asks; option: time-out in ns. */
static enum myc_status
asker_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    enum myc_status status = conf_take_plan(state, args, args_size);
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
            conf_report_to(self, plan, CONF_WHAT_ASK_FAILED, i, status, plan->peer);
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
            conf_report_to(self, plan, CONF_WHAT_DISORDER, answer.value, MYC_OK, message->from);
        conf_report_to(self, plan, CONF_WHAT_REPLY, message->tag, MYC_OK, message->from);
    } else if (myc_ask_failed_decode(message, &failed)) {
        conf_report_to(self, plan, CONF_WHAT_ASK_FAILED, message->tag, failed.status, failed.ref);
    }
    return MYC_OK;
}

#define CROSSER_RETRY_NS 1000000U

/* Asks now, or when there is room again, or a link. */
static enum myc_status
crosser_ask(struct myc_self *self, const struct conf_plan *plan)
{
    const struct conf_question question = { .value = 0 };
    const struct myc_ask_options options = {
        .size = sizeof(options),
        .timeout_ns = CONF_TIMEOUT_NS,
    };
    enum myc_status status = conf_question_ask(self, plan->peer, &question, &options, NULL);

    if (status == MYC_UNREACHABLE) /* our node has not heard of the peer's life yet */
        return myc_timer_start(self, CROSSER_RETRY_NS, 0, 0, NULL);
    return status == MYC_FULL ? MYC_OK : status;
}

static enum myc_status
crosser_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    enum myc_status status = conf_take_plan(state, args, args_size);

    return status == MYC_OK ? crosser_ask(self, &((struct base *)state)->plan) : status;
}

static enum myc_status
crosser_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    const struct conf_plan *plan = &((struct base *)state)->plan;
    struct conf_answer answer;
    struct myc_ask_failed failed;
    struct myc_writable writable;
    struct myc_timer_fired fired;

    if (message->kind == MYC_KIND_REPLY && conf_answer_decode(message, &answer))
        conf_report_to(self, plan, CONF_WHAT_CROSSED, 0, MYC_OK, message->from);
    else if (myc_writable_decode(message, &writable) || myc_timer_fired_decode(message, &fired) ||
             myc_ask_failed_decode(message, &failed))
        return crosser_ask(self, plan);
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
    enum myc_status status = conf_take_plan(state, args, args_size);
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
        conf_report_to(self, &((struct base *)state)->plan, CONF_WHAT_FOUND, message->tag,
                       found.status, found.ref);
    return MYC_OK;
}

/* --- by name ---------------------------------------------------------------------------------- */

static const struct myc_type *const number_types[] = { &conf_number_type };
static const struct myc_type *const watcher_types[] = { &conf_number_type, &conf_go_type };
static const struct myc_type *const question_types[] = { &conf_question_type };

const struct myc_class conf_life_classes[] = {
    { CLASS("prober", struct base), .init = prober_init, .receive = prober_receive },
    { CLASS("victim", struct base), TAKES(number_types), .init = victim_init,
      .receive = victim_receive, .stop = victim_stop },
    { CLASS("ender", struct base), .init = ender_init, .receive = idle_receive },
    { CLASS("stillborn", struct base), .init = stillborn_init, .receive = idle_receive },
    { CLASS("sweeper", struct base), .init = sweeper_init, .receive = idle_receive },
    { CLASS("watcher", struct base), TAKES(watcher_types), .init = watcher_init,
      .receive = watcher_receive },
    { CLASS("linker", struct base), TAKES(watcher_types), .init = linker_init,
      .receive = linker_receive, .stop = linker_stop },
    { CLASS("asker", struct base), .init = asker_init, .receive = asker_receive },
    { CLASS("crosser", struct base), .init = crosser_init, .receive = crosser_receive },
    { CLASS("answerer", struct base), TAKES(question_types), .init = conf_plain_init,
      .receive = answerer_receive },
    { CLASS("finder", struct base), .init = finder_init, .receive = finder_receive },
};
const size_t conf_life_class_count = sizeof(conf_life_classes) / sizeof(conf_life_classes[0]);
