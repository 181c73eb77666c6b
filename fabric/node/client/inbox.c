/* SPDX-License-Identifier: BSD-3-Clause */
#include "node/client/inbox.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "wire/message.h"

/* The last entry taken is kept for its reader until the next is taken. */
#define KEPT 1U

struct fab_inbox_entry {
    struct myc_message message;
    struct myc_buffer *buffer; /* keeps a large body; else NULL */
    uint8_t body[FAB_MSG_SMALL_MAX];
};

enum myc_status
fab_inbox_init(struct fab_inbox *inbox, uint32_t count)
{
    uint32_t size = 2;

    while (size < count + KEPT)
        size *= 2;
    *inbox = (struct fab_inbox){ .count = size };
    inbox->entries = calloc(size, sizeof(*inbox->entries));
    return inbox->entries ? MYC_OK : MYC_NO_MEMORY;
}

void
fab_inbox_fini(struct fab_inbox *inbox)
{
    free(inbox->entries);
    inbox->entries = NULL;
}

static void
put(struct fab_inbox *inbox, struct myc_self *self, const struct myc_message *message)
{
    struct fab_inbox_entry *entry = &inbox->entries[inbox->tail & (inbox->count - 1U)];
    bool is_large = message->size > sizeof(entry->body);

    if (inbox->tail - inbox->head >= inbox->count - KEPT ||
        (is_large && myc_message_keep(self, message, &entry->buffer) != MYC_OK)) {
        inbox->dropped_full++;
        return;
    }
    entry->message = *message;
    inbox->tail++;
    if (is_large)
        return;
    entry->message.body = entry->body;
    memcpy(entry->body, message->body, message->size);
}

/* The entry that was taken last. */
static struct fab_inbox_entry *
taken(const struct fab_inbox *inbox)
{
    return &inbox->entries[(inbox->head - 1U) & (inbox->count - 1U)];
}

bool
fab_inbox_has_kept(const struct fab_inbox *inbox)
{
    return taken(inbox)->buffer != NULL;
}

void
fab_inbox_release(struct fab_inbox *inbox, struct myc_self *self)
{
    myc_buffer_release(self, &taken(inbox)->buffer);
}

bool
fab_inbox_take(struct fab_inbox *inbox, struct myc_message *message)
{
    if (inbox->head == inbox->tail)
        return false;
    *message = inbox->entries[inbox->head++ & (inbox->count - 1U)].message;
    return true;
}

static enum myc_status
inbox_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    (void)self;
    FAB_ASSERT(args_size == sizeof(struct fab_inbox *));
    memcpy(state, args, args_size);
    return MYC_OK;
}

static enum myc_status
inbox_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct fab_inbox *inbox;

    memcpy(&inbox, state, sizeof(inbox));
    put(inbox, self, message);
    return MYC_OK;
}

const struct myc_class fab_inbox_class = {
    .size = sizeof(struct myc_class),
    .name = "client inbox",
    .state_size = sizeof(struct fab_inbox *),
    .flags = MYC_CLASS_ACCEPTS_ANY,
    .init = inbox_init,
    .receive = inbox_receive,
};
