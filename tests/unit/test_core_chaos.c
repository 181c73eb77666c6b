/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Actors that do anything at random, on links that break at random, with tables that are too small.
 *
 * What must hold all the time: within one *stretch* of a (sender, receiver) pair, from one notice
 * that the sender was given to the next, the messages that arrive are the first ones, in order,
 * none left out (design section 5, the gapless prefix). At the end nothing may be left taken. One
 * seed replays one run: CHAOS_SEED, CHAOS_SEEDS.
 */
#include "support/cmocka.h"
#include "support/core_lab.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/prng.h"

#include <mycelium/messages.h>

#define CORES       3U
#define PLACES      24U /* actors alive at a time, at most */
#define STEPS       3000U
#define SEEDS_SHORT 30U

/* One actor as the test sees it: where its life is noted. */
struct place {
    struct myc_ref ref;
    unsigned core;
    unsigned life; /* counts actors in this place */
    bool is_alive;
};

/* What a sender knows about a receiver, and the receiver about the sender. */
struct pair {
    uint32_t stretch;
    uint32_t next;
    uint32_t seen_stretch;
    uint32_t seen_next;
};

struct body {
    uint64_t from; /* place */
    uint64_t from_life;
    uint32_t stretch;
    uint32_t number;
};

static struct lab lab;
static struct fab_prng prng;
static struct place places[PLACES];
static struct pair pairs[PLACES][PLACES]; /* [sender][receiver] */
static uint64_t seed;
static unsigned delivered;

static const struct myc_type body_type = {
    .name = "Body",
    .schema_id = 910,
    .template_id = 1,
    .block_length = sizeof(struct body),
};
static const struct myc_type wrong_type = {
    .name = "Wrong",
    .schema_id = 910,
    .template_id = 2,
    .block_length = sizeof(struct body),
};

static void
expect(bool holds, const char *what)
{
    if (!holds)
        fail_msg("CHAOS_SEED=%llu: %s", (unsigned long long)seed, what);
}

static unsigned
below(unsigned bound)
{
    return (unsigned)fab_prng_below(&prng, bound);
}

/* --- the actors ------------------------------------------------------------------------------- */

struct own {
    unsigned place;
};

static void
send_one(struct myc_self *self, unsigned from, unsigned to)
{
    struct pair *pair = &pairs[from][to];
    struct body body = { from, places[from].life, pair->stretch, pair->next };
    struct myc_send_options options = { .size = sizeof(options), .tag = to };
    bool is_wrong = below(50) == 0;
    enum myc_status status;

    status = myc_send_with(self, places[to].ref, is_wrong ? &wrong_type : &body_type, &body,
                           sizeof(body), &options);
    if (status == MYC_OK)
        pair->next++;
}

static void
act(struct myc_self *self, unsigned place)
{
    unsigned to = below(PLACES);
    uint64_t id;

    switch (below(12)) {
    case 0:
        (void)myc_stop(self, places[to].ref, MYC_NORMAL);
        break;
    case 1:
        if (myc_monitor(self, places[to].ref, &id) == MYC_OK && below(2))
            (void)myc_demonitor(self, id);
        break;
    case 2:
        if (myc_timer_start(self, below(20000), 0, PLACES + 1, &id) != MYC_OK)
            break;
        break;
    case 3:
        if (below(4) == 0)
            myc_fail(self, MYC_FAILED);
        break;
    case 4: {
        struct body body = { place, places[place].life, 0, 0 };
        struct myc_ask_options options = { .size = sizeof(options),
                                           .timeout_ns = 1 + below(50000) };

        if (myc_ask(self, places[to].ref, &body_type, &body, sizeof(body), &options, &id) ==
                MYC_OK &&
            below(4) == 0)
            (void)myc_ask_cancel(self, id);
        break;
    }
    default:
        for (unsigned i = below(12); i > 0; i--)
            send_one(self, place, to);
        break;
    }
}

/* A notice about the pair: what comes now belongs to a new stretch. */
static void
on_undelivered(unsigned place, uint64_t to)
{
    if (to >= PLACES)
        return;
    pairs[place][to].stretch++;
    pairs[place][to].next = 0;
}

static void
check(unsigned place, const struct body *body)
{
    struct pair *pair = &pairs[body->from][place];

    delivered++;
    if (places[body->from].life != body->from_life)
        return; /* the sender of this one has ended; its pairs are another's now */
    expect(body->stretch >= pair->seen_stretch, "an older stretch came after a newer one");
    if (body->stretch > pair->seen_stretch)
        pair->seen_next = 0;
    pair->seen_stretch = body->stretch;
    expect(body->number == pair->seen_next, "a message is missing, or came twice");
    pair->seen_next++;
}

static enum myc_status
chaos_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    unsigned place = ((struct own *)state)->place;
    struct myc_undelivered undelivered;
    struct body body;

    if (message->kind == MYC_KIND_SEND) {
        memcpy(&body, message->body, sizeof(body));
        check(place, &body);
        if (below(8) == 0)
            act(self, place);
    } else if (message->kind == MYC_KIND_ASK) {
        if (below(2))
            (void)myc_reply(self, myc_message_request(message), &body_type, &(struct body){ 0 },
                            sizeof(body));
        else if (below(2))
            (void)myc_reply_failure(self, myc_message_request(message), MYC_REFUSED);
    } else if (myc_undelivered_decode(message, &undelivered)) {
        on_undelivered(place, message->tag);
    }
    return MYC_OK;
}

static enum myc_status
chaos_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    (void)self;
    memcpy(&((struct own *)state)->place, args, args_size);
    return MYC_OK;
}

static void
chaos_stop(struct myc_self *self, void *state, enum myc_status reason)
{
    unsigned place = ((struct own *)state)->place;

    (void)reason;
    if (below(4) == 0)
        send_one(self, place, below(PLACES));
}

static const struct myc_type *const accepted[] = { &body_type };

static const struct myc_class chaos_class = {
    .size = sizeof(chaos_class),
    .name = "chaos",
    .state_size = sizeof(struct own),
    .accepts = accepted,
    .accepts_count = 1,
    .init = chaos_init,
    .receive = chaos_receive,
    .stop = chaos_stop,
};

/* --- the world -------------------------------------------------------------------------------- */

static void
settle_in(unsigned place)
{
    struct myc_spawn_options options = {
        .size = sizeof(options),
        .args = &place,
        .args_size = sizeof(place),
        .mailbox_max = 1 + below(12),
    };

    places[place].core = below(CORES);
    places[place].life++;
    memset(pairs[place], 0, sizeof(pairs[place]));
    for (unsigned i = 0; i < PLACES; i++)
        pairs[i][place] = (struct pair){ 0 };
    places[place].is_alive = fab_core_spawn(lab.cores[places[place].core], &chaos_class, &options,
                                            &places[place].ref) == MYC_OK;
}

static void
on_frame(struct myc_self *self, void *state, const struct myc_frame *frame)
{
    (void)frame;
    act(self, ((struct own *)state)->place);
}

static void
step(struct loop_pair *const links[2])
{
    static const struct myc_frame frame;
    unsigned place = below(PLACES);

    if (!places[place].is_alive ||
        !fab_core_frame(lab.cores[places[place].core], places[place].ref, on_frame, &frame)) {
        /* Ended: another one moves in, when nothing of the old one is on its way any more. */
        if (below(40) == 0) {
            lab_settle(&lab);
            settle_in(place);
        }
    }
    if (below(400) == 0)
        loop_pair_cut(links[below(2)]);
    if (below(100) == 0) {
        loop_pair_join(links[0], LAB_HOME_2);
        loop_pair_join(links[1], LAB_HOME_2);
    }
    if (below(3) == 0)
        lab_turn_core(&lab, below(CORES));
    if (below(5) == 0)
        lab_turn(&lab);
}

static struct fab_core_config
config_of(uint64_t home, uint8_t lcore, uint8_t lcore_count)
{
    struct fab_core_config config = lab_config(home, lcore, lcore_count);

    config.tables_max = 1U << below(7);
    config.limits.messages_max = 64;
    config.limits.monitors_max = 16 + below(64);
    config.limits.asks_max = 16;
    return config;
}

static void
run(void)
{
    struct fab_core_config configs[CORES];
    struct loop_pair *links[2];

    fab_prng_init(&prng, seed);
    memset(places, 0, sizeof(places));
    memset(pairs, 0, sizeof(pairs));
    configs[0] = config_of(LAB_HOME_1, 0, 2);
    configs[1] = config_of(LAB_HOME_1, 1, 2);
    configs[2] = config_of(LAB_HOME_2, 0, 1);
    lab_init(&lab);
    for (unsigned i = 0; i < CORES; i++)
        lab_add_core(&lab, &configs[i]);
    lab_join(&lab, 0, 1, FAB_LEVEL_RING, 16);
    links[0] = lab_join(&lab, 0, 2, FAB_LEVEL_SEGMENT, 8 + below(20));
    links[1] = lab_join(&lab, 1, 2, FAB_LEVEL_FLOW, 8 + below(20));
    for (unsigned i = 0; i < PLACES; i++)
        settle_in(i);
    for (unsigned i = 0; i < STEPS; i++)
        step(links);
    for (unsigned i = 0; i < CORES; i++) {
        expect(lab_counters(&lab, i)->notices_lost == 0, "a notice was lost");
        expect(lab_counters(&lab, i)->system_bad == 0, "a system record was not understood");
    }
    lab_fini(&lab);
}

static uint64_t
number_from(const char *variable, uint64_t otherwise)
{
    const char *text = getenv(variable);

    return text ? strtoull(text, NULL, 10) : otherwise;
}

static void
test_whatever_happens_prefixes_have_no_gap_and_nothing_leaks(void **state)
{
    uint64_t first = number_from("CHAOS_SEED", 1);
    uint64_t count = number_from("CHAOS_SEEDS", getenv("CHAOS_SEED") ? 1 : SEEDS_SHORT);

    (void)state;
    for (seed = first; seed < first + count; seed++)
        run();
    assert_true(delivered > 100 * count);
    print_message("%u messages delivered\n", delivered);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whatever_happens_prefixes_have_no_gap_and_nothing_leaks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
