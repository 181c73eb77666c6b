/* SPDX-License-Identifier: BSD-3-Clause */
/* The stash: a ring of bytes; a message may lie around its end. */
#include <mycelium/stash.h>

#include <assert.h>
#include <string.h>

#include "base/assert.h"

static_assert(sizeof(struct myc_message) <= MYC_STASH_OVERHEAD, "what the header says");

void
myc_stash_init(struct myc_stash *stash, void *room, uint32_t size)
{
    FAB_ASSERT(room != NULL && size % 8 == 0);
    *stash = (struct myc_stash){ .room = room, .size = size };
}

/* Bytes of room that a message with such a body takes. */
static uint64_t
need_of(uint32_t size)
{
    return MYC_STASH_OVERHEAD + (((uint64_t)size + 7) & ~7ULL);
}

static void
write_bytes(struct myc_stash *stash, uint32_t at, const void *from, uint32_t size)
{
    uint32_t before_end = stash->size - at < size ? stash->size - at : size;

    memcpy(stash->room + at, from, before_end);
    memcpy(stash->room, (const uint8_t *)from + before_end, size - before_end);
}

static void
read_bytes(const struct myc_stash *stash, uint32_t at, void *to, uint32_t size)
{
    uint32_t before_end = stash->size - at < size ? stash->size - at : size;

    memcpy(to, stash->room + at, before_end);
    memcpy((uint8_t *)to + before_end, stash->room, size - before_end);
}

enum myc_status
myc_stash_push(struct myc_stash *stash, const struct myc_message *message)
{
    uint64_t need = need_of(message->size);
    uint32_t at;

    if (need > stash->size)
        return MYC_TOO_BIG;
    if (need > stash->size - stash->used)
        return MYC_FULL;
    at = (uint32_t)(((uint64_t)stash->head + stash->used) % stash->size);
    write_bytes(stash, at, message, sizeof(*message));
    at = (uint32_t)(((uint64_t)at + MYC_STASH_OVERHEAD) % stash->size);
    if (message->size > 0)
        write_bytes(stash, at, message->body, message->size);
    stash->used += (uint32_t)need;
    stash->count++;
    return MYC_OK;
}

bool
myc_stash_pop(struct myc_stash *stash, struct myc_message *message, void *body, uint32_t capacity)
{
    uint32_t need;

    if (stash->count == 0)
        return false;
    read_bytes(stash, stash->head, message, sizeof(*message));
    FAB_ASSERT(message->size <= capacity);
    need = (uint32_t)need_of(message->size);
    read_bytes(stash, (uint32_t)(((uint64_t)stash->head + MYC_STASH_OVERHEAD) % stash->size), body,
               message->size);
    message->body = body;
    stash->head = (uint32_t)(((uint64_t)stash->head + need) % stash->size);
    stash->used -= need;
    stash->count--;
    return true;
}
