/* SPDX-License-Identifier: BSD-3-Clause */
/* The probes of mycelium/test.h: actors that keep what they get until it is expected. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

#define RULES_MAX 32U

/* A message that was kept; its body follows. */
struct kept {
    struct kept *next;
    struct myc_message message;
    uint8_t body[];
};

struct rule {
    const struct myc_type *type;
    bool is_allowed; /* else it is a failure */
};

struct myc_test_probe {
    struct myc_test *test;
    struct myc_test_probe *next;
    struct fab_core *core; /* NULL: its node has crashed */
    struct myc_ref ref;
    struct kept *first;
    struct kept *last;
    struct kept *given; /* by the last expectation */
    struct rule rules[RULES_MAX];
    unsigned rule_count;
};

struct state {
    struct myc_test_probe *probe;
};

static enum myc_status
init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct state *own = state;

    FAB_ASSERT(args_size == sizeof(own->probe));
    memcpy(&own->probe, args, args_size);
    own->probe->ref = myc_self_ref(self);
    return MYC_OK;
}

static enum myc_status
receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct myc_test_probe *probe = ((struct state *)state)->probe;
    struct kept *kept = malloc(sizeof(*kept) + message->size);

    (void)self;
    FAB_ASSERT(kept != NULL);
    kept->next = NULL;
    kept->message = *message;
    if (message->size > 0)
        memcpy(kept->body, message->body, message->size);
    kept->message.body = kept->body;
    if (probe->first)
        probe->last->next = kept;
    else
        probe->first = kept;
    probe->last = kept;
    return MYC_OK;
}

static const struct myc_class probe_class = {
    .size = sizeof(probe_class),
    .name = "test_probe",
    .state_size = sizeof(struct state),
    .flags = MYC_CLASS_ACCEPTS_ANY,
    .init = init,
    .receive = receive,
};

struct myc_test_probe *
myc_test_add_probe(struct myc_test *test, uint8_t node, uint8_t lcore)
{
    struct myc_test_probe *probe = calloc(1, sizeof(*probe));
    const struct myc_spawn_options options = {
        .size = sizeof(options),
        .args = &probe,
        .args_size = sizeof(probe),
    };

    FAB_ASSERT(probe != NULL);
    probe->test = test;
    probe->core = bench_core(test, node, lcore);
    probe->next = test->probes;
    test->probes = probe;
    FAB_ASSERT(probe->core != NULL);
    FAB_ASSERT(fab_core_spawn(probe->core, &probe_class, &options, NULL) == MYC_OK);
    return probe;
}

struct myc_ref
myc_test_probe_ref(const struct myc_test_probe *probe)
{
    return probe->ref;
}

void
bench_forget_probes(struct myc_test *test, uint8_t node)
{
    for (struct myc_test_probe *probe = test->probes; probe; probe = probe->next)
        if (probe->ref.home == test->nodes[node].home)
            probe->core = NULL;
}

static void
free_kept(struct kept *kept)
{
    while (kept) {
        struct kept *next = kept->next;

        free(kept);
        kept = next;
    }
}

void
bench_free_probes(struct myc_test *test)
{
    while (test->probes) {
        struct myc_test_probe *probe = test->probes;

        test->probes = probe->next;
        free_kept(probe->first);
        free(probe->given);
        free(probe);
    }
}

/* --- acting ----------------------------------------------------------------------------------- */

struct act {
    void (*act)(struct myc_self *self, void *context);
    void *context;
};

static void
run_act(struct myc_self *self, void *state, const struct myc_frame *frame)
{
    const struct act *act;

    (void)state;
    memcpy(&act, frame->bytes, sizeof(act));
    act->act(self, act->context);
}

void
myc_test_act(struct myc_test_probe *probe, void (*act)(struct myc_self *self, void *context),
             void *context)
{
    const struct act own = { act, context };
    const struct act *pointer = &own;
    const struct myc_frame frame = {
        .bytes = (const uint8_t *)&pointer,
        .size = sizeof(pointer),
    };

    FAB_ASSERT(probe->core != NULL);
    FAB_ASSERT(fab_core_frame(probe->core, probe->ref, run_act, &frame));
}

struct outgoing {
    struct myc_ref to;
    const struct myc_type *type;
    const void *body;
    uint32_t size;
    const struct myc_ask_options *ask;
    enum myc_status status;
};

static void
send_or_ask(struct myc_self *self, void *context)
{
    struct outgoing *out = context;

    out->status = out->ask ? myc_ask(self, out->to, out->type, out->body, out->size, out->ask, NULL)
                           : myc_send(self, out->to, out->type, out->body, out->size);
}

enum myc_status
myc_test_send(struct myc_test_probe *probe, struct myc_ref to, const struct myc_type *type,
              const void *body, uint32_t size)
{
    struct outgoing out = { .to = to, .type = type, .body = body, .size = size };

    myc_test_act(probe, send_or_ask, &out);
    return out.status;
}

enum myc_status
myc_test_ask(struct myc_test_probe *probe, struct myc_ref to, const struct myc_type *type,
             const void *body, uint32_t size, const struct myc_ask_options *options)
{
    struct outgoing out = { to, type, body, size, options, MYC_OK };

    myc_test_act(probe, send_or_ask, &out);
    return out.status;
}

/* --- expecting -------------------------------------------------------------------------------- */

/* The rule that was made last counts. */
static void
add_rule(struct myc_test_probe *probe, const struct myc_type *type, bool is_allowed)
{
    FAB_ASSERT(probe->rule_count < RULES_MAX);
    probe->rules[probe->rule_count++] = (struct rule){ type, is_allowed };
}

void
myc_test_allow(struct myc_test_probe *probe, const struct myc_type *type)
{
    add_rule(probe, type, true);
}

void
myc_test_disallow(struct myc_test_probe *probe, const struct myc_type *type)
{
    add_rule(probe, type, false);
}

static const struct rule *
rule_for(const struct myc_test_probe *probe, const struct myc_message *message)
{
    for (unsigned i = probe->rule_count; i-- > 0;)
        if (myc_message_is(message, probe->rules[i].type))
            return &probe->rules[i];
    return NULL;
}

static struct kept *
pop(struct myc_test_probe *probe)
{
    struct kept *kept = probe->first;

    if (kept)
        probe->first = kept->next;
    return kept;
}

/* Takes the next message that is `type`, or neither allowed nor passed over; NULL: none is there. A
 * disallowed one fails here. */
static struct kept *
take(struct myc_test_probe *probe, const struct myc_type *type)
{
    struct kept *kept;

    while ((kept = pop(probe)) != NULL) {
        const struct rule *rule = rule_for(probe, &kept->message);

        if (rule && !rule->is_allowed)
            bench_fail(probe->test, "%s came and is not allowed", rule->type->name);
        else if (!rule || (type && myc_message_is(&kept->message, type)))
            return kept;
        free(kept);
    }
    return NULL;
}

const struct myc_message *
myc_test_expect(struct myc_test_probe *probe, const struct myc_type *type)
{
    struct myc_test *test = probe->test;
    uint64_t end_ns = test->lab.now_ns + test->options.patience_ns;
    struct kept *kept = take(probe, type);

    free(probe->given);
    probe->given = NULL;
    while (!kept && test->lab.now_ns < end_ns) {
        if (bench_turn(test) == 0 && bench_is_idle(test))
            bench_skip(test, end_ns);
        kept = take(probe, type);
    }
    probe->given = kept;
    if (kept && myc_message_is(&kept->message, type))
        return &kept->message;
    if (kept)
        bench_fail(test, "%s was expected, and type %u of schema %u came", type->name,
                   kept->message.template_id, kept->message.schema_id);
    else
        bench_fail(test, "%s was expected, and nothing came", type->name);
    return NULL;
}

void
myc_test_expect_none(struct myc_test_probe *probe, uint64_t ns)
{
    struct kept *kept;

    myc_test_advance(probe->test, ns);
    kept = take(probe, NULL);
    if (!kept)
        return;
    bench_fail(probe->test, "nothing was expected, and type %u of schema %u came",
               kept->message.template_id, kept->message.schema_id);
    free(kept);
}
