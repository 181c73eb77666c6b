/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The actors of the conformance suite that have full mailboxes, and who hears of it.
 *
 *   keeper   has a supervised child, which fails at its first number and waits until Go: a sink, or
 *            a teller; with a redirecting mailbox also a second teller, to which it redirects
 *   mourner  hears of dead letters
 */
#include "conformance/actor_base.h"

#include <mycelium/dead_letter.h>
#include <mycelium/group.h>

static const struct myc_type *const number_types[] = { &conf_number_type };

static bool
is_poison(const struct myc_message *message)
{
    struct conf_number number;

    return conf_number_decode(message, &number) && number.attempt == UINT32_MAX;
}

/* --- the children ----------------------------------------------------------------------------- */

/* A sink that the poison fails. */
static enum myc_status
frail_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    return is_poison(message) ? MYC_FAILED : conf_sink_receive(self, state, message);
}

static const struct myc_class frail_class = {
    CLASS("frail", struct conf_sink),
    TAKES(number_types),
    .init = conf_plain_init,
    .receive = frail_receive,
};

/* Of a mailbox that conflates: CONF_KEYS keys, and one that no other number has. */
static uint64_t
key_of(const struct myc_message *message)
{
    struct conf_number number;

    if (!conf_number_decode(message, &number) || number.value >= CONF_KEYED)
        return CONF_KEYS;
    return number.value % CONF_KEYS;
}

static enum myc_status
teller_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct conf_number number;

    if (is_poison(message))
        return MYC_FAILED;
    if (conf_number_decode(message, &number))
        conf_report_to(self, &((struct base *)state)->plan, CONF_WHAT_NUMBER, number.value, MYC_OK,
                       message->from);
    return MYC_OK;
}

static const struct myc_class teller_class = {
    CLASS("teller", struct base), TAKES(number_types), .init = conf_plain_init,
    .receive = teller_receive,    .key = key_of,
};

/* --- keeper ----------------------------------------------------------------------------------- */

struct keeper {
    struct base base; /* count: as the sink's; option: the child's mailbox */
    struct myc_ref child;
};

/* To whom the child's mailbox redirects. Its reports have the source 1. */
static enum myc_status
spawn_heir(struct myc_self *self, struct conf_plan plan, struct myc_spawn_options *of_child)
{
    const struct myc_spawn_options options = {
        .size = sizeof(options),
        .args = &plan,
        .args_size = sizeof(plan),
    };

    of_child->overflow = (enum myc_overflow)plan.overflow;
    if (of_child->overflow != MYC_OVERFLOW_REDIRECT)
        return MYC_OK;
    plan.source = 1;
    return myc_spawn(self, &teller_class, &options, &of_child->redirect_to);
}

static enum myc_status
keeper_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct keeper *keeper = state;
    enum myc_status status = conf_take_plan(state, args, args_size);
    struct conf_plan plan = keeper->base.plan;
    struct myc_spawn_options options = {
        .size = sizeof(options),
        .args = &plan,
        .args_size = sizeof(plan),
        .mailbox_max = (uint32_t)plan.option,
        .is_supervised = true,
    };
    struct conf_number poison = { 0, 0, UINT32_MAX };

    if (status == MYC_OK)
        status = spawn_heir(self, plan, &options);
    if (status != MYC_OK)
        return status;
    plan.option = 1;
    status = myc_spawn(self, plan.is_told ? &teller_class : &frail_class, &options, &keeper->child);
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
        conf_report_to(self, &keeper->base.plan, CONF_WHAT_CHILD, 0, exited.reason, exited.ref);
    else if (myc_message_is(message, &conf_go_type))
        return myc_restart(self, keeper->child);
    return MYC_OK;
}

/* --- mourner ---------------------------------------------------------------------------------- */

static enum myc_status
mourner_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    enum myc_status status = conf_take_plan(state, args, args_size);

    return status == MYC_OK ? myc_join(self, MYC_DEAD_LETTERS_GROUP) : status;
}

static enum myc_status
mourner_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct myc_dead_letter letter;

    if (myc_dead_letter_decode(message, &letter))
        conf_report_to(self, &((struct base *)state)->plan, CONF_WHAT_LETTER, letter.count,
                       letter.cause, letter.receiver);
    return MYC_OK;
}

/* --- by name ---------------------------------------------------------------------------------- */

static const struct myc_type *const go_types[] = { &conf_go_type };
static const struct myc_type *const letter_types[] = { &myc_dead_letter_type };

const struct myc_class conf_policy_classes[] = {
    { CLASS("keeper", struct keeper), TAKES(go_types), .init = keeper_init,
      .receive = keeper_receive },
    { CLASS("mourner", struct base), TAKES(letter_types), .init = mourner_init,
      .receive = mourner_receive },
};
const size_t conf_policy_class_count = sizeof(conf_policy_classes) / sizeof(conf_policy_classes[0]);
