/* SPDX-License-Identifier: BSD-3-Clause */
#include "classes.h"

#include <mycelium/send.h>

#include "tools_messages.h"

static enum myc_status
echo_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    (void)state;
    if (!myc_message_is(message, &tools_echo_type))
        return MYC_OK;
    /* Whoever is not there any more, or has no room, does without: an echo keeps nothing. */
    if (message->kind == MYC_KIND_ASK)
        (void)myc_reply(self, myc_message_request(message), &tools_echo_type, message->body,
                        message->size);
    else
        (void)myc_send(self, message->from, &tools_echo_type, message->body, message->size);
    return MYC_OK;
}

static const struct myc_type *const accepts[] = { &tools_echo_type };

const struct myc_class tools_echo_class = {
    .size = sizeof(struct myc_class),
    .name = "echo",
    .accepts = accepts,
    .accepts_count = 1,
    .receive = echo_receive,
};
