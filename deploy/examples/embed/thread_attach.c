/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A thread of the program that is no lcore speaks with actors: it attaches to the node of its own
 * process and gets a ring pair of its own, without locks, without EAL.
 *
 *     ./thread_attach -l 0-1 --no-pci
 */
#include <pthread.h>
#include <stdio.h>

#include <mycelium/client.h>
#include <mycelium/dpdk.h>

#include <rte_eal.h>
#include <rte_lcore.h>

#include "hello.h"
#include "squares.h"

#define WAIT_NS 10000000000ULL

/* What the thread is given, and what it has got. */
struct task {
    struct myc_node *node;
    struct myc_ref squares;
    unsigned answers;
};

static bool
ask(struct myc_node *thread, struct myc_ref squares, uint64_t number)
{
    const struct hello_question question = { .number = number };
    struct myc_message message;
    struct hello_answer answer;
    uint8_t body[HELLO_QUESTION_BLOCK_LENGTH];

    hello_question_encode(&question, body);
    return myc_client_ask(thread, squares, &hello_question_type, body, sizeof(body), WAIT_NS,
                          number) == MYC_OK &&
           myc_client_receive(thread, WAIT_NS, &message) == MYC_OK &&
           hello_answer_decode(&message, &answer) && answer.square == number * number;
}

static void *
run(void *argument)
{
    struct task *task = argument;
    struct myc_node *thread = NULL;

    if (myc_thread_attach(task->node, NULL, &thread) != MYC_OK)
        return NULL;
    for (uint64_t i = 1; i <= SQUARES_QUESTIONS; i++)
        task->answers += ask(thread, task->squares, i);
    myc_node_stop(&thread); /* before the node */
    return NULL;
}

int
main(int argc, char **argv)
{
    struct myc_lcore_options lcore = { .eal_lcore = 0 };
    struct task task = { .node = NULL };
    char error[512] = "";
    const struct myc_node_options options = {
        .size = sizeof(options),
        .node_id = 1,
        .eal_argc = -1,
        .lcores = &lcore,
        .lcore_count = 1,
        .error = error,
        .error_size = sizeof(error),
    };
    pthread_t thread;

    if (rte_eal_init(argc, argv) < 0)
        return 1;
    lcore.eal_lcore = rte_get_next_lcore(-1, 1, 0);
    if (myc_node_start(&options, &task.node) != MYC_OK) {
        fprintf(stderr, "thread_attach: %s\n", error);
        return 1;
    }
    if (myc_node_spawn(task.node, 0, &squares_class, NULL, &task.squares) == MYC_OK &&
        pthread_create(&thread, NULL, run, &task) == 0)
        pthread_join(thread, NULL);
    myc_node_stop(&task.node);
    rte_eal_cleanup();
    printf("%u answers, %u failures\n", task.answers, SQUARES_QUESTIONS - task.answers);
    return task.answers == SQUARES_QUESTIONS ? 0 : 1;
}
