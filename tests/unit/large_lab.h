/* SPDX-License-Identifier: BSD-3-Clause */
/* For tests of large messages: a sender `a` on core 0, readers `b` and `c` where a test has them.
 */
#ifndef TESTS_UNIT_LARGE_LAB_H
#define TESTS_UNIT_LARGE_LAB_H

#include "support/cmocka.h"
#include "support/core_lab.h"
#include "support/probe.h"

#include <stdlib.h>

#include <mycelium/buffer.h>
#include <mycelium/messages.h>

#define MIB       (1024U * 1024U)
#define HEAP_SIZE (32ULL * MIB)

static struct probe a, b, c;
static struct lab lab;

/* Core 0 and 1 are lcores of one node, core 2 is another process: a ring and two segments. */
static inline void
setup_with(uint64_t heap_size, uint32_t capacity, uint32_t buffers)
{
    struct fab_core_config configs[] = {
        lab_config(LAB_HOME_1, 0, 2),
        lab_config(LAB_HOME_1, 1, 2),
        lab_config(LAB_HOME_2, 0, 1),
    };

    memset(&a, 0, sizeof(a)), memset(&b, 0, sizeof(b)), memset(&c, 0, sizeof(c));
    lab_init(&lab);
    for (unsigned i = 0; i < 3; i++) {
        configs[i].heap_size = heap_size;
        configs[i].limits.buffers_max = i == 2 ? buffers : 64;
        lab_add_core(&lab, &configs[i]);
    }
    lab_join(&lab, 0, 1, FAB_LEVEL_RING, capacity);
    lab_join(&lab, 0, 2, FAB_LEVEL_SEGMENT, capacity);
    lab_join(&lab, 1, 2, FAB_LEVEL_SEGMENT, capacity);
    probe_spawn(&a, lab.cores[0], NULL);
}

static inline int
setup(void **state)
{
    (void)state;
    setup_with(HEAP_SIZE, 0, 64);
    return 0;
}

static inline int
teardown(void **state)
{
    (void)state;
    lab_fini(&lab);
    return 0;
}

/* --- what senders and receivers do ------------------------------------------------------------ */

static inline uint8_t
byte_at(uint32_t i)
{
    return (uint8_t)(i * 131U + (i >> 8) + (i >> 16));
}

static inline void
fill(uint8_t *body, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++)
        body[i] = i < 8 ? 0 : byte_at(i);
}

static uint32_t got_size;
static unsigned got_count;
static struct myc_buffer *kept[8];
static unsigned kept_count;

static inline void
check(const uint8_t *bytes, uint32_t size)
{
    for (uint32_t i = 8; i < size; i++)
        if (bytes[i] != byte_at(i))
            fail_msg("byte %u of %u is wrong", i, size);
}

static inline void
on_large(struct myc_self *self, struct probe *probe, const struct myc_message *message)
{
    (void)self, (void)probe;
    if (message->kind == MYC_KIND_EVENT)
        return;
    check(message->body, message->size);
    got_size = message->size;
    got_count++;
}

static inline void
on_large_keep(struct myc_self *self, struct probe *probe, const struct myc_message *message)
{
    on_large(self, probe, message);
    if (message->kind != MYC_KIND_EVENT)
        assert_int_equal(myc_message_keep(self, message, &kept[kept_count++]), MYC_OK);
}

struct act {
    struct myc_ref to;
    uint32_t size;
    unsigned times;
    struct myc_buffer **buffer;
    enum myc_status status;
};

static inline void
do_send(struct myc_self *self, void *context)
{
    struct act *act = context;
    uint8_t *body = malloc(act->size);

    fill(body, act->size);
    act->status = myc_send(self, act->to, &probe_number_type, body, act->size);
    free(body);
}

static inline enum myc_status
send_sized(struct probe *from, struct myc_ref to, uint32_t size)
{
    struct act act = { .to = to, .size = size };

    probe_do(from, do_send, &act);
    return act.status;
}

static inline void
do_claim(struct myc_self *self, void *context)
{
    struct act *act = context;
    void *body;

    act->status = myc_buffer_claim(self, act->size, act->buffer, &body);
    if (act->status == MYC_OK)
        fill(body, act->size);
}

static inline void
do_send_buffer(struct myc_self *self, void *context)
{
    struct act *act = context;

    act->status = myc_buffer_send(self, act->to, &probe_number_type, *act->buffer, NULL);
}

static inline void
do_release(struct myc_self *self, void *context)
{
    myc_buffer_release(self, context);
}

static inline enum myc_status
send_buffer(struct probe *from, struct myc_ref to, struct myc_buffer **buffer)
{
    struct act act = { .to = to, .buffer = buffer };

    probe_do(from, do_send_buffer, &act);
    return act.status;
}

static inline void
spawn_reader(struct probe *probe, unsigned core,
             void (*on_message)(struct myc_self *, struct probe *, const struct myc_message *))
{
    memset(probe, 0, sizeof(*probe));
    probe->on_message = on_message;
    probe->is_silent = false;
    assert_int_equal(probe_spawn(probe, lab.cores[core], NULL), MYC_OK);
    got_size = 0;
    got_count = 0;
    kept_count = 0;
}

#endif
