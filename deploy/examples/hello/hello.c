/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A program of one's own on the fabric: two actors in one process, one asking the other.
 *
 *     cc $(pkg-config --cflags mycelium) hello.c $(pkg-config --libs mycelium) -o hello
 *
 * hello.h is made from hello.xml: mycelium-sbe header hello.xml -o hello.h. Both actors live on
 * lcores of their own; that they could as well live on one lcore, in two processes or on two hosts
 * changes the options of the node, and nothing in the actors.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include <mycelium/name.h>
#include <mycelium/node.h>

#include "hello.h"

#define QUESTIONS      1000
#define ASK_TIMEOUT_NS 1000000000ULL
#define WAIT_STEPS_MAX 1000 /* of 10 ms */

/* --- the one who answers ---------------------------------------------------------------------- */

static enum myc_status
squarer_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct hello_question question;
    struct hello_answer answer;

    (void)state;
    if (message->kind != MYC_KIND_ASK || !hello_question_decode(message, &question))
        return MYC_OK;
    answer.number = question.number;
    answer.square = question.number * question.number;
    return hello_answer_reply(self, myc_message_request(message), &answer);
}

static const struct myc_type *const squarer_accepts[] = { &hello_question_type };

static const struct myc_class squarer_class = {
    .size = sizeof(struct myc_class),
    .name = "squarer",
    .accepts = squarer_accepts,
    .accepts_count = 1,
    .receive = squarer_receive,
};

/* --- the one who asks ------------------------------------------------------------------------- */

/* What the main thread waits for. */
struct outcome {
    atomic_bool is_done;
    atomic_uint answers;
    atomic_uint failures;
};

struct asker {
    struct myc_ref squarer;
    uint64_t number;
    struct outcome *outcome; /* not owned */
};

struct asker_args {
    struct myc_ref squarer;
    struct outcome *outcome;
};

static enum myc_status
ask_next(struct myc_self *self, struct asker *asker)
{
    const struct myc_ask_options options = {
        .size = sizeof(options),
        .timeout_ns = ASK_TIMEOUT_NS,
    };
    struct hello_question question = { .number = ++asker->number };

    if (asker->number > QUESTIONS) {
        atomic_store(&asker->outcome->is_done, true);
        return MYC_OK;
    }
    return hello_question_ask(self, asker->squarer, &question, &options, NULL);
}

static enum myc_status
asker_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    const struct asker_args *given = args;
    struct asker *asker = state;

    if (args_size != sizeof(*given))
        return MYC_INVALID;
    asker->squarer = given->squarer;
    asker->outcome = given->outcome;
    return ask_next(self, asker);
}

/* A reply, or an AskFailed event: an ask ends in exactly one of them. */
static enum myc_status
asker_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct asker *asker = state;
    struct hello_answer answer;

    if (message->kind == MYC_KIND_REPLY && hello_answer_decode(message, &answer) &&
        answer.square == asker->number * asker->number)
        atomic_fetch_add(&asker->outcome->answers, 1);
    else
        atomic_fetch_add(&asker->outcome->failures, 1);
    return ask_next(self, asker);
}

static const struct myc_class asker_class = {
    .size = sizeof(struct myc_class),
    .name = "asker",
    .state_size = sizeof(struct asker),
    .init = asker_init,
    .receive = asker_receive,
};

/* --- the program ------------------------------------------------------------------------------ */

static enum myc_status
spawn_both(struct myc_node *node, struct outcome *outcome)
{
    struct asker_args args = { .outcome = outcome };
    struct myc_spawn_options options = {
        .size = sizeof(options),
        .args = &args,
        .args_size = sizeof(args),
    };
    enum myc_status status = myc_node_spawn(node, 0, &squarer_class, NULL, &args.squarer);

    return status == MYC_OK ? myc_node_spawn(node, 1, &asker_class, &options, NULL) : status;
}

static void
wait_for(struct outcome *outcome)
{
    const struct timespec step = { 0, 10000000 };

    for (int i = 0; i < WAIT_STEPS_MAX && !atomic_load(&outcome->is_done); i++)
        nanosleep(&step, NULL);
}

int
main(void)
{
    /* The EAL's lcore 0 is this thread; 1 and 2 poll. --no-huge: ordinary pages, for a first try.
     */
    char *eal[] = { "--lcores=0@0,1@0,2@0", "--no-huge", "-m", "512", "--no-pci",
                    "--file-prefix=hello" };
    const struct myc_lcore_options lcores[] = { { .eal_lcore = 1 }, { .eal_lcore = 2 } };
    struct outcome outcome = { false, 0, 0 };
    struct myc_node *node = NULL;
    char error[512] = "";
    const struct myc_node_options options = {
        .size = sizeof(options),
        .node_id = 1,
        .eal_argc = sizeof(eal) / sizeof(eal[0]),
        .eal_argv = eal,
        .lcores = lcores,
        .lcore_count = 2,
        .error = error,
        .error_size = sizeof(error),
    };
    enum myc_status status = myc_node_start(&options, &node);

    if (status == MYC_OK)
        status = spawn_both(node, &outcome);
    if (status == MYC_OK)
        wait_for(&outcome);
    else
        fprintf(stderr, "hello: %s: %s\n", myc_status_text(status), error);
    myc_node_stop(&node);
    printf("%u answers, %u failures\n", atomic_load(&outcome.answers),
           atomic_load(&outcome.failures));
    return atomic_load(&outcome.answers) == QUESTIONS ? 0 : 1;
}
