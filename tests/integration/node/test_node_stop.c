/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a node stops: Pekko's CoordinatedShutdownSpec ("run ordered phases", "only run once",
 * "continue after timeout or failure"), on a real node of two lcores.
 */
#include "support/cmocka.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <mycelium/name.h>
#include <mycelium/node.h>
#include <mycelium/supervisor.h>

#include "small_node.h"

#define STOP_TIMEOUT_MS 200U

static struct myc_node *node;

/* What happened, in order; written by lcores and by the thread that stops. */
static pthread_mutex_t trace_lock = PTHREAD_MUTEX_INITIALIZER;
static char trace[1024];

static void
note(const char *text)
{
    pthread_mutex_lock(&trace_lock);
    if (strlen(trace) + strlen(text) + 2 < sizeof(trace)) {
        strcat(trace, text);
        strcat(trace, " ");
    }
    pthread_mutex_unlock(&trace_lock);
}

static void
on_log(void *context, int level, const char *line)
{
    (void)context, (void)level;
    if (strstr(line, "handling what waits"))
        note("[busy]");
    if (strstr(line, "the last first"))
        note("[deaf]");
    if (strstr(line, "other actors"))
        note("[left]");
}

/* --- actors ----------------------------------------------------------------------------------- */

struct named {
    char name[16];
};

static enum myc_status
named_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    (void)self;
    memcpy(state, args, args_size < 15 ? args_size : 15);
    return MYC_OK;
}

static void
named_stop(struct myc_self *self, void *state, enum myc_status reason)
{
    struct myc_ref found;

    /* Names are withdrawn before anybody stops. */
    if (myc_lookup(self, "first", &found) == MYC_OK || reason != MYC_SHUTDOWN)
        note("wrong");
    note(((struct named *)state)->name);
}

static const struct myc_class named_class = {
    .size = sizeof(named_class),
    .name = "named",
    .state_size = sizeof(struct named),
    .init = named_init,
    .stop = named_stop,
};

/* Is asked to stop, and never does. */
static enum myc_status
deaf_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    (void)self, (void)state, (void)message;
    return MYC_OK;
}

static const struct myc_class deaf_class = {
    .size = sizeof(deaf_class),
    .name = "deaf",
    .flags = MYC_CLASS_HANDLES_STOP,
    .receive = deaf_receive,
};

/* Always has one more message to itself. */
static const struct myc_type again_type = { .name = "Again", .schema_id = 902, .template_id = 1 };
static const struct myc_type *const again_types[] = { &again_type };

static enum myc_status
again(struct myc_self *self)
{
    return myc_send(self, myc_self_ref(self), &again_type, "", 0);
}

static enum myc_status
busy_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    (void)state, (void)args, (void)args_size;
    return again(self);
}

static enum myc_status
busy_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    (void)state, (void)message;
    return again(self);
}

static const struct myc_class busy_class = {
    .size = sizeof(busy_class),
    .name = "busy",
    .accepts = again_types,
    .accepts_count = 1,
    .init = busy_init,
    .receive = busy_receive,
};

/* --- the node --------------------------------------------------------------------------------- */

static void
start(void)
{
    trace[0] = '\0';
    node = small_node_start((struct myc_node_options){ .stop_timeout_ms = STOP_TIMEOUT_MS });
}

static void
spawn_named(uint8_t lcore, const char *name)
{
    const struct myc_spawn_options options = {
        .size = sizeof(options),
        .args = name,
        .args_size = strlen(name) + 1,
        .name = name,
    };

    assert_int_equal(myc_node_spawn(node, lcore, &named_class, &options, NULL), MYC_OK);
}

static void
spawn_supervisor(uint8_t lcore, const struct myc_child_spec *children, uint32_t count)
{
    const struct myc_supervisor_spec spec = {
        .size = sizeof(spec),
        .children = children,
        .child_count = count,
    };
    const struct myc_spawn_options options = {
        .size = sizeof(options),
        .args = &spec,
        .args_size = sizeof(spec),
    };

    assert_int_equal(myc_node_spawn(node, lcore, &myc_supervisor_class, &options, NULL), MYC_OK);
}

static const struct myc_spawn_options child_a = { .size = sizeof(child_a),
                                                  .args = "a",
                                                  .args_size = 2 };
static const struct myc_spawn_options child_b = { .size = sizeof(child_b),
                                                  .args = "b",
                                                  .args_size = 2 };

static void
test_what_was_spawned_last_stops_first_and_trees_in_reverse(void **state)
{
    static const struct myc_child_spec children[] = {
        { .size = sizeof(children[0]), .id = "a", .class_of = &named_class, .options = &child_a },
        { .size = sizeof(children[0]), .id = "b", .class_of = &named_class, .options = &child_b },
    };

    (void)state;
    start();
    spawn_named(0, "first");
    spawn_supervisor(1, children, 2);
    spawn_named(0, "last");
    small_node_stop(&node);
    assert_null(node);
    small_node_stop(&node); /* once */
    assert_string_equal(trace, "last b a first ");
}

static void
test_a_phase_that_takes_too_long_is_left_and_the_next_begins(void **state)
{
    static const struct myc_child_spec children[] = {
        { .size = sizeof(children[0]), .id = "a", .class_of = &named_class, .options = &child_a },
        { .size = sizeof(children[0]),
          .id = "deaf",
          .class_of = &deaf_class,
          .shutdown_ns = MYC_FOREVER },
    };

    (void)state;
    start();
    spawn_named(0, "first");
    assert_int_equal(myc_node_spawn(node, 1, &busy_class, NULL, NULL), MYC_OK);
    spawn_supervisor(1, children, 2);
    small_node_stop(&node);
    /* The supervisor waits for who is deaf; the phase goes by; then all are ended as they are. */
    assert_int_equal(strncmp(trace, "[busy] [deaf] ", 14), 0);
    assert_non_null(strstr(trace, "a "));
    assert_non_null(strstr(trace, "first "));
    assert_null(strstr(trace, "[left]"));
    assert_null(strstr(trace, "wrong"));
}

static int
run(void)
{
    const struct CMUnitTest tests[] = {
        SMALL_NODE_TEST(test_what_was_spawned_last_stops_first_and_trees_in_reverse),
        SMALL_NODE_TEST(test_a_phase_that_takes_too_long_is_left_and_the_next_begins),
    };

    myc_log_set_sink(on_log, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
    return small_node_run("actors-stop", run);
}
