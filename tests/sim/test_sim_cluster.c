/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Swarms of nodes with several lcores (cluster.h), whose actors send to each other and watch each
 * other while wires lose, double, delay, damage and are cut one way or both, and nodes crash and
 * come back; in swarms of their own lcores also stand still, for most of the time.
 *
 * Of messages must hold, at each delivery: none twice, none out of order and none left out within
 * one stretch of a pair (from one notice that the sender took to the next), none of an earlier life
 * of the sender after one of a later. Of watches: exactly one Down each, and one for every actor
 * that has died. When all is calm again, every flow is up and a message from everybody reaches
 * everybody; and at the end nothing is left taken.
 */
#include "support/cmocka.h"

#include "sim/cluster.h"
#include "sim/sim.h"

#include <mycelium/messages.h>

#define SEEDS       2000U /* a hundred thousand with MYCELIUM_LONG=1 */
#define PER_CORE    2U
#define PLACES_MAX  (CLUSTER_CORES_MAX * PER_CORE)
#define WATCHES_MAX 64U
#define ROUNDS      10U
#define ACTS        30U        /* of a round */
#define LAST        UINT32_MAX /* as number: the message that must arrive */
#define STILL_SEEDS 300U
#define STILL_NS    (200 * SIM_MS) /* at most, at one time */

/* A watch that nobody has been told the end of. */
struct watch {
    uint64_t id;
    unsigned target;
    unsigned target_life;
};

struct place {
    struct myc_ref ref;
    unsigned life;
    bool is_alive;
    struct watch watches[WATCHES_MAX];
    unsigned watch_count;
};

/* What a sender knows about a receiver, and the receiver about the sender. */
struct pair {
    uint32_t stretch, next;
    uint32_t seen_stretch, seen_next;
    unsigned seen_life;
    bool has_last; /* the message that must arrive has come */
};

struct body {
    uint32_t from, from_life;
    uint32_t stretch, number;
};

static struct cluster cluster;
static struct fab_prng dice;
static struct place places[PLACES_MAX];
static struct pair pairs[PLACES_MAX][PLACES_MAX];   /* [sender][receiver] */
static uint64_t delivered, notices, downs, crashes; /* over all seeds */

static const struct myc_type body_type = {
    .name = "Body",
    .schema_id = 911,
    .template_id = 1,
    .block_length = sizeof(struct body),
};
static const struct myc_type *const accepted[] = { &body_type };

struct own {
    unsigned place;
};

static unsigned
below(unsigned bound)
{
    return (unsigned)fab_prng_below(&dice, bound);
}

static unsigned
place_count(void)
{
    return cluster.nodes * cluster.lcores * PER_CORE;
}

/* --- the actors ------------------------------------------------------------------------------- */

static enum myc_status
send_one(struct myc_self *self, unsigned from, unsigned to, bool is_last)
{
    struct pair *pair = &pairs[from][to];
    const struct body body = { from, places[from].life, pair->stretch,
                               is_last ? LAST : pair->next };
    const struct myc_send_options options = { .size = sizeof(options), .tag = to };
    enum myc_status status =
        myc_send_with(self, places[to].ref, &body_type, &body, sizeof(body), &options);

    if (status == MYC_OK && !is_last)
        pair->next++;
    return status;
}

static void
watch_one(struct myc_self *self, struct place *own, unsigned target)
{
    struct watch *watch = &own->watches[own->watch_count];

    if (own->watch_count == WATCHES_MAX ||
        myc_monitor(self, places[target].ref, &watch->id) != MYC_OK)
        return;
    watch->target = target;
    watch->target_life = places[target].life;
    own->watch_count++;
}

static void
on_down(struct place *own, const struct myc_down *down)
{
    unsigned i = 0;

    while (i < own->watch_count && own->watches[i].id != down->monitor)
        i++;
    CLUSTER_CHECK(&cluster, i < own->watch_count); /* one Down for each watch */
    own->watches[i] = own->watches[--own->watch_count];
    downs++;
}

/* What was handed to whom, and when, is of the history, too. */
static void
remember(unsigned place, const struct body *body)
{
    const uint64_t words[] = { cluster.lab.now_ns, (uint64_t)body->from << 32 | place,
                               (uint64_t)body->stretch << 32 | body->number };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        cluster.history = (cluster.history ^ words[i]) * 0x9e3779b97f4a7c15ULL;
}

static void
check(unsigned place, const struct body *body)
{
    struct pair *pair = &pairs[body->from][place];

    delivered++;
    remember(place, body);
    CLUSTER_CHECK(&cluster, body->from_life >= pair->seen_life);
    if (body->from_life > pair->seen_life)
        pair->seen_stretch = pair->seen_next = 0;
    pair->seen_life = body->from_life;
    if (body->number == LAST) {
        pair->has_last = true;
        return;
    }
    CLUSTER_CHECK(&cluster, body->stretch >= pair->seen_stretch);
    if (body->stretch > pair->seen_stretch)
        pair->seen_next = 0;
    pair->seen_stretch = body->stretch;
    CLUSTER_CHECK(&cluster, body->number == pair->seen_next);
    pair->seen_next++;
}

static enum myc_status
receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    unsigned place = ((struct own *)state)->place;
    struct myc_undelivered undelivered;
    struct myc_down down;
    struct body body;

    if (message->kind == MYC_KIND_SEND) {
        memcpy(&body, message->body, sizeof(body));
        check(place, &body);
        if (below(8) == 0)
            (void)send_one(self, place, below(place_count()), false);
    } else if (myc_undelivered_decode(message, &undelivered)) {
        notices++;
        pairs[place][message->tag].stretch++;
        pairs[place][message->tag].next = 0;
    } else if (myc_down_decode(message, &down)) {
        on_down(&places[place], &down);
    }
    return MYC_OK;
}

static enum myc_status
init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    (void)self;
    memcpy(&((struct own *)state)->place, args, args_size);
    return MYC_OK;
}

static const struct myc_class class_of_all = {
    .size = sizeof(class_of_all),
    .name = "swarming",
    .state_size = sizeof(struct own),
    .accepts = accepted,
    .accepts_count = 1,
    .init = init,
    .receive = receive,
};

static void
act(struct myc_self *self, void *state, const struct myc_frame *frame)
{
    unsigned place = ((struct own *)state)->place;
    unsigned to = below(place_count());

    (void)frame;
    if (below(6) == 0)
        watch_one(self, &places[place], to);
    for (unsigned i = below(12); i > 0; i--)
        (void)send_one(self, place, to, false);
}

/* To everybody who has not had it: what found no room comes again with the next call. */
static void
say_last(struct myc_self *self, void *state, const struct myc_frame *frame)
{
    unsigned place = ((struct own *)state)->place;

    (void)frame;
    for (unsigned to = 0; to < place_count(); to++)
        if (!pairs[place][to].has_last)
            (void)send_one(self, place, to, true);
}

/* --- the swarm -------------------------------------------------------------------------------- */

/* New actors on a node that has come. What they knew of others, and others of them, is over. */
static void
settle_in(unsigned node)
{
    for (unsigned i = 0; i < cluster.lcores * PER_CORE; i++) {
        unsigned place = node * cluster.lcores * PER_CORE + i;
        const struct myc_spawn_options options = {
            .size = sizeof(options),
            .args = &place,
            .args_size = sizeof(place),
            .mailbox_max = 8 + below(24),
        };

        places[place].life++;
        places[place].watch_count = 0;
        for (unsigned other = 0; other < place_count(); other++) {
            struct pair *seen = &pairs[place][other];

            /* What it said in its earlier life may still lie before who stands still. */
            *seen = (struct pair){ .seen_stretch = seen->seen_stretch,
                                   .seen_next = seen->seen_next,
                                   .seen_life = seen->seen_life };
            pairs[other][place].next = pairs[other][place].stretch = 0;
            pairs[other][place].seen_stretch = pairs[other][place].seen_next = 0;
            pairs[other][place].seen_life = 0;
        }
        CLUSTER_CHECK(&cluster, fab_core_spawn(cluster.lab.cores[place / PER_CORE], &class_of_all,
                                               &options, &places[place].ref) == MYC_OK);
        places[place].is_alive = true;
    }
}

static void
crash(unsigned node)
{
    crashes++;
    cluster_crash(&cluster, node);
    for (unsigned i = 0; i < cluster.lcores * PER_CORE; i++)
        places[node * cluster.lcores * PER_CORE + i].is_alive = false;
}

static void
let_act(unsigned place, void (*what)(struct myc_self *, void *, const struct myc_frame *))
{
    static const struct myc_frame frame;

    if (places[place].is_alive && cluster.away_until_ns[place / PER_CORE] == 0)
        CLUSTER_CHECK(&cluster, fab_core_frame(cluster.lab.cores[place / PER_CORE],
                                               places[place].ref, what, &frame));
}

static void
calm_wire(struct flow_loop_wire *wire)
{
    wire->lose = wire->duplicate = wire->corrupt = 0;
    wire->jitter_ns = 0;
    wire->is_cut_a = wire->is_cut_b = false;
}

static void
disturb_wire(unsigned low, unsigned high)
{
    struct flow_loop_wire *wire = &cluster.wires[low][high];

    switch (below(7)) {
    case 0:
        wire->is_cut_a = !wire->is_cut_a;
        break;
    case 1:
        wire->is_cut_a = wire->is_cut_b = true;
        break;
    case 2:
        wire->lose = below(300000);
        break;
    case 3:
        wire->duplicate = below(200000);
        break;
    case 4:
        wire->jitter_ns = below(200000);
        break;
    case 5:
        wire->corrupt = below(20000);
        break;
    default:
        calm_wire(wire);
        break;
    }
    cluster_set_wire(&cluster, low, high);
}

static void
disturb(void)
{
    unsigned node = below(cluster.nodes);
    unsigned other = (node + 1 + below(cluster.nodes - 1)) % cluster.nodes;

    if (below(5) > 0) {
        disturb_wire(node < other ? node : other, node < other ? other : node);
    } else if (cluster.is_there[node]) {
        crash(node);
    } else {
        cluster_restart(&cluster, node);
        settle_in(node);
    }
}

static void
calm_down(void)
{
    for (unsigned i = 0; i < cluster.nodes; i++) {
        for (unsigned j = i + 1; j < cluster.nodes; j++) {
            calm_wire(&cluster.wires[i][j]);
            cluster_set_wire(&cluster, i, j);
        }
        if (!cluster.is_there[i]) {
            cluster_restart(&cluster, i);
            settle_in(i);
        }
    }
    cluster_run(&cluster, 4 * SIM_S);
    CLUSTER_CHECK(&cluster, cluster_is_up(&cluster));
}

static bool
has_everybody_heard(void)
{
    for (unsigned i = 0; i < place_count(); i++)
        for (unsigned j = 0; j < place_count(); j++)
            if (!pairs[i][j].has_last)
                return false;
    return true;
}

static void
check_end(void)
{
    for (unsigned i = 0; i < 50 && !has_everybody_heard(); i++) {
        for (unsigned place = 0; place < place_count(); place++)
            let_act(place, say_last);
        cluster_run(&cluster, 20 * SIM_MS);
    }
    CLUSTER_CHECK(&cluster, has_everybody_heard());
    for (unsigned i = 0; i < place_count(); i++)
        for (unsigned j = 0; j < places[i].watch_count; j++) {
            const struct watch *watch = &places[i].watches[j];

            CLUSTER_CHECK(&cluster, places[watch->target].life == watch->target_life);
        }
}

/* Each core but one in four stands still, those that do already go on doing so. */
static void
let_stand_still(void)
{
    for (unsigned i = 0; i < cluster.nodes * cluster.lcores; i++)
        if (cluster.lab.cores[i] && below(4) > 0)
            cluster_stand_still(&cluster, i, SIM_MS + below(STILL_NS - SIM_MS));
}

/* Returns the hash of its history. */
static uint64_t
swarm(uint64_t seed, bool stands_still)
{
    uint64_t digest;

    fab_prng_init(&dice, seed * 79);
    memset(places, 0, sizeof(places));
    memset(pairs, 0, sizeof(pairs));
    cluster_init(&cluster, 2 + seed % 2, 1 + (unsigned)(seed / 2 % CLUSTER_LCORES_MAX), seed);
    for (unsigned i = 0; i < cluster.nodes; i++)
        settle_in(i);
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < ACTS; i++) {
            if (stands_still && below(4) == 0)
                let_stand_still();
            let_act(below(place_count()), act);
            cluster_run(&cluster, below(stands_still ? 20 * SIM_MS : 20 * SIM_US));
        }
        disturb();
        cluster_run(&cluster, below(150 * SIM_MS));
    }
    calm_down();
    check_end();
    digest = cluster.history;
    cluster_fini(&cluster);
    return digest;
}

/* Each has found a fault once. */
static void
test_seeds_that_have_found_something(void **state)
{
    static const uint64_t seeds[] = {
        3949, /* FULL for ever: what told of room was lost with its link */
    };
    static const uint64_t still_seeds[] = {
        2533, 3276, /* what the dead have said comes late: this test took it for the living's */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++)
        (void)swarm(seeds[i], false);
    for (size_t i = 0; i < sizeof(still_seeds) / sizeof(still_seeds[0]); i++)
        (void)swarm(still_seeds[i], true);
}

static void
test_nodes_of_several_lcores_keep_their_promises(void **state)
{
    uint64_t first_seed = sim_seed_first();
    uint64_t count = sim_seed_count(SEEDS);

    (void)state;
    for (uint64_t seed = first_seed; seed < first_seed + count; seed++) {
        uint64_t digest = swarm(seed, false);

        if (seed % 16 == 0)
            assert_true(swarm(seed, false) == digest);
    }
    print_message("%u seeds: %llu messages, %llu notices, %llu ends of watches, %llu crashes\n",
                  (unsigned)count, (unsigned long long)delivered, (unsigned long long)notices,
                  (unsigned long long)downs, (unsigned long long)crashes);
}

static void
test_lcores_that_hardly_run_keep_their_promises(void **state)
{
    uint64_t first_seed = sim_seed_first();
    uint64_t count = sim_seed_count(STILL_SEEDS);

    (void)state;
    for (uint64_t seed = first_seed; seed < first_seed + count; seed++) {
        uint64_t digest = swarm(seed, true);

        if (seed % 16 == 0)
            assert_true(swarm(seed, true) == digest);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seeds_that_have_found_something),
        cmocka_unit_test(test_nodes_of_several_lcores_keep_their_promises),
        cmocka_unit_test(test_lcores_that_hardly_run_keep_their_promises),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
