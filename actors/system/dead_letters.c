/* SPDX-License-Identifier: BSD-3-Clause */
/* Passes the dead letters of its lcore on to whoever has joined the group (mycelium/dead_letter.h).
 */
#include <mycelium/dead_letter.h>
#include <mycelium/group.h>
#include <mycelium/send.h>

#include <mycelium/messages.h>

static enum myc_status
dead_letters_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    (void)state;
    (void)args;
    (void)args_size;
    return myc_dead_letters_watch(self);
}

static const struct myc_type *
type_of(const struct myc_message *message)
{
    if (myc_message_is(message, &myc_dead_letter_type))
        return &myc_dead_letter_type;
    return myc_message_is(message, &myc_wait_cycle_type) ? &myc_wait_cycle_type : NULL;
}

static enum myc_status
dead_letters_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct myc_ref members[MYC_DEAD_LETTERS_WATCHERS_MAX];
    const struct myc_send_options options = { .size = sizeof(options), .tag = message->tag };
    const struct myc_type *type = type_of(message);
    uint32_t count;

    (void)state;
    if (message->kind != MYC_KIND_EVENT || !type)
        return MYC_OK; /* that a watcher is full or gone */
    count = myc_members(self, MYC_DEAD_LETTERS_GROUP, members, MYC_DEAD_LETTERS_WATCHERS_MAX);
    for (uint32_t i = 0; i < count && i < MYC_DEAD_LETTERS_WATCHERS_MAX; i++)
        (void)myc_send_with(self, members[i], type, message->body, message->size, &options);
    return MYC_OK;
}

const struct myc_class myc_dead_letters_class = {
    .size = sizeof(struct myc_class),
    .name = "dead_letters",
    .init = dead_letters_init,
    .receive = dead_letters_receive,
};
