/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A process without DPDK speaks with actors of a node of its host: over shared memory, as an actor
 * of its own.
 *
 *     mycelium run squares.yaml &
 *     cc $(pkg-config --cflags mycelium-client) client.c $(pkg-config --libs mycelium-client) -o
 * client
 *     ./client /tmp/squares.sock
 */
#include <stdio.h>

#include <mycelium/client.h>

#include "hello.h"

#define QUESTIONS 1000U
#define WAIT_NS   10000000000ULL
#define WAIT_MS   30000U /* for the node to be there */

static bool
ask(struct myc_node *client, struct myc_ref squares, uint64_t number)
{
    const struct hello_question question = { .number = number };
    struct myc_message message;
    struct hello_answer answer;
    uint8_t body[HELLO_QUESTION_BLOCK_LENGTH];

    hello_question_encode(&question, body);
    return myc_client_ask(client, squares, &hello_question_type, body, sizeof(body), WAIT_NS,
                          number) == MYC_OK &&
           myc_client_receive(client, WAIT_NS, &message) == MYC_OK &&
           hello_answer_decode(&message, &answer) && answer.square == number * number;
}

int
main(int argc, char **argv)
{
    char error[256] = "";
    const struct myc_client_options options = {
        .size = sizeof(options),
        .timeout_ms = WAIT_MS,
        .error = error,
        .error_size = sizeof(error),
    };
    struct myc_node *client = NULL;
    struct myc_ref squares;
    unsigned answers = 0;

    if (argc != 2 || myc_client_open(argv[1], &options, &client) != MYC_OK) {
        fprintf(stderr, "usage: client CONTROL_SOCKET; %s\n", error);
        return 1;
    }
    if (myc_client_find(client, "squares", WAIT_NS, &squares) == MYC_OK)
        for (uint64_t i = 1; i <= QUESTIONS; i++)
            answers += ask(client, squares, i);
    myc_node_stop(&client);
    printf("%u answers, %u failures\n", answers, QUESTIONS - answers);
    return answers == QUESTIONS ? 0 : 1;
}
