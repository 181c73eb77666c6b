/* SPDX-License-Identifier: BSD-3-Clause */
/* The names of one lcore, and what its registry is told and tells. Replication: test_registry. */
#include "support/cmocka.h"
#include "support/core_lab.h"
#include "support/probe_parts.h"

#include <mycelium/messages.h>
#include <mycelium/registry.h>

#define MS 1000000ULL

static struct lab lab;
static struct probe a, b, registry;
static struct myc_ref found;

static int
begin(void **state)
{
    (void)state;
    memset(&a, 0, sizeof(a)), memset(&b, 0, sizeof(b));
    memset(&registry, 0, sizeof(registry));
    lab_init_pair(&lab, FAB_LEVEL_RING, 0);
    assert_int_equal(probe_spawn(&registry, lab.cores[0], NULL), MYC_OK);
    assert_int_equal(probe_spawn(&a, lab.cores[0], NULL), MYC_OK);
    assert_int_equal(probe_spawn(&b, lab.cores[0], NULL), MYC_OK);
    return 0;
}

static int
end(void **state)
{
    (void)state;
    lab_fini(&lab);
    return 0;
}

static void
assert_holder(const char *name, struct myc_ref ref)
{
    assert_int_equal(probe_lookup(&b, name, &found), MYC_OK);
    assert_true(myc_ref_is_equal(found, ref));
}

static void
test_a_name_is_found_until_it_is_given_back(void **state)
{
    (void)state;
    assert_int_equal(probe_lookup(&b, "book", &found), MYC_NOT_FOUND);
    assert_int_equal(probe_register(&a, "book"), MYC_OK);
    assert_int_equal(probe_register(&a, "books"), MYC_OK);
    assert_int_equal(probe_register(&a, "book"), MYC_OK);
    assert_holder("book", a.ref);
    assert_int_equal(probe_register(&b, "book"), MYC_EXISTS);
    assert_int_equal(probe_unregister(&b, "book"), MYC_NOT_FOUND);
    assert_int_equal(probe_unregister(&a, "book"), MYC_OK);
    assert_int_equal(probe_lookup(&b, "book", &found), MYC_NOT_FOUND);
    assert_holder("books", a.ref);
    assert_int_equal(probe_register(&b, "book"), MYC_OK);
    assert_holder("book", b.ref);
}

static void
test_bad_names_are_refused(void **state)
{
    char longest[MYC_NAME_SIZE_MAX + 2];

    (void)state;
    memset(longest, 'x', sizeof(longest));
    longest[MYC_NAME_SIZE_MAX + 1] = '\0';
    assert_int_equal(probe_register(&a, ""), MYC_INVALID);
    assert_int_equal(probe_register(&a, longest), MYC_INVALID);
    assert_int_equal(probe_discover(&a, longest, MS, 1), MYC_INVALID);
    longest[MYC_NAME_SIZE_MAX] = '\0';
    assert_int_equal(probe_register(&a, longest), MYC_OK);
    assert_holder(longest, a.ref);
}

static void
test_names_go_with_their_holder_but_survive_a_restart(void **state)
{
    static struct probe child;
    struct myc_spawn_options options = { .is_supervised = true, .name = "child" };

    (void)state;
    memset(&child, 0, sizeof(child));
    assert_int_equal(probe_spawn_child(&child, &a, &options), MYC_OK);
    child.answer = MYC_FAILED;
    assert_int_equal(probe_send(&b, child.ref, 1), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_restart(&a, child.ref), MYC_OK);
    assert_holder("child", child.ref);
    assert_int_equal(probe_kill(&b, child.ref), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_release(&a, child.ref), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_lookup(&b, "child", &found), MYC_NOT_FOUND);
}

static void
test_a_failed_init_leaves_no_name(void **state)
{
    static struct probe child;
    struct myc_spawn_options options = { .name = "child" };

    (void)state;
    memset(&child, 0, sizeof(child));
    child.init_answer = MYC_REFUSED;
    assert_int_equal(probe_spawn(&child, lab.cores[0], &options), MYC_REFUSED);
    assert_int_equal(probe_lookup(&b, "child", &found), MYC_NOT_FOUND);
    assert_int_equal(probe_register(&a, "child"), MYC_OK);
    memset(&child, 0, sizeof(child));
    assert_int_equal(probe_spawn(&child, lab.cores[0], &options), MYC_EXISTS);
}

static void
test_discover_answers_once_now_or_later_or_times_out(void **state)
{
    (void)state;
    assert_int_equal(probe_register(&a, "here"), MYC_OK);
    assert_int_equal(probe_discover(&b, "here", MS, 1), MYC_OK);
    assert_int_equal(probe_discover(&b, "later", 5 * MS, 2), MYC_OK);
    assert_int_equal(probe_discover(&b, "never", 2 * MS, 3), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_count(&b, MYC_NAME_FOUND_KEY), 1);
    assert_true(b.notes[0].tag == 1 && myc_ref_is_equal(b.notes[0].ref, a.ref));
    assert_int_equal(b.notes[0].status, MYC_OK);
    assert_int_equal(probe_register(&a, "later"), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_count(&b, MYC_NAME_FOUND_KEY), 2);
    assert_true(b.notes[1].tag == 2 && b.notes[1].status == MYC_OK);
    lab_advance(&lab, 10 * MS);
    assert_int_equal(probe_count(&b, MYC_NAME_FOUND_KEY), 3);
    assert_true(b.notes[2].tag == 3 && b.notes[2].status == MYC_TIMEOUT);
    assert_true(myc_ref_is_null(b.notes[2].ref));
}

static void
test_a_watch_tells_what_is_and_then_each_change(void **state)
{
    (void)state;
    assert_int_equal(probe_register(&a, "book"), MYC_OK);
    assert_int_equal(probe_watch_name(&b, "book", 9), MYC_OK);
    assert_int_equal(probe_watch_name(&b, "other", 8), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(b.count, 1);
    assert_true(b.notes[0].key == MYC_NAME_FOUND_KEY && b.notes[0].tag == 9);
    assert_int_equal(probe_kill(&b, a.ref), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(b.count, 2);
    assert_true(b.notes[1].key == MYC_NAME_LOST_KEY && b.notes[1].tag == 9);
    assert_true(myc_ref_is_equal(b.notes[1].ref, a.ref));
    assert_int_equal(probe_register(&registry, "book"), MYC_OK);
    lab_settle(&lab);
    assert_true(b.count == 3 && b.notes[2].key == MYC_NAME_FOUND_KEY);
}

static void
test_who_watches_and_ends_is_forgotten(void **state)
{
    (void)state;
    assert_int_equal(probe_watch_name(&b, "book", 9), MYC_OK);
    assert_int_equal(probe_discover(&b, "book", MYC_FOREVER, 9), MYC_OK);
    assert_int_equal(probe_kill(&a, b.ref), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_register(&a, "book"), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(b.count, 0);
}

/* --- the registry's side ---------------------------------------------------------------------- */

struct change {
    struct myc_name_claim claim;
    bool is_removed;
};
static struct change changes[16];
static unsigned change_count;

static void
take_changes(struct myc_self *self, struct probe *probe, const struct myc_message *message)
{
    (void)probe;
    if (myc_message_key(message) != MYC_NAMES_CHANGED_KEY)
        return;
    while (myc_registry_take_change(self, &changes[change_count].claim,
                                    &changes[change_count].is_removed) == MYC_OK)
        change_count++;
}

static void
attach(struct myc_self *self, void *context)
{
    *(enum myc_status *)context = myc_registry_attach(self);
}

static struct myc_name_claim
claim_of(const char *name, uint64_t home, uint64_t claimed_ns)
{
    struct myc_name_claim claim = { .ref = { home, 77 }, .claimed_ns = claimed_ns };

    strcpy(claim.name, name);
    return claim;
}

static void
apply(struct myc_self *self, void *context)
{
    const struct myc_name_claim *claim = context;

    a.answer = myc_registry_apply(self, claim, 5);
}

/* What the table answers to a claim from elsewhere. */
static enum myc_status
applied(struct myc_name_claim claim)
{
    enum myc_status status;

    probe_do(&registry, apply, &claim);
    status = a.answer;
    a.answer = MYC_OK;
    return status;
}

static void
become_registry(void)
{
    enum myc_status status = MYC_FAILED;

    change_count = 0;
    registry.on_message = take_changes;
    probe_do(&registry, attach, &status);
    assert_int_equal(status, MYC_OK);
    probe_do(&a, attach, &status);
    assert_int_equal(status, MYC_EXISTS);
}

static void
test_the_registry_takes_changes_in_order(void **state)
{
    (void)state;
    become_registry();
    assert_int_equal(probe_register(&a, "x"), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_unregister(&a, "x"), MYC_OK);
    assert_int_equal(probe_register(&b, "x"), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(change_count, 3);
    assert_false(changes[0].is_removed);
    assert_true(changes[1].is_removed && myc_ref_is_equal(changes[1].claim.ref, a.ref));
    assert_true(!changes[2].is_removed && myc_ref_is_equal(changes[2].claim.ref, b.ref));
    assert_int_equal(probe_count(&registry, MYC_NAMES_CHANGED_KEY), 2);
}

static void
test_of_two_claims_the_earlier_holds_and_the_loser_is_told(void **state)
{
    (void)state;
    become_registry();
    lab_advance(&lab, MS);
    assert_int_equal(probe_register(&a, "x"), MYC_OK);
    assert_int_equal(probe_watch_name(&b, "x", 3), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(applied(claim_of("x", LAB_HOME_2 + 7, 1ULL << 60)), MYC_OK);
    assert_holder("x", a.ref);
    assert_int_equal(applied(claim_of("x", LAB_HOME_2, 5)), MYC_OK);
    assert_int_equal(applied(claim_of("x", LAB_HOME_2, 5)), MYC_EXISTS);
    assert_true(probe_lookup(&b, "x", &found) == MYC_OK && found.home == LAB_HOME_2);
    lab_settle(&lab);
    assert_int_equal(probe_count(&a, MYC_NAME_LOST_KEY), 1);
    assert_int_equal(change_count, 2);
    assert_true(changes[1].is_removed && myc_ref_is_equal(changes[1].claim.ref, a.ref));
    /* The watcher sees one holder after the other. */
    assert_true(b.count == 2 && b.notes[1].ref.home == LAB_HOME_2);
    /* At one time the lower ref wins, whichever comes first. */
    assert_int_equal(applied(claim_of("x", LAB_HOME_2 + 1, 5)), MYC_OK);
    assert_true(probe_lookup(&b, "x", &found) == MYC_OK && found.home == LAB_HOME_2);
    assert_int_equal(applied(claim_of("x", LAB_HOME_2 - 1, 5)), MYC_OK);
    assert_true(probe_lookup(&b, "x", &found) == MYC_OK && found.home == LAB_HOME_2 - 1);
}

static void
remove_wrong_and_right(struct myc_self *self, void *context)
{
    struct myc_ref holder = { LAB_HOME_2, 77 };
    struct myc_ref other = { LAB_HOME_2, 78 };

    (void)context;
    assert_int_equal(myc_registry_remove(self, &(struct myc_name_claim){ "x", other, 0 }),
                     MYC_NOT_FOUND);
    assert_int_equal(myc_registry_remove(self, &(struct myc_name_claim){ "x", holder, 0 }), MYC_OK);
    assert_int_equal(myc_registry_remove(self, &(struct myc_name_claim){ "x", holder, 0 }),
                     MYC_NOT_FOUND);
}

static void
test_claims_from_elsewhere_are_checked(void **state)
{
    struct myc_name_claim local = claim_of("x", LAB_HOME_1, 5);

    (void)state;
    become_registry();
    assert_int_equal(applied(local), MYC_INVALID);
    assert_int_equal(applied(claim_of("", LAB_HOME_2, 5)), MYC_INVALID);
    assert_int_equal(applied(claim_of("x", LAB_HOME_2, 5)), MYC_OK);
    assert_int_equal(probe_discover(&b, "x", MS, 1), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_count(&b, MYC_NAME_FOUND_KEY), 1);
    probe_do(&registry, remove_wrong_and_right, NULL);
    assert_int_equal(probe_lookup(&b, "x", &found), MYC_NOT_FOUND);
}

static void
walk(struct myc_self *self, void *context)
{
    struct myc_name_claim claim;
    uint32_t cursor = 0;
    uint32_t mark;
    unsigned *seen = context;

    while (myc_registry_next(self, &cursor, &claim, &mark) == MYC_OK)
        seen[mark == 0 ? 0 : 1]++;
}

static void
test_a_walk_sees_each_name_once(void **state)
{
    unsigned seen[2] = { 0 };

    (void)state;
    become_registry();
    assert_int_equal(probe_register(&a, "x"), MYC_OK);
    assert_int_equal(probe_register(&a, "y"), MYC_OK);
    assert_int_equal(probe_unregister(&a, "x"), MYC_OK);
    assert_int_equal(applied(claim_of("z", LAB_HOME_2, 5)), MYC_OK);
    probe_do(&registry, walk, seen);
    assert_int_equal(seen[0], 1);
    assert_int_equal(seen[1], 1);
}

#define NAME_TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        NAME_TEST(test_a_name_is_found_until_it_is_given_back),
        NAME_TEST(test_bad_names_are_refused),
        NAME_TEST(test_names_go_with_their_holder_but_survive_a_restart),
        NAME_TEST(test_a_failed_init_leaves_no_name),
        NAME_TEST(test_discover_answers_once_now_or_later_or_times_out),
        NAME_TEST(test_a_watch_tells_what_is_and_then_each_change),
        NAME_TEST(test_who_watches_and_ends_is_forgotten),
        NAME_TEST(test_the_registry_takes_changes_in_order),
        NAME_TEST(test_of_two_claims_the_earlier_holds_and_the_loser_is_told),
        NAME_TEST(test_claims_from_elsewhere_are_checked),
        NAME_TEST(test_a_walk_sees_each_name_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
