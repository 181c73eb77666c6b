/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A reflector of latency probes: what Pktgen-DPDK, or `mycelium bench pktgen`, sends to a port
 * comes back to it with the ends exchanged.
 *
 * One that was given a port takes the probes of that port and gives each back at once. One that was
 * given a name beside it hands each to the actor of that name instead, as a Frame, and transmits
 * what comes back: with another reflector on another lcore this is a hop more each way. One without
 * a port is that other reflector. What finds no room is dropped, as on any wire.
 */
#include "classes.h"

#include <stdio.h>
#include <string.h>

#include <mycelium/messages.h>
#include <mycelium/name.h>
#include <mycelium/port.h>
#include <mycelium/send.h>

#include "probe.h"
#include "tools_messages.h"

#define PORT_NAME_SIZE 32U
#define FRAME_HEAD     2U /* bytes of a Frame before the frame: its length */

struct reflector {
    char port[PORT_NAME_SIZE];           /* "": none */
    char to_name[MYC_NAME_SIZE_MAX + 1]; /* "": reflects itself */
    struct myc_ref to;                   /* null while it is not known */
};

static enum myc_status
send_frame(struct myc_self *self, struct myc_ref to, const void *bytes, uint32_t size)
{
    struct myc_sbe_writer writer;
    void *body;
    enum myc_status status = myc_send_claim(self, to, &tools_frame_type, FRAME_HEAD + size, &body);

    if (status != MYC_OK)
        return status;
    (void)tools_frame_build(&writer, body, FRAME_HEAD + size);
    tools_frame_append_bytes(&writer, bytes, (uint16_t)size);
    myc_send_commit(self);
    return MYC_OK;
}

/* What finds no room is counted by the port (raw_full). */
static void
transmit(struct myc_self *self, const struct reflector *reflector, const void *bytes, uint32_t size)
{
    enum myc_status status = myc_port_transmit(self, reflector->port, bytes, size);

    (void)status;
}

static void
on_frame(struct myc_self *self, void *state, const struct myc_frame *frame)
{
    struct reflector *reflector = state;
    uint8_t bytes[TOOLS_PROBE_SIZE_MAX];
    struct tools_probe_mark mark;

    if (!tools_probe_read(frame->bytes, frame->size, &mark))
        return;
    if (reflector->to_name[0]) {
        (void)send_frame(self, reflector->to, frame->bytes, frame->size);
        return;
    }
    memcpy(bytes, frame->bytes, frame->size);
    tools_probe_reflect(bytes);
    transmit(self, reflector, bytes, frame->size);
}

/* From the one with the port, to be reflected; or back from the one that was to reflect it. */
static void
on_message(struct myc_self *self, const struct reflector *reflector,
           const struct myc_message *message)
{
    struct tools_frame_view view = tools_frame_view_of(message);
    struct myc_sbe_bytes frame = tools_frame_get_bytes(&view);
    uint8_t bytes[TOOLS_PROBE_SIZE_MAX];
    struct tools_probe_mark mark;

    if (reflector->port[0]) {
        if (myc_ref_is_equal(message->from, reflector->to))
            transmit(self, reflector, frame.at, frame.size);
        return;
    }
    if (!tools_probe_read(frame.at, frame.size, &mark))
        return;
    memcpy(bytes, frame.at, frame.size);
    tools_probe_reflect(bytes);
    (void)send_frame(self, message->from, bytes, frame.size);
}

static bool
keep_text(char *place, size_t size, const char *text)
{
    if (!text[0] || strlen(text) >= size)
        return false;
    strcpy(place, text);
    return true;
}

static enum myc_status
read_arguments(struct reflector *reflector, const char *args, size_t size)
{
    char text[MYC_ARGS_SIZE_MAX + 1];
    char *rest = NULL;

    memcpy(text, args, size);
    text[size] = '\0';
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        if (strncmp(line, "port=", 5) == 0 &&
            keep_text(reflector->port, sizeof(reflector->port), line + 5))
            continue;
        if (strncmp(line, "to=", 3) == 0 &&
            keep_text(reflector->to_name, sizeof(reflector->to_name), line + 3))
            continue;
        fprintf(stderr, "reflector: `%s` is not port=NAME or to=NAME\n", line);
        return MYC_INVALID;
    }
    return reflector->to_name[0] && !reflector->port[0] ? MYC_INVALID : MYC_OK;
}

static enum myc_status
reflector_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct reflector *reflector = state;
    enum myc_status status = MYC_OK;

    if (args)
        status = read_arguments(reflector, args, args_size);
    if (status == MYC_OK && reflector->to_name[0])
        status = myc_watch_name(self, reflector->to_name, 0);
    if (status == MYC_OK && reflector->port[0])
        status = myc_port_listen(self, reflector->port, TOOLS_PROBE_UDP_PORT, on_frame);
    return status;
}

static enum myc_status
reflector_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct reflector *reflector = state;
    struct myc_name_found found;

    if (myc_message_is(message, &tools_frame_type))
        on_message(self, reflector, message);
    else if (myc_name_found_decode(message, &found) && found.status == MYC_OK)
        reflector->to = found.ref;
    return MYC_OK;
}

static const struct myc_type *const accepts[] = { &tools_frame_type };

const struct myc_class tools_reflector_class = {
    .size = sizeof(struct myc_class),
    .name = "reflector",
    .state_size = sizeof(struct reflector),
    .accepts = accepts,
    .accepts_count = 1,
    .init = reflector_init,
    .receive = reflector_receive,
};
