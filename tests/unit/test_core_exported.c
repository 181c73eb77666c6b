/* SPDX-License-Identifier: BSD-3-Clause */
/* A node with a list of exported names: who may be addressed from elsewhere, and what is not
 * touched by it. a is on a node without a list; b, c and d on one with. */
#include "support/cmocka.h"
#include "support/core_lab.h"
#include "support/probe_parts.h"

#include "actor/shutdown.h"
#include "base/compiler.h"

#include <mycelium/messages.h>

static struct lab lab;
static struct probe a, b, c, d;
static const enum fab_level levels[] = { FAB_LEVEL_SEGMENT, FAB_LEVEL_FLOW };

/* b holds an exported name, c another one. d is on another lcore of their node. */
static void
begin_at(enum fab_level level)
{
    static const char *const exported[] = { "orders", "later" };
    struct fab_core_config of_a = lab_config(LAB_HOME_1, 0, 1);
    struct fab_core_config of_b = lab_config(LAB_HOME_2, 0, 2);
    struct fab_core_config of_d = lab_config(LAB_HOME_2, 1, 2);

    memset(&a, 0, sizeof(a)), memset(&b, 0, sizeof(b));
    memset(&c, 0, sizeof(c)), memset(&d, 0, sizeof(d));
    of_b.exported = of_d.exported = exported;
    of_b.exported_count = of_d.exported_count = 2;
    lab_init(&lab);
    lab_add_core(&lab, &of_a);
    lab_add_core(&lab, &of_b);
    lab_add_core(&lab, &of_d);
    lab_join(&lab, 0, 1, level, 0);
    lab_join(&lab, 1, 2, level, 0);
    assert_int_equal(probe_spawn(&a, lab.cores[0], NULL), MYC_OK);
    assert_int_equal(probe_spawn(&b, lab.cores[1], NULL), MYC_OK);
    assert_int_equal(probe_spawn(&c, lab.cores[1], NULL), MYC_OK);
    assert_int_equal(probe_spawn(&d, lab.cores[2], NULL), MYC_OK);
    assert_int_equal(probe_register(&b, "orders"), MYC_OK);
    assert_int_equal(probe_register(&c, "mine"), MYC_OK);
    lab_settle(&lab);
}

static void
at_each_level(void (*check)(void))
{
    for (size_t i = 0; i < FAB_COUNT_OF(levels); i++) {
        begin_at(levels[i]);
        check();
        lab_fini(&lab);
    }
}

static void
check_messages(void)
{
    const struct probe_note *note;

    assert_int_equal(probe_send(&a, b.ref, 1), MYC_OK);
    assert_int_equal(probe_send(&a, c.ref, 2), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_count(&b, PROBE_NUMBER_KEY), 1);
    assert_int_equal(c.count, 0);
    note = probe_last(&a, MYC_UNDELIVERED_KEY);
    assert_non_null(note);
    assert_int_equal(note->status, MYC_REFUSED);
    assert_true(myc_ref_is_equal(note->ref, c.ref));
    assert_int_equal(lab_counters(&lab, 1)->bounced_refused, 1);
    assert_int_equal(lab_counters(&lab, 1)->bounced_no_memory, 0);
}

static void
test_messages_from_elsewhere_reach_exported_names_only(void **state)
{
    (void)state;
    at_each_level(check_messages);
}

static void
check_own_node(void)
{
    assert_int_equal(probe_send(&d, c.ref, 1), MYC_OK);
    assert_int_equal(probe_send(&b, c.ref, 2), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_count(&c, PROBE_NUMBER_KEY), 2);
}

static void
test_the_own_node_may_address_everybody(void **state)
{
    (void)state;
    at_each_level(check_own_node);
}

static void
check_asks(void)
{
    b.on_message = c.on_message = probe_answers;
    assert_int_equal(probe_ask(&a, b.ref, 7, NULL, NULL), MYC_OK);
    assert_int_equal(probe_ask(&a, c.ref, 8, NULL, NULL), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_last(&a, PROBE_NUMBER_KEY)->value, 8);
    assert_int_equal(probe_count(&a, MYC_ASK_FAILED_KEY), 1);
    assert_int_equal(probe_last(&a, MYC_ASK_FAILED_KEY)->status, MYC_REFUSED);
    assert_int_equal(c.count, 0);
}

static void
test_an_ask_of_who_is_not_exported_fails_at_once(void **state)
{
    (void)state;
    at_each_level(check_asks);
}

/* c may not be addressed, but what it begins itself is answered. */
static void
check_answers(void)
{
    uint64_t monitor;

    a.on_message = probe_answers;
    assert_int_equal(probe_ask(&c, a.ref, 1, NULL, NULL), MYC_OK);
    assert_int_equal(probe_monitor(&c, a.ref, &monitor), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_last(&c, PROBE_NUMBER_KEY)->value, 2);
    assert_int_equal(probe_stop(&a, a.ref, MYC_NORMAL), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_last(&c, MYC_DOWN_KEY)->status, MYC_NORMAL);
    assert_int_equal(probe_send(&c, a.ref, 1), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_last(&c, MYC_UNDELIVERED_KEY)->status, MYC_GONE);
}

static void
test_replies_downs_and_notices_of_what_was_begun_here_come(void **state)
{
    (void)state;
    at_each_level(check_answers);
}

static void
check_system(void)
{
    uint64_t of_b, of_c;

    assert_int_equal(probe_monitor(&a, b.ref, &of_b), MYC_OK);
    assert_int_equal(probe_monitor(&a, c.ref, &of_c), MYC_OK);
    assert_int_equal(probe_stop(&a, c.ref, MYC_NORMAL), MYC_OK);
    assert_int_equal(probe_kill(&a, c.ref), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_count(&a, MYC_DOWN_KEY), 1);
    assert_int_equal(probe_last(&a, MYC_DOWN_KEY)->status, MYC_REFUSED);
    assert_true(myc_ref_is_equal(probe_last(&a, MYC_DOWN_KEY)->ref, c.ref));
    assert_true(fab_core_has_actor(lab.cores[1], c.ref));
    assert_int_equal(lab_counters(&lab, 1)->unexported, 3);
    assert_int_equal(probe_stop(&a, b.ref, MYC_NORMAL), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_last(&a, MYC_DOWN_KEY)->status, MYC_NORMAL);
}

static void
test_who_is_not_exported_can_be_neither_watched_nor_stopped(void **state)
{
    (void)state;
    at_each_level(check_system);
}

/* A link that c makes stands; one that a makes with it is refused. */
static void
check_links(void)
{
    assert_int_equal(probe_link(&b, a.ref), MYC_OK);
    assert_int_equal(probe_link(&c, a.ref), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_unlink(&a, c.ref), MYC_OK);
    assert_int_equal(probe_link(&a, c.ref), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(lab_counters(&lab, 1)->unexported, 1);
    assert_int_equal(a.stop_count, 1);
    assert_int_equal(a.stop_reason, MYC_REFUSED);
    assert_int_equal(b.stop_reason, MYC_REFUSED); /* by its own link with a */
    assert_int_equal(c.stop_count, 0);
}

static void
test_who_is_not_exported_is_linked_by_its_own_wish_alone(void **state)
{
    (void)state;
    at_each_level(check_links);
}

/* What was refused before is not overtaken by what comes after the name was taken. */
static void
check_name_that_comes_and_goes(void)
{
    assert_int_equal(probe_send(&a, c.ref, 1), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_count(&a, MYC_UNDELIVERED_KEY), 1);
    assert_int_equal(probe_register(&c, "later"), MYC_OK);
    assert_int_equal(probe_send(&a, c.ref, 2), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_count(&c, PROBE_NUMBER_KEY), 1);
    assert_int_equal(probe_last(&c, PROBE_NUMBER_KEY)->value, 2);
    assert_int_equal(probe_unregister(&c, "later"), MYC_OK);
    assert_int_equal(probe_send(&a, c.ref, 3), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_count(&c, PROBE_NUMBER_KEY), 1);
    assert_int_equal(probe_count(&a, MYC_UNDELIVERED_KEY), 2);
}

static void
test_an_actor_is_exported_while_it_holds_the_name(void **state)
{
    (void)state;
    at_each_level(check_name_that_comes_and_goes);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages_from_elsewhere_reach_exported_names_only),
        cmocka_unit_test(test_the_own_node_may_address_everybody),
        cmocka_unit_test(test_an_ask_of_who_is_not_exported_fails_at_once),
        cmocka_unit_test(test_replies_downs_and_notices_of_what_was_begun_here_come),
        cmocka_unit_test(test_who_is_not_exported_can_be_neither_watched_nor_stopped),
        cmocka_unit_test(test_who_is_not_exported_is_linked_by_its_own_wish_alone),
        cmocka_unit_test(test_an_actor_is_exported_while_it_holds_the_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
