/* SPDX-License-Identifier: BSD-3-Clause */
/* A packet of any bytes: refused for one cause, or its parts lie within it and an echo's answer is
 * as sound as its question. */
#include <stdlib.h>

#include "wire/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
answer(const uint8_t *data, size_t size, const struct fab_packet *request)
{
    uint8_t *copy = malloc(size);
    struct fab_packet decoded, reply;

    memcpy(copy, data, size);
    decoded = *request;
    decoded.payload = copy + (request->payload - data);
    fab_packet_answer_echo(copy, &decoded);
    if (fab_packet_decode(copy, size, &reply) != FAB_PACKET_OK ||
        reply.kind != FAB_PACKET_ECHO_REPLY || !fab_ip_is_equal(&reply.target, &request->source))
        abort();
    free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fab_packet packet;
    enum fab_packet_refusal refusal = fab_packet_decode(data, size, &packet);

    if (refusal != FAB_PACKET_OK)
        return fab_packet_refusal_name(refusal)[0] == '\0';
    if (packet.payload &&
        (packet.payload < data || packet.payload + packet.payload_size > data + size))
        abort();
    if (packet.kind == FAB_PACKET_ECHO_REQUEST)
        answer(data, size, &packet);
    return 0;
}
