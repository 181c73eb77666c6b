/* SPDX-License-Identifier: BSD-3-Clause */
/* The conformance suite in one thread and virtual time: two cores joined by a carrier in memory,
 * once as lcores of one node and once as two nodes. */
#include "conformance/conformance.h"

#include <stdlib.h>

#include "support/core_lab.h"

#include <mycelium/dead_letter.h>
#include <mycelium/registry.h>

/* Virtual time, of which a millisecond is a thousand turns of each core. */
#define CROSSFIRE_NS      20000000ULL
#define CROSSFIRE_LONG_NS 500000000ULL

struct loop_fixture {
    struct conf_fixture fixture;
    struct lab lab;
    uint64_t incarnation_b;
};

static enum fab_level level; /* which of the two this run is about */

/* A core with its registry and who passes dead letters on, as a node has them. */
static void
add_core(struct loop_fixture *loop, struct fab_core_config config)
{
    struct fab_core *core;

    config.exported = &loop->fixture.exported;
    config.exported_count = loop->fixture.exported != NULL;
    config.limits.messages_max = 16384;
    config.heap_size = 64U << 20;
    core = lab_add_core(&loop->lab, &config);
    assert_int_equal(fab_core_spawn(core, &myc_registry_class, NULL, NULL), MYC_OK);
    assert_int_equal(fab_core_spawn(core, &myc_dead_letters_class, NULL, NULL), MYC_OK);
}

static struct lab *
lab_of(struct conf_fixture *fixture)
{
    return &((struct loop_fixture *)fixture)->lab;
}

static enum myc_status
loop_spawn(struct conf_fixture *fixture, enum conf_place place, const char *class_name,
           const struct myc_spawn_options *options, struct myc_ref *ref)
{
    const struct myc_class *class_of = conf_class_lookup(class_name);

    assert_non_null(class_of);
    return fab_core_spawn(lab_of(fixture)->cores[place], class_of, options, ref);
}

static bool
loop_run_until(struct conf_fixture *fixture, bool (*is_done)(void *context), void *context,
               uint64_t timeout_ns)
{
    struct lab *lab = lab_of(fixture);
    uint64_t end_ns = lab->now_ns + timeout_ns;

    while (!is_done(context)) {
        if (lab->now_ns >= end_ns)
            return false;
        /* Nothing moves before a timer is due: go there. */
        if (lab_turn(lab) == 0 && lab_is_idle(lab))
            lab_skip(lab, end_ns);
    }
    return true;
}

static void
loop_crash_b(struct conf_fixture *fixture)
{
    struct loop_fixture *loop = (struct loop_fixture *)fixture;

    lab_kill_core(&loop->lab, CONF_B);
    loop->lab.core_count--;
}

static void
loop_stop_b(struct conf_fixture *fixture)
{
    struct lab *lab = lab_of(fixture);

    fab_core_stop_all(lab->cores[CONF_B]);
    while (fab_core_actor_count(lab->cores[CONF_B]) > 0)
        lab_turn(lab);
    lab_settle(lab);
    loop_crash_b(fixture);
}

static void
loop_start_b(struct conf_fixture *fixture)
{
    struct loop_fixture *loop = (struct loop_fixture *)fixture;

    add_core(loop, lab_config(++loop->incarnation_b, 0, 1));
    lab_join(&loop->lab, CONF_A, CONF_B, level, 64);
}

int
conf_setup(void **state)
{
    struct loop_fixture *loop = calloc(1, sizeof(*loop));
    bool is_one_node = level == FAB_LEVEL_RING;

    assert_non_null(loop);
    loop->incarnation_b = LAB_HOME_2;
    loop->fixture = (struct conf_fixture){
        .locality = is_one_node ? "loop of one node" : "loop of two nodes",
        .spawn = loop_spawn,
        .run_until = loop_run_until,
        .crash_b = is_one_node ? NULL : loop_crash_b,
        .stop_b = is_one_node ? NULL : loop_stop_b,
        .start_b = is_one_node ? NULL : loop_start_b,
        .is_one_node = is_one_node,
        .can_export = !is_one_node,
        .many = 50000,
        .crossfire_ns = getenv("MYCELIUM_LONG") ? CROSSFIRE_LONG_NS : CROSSFIRE_NS,
    };
    lab_init(&loop->lab);
    if (is_one_node) {
        add_core(loop, lab_config(LAB_HOME_1, 0, 2));
        add_core(loop, lab_config(LAB_HOME_1, 1, 2));
    } else {
        add_core(loop, lab_config(LAB_HOME_1, 0, 1));
        add_core(loop, lab_config(LAB_HOME_2, 0, 1));
    }
    lab_join(&loop->lab, CONF_A, CONF_B, level, 64);
    *state = &loop->fixture;
    return 0;
}

int
conf_teardown(void **state)
{
    struct loop_fixture *loop = *state;

    lab_fini(&loop->lab);
    free(loop);
    return 0;
}

int
main(int argc, char **argv)
{
    level = argc > 1 && strcmp(argv[1], "ring") == 0 ? FAB_LEVEL_RING : FAB_LEVEL_SEGMENT;
    return _cmocka_run_group_tests("conformance", conf_cases, conf_case_count, NULL, NULL);
}
