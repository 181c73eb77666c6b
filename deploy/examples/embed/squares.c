/* SPDX-License-Identifier: BSD-3-Clause */
#include "squares.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "hello.h"

#define ASK_TIMEOUT_NS 10000000000ULL
#define WAIT_STEPS_MAX 3000 /* of 10 ms */

static atomic_uint answers, failures;

static enum myc_status
squares_receive(struct myc_self *self, void *state, const struct myc_message *message)
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

static const struct myc_type *const accepts[] = { &hello_question_type };

const struct myc_class squares_class = {
    .size = sizeof(struct myc_class),
    .name = "squares",
    .accepts = accepts,
    .accepts_count = 1,
    .receive = squares_receive,
};

struct asker {
    struct myc_ref squares;
    uint64_t number;
};

static enum myc_status
ask_next(struct myc_self *self, struct asker *asker)
{
    const struct myc_ask_options options = { .size = sizeof(options),
                                             .timeout_ns = ASK_TIMEOUT_NS };
    const struct hello_question question = { .number = ++asker->number };

    if (asker->number > SQUARES_QUESTIONS)
        return MYC_OK;
    return hello_question_ask(self, asker->squares, &question, &options, NULL);
}

static enum myc_status
asker_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct asker *asker = state;

    if (args_size != sizeof(asker->squares))
        return MYC_INVALID;
    memcpy(&asker->squares, args, sizeof(asker->squares));
    return ask_next(self, asker);
}

static enum myc_status
asker_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct asker *asker = state;
    struct hello_answer answer;

    if (message->kind == MYC_KIND_REPLY && hello_answer_decode(message, &answer) &&
        answer.square == asker->number * asker->number)
        atomic_fetch_add(&answers, 1);
    else
        atomic_fetch_add(&failures, 1);
    return ask_next(self, asker);
}

static const struct myc_class asker_class = {
    .size = sizeof(struct myc_class),
    .name = "asker",
    .state_size = sizeof(struct asker),
    .init = asker_init,
    .receive = asker_receive,
};

enum myc_status
squares_spawn(struct myc_node *node, uint8_t answering, uint8_t asking)
{
    struct myc_ref squares;
    const struct myc_spawn_options options = { .size = sizeof(options),
                                               .args = &squares,
                                               .args_size = sizeof(squares) };
    enum myc_status status = myc_node_spawn(node, answering, &squares_class, NULL, &squares);

    return status == MYC_OK ? myc_node_spawn(node, asking, &asker_class, &options, NULL) : status;
}

unsigned
squares_answers(void)
{
    return atomic_load(&answers);
}

unsigned
squares_failures(void)
{
    return atomic_load(&failures);
}

int
squares_wait(void)
{
    const struct timespec step = { 0, 10000000 };

    for (int i = 0; i < WAIT_STEPS_MAX; i++) {
        if (squares_answers() + squares_failures() == SQUARES_QUESTIONS)
            break;
        nanosleep(&step, NULL);
    }
    printf("%u answers, %u failures\n", squares_answers(), squares_failures());
    return squares_answers() == SQUARES_QUESTIONS ? 0 : 1;
}
