/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A load generator: finds a name and sends to it, a burst each turn, as fast as it is taken.
 */
#include "classes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mycelium/messages.h>
#include <mycelium/name.h>
#include <mycelium/send.h>
#include <mycelium/timer.h>

#include "tools_messages.h"

#define BURST 32U

struct load {
    char to_name[MYC_NAME_SIZE_MAX + 1];
    struct myc_ref to; /* null while it is not known */
    uint64_t count;    /* 0: for ever */
    uint64_t sent;
    uint64_t poller;
};

static unsigned
send_burst(struct myc_self *self, void *state)
{
    struct load *load = state;
    unsigned sent = 0;

    while (sent < BURST && (load->count == 0 || load->sent < load->count)) {
        const struct tools_echo echo = { .number = load->sent, .sent_ns = myc_now_ns(self) };

        if (tools_echo_send(self, load->to, &echo) != MYC_OK)
            break;
        load->sent++;
        sent++;
    }
    if (load->count && load->sent == load->count)
        (void)myc_poller_stop(self, load->poller);
    return sent;
}

/* "key=value", a line each. */
static enum myc_status
read_line(struct load *load, const char *line)
{
    char *end;

    if (strncmp(line, "to=", 3) == 0 && strlen(line + 3) <= MYC_NAME_SIZE_MAX) {
        strcpy(load->to_name, line + 3);
        return MYC_OK;
    }
    if (strncmp(line, "count=", 6) != 0)
        return MYC_INVALID;
    load->count = strtoull(line + 6, &end, 10);
    return end != line + 6 && *end == '\0' ? MYC_OK : MYC_INVALID;
}

static enum myc_status
read_arguments(struct load *load, const char *args, size_t size)
{
    char text[MYC_ARGS_SIZE_MAX + 1];
    char *rest = NULL;

    memcpy(text, args, size);
    text[size] = '\0';
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        if (read_line(load, line) != MYC_OK) {
            fprintf(stderr, "load: `%s` is not to=NAME or count=N\n", line);
            return MYC_INVALID;
        }
    return load->to_name[0] ? MYC_OK : MYC_INVALID;
}

static enum myc_status
load_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct load *load = state;
    enum myc_status status = args ? read_arguments(load, args, args_size) : MYC_INVALID;

    return status != MYC_OK ? status : myc_watch_name(self, load->to_name, 0);
}

static enum myc_status
load_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct load *load = state;
    struct myc_name_found found;

    if (!myc_name_found_decode(message, &found) || found.status != MYC_OK)
        return MYC_OK;
    if (!myc_ref_is_null(load->to)) {
        load->to = found.ref;
        return MYC_OK;
    }
    load->to = found.ref;
    return myc_poller_start(self, send_burst, 0, &load->poller);
}

static const struct myc_type *const accepts[] = { &tools_echo_type };

const struct myc_class tools_load_class = {
    .size = sizeof(struct myc_class),
    .name = "load",
    .state_size = sizeof(struct load),
    .accepts = accepts,
    .accepts_count = 1,
    .init = load_init,
    .receive = load_receive,
};
