/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Large messages from one node to another, for `mycelium run` in a guest (test_pci_bodies.py):
 *
 *     bulk_send  sends bodies whose bytes all follow from their number; ends after `count`, or when
 *                there is nobody to send to any more
 *     bulk_take  checks every byte of what comes, and says how many were right
 *     bulk_heap  tries every little while to claim all of its lcore's heap, and says whether it was
 *                there: "whole" means that no body is on its way, acknowledged or not
 *
 * Arguments are numbers, separated by spaces: count (0: for ever) and size; bytes of the heap.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mycelium/buffer.h>
#include <mycelium/class.h>
#include <mycelium/messages.h>
#include <mycelium/name.h>
#include <mycelium/plugin.h>
#include <mycelium/send.h>
#include <mycelium/spawn.h>
#include <mycelium/timer.h>

#define SPREAD    0x9e3779b97f4a7c15ULL
#define CLAIM     (1024U * 1024U)
#define CLAIMS    256U
#define LOOK_NS   200000000ULL
#define TAKER     "bulk"
#define TOLD_EACH 5U

static bool
verify(const void *body, uint32_t size, uint16_t block_length, uint16_t version)
{
    (void)body, (void)block_length, (void)version;
    return size >= sizeof(uint64_t);
}

static const struct myc_type bulk_type = {
    .name = "Bulk",
    .block_length = sizeof(uint64_t),
    .template_id = 1,
    .schema_id = 902,
    .verify = verify,
};

static uint64_t
word_of(uint64_t number, uint64_t index)
{
    return index == 0 ? number : (number + index) * SPREAD ^ number;
}

static bool
read_numbers(const void *args, size_t size, uint64_t *first, uint64_t *second)
{
    char text[64];

    if (!args || size >= sizeof(text))
        return false;
    memcpy(text, args, size);
    text[size] = '\0';
    return sscanf(text, "%lu %lu", first, second) >= 1; /* NOLINT: a test's own words */
}

/* --- bulk_send -------------------------------------------------------------------------------- */

struct sender {
    struct myc_ref to;
    uint64_t count;
    uint64_t size;
    uint64_t sent;
};

static enum myc_status
send_next(struct myc_self *self, struct sender *sender)
{
    struct myc_buffer *buffer;
    void *body;
    enum myc_status status = myc_buffer_claim(self, (uint32_t)sender->size, &buffer, &body);

    if (status != MYC_OK)
        return status;
    for (uint64_t i = 0; i < sender->size / sizeof(uint64_t); i++)
        ((uint64_t *)body)[i] = word_of(sender->sent, i);
    status = myc_buffer_send(self, sender->to, &bulk_type, buffer, NULL);
    myc_buffer_release(self, &buffer);
    return status;
}

static unsigned
send_some(struct myc_self *self, void *state)
{
    struct sender *sender = state;
    enum myc_status status = send_next(self, sender);
    bool is_over = status == MYC_UNREACHABLE || status == MYC_GONE;

    sender->sent += status == MYC_OK;
    if (status == MYC_OK)
        is_over = sender->sent == sender->count;
    if (is_over) {
        fprintf(stderr, "bulk_send: has sent %lu and ends: %s\n", sender->sent,
                myc_status_name(status));
        (void)myc_stop(self, myc_self_ref(self), MYC_NORMAL);
    }
    return status == MYC_OK;
}

static enum myc_status
sender_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct sender *sender = state;

    if (!read_numbers(args, args_size, &sender->count, &sender->size))
        return MYC_INVALID;
    return myc_watch_name(self, TAKER, 0);
}

static enum myc_status
sender_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct sender *sender = state;
    struct myc_name_found found;
    bool is_first = myc_ref_is_null(sender->to);

    if (!myc_name_found_decode(message, &found) || found.status != MYC_OK)
        return MYC_OK;
    sender->to = found.ref;
    return is_first ? myc_poller_start(self, send_some, 0, NULL) : MYC_OK;
}

static const struct myc_class sender_class = {
    .size = sizeof(struct myc_class),
    .name = "bulk_send",
    .state_size = sizeof(struct sender),
    .init = sender_init,
    .receive = sender_receive,
};

/* --- bulk_take -------------------------------------------------------------------------------- */

struct taker {
    uint64_t right;
    uint64_t wrong;
};

static bool
is_right(const struct myc_message *message)
{
    uint64_t number, word;

    memcpy(&number, message->body, sizeof(number));
    for (uint64_t i = 0; i < message->size / sizeof(word); i++) {
        memcpy(&word, (const char *)message->body + i * sizeof(word), sizeof(word));
        if (word != word_of(number, i))
            return false;
    }
    return true;
}

static enum myc_status
taker_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct taker *taker = state;

    (void)self;
    if (!myc_message_is(message, &bulk_type))
        return MYC_OK;
    if (is_right(message))
        taker->right++;
    else
        taker->wrong++;
    if ((taker->right + taker->wrong) % TOLD_EACH == 0)
        fprintf(stderr, "bulk_take: %lu right, %lu wrong\n", taker->right, taker->wrong);
    return MYC_OK;
}

static const struct myc_type *const taken[] = { &bulk_type };

static const struct myc_class taker_class = {
    .size = sizeof(struct myc_class),
    .name = "bulk_take",
    .state_size = sizeof(struct taker),
    .accepts = taken,
    .accepts_count = 1,
    .receive = taker_receive,
};

/* --- bulk_heap -------------------------------------------------------------------------------- */

struct looker {
    uint64_t bytes;
    uint64_t unused;
    uint64_t missing; /* bytes, when it looked last; UINT64_MAX: it has not */
};

/* Takes what there is and puts it back. Returns how much it was. */
static uint64_t
measure(struct myc_self *self, uint64_t bytes)
{
    struct myc_buffer *buffers[CLAIMS];
    uint64_t count = 0;
    void *body;

    while (count < bytes / CLAIM && count < CLAIMS &&
           myc_buffer_claim(self, CLAIM, &buffers[count], &body) == MYC_OK)
        count++;
    for (uint64_t i = 0; i < count; i++)
        myc_buffer_release(self, &buffers[i]);
    return count * CLAIM;
}

static unsigned
look(struct myc_self *self, void *state)
{
    struct looker *looker = state;
    uint64_t missing = looker->bytes - measure(self, looker->bytes);

    if (missing != looker->missing && missing == 0)
        fprintf(stderr, "bulk_heap: whole\n");
    else if (missing != looker->missing)
        fprintf(stderr, "bulk_heap: short by %lu MiB\n", missing / CLAIM);
    looker->missing = missing;
    return 1;
}

static enum myc_status
looker_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct looker *looker = state;

    looker->missing = UINT64_MAX;
    if (!read_numbers(args, args_size, &looker->bytes, &looker->unused))
        return MYC_INVALID;
    return myc_poller_start(self, look, LOOK_NS, NULL);
}

static enum myc_status
looker_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    (void)self, (void)state, (void)message;
    return MYC_OK;
}

static const struct myc_class looker_class = {
    .size = sizeof(struct myc_class),
    .name = "bulk_heap",
    .state_size = sizeof(struct looker),
    .init = looker_init,
    .receive = looker_receive,
};

static const struct myc_class *const classes[] = { &sender_class, &taker_class, &looker_class };

MYC_PLUGIN_DEFINE(classes);
