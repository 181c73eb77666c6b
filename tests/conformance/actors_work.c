/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The actors of the conformance suite that work for long, or in a given order.
 *
 *   drainer   sends numbers to its peer, asks it to drain, and sends one more
 *   toiler    always has one more thing to do
 *   narrator  answers a question between two numbers
 *   listener  asks once, and reports numbers and replies as they come
 *   crossfire asks its peer for a time as often as it is let, and answers; says how often it found
 *             something full, that all was answered, and each stall
 *   follower  follows a name
 *   claimer   takes a name, and says when it is another's
 */
#include "conformance/actor_base.h"

/* --- drainer ---------------------------------------------------------------------------------- */

struct drainer {
    struct base base; /* count: numbers before the drain */
    uint64_t next;
};

/* What comes back is only the number after the drain. */
static enum myc_status
drainer_go_on(struct myc_self *self, struct drainer *drainer)
{
    const struct conf_plan *plan = &drainer->base.plan;
    enum myc_status status = MYC_OK;

    while (drainer->next < plan->count) {
        struct conf_number number = { .value = drainer->next };

        status = conf_number_send(self, plan->peer, &number);
        if (status == MYC_FULL)
            return MYC_OK;
        if (status != MYC_OK)
            return status;
        drainer->next++;
    }
    if (drainer->next > plan->count)
        return MYC_OK;
    drainer->next++;
    status = myc_drain(self, plan->peer, MYC_SHUTDOWN);
    if (status != MYC_OK)
        return status;
    return myc_timer_start(self, 0, 0, 0, NULL);
}

static enum myc_status
drainer_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    enum myc_status status = conf_take_plan(state, args, args_size);

    return status == MYC_OK ? drainer_go_on(self, state) : status;
}

static enum myc_status
drainer_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct drainer *drainer = state;
    const struct conf_plan *plan = &drainer->base.plan;
    struct conf_number late = { .value = plan->count + 1000 };
    struct myc_undelivered undelivered;
    struct myc_timer_fired fired;
    enum myc_status status;

    if (myc_undelivered_decode(message, &undelivered)) {
        conf_report_to(self, plan, CONF_WHAT_UNDELIVERED, 0, undelivered.status, undelivered.ref);
    } else if (myc_timer_fired_decode(message, &fired)) {
        status = conf_number_send(self, plan->peer, &late);
        conf_report_to(self, plan, CONF_WHAT_SENT, 0, status, plan->peer);
    } else {
        return drainer_go_on(self, drainer);
    }
    return MYC_OK;
}

/* --- toiler ----------------------------------------------------------------------------------- */

/* Keeps itself busy for ever: each number makes the next. */
static enum myc_status
toiler_toil(struct myc_self *self, const struct conf_plan *plan)
{
    const struct conf_number number = { .source = plan->source };

    return conf_number_send(self, myc_self_ref(self), &number);
}

static enum myc_status
toiler_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    enum myc_status status = conf_take_plan(state, args, args_size);

    return status == MYC_OK ? toiler_toil(self, &((struct base *)state)->plan) : status;
}

static enum myc_status
toiler_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    (void)message;
    return toiler_toil(self, &((struct base *)state)->plan);
}

/* --- narrator and listener -------------------------------------------------------------------- */

static enum myc_status
narrator_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct conf_question question;
    struct conf_number number = { .value = 1 };
    struct conf_answer answer = { .value = 2 };

    (void)state;
    if (message->kind != MYC_KIND_ASK || !conf_question_decode(message, &question))
        return MYC_OK;
    (void)conf_number_send(self, message->from, &number);
    (void)conf_answer_reply(self, myc_message_request(message), &answer);
    number.value = 3;
    (void)conf_number_send(self, message->from, &number);
    return MYC_OK;
}

static enum myc_status
listener_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    const struct myc_ask_options options = { .size = sizeof(options),
                                             .timeout_ns = CONF_TIMEOUT_NS };
    const struct conf_question question = { .value = 0 };
    enum myc_status status = conf_take_plan(state, args, args_size);

    if (status != MYC_OK)
        return status;
    return conf_question_ask(self, ((struct base *)state)->plan.peer, &question, &options, NULL);
}

static enum myc_status
listener_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    const struct conf_plan *plan = &((struct base *)state)->plan;
    struct conf_number number;
    struct conf_answer answer;

    if (conf_number_decode(message, &number))
        conf_report_to(self, plan, CONF_WHAT_NUMBER, number.value, MYC_OK, message->from);
    else if (conf_answer_decode(message, &answer))
        conf_report_to(self, plan, CONF_WHAT_NUMBER, answer.value, MYC_OK, message->from);
    return MYC_OK;
}

/* --- crossfire -------------------------------------------------------------------------------- */

struct crossfire {
    struct base base; /* count: ns for which it asks; option: ns without an answer, a stall; its
                       * peer comes with a Go when it is null */
    struct myc_ref peer;
    uint64_t end_ns; /* 0: it does not ask yet */
    uint64_t next;   /* question */
    uint64_t open;   /* asks that have neither been answered nor failed */
    uint64_t answered;
    uint64_t answered_before; /* when a stall was looked for last */
    uint64_t refusals;        /* places that were full */
    uint64_t timer;
    bool has_stalled; /* which is told once */
    bool is_complete;
};

static enum myc_status
crossfire_begin(struct myc_self *self, struct crossfire *crossfire, struct myc_ref peer)
{
    const struct conf_plan *plan = &crossfire->base.plan;

    crossfire->peer = peer;
    crossfire->end_ns = myc_now_ns(self) + plan->count;
    return myc_timer_start(self, plan->option, plan->option, 0, &crossfire->timer);
}

static void
crossfire_fire(struct myc_self *self, struct crossfire *crossfire)
{
    const struct conf_plan *plan = &crossfire->base.plan;

    while (myc_now_ns(self) < crossfire->end_ns) {
        const struct myc_ask_options options = { .size = sizeof(options),
                                                 .timeout_ns = CONF_TIMEOUT_NS,
                                                 .tag = crossfire->next };
        const struct conf_question question = { .value = crossfire->next };
        enum myc_status status =
            conf_question_ask(self, crossfire->peer, &question, &options, NULL);

        /* A link is full, or our own table of asks, where the next answer makes room. */
        if (status == MYC_FULL || (status == MYC_NO_MEMORY && crossfire->open > 0)) {
            crossfire->refusals++;
            return;
        }
        if (status != MYC_OK) {
            conf_report_to(self, plan, CONF_WHAT_ASK_FAILED, 0, status, crossfire->peer);
            return;
        }
        crossfire->next++;
        crossfire->open++;
    }
}

/* Its time is over and no answer is missing. */
static void
crossfire_finish(struct myc_self *self, struct crossfire *crossfire)
{
    const struct conf_plan *plan = &crossfire->base.plan;

    if (crossfire->is_complete || crossfire->end_ns == 0 || crossfire->open > 0 ||
        myc_now_ns(self) < crossfire->end_ns)
        return;
    crossfire->is_complete = true;
    (void)myc_timer_cancel(self, crossfire->timer);
    conf_report_to(self, plan, CONF_WHAT_FULL, crossfire->refusals, MYC_OK, crossfire->peer);
    conf_report_to(self, plan, CONF_WHAT_COMPLETE, crossfire->answered, MYC_OK, crossfire->peer);
}

static enum myc_status
crossfire_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct crossfire *crossfire = state;
    const struct conf_go go = { .value = 1 };
    enum myc_status status = conf_take_plan(state, args, args_size);

    if (status != MYC_OK || myc_ref_is_null(crossfire->base.plan.peer))
        return status;
    status = conf_go_send(self, crossfire->base.plan.peer, &go);
    return status == MYC_OK ? crossfire_begin(self, crossfire, crossfire->base.plan.peer) : status;
}

static void
crossfire_on_answer(struct myc_self *self, struct crossfire *crossfire,
                    const struct myc_message *message)
{
    struct conf_answer answer;

    crossfire->open--;
    crossfire->answered++;
    if (!conf_answer_decode(message, &answer) || answer.value != message->tag + 1000)
        conf_report_to(self, &crossfire->base.plan, CONF_WHAT_DISORDER, message->tag, MYC_FAILED,
                       crossfire->peer);
}

static void
crossfire_on_event(struct myc_self *self, struct crossfire *crossfire,
                   const struct myc_message *message)
{
    const struct conf_plan *plan = &crossfire->base.plan;
    struct myc_ask_failed failed;
    struct myc_timer_fired fired;

    if (myc_ask_failed_decode(message, &failed)) {
        crossfire->open--;
        if (failed.status == MYC_FULL || failed.status == MYC_NO_MEMORY)
            crossfire->refusals++;
        else
            conf_report_to(self, plan, CONF_WHAT_ASK_FAILED, 0, failed.status, failed.ref);
    } else if (myc_timer_fired_decode(message, &fired)) {
        if (crossfire->answered == crossfire->answered_before && !crossfire->has_stalled)
            conf_report_to(self, plan, CONF_WHAT_DISORDER, crossfire->answered, MYC_TIMEOUT,
                           crossfire->peer);
        crossfire->has_stalled |= crossfire->answered == crossfire->answered_before;
        crossfire->answered_before = crossfire->answered;
    }
}

static enum myc_status
crossfire_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct crossfire *crossfire = state;
    struct conf_question question;
    enum myc_status status = MYC_OK;
    struct conf_answer answer;

    if (message->kind == MYC_KIND_ASK && conf_question_decode(message, &question)) {
        enum myc_status outcome;

        answer.value = question.value + 1000;
        outcome = conf_answer_reply(self, myc_message_request(message), &answer);
        if (outcome != MYC_OK)
            conf_report_to(self, &crossfire->base.plan, CONF_WHAT_ASK_FAILED, question.value,
                           outcome, message->from);
    } else if (message->kind == MYC_KIND_REPLY) {
        crossfire_on_answer(self, crossfire, message);
    } else if (message->kind == MYC_KIND_EVENT) {
        crossfire_on_event(self, crossfire, message);
    } else if (myc_message_is(message, &conf_go_type)) {
        status = crossfire_begin(self, crossfire, message->from);
    }
    crossfire_fire(self, crossfire);
    crossfire_finish(self, crossfire);
    return status;
}

/* --- follower --------------------------------------------------------------------------------- */

static enum myc_status
follower_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    enum myc_status status = conf_take_plan(state, args, args_size);

    return status == MYC_OK ? myc_watch_name(self, ((struct base *)state)->plan.name, 0) : status;
}

static enum myc_status
follower_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    const struct conf_plan *plan = &((struct base *)state)->plan;
    struct myc_name_found found;
    struct myc_name_lost lost;

    if (myc_name_found_decode(message, &found))
        conf_report_to(self, plan, CONF_WHAT_FOUND, 0, found.status, found.ref);
    else if (myc_name_lost_decode(message, &lost))
        conf_report_to(self, plan, CONF_WHAT_LOST, 0, MYC_OK, lost.ref);
    return MYC_OK;
}

/* --- claimer ---------------------------------------------------------------------------------- */

static enum myc_status
claimer_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    enum myc_status status = conf_take_plan(state, args, args_size);
    const struct conf_plan *plan = &((struct base *)state)->plan;

    if (status == MYC_OK)
        status = myc_register(self, plan->name);
    if (status == MYC_EXISTS)
        conf_report_to(self, plan, CONF_WHAT_CLAIM_LOST, 0, status, myc_self_ref(self));
    return status == MYC_EXISTS ? MYC_OK : status;
}

static enum myc_status
claimer_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct myc_name_lost lost;

    if (myc_name_lost_decode(message, &lost))
        conf_report_to(self, &((struct base *)state)->plan, CONF_WHAT_CLAIM_LOST, 0, MYC_OK,
                       lost.ref);
    return MYC_OK;
}

/* --- by name ---------------------------------------------------------------------------------- */

static const struct myc_type *const number_types[] = { &conf_number_type };
static const struct myc_type *const question_types[] = { &conf_question_type };
static const struct myc_type *const crossfire_types[] = { &conf_question_type, &conf_go_type };

const struct myc_class conf_work_classes[] = {
    { CLASS("drainer", struct drainer), .init = drainer_init, .receive = drainer_receive },
    { CLASS("toiler", struct base), TAKES(number_types), .init = toiler_init,
      .receive = toiler_receive },
    { CLASS("narrator", struct base), TAKES(question_types), .init = conf_plain_init,
      .receive = narrator_receive },
    { CLASS("listener", struct base), TAKES(number_types), .init = listener_init,
      .receive = listener_receive },
    { CLASS("crossfire", struct crossfire), TAKES(crossfire_types), .init = crossfire_init,
      .receive = crossfire_receive },
    { CLASS("follower", struct base), .init = follower_init, .receive = follower_receive },
    { CLASS("claimer", struct base), .init = claimer_init, .receive = claimer_receive },
};
const size_t conf_work_class_count = sizeof(conf_work_classes) / sizeof(conf_work_classes[0]);
