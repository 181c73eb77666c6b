/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Supervisors of many children, of children that come and go, and of supervisors: rows of OTP's
 * supervisor_SUITE about counts and memory, over the test kit.
 */
#include "semantics.h"

#include <pthread.h>
#include <stdio.h>

#include <mycelium/supervisor.h>

#define DEPTH 2000U

static struct myc_test *bench;
static struct myc_test_probe *probe;
static struct myc_ref top;

static const struct myc_type *const number_types[] = { &conf_number_type };

/* Ends as a number says. */
static enum myc_status
kid_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct conf_number number = { 0 };

    (void)state;
    if (!conf_number_decode(message, &number))
        return MYC_OK;
    if (number.value == MYC_NORMAL)
        return myc_stop(self, myc_self_ref(self), MYC_NORMAL);
    return (enum myc_status)number.value;
}

static const struct myc_class kid_class = {
    .size = sizeof(kid_class),
    .name = "kid",
    .state_size = 64,
    .accepts = number_types,
    .accepts_count = 1,
    .receive = kid_receive,
};

static struct myc_child_spec kid_spec = {
    .size = sizeof(kid_spec),
    .id = "kid",
    .class_of = &kid_class,
    .restart = MYC_RESTART_POLICY_TEMPORARY,
};

static void
begin(uint64_t state_bytes, uint32_t actors)
{
    bench = semantics_bench_at_level((struct myc_test_options){
        .limits = { .actors_max = actors,
                    .state_bytes_max = state_bytes,
                    .messages_max = 8192,
                    .monitors_max = actors,
                    .timers_max = actors },
    });
    probe = myc_test_add_probe(bench, 0, 0);
}

static struct myc_ref
start(const struct myc_class *class_of, const struct myc_supervisor_spec *spec)
{
    const struct myc_spawn_options options = {
        .size = sizeof(options),
        .args = spec,
        .args_size = sizeof(*spec),
    };
    struct myc_ref supervisor;

    assert_int_equal(semantics_spawn(bench, class_of, &options, &supervisor), MYC_OK);
    return supervisor;
}

static struct myc_ref
start_dynamic(void)
{
    const struct myc_supervisor_spec spec = {
        .size = sizeof(spec),
        .strategy = MYC_DYNAMIC,
        .children = &kid_spec,
        .child_count = 1,
    };

    return start(&myc_supervisor_large_class, &spec);
}

static const struct myc_ask_options ask_options = {
    .size = sizeof(ask_options),
    .timeout_ns = 10 * S,
};

static struct myc_child_reply
request(struct myc_ref supervisor, const struct myc_type *type, const void *body, uint32_t size)
{
    struct myc_child_reply reply = { .status = MYC_STATUS_COUNT };

    assert_int_equal(myc_test_ask(probe, supervisor, type, body, size, &ask_options), MYC_OK);
    assert_true(myc_child_reply_decode(myc_test_expect(probe, &myc_child_reply_type), &reply));
    return reply;
}

static struct myc_ref
start_kid(struct myc_ref supervisor)
{
    const struct myc_start_child start_child = { .restart = MYC_RESTART_POLICY_TEMPORARY };
    uint8_t body[MYC_START_CHILD_SIZE];
    struct myc_child_reply reply;

    myc_start_child_encode(&start_child, body);
    reply = request(supervisor, &myc_start_child_type, body, sizeof(body));
    assert_int_equal(reply.status, MYC_OK);
    return reply.ref;
}

static void
assert_counts(struct myc_ref supervisor, uint32_t specs, uint32_t supervisors)
{
    struct myc_child_counts counts;

    assert_int_equal(myc_test_ask(probe, supervisor, &myc_count_children_type, "", 0, &ask_options),
                     MYC_OK);
    assert_true(myc_child_counts_decode(myc_test_expect(probe, &myc_child_counts_type), &counts));
    assert_int_equal(counts.specs, specs);
    assert_int_equal(counts.active, specs);
    assert_int_equal(counts.supervisors, supervisors);
    assert_int_equal(counts.workers, specs - supervisors);
}

/* count_children, count_children_supervisor */
static void
test_counts_are_exact_at_a_thousand_and_two_thousand_children(void **state)
{
    static struct myc_ref kids[2000];

    (void)state;
    for (unsigned is_supervisor = 0; is_supervisor < 2; is_supervisor++) {
        struct myc_ref supervisor;

        kid_spec.flags = is_supervisor ? MYC_CHILD_IS_SUPERVISOR : 0;
        begin(4U << 20, 4096);
        supervisor = start_dynamic();
        for (uint32_t i = 0; i < 2000; i++) {
            kids[i] = start_kid(supervisor);
            if (i + 1 == 1000)
                assert_counts(supervisor, 1000, is_supervisor ? 1000 : 0);
        }
        assert_counts(supervisor, 2000, is_supervisor ? 2000 : 0);
        for (uint32_t i = 0; i < 1000; i++) {
            const struct myc_terminate_child terminate = { .ref = kids[2 * i] };
            uint8_t body[MYC_TERMINATE_CHILD_SIZE];

            myc_terminate_child_encode(&terminate, body);
            assert_int_equal(
                request(supervisor, &myc_terminate_child_type, body, sizeof(body)).status, MYC_OK);
        }
        assert_counts(supervisor, 1000, is_supervisor ? 1000 : 0);
        myc_test_destroy(&bench);
    }
    kid_spec.flags = 0;
}

/* do_not_save_child_specs_for_temporary_children, simple_one_for_one_corruption: were anything of a
 * child kept, the state memory or the places would be used up long before. */
static void
test_nothing_is_kept_of_temporary_children(void **state)
{
    struct myc_ref supervisor;

    (void)state;
    begin(3U << 20, 64);
    supervisor = start_dynamic();
    for (unsigned i = 0; i < 20000; i++) {
        struct myc_ref kid = start_kid(supervisor);

        assert_int_equal(semantics_send(probe, kid, i % 2 ? MYC_NORMAL : MYC_FAILED), MYC_OK);
        myc_test_settle(bench);
    }
    assert_counts(supervisor, 0, 0);
    myc_test_destroy(&bench);
}

struct end {
    struct myc_ref ref;
    enum myc_status reason;
};

static void
do_end(struct myc_self *self, void *context)
{
    const struct end *end = context;

    if (end->reason == MYC_KILLED)
        assert_int_equal(myc_kill(self, end->ref), MYC_OK);
    else
        assert_int_equal(myc_stop(self, end->ref, end->reason), MYC_OK);
}

static void
end_kid(struct myc_ref kid, enum myc_status reason)
{
    struct end end = { kid, reason };

    if (reason == MYC_FAILED)
        assert_int_equal(semantics_send(probe, kid, reason), MYC_OK);
    else
        myc_test_act(probe, do_end, &end);
    myc_test_settle(bench);
}

/* nonsignificant_temporary, nonsignificant_transient */
static void
test_no_end_of_a_child_that_is_not_significant_ends_the_supervisor(void **state)
{
    static const enum myc_status reasons[] = { MYC_NORMAL, MYC_FAILED, MYC_SHUTDOWN, MYC_KILLED };

    (void)state;
    for (unsigned mode = 0; mode < 3; mode++)
        for (unsigned policy = MYC_RESTART_POLICY_TRANSIENT; policy <= MYC_RESTART_POLICY_TEMPORARY;
             policy++)
            for (unsigned i = 0; i < 4; i++) {
                struct myc_child_spec spec = kid_spec;
                const struct myc_supervisor_spec supervisor_spec = {
                    .size = sizeof(supervisor_spec),
                    .auto_shutdown = (enum myc_auto_shutdown)mode,
                    .intensity = 5,
                    .children = &spec,
                    .child_count = 1,
                };
                uint32_t before;

                spec.restart = (enum myc_restart_policy)policy;
                begin(1U << 20, 64);
                before = semantics_count(bench);
                top = start(&myc_supervisor_class, &supervisor_spec);
                end_kid(semantics_next(top), reasons[i]);
                assert_true(semantics_count(bench) > before);
                myc_test_destroy(&bench);
            }
}

static void
stop_top(struct myc_self *self, void *context)
{
    (void)context;
    assert_int_equal(myc_stop(self, top, MYC_SHUTDOWN), MYC_OK);
}

/* scale_start_stop_many_children: fifty supervisors of two thousand each. */
static void
test_a_hundred_thousand_children_start_and_stop(void **state)
{
    static struct myc_child_spec specs[2000];
    static char ids[2000][8];
    struct myc_supervisor_spec spec = {
        .size = sizeof(spec),
        .children = specs,
        .child_count = 2000,
    };
    struct myc_ref supervisors[50];
    uint32_t before;

    (void)state;
    begin(96U << 20, 110000);
    before = semantics_count(bench);
    for (unsigned i = 0; i < 2000; i++) {
        snprintf(ids[i], sizeof(ids[i]), "%u", i);
        specs[i] = kid_spec;
        specs[i].id = ids[i];
    }
    for (unsigned i = 0; i < 50; i++)
        supervisors[i] = start(&myc_supervisor_large_class, &spec);
    assert_int_equal(semantics_count(bench), before + 50 * 2001);
    for (unsigned i = 0; i < 50; i++) {
        top = supervisors[i];
        myc_test_act(probe, stop_top, NULL);
    }
    myc_test_settle(bench);
    assert_int_equal(semantics_count(bench), before);
    myc_test_destroy(&bench);
}

static void
kill_top(struct myc_self *self, void *context)
{
    (void)context;
    assert_int_equal(myc_kill(self, top), MYC_OK);
}

/* A stack on which a call for each level of the tree has no place: the sanitizers' frames are
 * larger. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SHALLOW_STACK (DEPTH * 128U)
#else
#define SHALLOW_STACK (DEPTH * 24U)
#endif

static void *
end_tree(void *is_killed)
{
    myc_test_act(probe, is_killed ? kill_top : stop_top, NULL);
    myc_test_advance(bench, 100 * MS);
    return NULL;
}

static void
end_on_a_shallow_stack(bool is_killed)
{
    pthread_attr_t attributes;
    pthread_t thread;

    assert_int_equal(pthread_attr_init(&attributes), 0);
    assert_int_equal(pthread_attr_setstacksize(&attributes, SHALLOW_STACK), 0);
    assert_int_equal(pthread_create(&thread, &attributes, end_tree, is_killed ? &thread : NULL), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    pthread_attr_destroy(&attributes);
}

static void
test_a_tree_two_thousand_deep_stops_and_can_be_killed(void **state)
{
    static struct myc_supervisor_spec specs[DEPTH];
    static struct myc_child_spec children[DEPTH];
    static struct myc_spawn_options options[DEPTH];

    (void)state;
    for (unsigned i = 0; i < DEPTH; i++) {
        bool is_last = i + 1 == DEPTH;

        specs[i] = (struct myc_supervisor_spec){ .size = sizeof(specs[i]),
                                                 .children = &children[i],
                                                 .child_count = 1 };
        options[i] = (struct myc_spawn_options){
            .size = sizeof(options[i]),
            .args = is_last ? NULL : &specs[i + 1],
            .args_size = is_last ? 0 : sizeof(specs[i]),
        };
        children[i] = kid_spec;
        children[i].options = &options[i];
        children[i].class_of = is_last ? &kid_class : &myc_supervisor_class;
        children[i].flags = is_last ? 0 : MYC_CHILD_IS_SUPERVISOR;
        children[i].restart = MYC_RESTART_POLICY_PERMANENT;
    }
    for (unsigned is_killed = 0; is_killed < 2; is_killed++) {
        uint32_t before;

        begin(96U << 20, 4096);
        before = semantics_count(bench);
        top = start(&myc_supervisor_class, &specs[0]);
        assert_int_equal(semantics_count(bench), before + DEPTH + 1);
        end_on_a_shallow_stack(is_killed);
        assert_int_equal(semantics_count(bench), before);
        myc_test_destroy(&bench);
    }
}

/* stop children when restarting (Pekko): a supervisor that is killed runs again under its ref, with
 * new children; the old ones are gone, and nobody is told of them. */
static void
test_a_restarted_supervisor_begins_without_its_old_children(void **state)
{
    struct myc_child_spec kids[2] = { kid_spec, kid_spec };
    const struct myc_supervisor_spec inner = {
        .size = sizeof(inner),
        .intensity = 10,
        .children = kids,
        .child_count = 2,
    };
    const struct myc_spawn_options options = {
        .size = sizeof(options),
        .args = &inner,
        .args_size = sizeof(inner),
    };
    struct myc_child_spec child = {
        .size = sizeof(child),
        .id = "inner",
        .class_of = &myc_supervisor_class,
        .options = &options,
        .flags = MYC_CHILD_IS_SUPERVISOR,
    };
    const struct myc_supervisor_spec outer = {
        .size = sizeof(outer),
        .intensity = 10,
        .children = &child,
        .child_count = 1,
    };
    uint32_t before;

    (void)state;
    kids[0].restart = kids[1].restart = MYC_RESTART_POLICY_PERMANENT;
    kids[1].id = "other";
    begin(4U << 20, 64);
    before = semantics_count(bench);
    top = semantics_next(start(&myc_supervisor_class, &outer));
    for (uint64_t i = 1; i <= 5; i++) {
        myc_test_act(probe, kill_top, NULL);
        myc_test_settle(bench);
        assert_int_equal(semantics_counter(bench, "restarted"), i);
        assert_int_equal(semantics_count(bench), before + 4);
        assert_counts(top, 2, 0);
    }
    myc_test_destroy(&bench);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_are_exact_at_a_thousand_and_two_thousand_children),
        cmocka_unit_test(test_nothing_is_kept_of_temporary_children),
        cmocka_unit_test(test_no_end_of_a_child_that_is_not_significant_ends_the_supervisor),
        cmocka_unit_test(test_a_hundred_thousand_children_start_and_stop),
        cmocka_unit_test(test_a_tree_two_thousand_deep_stops_and_can_be_killed),
        cmocka_unit_test(test_a_restarted_supervisor_begins_without_its_old_children),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
