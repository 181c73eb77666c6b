/* SPDX-License-Identifier: BSD-3-Clause */
/* Place B as a client: a process without EAL, built with the client library alone.
 *
 *      client_b SOCKET
 */
#include <stdio.h>

#include <mycelium/client.h>

#include "conformance/place_b.h"

int
main(int argc, char **argv)
{
    char error[256] = "";
    const struct myc_client_options options = {
        .size = sizeof(options),
        .name = "conf-b",
        .timeout_ms = 30000,
        .limits = { .messages_max = 16384 },
        .error = error,
        .error_size = sizeof(error),
    };
    struct myc_node *node = NULL;

    if (argc != 2 || myc_client_open(argv[1], &options, &node) != MYC_OK) {
        fprintf(stderr, "client: %s\n", error);
        return 1;
    }
    return place_b_serve(&node, true);
}
