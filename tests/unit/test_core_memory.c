/* SPDX-License-Identifier: BSD-3-Clause */
/* The memory below the core: cells and reservations, slabs, pair tables, slots; and the
 * pool when it is used up. */
#include "support/cmocka.h"
#include "support/level_lab.h"

#include <stdlib.h>

#include "actor/cell.h"
#include "actor/pair.h"
#include "actor/slab.h"
#include "actor/state.h"
#include "base/copy.h"
#include "base/prng.h"

static void
test_reserved_cells_are_kept_from_others(void **state)
{
    struct fab_cell *taken[4];
    struct fab_cells cells;
    void *memory = aligned_alloc(64, 4 * FAB_CELL_SIZE_SMALL);

    (void)state;
    memset(&cells, 0, sizeof(cells));
    fab_cells_init(&cells, FAB_CELL_SMALL, memory, 4);
    assert_true(fab_cells_reserve(&cells, FAB_CELL_SMALL));
    for (unsigned i = 0; i < 3; i++)
        assert_non_null(taken[i] = fab_cells_pop(&cells, FAB_CELL_SMALL));
    assert_null(fab_cells_pop(&cells, FAB_CELL_SMALL));
    assert_false(fab_cells_reserve(&cells, FAB_CELL_SMALL));
    assert_non_null(taken[3] = fab_cells_pop_reserved(&cells, FAB_CELL_SMALL));
    fab_cells_push(&cells, taken[1]);
    assert_ptr_equal(fab_cells_pop(&cells, FAB_CELL_SMALL), taken[1]); /* warm */
    for (unsigned i = 0; i < 4; i++)
        fab_cells_push(&cells, taken[i]);
    assert_int_equal(cells.pools[FAB_CELL_SMALL].free_count, 4);
    assert_int_equal(cells.pools[FAB_CELL_SMALL].reserved, 0);
    free(memory);
}

static void
test_slabs_give_pieces_that_do_not_overlap_and_take_them_back(void **state)
{
    enum {
        COUNT = 400
    };
    struct piece {
        uint8_t *bytes;
        size_t size;
    } pieces[COUNT];
    struct fab_slabs slabs;
    struct fab_prng prng;
    void *memory = aligned_alloc(64, 1U << 18);
    unsigned refused = 0;

    (void)state;
    memset(pieces, 0, sizeof(pieces));
    fab_slabs_init(&slabs, memory, 1U << 18);
    fab_prng_init(&prng, 7);
    for (unsigned round = 0; round < 20000; round++) {
        unsigned i = (unsigned)fab_prng_below(&prng, COUNT);
        struct piece *piece = &pieces[i];

        if (piece->bytes) {
            for (size_t at = 0; at < piece->size; at++)
                assert_int_equal(piece->bytes[at], (uint8_t)i);
            fab_slabs_push(&slabs, piece->bytes, piece->size);
            piece->bytes = NULL;
            continue;
        }
        piece->size = 1 + fab_prng_below(&prng, round % 3 ? 200 : 5000);
        piece->bytes = fab_slabs_pop(&slabs, piece->size);
        refused += piece->bytes == NULL;
        if (!piece->bytes)
            continue;
        assert_int_equal((uintptr_t)piece->bytes % (piece->size > 48 ? 64 : 16), 0);
        memset(piece->bytes, (int)i, piece->size);
    }
    for (unsigned i = 0; i < COUNT; i++)
        if (pieces[i].bytes)
            fab_slabs_push(&slabs, pieces[i].bytes, pieces[i].size);
    assert_int_equal(slabs.used, 0);
    assert_true(refused > 0); /* the arena's end was reached */
    free(memory);
}

static void
test_slabs_serve_the_largest_state(void **state)
{
    struct fab_slabs slabs;
    void *memory = aligned_alloc(64, 4U << 20);
    void *piece;

    (void)state;
    fab_slabs_init(&slabs, memory, 4U << 20);
    piece = fab_slabs_pop(&slabs, MYC_STATE_SIZE_MAX);
    assert_non_null(piece);
    fab_slabs_push(&slabs, piece, MYC_STATE_SIZE_MAX);
    assert_ptr_equal(fab_slabs_pop(&slabs, MYC_STATE_SIZE_MAX), piece);
    free(memory);
}

static void
test_a_pair_table_agrees_with_a_plain_list(void **state)
{
    enum {
        CAPACITY = 64,
        KEYS = 100
    };
    struct fab_pairs pairs;
    bool is_there[KEYS] = { false };
    struct fab_prng prng;
    void *memory = malloc(fab_pairs_size(CAPACITY));
    unsigned count = 0;

    (void)state;
    fab_pairs_init(&pairs, memory, CAPACITY);
    fab_prng_init(&prng, 3);
    for (unsigned round = 0; round < 50000; round++) {
        uint64_t key = fab_prng_below(&prng, KEYS);
        struct fab_pair *pair = fab_pairs_lookup(&pairs, key % 3, key, key * 5);

        assert_true((pair != NULL) == is_there[key]);
        if (pair) {
            assert_true(pair->value == key);
            fab_pairs_remove(&pairs, pair);
            is_there[key] = false;
            count--;
        } else {
            pair = fab_pairs_insert(&pairs, key % 3, key, key * 5);
            assert_true((pair == NULL) == (count == CAPACITY));
            if (!pair)
                continue;
            pair->value = key;
            is_there[key] = true;
            count++;
        }
        assert_int_equal(pairs.count, count);
    }
    for (unsigned a = 0; a < 3; a++) {
        struct fab_pair *pair;

        while ((pair = fab_pairs_first(&pairs, a)) != NULL)
            fab_pairs_remove(&pairs, pair);
    }
    assert_int_equal(pairs.count, 0);
    free(memory);
}

static void
test_a_slot_whose_generations_are_used_up_is_retired(void **state)
{
    static struct probe probe;
    struct lab lab;

    (void)state;
    lab_init_pair(&lab, FAB_LEVEL_RING, 0);
    memset(&probe, 0, sizeof(probe));
    lab.cores[0]->slots[0].generation = UINT32_MAX - 1;
    assert_int_equal(probe_spawn(&probe, lab.cores[0], NULL), MYC_OK);
    assert_int_equal(myc_ref_slot(probe.ref), 0);
    assert_true(myc_ref_generation(probe.ref) == UINT32_MAX);
    probe_kill(&probe, probe.ref);
    lab_settle(&lab);
    assert_int_equal(lab_counters(&lab, 0)->slots_retired, 1);
    assert_int_equal(probe_spawn(&probe, lab.cores[0], NULL), MYC_OK);
    assert_int_equal(myc_ref_slot(probe.ref), 1);
    lab_fini(&lab);
}

static void
test_copy_is_exact_for_every_small_size_and_place(void **state)
{
    uint8_t from[96], to[96];

    (void)state;
    for (unsigned i = 0; i < sizeof(from); i++)
        from[i] = (uint8_t)(i + 1);
    for (size_t size = 0; size <= 80; size++) {
        for (size_t at = 0; at < 8; at++) {
            memset(to, 0, sizeof(to));
            fab_copy(to + at, from + (7 - at), size);
            assert_memory_equal(to + at, from + (7 - at), size);
            for (size_t i = 0; i < sizeof(to); i++)
                assert_true((i >= at && i < at + size) || to[i] == 0);
        }
    }
}

/* --- the pool of a core, used up ------------------------------------------------------------- */

static struct level_lab own;
static struct probe greedy; /* takes all that comes, and does not run */
static unsigned undelivered;
static enum myc_status why; /* of the first one */

static void
note_undelivered(struct myc_self *self, struct probe *probe, const struct myc_message *message)
{
    struct myc_undelivered notice;

    (void)self, (void)probe;
    if (myc_undelivered_decode(message, &notice) && undelivered++ == 0)
        why = notice.status;
}

/* Sends until the receiver's core has no place for more. Returns how many were accepted. */
static unsigned
use_up(struct level_lab *at)
{
    unsigned sent = 0;

    for (;;) {
        enum myc_status status = probe_send(&at->a, greedy.ref, sent);

        sent += status == MYC_OK;
        if (status == MYC_NO_MEMORY || undelivered > 0)
            return sent;
        assert_true(status == MYC_OK || (status == MYC_FULL && at->there_index == 1));
        if (sent % 32 == 0 || status == MYC_FULL)
            level_arrive(at);
    }
}

/* pool_exhausted_send_returns_nomem: told at once here, elsewhere by a notice. */
static void
run_used_up(struct level_lab *at)
{
    static struct probe next;
    unsigned sent;

    greedy = (struct probe){ .is_silent = true };
    assert_int_equal(
        probe_spawn(&greedy, at->there, &(struct myc_spawn_options){ .mailbox_max = 1000000 }),
        MYC_OK);
    level_hold(at, greedy.ref);
    at->a.is_silent = at->c.is_silent = true;
    at->a.on_message = note_undelivered;
    undelivered = 0;
    sent = use_up(at);
    assert_true(sent >= 1024);
    if (at->there_index == 0)
        assert_int_equal(probe_send(&at->a, greedy.ref, 0), MYC_NO_MEMORY);
    else
        assert_int_equal(why, MYC_NO_MEMORY);
    /* The system lane still works, and what comes back needs no memory. */
    assert_int_equal(probe_kill(&at->a, greedy.ref), MYC_OK);
    lab_settle(&at->lab);
    assert_int_equal(greedy.count, 0);
    assert_int_equal(undelivered, sent);
    assert_null(fab_slot_lookup(at->there, greedy.ref.actor));
    /* It recovers. */
    next = (struct probe){ .is_silent = true };
    assert_int_equal(probe_spawn(&next, at->there, NULL), MYC_OK);
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(probe_send(&at->a, next.ref, i), MYC_OK);
        lab_settle(&at->lab);
    }
    assert_int_equal(next.count, 100);
}

static void
test_a_used_up_pool_answers_no_memory_and_recovers(void **state)
{
    (void)state;
    level_each(&own, run_used_up);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reserved_cells_are_kept_from_others),
        cmocka_unit_test(test_slabs_give_pieces_that_do_not_overlap_and_take_them_back),
        cmocka_unit_test(test_slabs_serve_the_largest_state),
        cmocka_unit_test(test_a_pair_table_agrees_with_a_plain_list),
        cmocka_unit_test(test_a_slot_whose_generations_are_used_up_is_retired),
        cmocka_unit_test(test_a_used_up_pool_answers_no_memory_and_recovers),
        cmocka_unit_test(test_copy_is_exact_for_every_small_size_and_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
