/* SPDX-License-Identifier: BSD-3-Clause */
/* Who may grant bytes of large bodies, when flows share a budget. */
#include "support/cmocka.h"

#include "proto/granter.h"

#define SEATS 5U

static struct fab_granter granter;
static struct fab_grant_seat seats[SEATS];
static int owners[SEATS];

static int
set_up(void **state)
{
    (void)state;
    fab_granter_init(&granter, 4 * FAB_GRANT_QUANTUM);
    for (unsigned i = 0; i < SEATS; i++)
        seats[i] = (struct fab_grant_seat){ .context = &owners[i] };
    return 0;
}

static void
test_room_is_never_less_than_a_quantum(void **state)
{
    (void)state;
    for (uint64_t used = 0; used <= granter.limit; used += 1024) {
        uint64_t room;

        granter.outstanding = used;
        room = fab_granter_room(&granter);
        assert_true(room == 0 || room >= FAB_GRANT_QUANTUM);
        assert_true(granter.outstanding + room <= granter.limit);
    }
}

static void
test_those_who_wait_are_called_in_turn_while_there_is_room(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SEATS; i++) {
        fab_granter_wait(&granter, &seats[i]);
        fab_granter_wait(&granter, &seats[i]); /* a place for each, however often */
    }
    for (unsigned i = 0; i < 4; i++) {
        assert_ptr_equal(fab_granter_call(&granter), &owners[i]);
        granter.outstanding += FAB_GRANT_QUANTUM;
    }
    assert_null(fab_granter_call(&granter)); /* the budget is used up */
    granter.outstanding -= FAB_GRANT_QUANTUM;
    assert_ptr_equal(fab_granter_call(&granter), &owners[4]);
    assert_null(fab_granter_call(&granter));
    assert_null(granter.first);
}

/* Whoever it is that leaves, the others keep their order, and a newcomer is last. */
static void
test_a_seat_is_left_from_any_place(void **state)
{
    (void)state;
    for (unsigned gone = 0; gone < SEATS; gone++) {
        for (unsigned i = 0; i < SEATS; i++)
            fab_granter_wait(&granter, &seats[i]);
        fab_granter_leave(&granter, &seats[gone]);
        fab_granter_leave(&granter, &seats[gone]);
        fab_granter_wait(&granter, &seats[gone]);
        for (unsigned i = 0; i < SEATS; i++)
            if (i != gone)
                assert_ptr_equal(fab_granter_call(&granter), &owners[i]);
        assert_ptr_equal(fab_granter_call(&granter), &owners[gone]);
        assert_null(fab_granter_call(&granter));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_room_is_never_less_than_a_quantum, set_up),
        cmocka_unit_test_setup(test_those_who_wait_are_called_in_turn_while_there_is_room, set_up),
        cmocka_unit_test_setup(test_a_seat_is_left_from_any_place, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
