/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The cases of Savina, and where each is run: see savina.h.
 */
#include "savina.h"

#include <semaphore.h>
#include <string.h>

#include "rows.h"
#include "savina_place.h"

#define SMOKE_COUNT 600U /* what all shares divide */

/* ---- cases ---------------------------------------------------------------------------------- */

static enum savina_role_name
role_of_ping_pong(uint32_t index)
{
    return index == 0 ? ROLE_PING : ROLE_PONG;
}

static enum savina_role_name
role_of_counters(uint32_t index)
{
    return index == 0 ? ROLE_MASTER : ROLE_COUNTER;
}

static enum savina_role_name
role_of_forker(uint32_t index)
{
    (void)index;
    return ROLE_FORKER;
}

static enum savina_role_name
role_of_ring(uint32_t index)
{
    (void)index;
    return ROLE_RING_MEMBER;
}

static enum savina_role_name
role_of_big(uint32_t index)
{
    (void)index;
    return ROLE_BIG;
}

static enum savina_role_name
role_of_chameneos(uint32_t index)
{
    return index == 0 ? ROLE_MALL : ROLE_CHAMENEO;
}

static enum savina_role_name
role_of_buffer(uint32_t index)
{
    if (index == 0)
        return ROLE_MANAGER;
    return index <= SAVINA_SIDE_ACTORS ? ROLE_PRODUCER : ROLE_CONSUMER;
}

static enum savina_role_name
role_of_bank(uint32_t index)
{
    return index == 0 ? ROLE_TELLER : ROLE_ACCOUNT;
}

static int64_t
expect_each(uint64_t each)
{
    return (int64_t)each;
}

static int64_t
expect_fork_join(uint64_t each)
{
    return (int64_t)(each * SAVINA_FORK_JOIN_WORKERS);
}

static int64_t
expect_place(uint64_t each)
{
    return (int64_t)(each % SAVINA_RING_MEMBERS);
}

static int64_t
expect_big(uint64_t each)
{
    return (int64_t)(each * SAVINA_BIG_ACTORS);
}

static int64_t
expect_both(uint64_t each)
{
    return (int64_t)(2 * each);
}

static int64_t
expect_items(uint64_t each)
{
    return (int64_t)(each * SAVINA_SIDE_ACTORS);
}

static int64_t
expect_money(uint64_t each)
{
    (void)each;
    return (int64_t)SAVINA_ACCOUNTS * SAVINA_BALANCE;
}

static const struct savina_case cases[] = {
    { "savina-ping-pong", "round trips of two actors", 2, TOPOLOGY_HUB, false, false,
      role_of_ping_pong, 1, 1, expect_each, 1000000 },
    { "savina-counting", "messages to one that counts them", 2, TOPOLOGY_HUB, false, false,
      role_of_counters, 1, 1, expect_each, 5000000 },
    { "savina-fork-join", "messages to 60 in turn", 1 + SAVINA_FORK_JOIN_WORKERS, TOPOLOGY_HUB,
      false, false, role_of_counters, SAVINA_FORK_JOIN_WORKERS, SAVINA_FORK_JOIN_WORKERS,
      expect_fork_join, 3000000 },
    { "savina-fork-join-create", "actors created, given a message, and ended", 1, TOPOLOGY_RING,
      false, true, role_of_forker, 1, 1, expect_each, 1000000 },
    { "savina-thread-ring", "hops of a token around 100", SAVINA_RING_MEMBERS, TOPOLOGY_RING, false,
      false, role_of_ring, 1, 1, expect_place, 1000000 },
    { "savina-big", "pings of 120 to each other", SAVINA_BIG_ACTORS, TOPOLOGY_ALL, true, false,
      role_of_big, SAVINA_BIG_ACTORS, SAVINA_BIG_ACTORS, expect_big, 2400000 },
    { "savina-chameneos", "meetings of 100 in a mall", 1 + SAVINA_CHAMENEOS, TOPOLOGY_HUB, true,
      false, role_of_chameneos, 1, SAVINA_CHAMENEOS, expect_both, 1000000 },
    { "savina-bounded-buffer", "items of 40 producers for 40 consumers", 1 + 2 * SAVINA_SIDE_ACTORS,
      TOPOLOGY_HUB, true, false, role_of_buffer, SAVINA_SIDE_ACTORS, SAVINA_SIDE_ACTORS,
      expect_items, 1000000 },
    { "savina-banking", "transfers among 1000 accounts", 1 + SAVINA_ACCOUNTS, TOPOLOGY_HUB, false,
      false, role_of_bank, 1, SAVINA_ACCOUNTS, expect_money, 1000000 },
};

/* ---- rows ----------------------------------------------------------------------------------- */

/* Per repetition and row: operations a second. In memory that the children share with us. */
struct plan {
    struct savina_run run;
    sem_t done;
    enum savina_place place;
};

static enum myc_status
measure(void *context)
{
    struct plan *plan = context;

    sem_init(&plan->done, 0, 0);
    plan->run.done = &plan->done;
    return savina_place_run(plan->place, &plan->run, &plan->done);
}

static enum myc_status
run_case(const struct bench_options *options, const struct savina_case *of)
{
    static const struct bench_column column = { "per_s", "M/s", 1e6, 3 };
    struct bench_rows rows = {
        .bench = of->name,
        .question = of->question,
        .columns = &column,
        .column_count = 1,
    };
    struct plan *plan = bench_shared_memory(sizeof(*plan));
    enum myc_status status = plan ? MYC_OK : MYC_NO_MEMORY;

    for (unsigned place = 0; place < SAVINA_PLACES && status == MYC_OK; place++) {
        uint32_t count = options->is_smoke ? SMOKE_COUNT : of->count;

        if (of->is_local && !savina_place_is_local(place))
            continue;
        if (!options->is_smoke && !savina_place_is_local(place))
            count /= 10;
        memset(plan, 0, sizeof(*plan));
        plan->place = place;
        plan->run.of = of;
        plan->run.each = count / of->shares;
        plan->run.repetitions = options->repetitions;
        status = bench_in_child(measure, plan);
        if (status == MYC_OK)
            bench_row_print_medians(options, &rows, savina_place_name(place), plan->run.per_s);
    }
    return status;
}

enum myc_status
bench_savina_ping_pong(const struct bench_options *options)
{
    return run_case(options, &cases[0]);
}

enum myc_status
bench_savina_counting(const struct bench_options *options)
{
    return run_case(options, &cases[1]);
}

enum myc_status
bench_savina_fork_join(const struct bench_options *options)
{
    return run_case(options, &cases[2]);
}

enum myc_status
bench_savina_create(const struct bench_options *options)
{
    return run_case(options, &cases[3]);
}

enum myc_status
bench_savina_ring(const struct bench_options *options)
{
    return run_case(options, &cases[4]);
}

enum myc_status
bench_savina_big(const struct bench_options *options)
{
    return run_case(options, &cases[5]);
}

enum myc_status
bench_savina_chameneos(const struct bench_options *options)
{
    return run_case(options, &cases[6]);
}

enum myc_status
bench_savina_buffer(const struct bench_options *options)
{
    return run_case(options, &cases[7]);
}

enum myc_status
bench_savina_bank(const struct bench_options *options)
{
    return run_case(options, &cases[8]);
}
