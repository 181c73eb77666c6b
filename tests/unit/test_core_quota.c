/* SPDX-License-Identifier: BSD-3-Clause */
/* Other processes that keep what they are sent have a part of the heap, and never all of it. */
#include "support/cmocka.h"
#include "support/core_lab.h"
#include "support/probe.h"

#include <stdlib.h>

#include <mycelium/buffer.h>

#define MIB       (1024U * 1024U)
#define HEAP_SIZE (32ULL * MIB)
#define BUFFERS   256U
#define KEPT_MAX  256U
#define HOME_3    0x0003000000000cccULL

static struct probe a, b, c, d;
static struct lab lab;
static struct myc_buffer *kept[KEPT_MAX];
static unsigned kept_count;

/* Cores 0 and 1 are lcores of one node; 2 and 3 those of another process, 4 is a third process. */
static void
set_up_with(uint64_t lent_max)
{
    struct fab_core_config configs[] = {
        lab_config(LAB_HOME_1, 0, 2), lab_config(LAB_HOME_1, 1, 2), lab_config(LAB_HOME_2, 0, 2),
        lab_config(LAB_HOME_2, 1, 2), lab_config(HOME_3, 0, 1),
    };

    memset(&a, 0, sizeof(a)), memset(&b, 0, sizeof(b));
    memset(&c, 0, sizeof(c)), memset(&d, 0, sizeof(d));
    kept_count = 0;
    lab_init(&lab);
    for (unsigned i = 0; i < 5; i++) {
        configs[i].heap_size = HEAP_SIZE;
        configs[i].limits.buffers_max = BUFFERS;
        configs[i].limits.lent_bytes_max = lent_max;
        lab_add_core(&lab, &configs[i]);
    }
    lab_join(&lab, 0, 1, FAB_LEVEL_RING, 0);
    lab_join(&lab, 0, 2, FAB_LEVEL_SEGMENT, 0);
    lab_join(&lab, 0, 3, FAB_LEVEL_SEGMENT, 0);
    lab_join(&lab, 0, 4, FAB_LEVEL_SEGMENT, 0);
    probe_spawn(&a, lab.cores[0], NULL);
}

static int
setup(void **state)
{
    (void)state;
    set_up_with(0);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    lab_fini(&lab);
    return 0;
}

static void
on_message(struct myc_self *self, struct probe *probe, const struct myc_message *message)
{
    (void)probe;
    if (message->kind == MYC_KIND_EVENT || message->size <= MYC_BODY_INLINE_MAX)
        return;
    assert_true(kept_count < KEPT_MAX);
    assert_int_equal(myc_message_keep(self, message, &kept[kept_count++]), MYC_OK);
}

/* An actor that keeps all large messages. */
static void
spawn_keeper(struct probe *probe, unsigned core)
{
    probe->on_message = on_message;
    assert_int_equal(probe_spawn(probe, lab.cores[core], NULL), MYC_OK);
}

struct act {
    struct myc_ref to;
    uint32_t size;
    enum myc_status status;
    struct myc_buffer **buffer;
};

static void
do_send(struct myc_self *self, void *context)
{
    struct act *act = context;
    uint8_t *body = calloc(1, act->size);

    act->status = myc_send(self, act->to, &probe_number_type, body, act->size);
    free(body);
}

static enum myc_status
send_sized(struct myc_ref to, uint32_t size)
{
    struct act act = { .to = to, .size = size };

    probe_do(&a, do_send, &act);
    lab_settle(&lab);
    return act.status;
}

static unsigned
send_until_refused(struct myc_ref to, uint32_t size)
{
    unsigned sent = 0;

    while (send_sized(to, size) == MYC_OK)
        sent++;
    assert_int_equal(send_sized(to, size), MYC_NO_MEMORY);
    return sent;
}

static void
do_release(struct myc_self *self, void *context)
{
    myc_buffer_release(self, context);
}

static void
release(struct probe *probe, unsigned first, unsigned count)
{
    for (unsigned i = first; i < first + count; i++)
        probe_do(probe, do_release, &kept[i]);
    lab_settle(&lab);
}

static void
test_a_process_that_keeps_all_is_stopped_at_half_of_the_heap(void **state)
{
    (void)state;
    spawn_keeper(&b, 2);
    spawn_keeper(&c, 1);
    assert_int_equal(send_until_refused(b.ref, MIB), 16);
    assert_true(lab_counters(&lab, 0)->lent_over_quota > 0);
    assert_int_equal(probe_send(&a, b.ref, 1), MYC_OK); /* small ones go on */
    assert_int_equal(send_sized(c.ref, MIB), MYC_OK);   /* and everybody else */
    release(&c, 16, 1);
    release(&b, 0, 1);
    assert_int_equal(send_sized(b.ref, MIB), MYC_OK); /* it gave one back */
    assert_int_equal(send_sized(b.ref, MIB), MYC_NO_MEMORY);
    release(&b, 1, 15);
    release(&b, 17, 1);
}

static void
test_all_links_of_a_process_share_one_account(void **state)
{
    (void)state;
    spawn_keeper(&b, 2);
    spawn_keeper(&c, 3);
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(send_sized(b.ref, MIB), MYC_OK);
        assert_int_equal(send_sized(c.ref, MIB), MYC_OK);
    }
    assert_int_equal(send_sized(b.ref, MIB), MYC_NO_MEMORY);
    assert_int_equal(send_sized(c.ref, MIB), MYC_NO_MEMORY);
    for (unsigned i = 0; i < 16; i++)
        release(i % 2 ? &c : &b, i, 1);
}

static void
test_all_processes_together_leave_a_quarter(void **state)
{
    (void)state;
    spawn_keeper(&b, 2);
    spawn_keeper(&c, 4);
    spawn_keeper(&d, 1);
    assert_int_equal(send_until_refused(b.ref, MIB), 16);
    assert_int_equal(send_until_refused(c.ref, MIB), 8);
    assert_int_equal(send_until_refused(d.ref, MIB), 8); /* an lcore of the own node has the rest */
    release(&b, 0, 16);
    release(&c, 16, 8);
    release(&d, 24, 8);
}

static void
test_one_body_may_be_larger_than_the_limit(void **state)
{
    (void)state;
    lab_fini(&lab);
    set_up_with(2 * MIB);
    spawn_keeper(&b, 2);
    assert_int_equal(send_sized(b.ref, 16 * MIB), MYC_OK);
    assert_int_equal(send_sized(b.ref, 2000), MYC_NO_MEMORY);
    release(&b, 0, 1);
    assert_int_equal(send_until_refused(b.ref, MIB), 2);
    release(&b, 1, 2);
}

static void
do_fan_out(struct myc_self *self, void *context)
{
    struct act *act = context;
    void *bytes;

    assert_int_equal(myc_buffer_claim(self, act->size, act->buffer, &bytes), MYC_OK);
    memset(bytes, 0, act->size);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(myc_buffer_send(self, act->to, &probe_number_type, *act->buffer, NULL),
                         MYC_OK);
    myc_buffer_release(self, act->buffer);
}

/* It lies there once, however many have it, and until the last has let go. */
static void
test_a_body_for_many_of_a_process_is_charged_once(void **state)
{
    struct myc_buffer *buffer;
    struct act act = { .size = 12 * MIB, .buffer = &buffer };

    (void)state;
    spawn_keeper(&b, 2);
    act.to = b.ref;
    probe_do(&a, do_fan_out, &act);
    lab_settle(&lab);
    assert_int_equal(kept_count, 3);
    for (unsigned i = 0; i < 3; i++) { /* a block of 16 MiB is all that it may have */
        assert_int_equal(send_sized(b.ref, MIB), MYC_NO_MEMORY);
        release(&b, (i + 1) % 3, 1);
    }
    assert_int_equal(send_until_refused(b.ref, MIB), 16);
    release(&b, 3, 16);
}

/* Small bodies use up the tables long before the bytes. */
static void
test_loans_are_limited_like_bytes(void **state)
{
    (void)state;
    spawn_keeper(&b, 2);
    spawn_keeper(&c, 1);
    assert_int_equal(send_until_refused(b.ref, 2000), BUFFERS / 2);
    assert_int_equal(send_sized(c.ref, 2000), MYC_OK);
    release(&b, 0, BUFFERS / 2);
    release(&c, BUFFERS / 2, 1);
}

static void
test_the_account_of_a_dead_process_is_closed(void **state)
{
    (void)state;
    spawn_keeper(&b, 2);
    spawn_keeper(&c, 4);
    assert_int_equal(send_until_refused(b.ref, MIB), 16);
    lab_kill_core(&lab, 2);
    lab_kill_core(&lab, 3);
    lab_settle(&lab);
    assert_int_equal(send_until_refused(c.ref, MIB), 16);
    release(&c, 16, 16);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_a_process_that_keeps_all_is_stopped_at_half_of_the_heap, setup, teardown),
        cmocka_unit_test_setup_teardown(test_all_links_of_a_process_share_one_account, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_all_processes_together_leave_a_quarter, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_one_body_may_be_larger_than_the_limit, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_a_body_for_many_of_a_process_is_charged_once, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_loans_are_limited_like_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_account_of_a_dead_process_is_closed, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
