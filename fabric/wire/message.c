/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/message.h"

/* Of what a plain message has none. */
static bool
options_are_valid(const struct fab_msg *msg)
{
    if (msg->kind >= FAB_MSG_KIND_COUNT || (msg->flags & ~FAB_MSG_FLAGS_ALL))
        return false;
    if (msg->margin && msg->kind != FAB_MSG_SEND)
        return false;
    if (msg->extensions != fab_msg_extensions_of(msg->flags))
        return false;
    return !fab_msg_has_buffer(msg) || (msg->size != 0 && msg->kind <= FAB_MSG_ASK);
}

bool
fab_msg_is_valid(const struct fab_msg *msg, size_t available)
{
    if (available < FAB_MSG_HEADER_SIZE)
        return false;
    if (!fab_msg_is_plain(msg) && !options_are_valid(msg))
        return false;
    return msg->size <= FAB_MSG_SIZE_MAX && fab_msg_total(msg) <= available &&
           msg->block_length <= msg->size;
}
