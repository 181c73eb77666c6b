/* SPDX-License-Identifier: BSD-3-Clause */
/* The drop-free rate that `mycelium bench pktgen` finds, of a server that never drops. */
#include "support/cmocka.h"

#include <math.h>
#include <stdlib.h>

#include "drop_free.h"

#define TRIAL_S    0.1
#define SERVER_NS  1000.0 /* without a queue */
#define COUNT_MAX  1000000U
#define RATE_MIN   10000.0
#define RATE_MAX   16e6
#define STEPS      9U
#define ERROR_PART 0.04 /* what nine halvings of 10 K to 16 M leave is 1.5 % */

/* Takes one after the other; what comes meanwhile waits. */
struct server {
    double rate_per_s;   /* that it can do */
    uint32_t room;       /* of what waits; the rest is refused. 0: for all */
    double stall_ns;     /* once, in the middle of each trial */
    unsigned trials;     /* so far */
    unsigned bad_trials; /* the first of each so many hits a stall of half the trial */
};

static uint64_t samples_ns[COUNT_MAX];

static double
stall_of(const struct server *server)
{
    bool is_bad = server->bad_trials && server->trials % server->bad_trials == 0;

    return is_bad ? TRIAL_S * 1e9 / 2 : server->stall_ns;
}

static enum myc_status
serve(void *context, struct drop_free_trial *trial)
{
    struct server *server = context;
    double free_ns = 0, each_ns = 1e9 / server->rate_per_s;

    trial->count = (uint32_t)fmin(trial->rate_per_s * TRIAL_S, COUNT_MAX);
    for (uint32_t i = 0; i < trial->count; i++) {
        double due_ns = i * 1e9 / trial->rate_per_s;

        if (server->room && (free_ns - due_ns) / each_ns > server->room)
            trial->refused_count++;
        free_ns = fmax(free_ns, due_ns) + each_ns;
        if (i == trial->count / 2)
            free_ns += stall_of(server);
        samples_ns[i] = (uint64_t)(free_ns - due_ns + SERVER_NS);
    }
    server->trials++;
    trial->done_count = trial->count;
    trial->duration_ns = free_ns;
    trial->growth_ns = drop_free_growth_ns(samples_ns, trial->count);
    return MYC_OK;
}

static double
find(struct server *server)
{
    const struct drop_free_search search = {
        .rate_min = RATE_MIN,
        .rate_max = RATE_MAX,
        .steps = STEPS,
        .tries = 3,
        .run = serve,
        .context = server,
    };
    double rate;

    assert_int_equal(drop_free_find(&search, &rate), MYC_OK);
    return rate;
}

/* A queue of half a millisecond after 100 ms, which no schedule of the sender shows. */
static void
test_a_queue_that_grows_is_seen(void **state)
{
    struct server server = { .rate_per_s = 2e6 };
    struct drop_free_trial trial = { .rate_per_s = 2e6 * 1.005 };

    (void)state;
    serve(&server, &trial);
    assert_false(drop_free_holds(&trial));
    trial = (struct drop_free_trial){ .rate_per_s = 2e6 * 0.995 };
    serve(&server, &trial);
    assert_true(drop_free_holds(&trial));
}

static void
test_what_the_server_can_do_is_found(void **state)
{
    (void)state;
    for (double rate = 30000; rate < RATE_MAX / 2; rate *= 3.1) {
        struct server server = { .rate_per_s = rate };
        double found = find(&server);

        assert_true(found <= rate * 1.002 && found > rate * (1 - ERROR_PART));
    }
}

/* 5 ms of the 100 ms, at a rate that the server catches up with. */
static void
test_a_stall_is_no_growth(void **state)
{
    struct server server = { .rate_per_s = 4e6, .stall_ns = 5e6 };
    struct drop_free_trial trial = { .rate_per_s = 2e6 };

    (void)state;
    serve(&server, &trial);
    assert_true(drop_free_holds(&trial));
}

static void
test_a_refusal_is_a_drop(void **state)
{
    struct server server = { .rate_per_s = 4e6, .stall_ns = 5e6, .room = 1000 };
    struct drop_free_trial trial = { .rate_per_s = 2e6 };

    (void)state;
    serve(&server, &trial);
    assert_true(trial.refused_count > 0);
    assert_false(drop_free_holds(&trial));
}

static void
test_a_rate_is_tried_again_after_a_bad_trial(void **state)
{
    struct server server = { .rate_per_s = 2e6, .bad_trials = 2 };
    double found = find(&server);

    (void)state;
    assert_true(found <= 2e6 * 1.002 && found > 2e6 * (1 - ERROR_PART));
}

static enum myc_status
fail_trial(void *context, struct drop_free_trial *trial)
{
    (void)context;
    (void)trial;
    return MYC_TIMEOUT;
}

static void
test_a_trial_that_fails_ends_the_search(void **state)
{
    const struct drop_free_search search = {
        .rate_min = RATE_MIN,
        .rate_max = RATE_MAX,
        .steps = STEPS,
        .tries = 3,
        .run = fail_trial,
    };
    double rate;

    (void)state;
    assert_int_equal(drop_free_find(&search, &rate), MYC_TIMEOUT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_queue_that_grows_is_seen),
        cmocka_unit_test(test_what_the_server_can_do_is_found),
        cmocka_unit_test(test_a_stall_is_no_growth),
        cmocka_unit_test(test_a_refusal_is_a_drop),
        cmocka_unit_test(test_a_rate_is_tried_again_after_a_bad_trial),
        cmocka_unit_test(test_a_trial_that_fails_ends_the_search),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
