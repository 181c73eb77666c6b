/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where a node may start: simplx's Engine.invalidCore, Engine.coreInUseException and
 * Engine.initException. A start that fails leaves nothing behind, so the next one succeeds.
 */
#include "small_node.h"

#include "support/cmocka.h"

static struct myc_node *node;

static enum myc_status
refuse(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    (void)self, (void)state, (void)args, (void)args_size;
    return MYC_REFUSED;
}

static const struct myc_class refusing_class = {
    .size = sizeof(refusing_class),
    .name = "refusing",
    .init = refuse,
};

static const struct myc_class plain_class = { .size = sizeof(plain_class), .name = "plain" };

/* Tries to start one more node on these lcores. */
static enum myc_status
start_on(uint32_t first, uint32_t second, char *error, size_t error_size)
{
    const struct myc_lcore_options lcores[] = { { .eal_lcore = first }, { .eal_lcore = second } };
    const struct myc_node_options options = {
        .size = sizeof(options),
        .node_id = 8,
        .eal_argc = -1,
        .lcores = lcores,
        .lcore_count = 2,
        .limits = { .actors_max = 64, .messages_max = 256, .state_bytes_max = 1U << 20 },
        .error = error,
        .error_size = error_size,
    };
    struct myc_node *other = NULL;
    enum myc_status status = myc_node_start(&options, &other);

    myc_node_stop(&other);
    return status;
}

static void
test_an_lcore_that_the_eal_does_not_have_is_refused_with_what_to_do(void **state)
{
    char error[256] = "";

    (void)state;
    assert_int_equal(start_on(1, 9, error, sizeof(error)), MYC_NOT_FOUND);
    assert_non_null(strstr(error, "EAL lcore 9"));
    assert_non_null(strstr(error, "--lcores"));
    assert_int_equal(start_on(1, 2, error, sizeof(error)), MYC_OK);
}

static void
test_lcores_in_use_are_refused_and_their_node_goes_on(void **state)
{
    char error[256] = "";

    (void)state;
    node = small_node_start((struct myc_node_options){ .stop_timeout_ms = 1000 });
    assert_int_equal(start_on(1, 2, error, sizeof(error)), MYC_BAD_STATE);
    assert_non_null(strstr(error, "runs something else"));
    assert_int_equal(myc_node_spawn(node, 1, &plain_class, NULL, NULL), MYC_OK);
    small_node_stop(&node);
    assert_int_equal(start_on(1, 2, error, sizeof(error)), MYC_OK);
}

static void
test_an_init_that_fails_is_told_and_the_node_goes_on(void **state)
{
    (void)state;
    node = small_node_start((struct myc_node_options){ .stop_timeout_ms = 1000 });
    assert_int_equal(myc_node_spawn(node, 0, &refusing_class, NULL, NULL), MYC_REFUSED);
    assert_int_equal(myc_node_spawn(node, 2, &plain_class, NULL, NULL), MYC_NOT_FOUND);
    assert_int_equal(myc_node_spawn(node, 0, &plain_class, NULL, NULL), MYC_OK);
}

static int
run(void)
{
    const struct CMUnitTest tests[] = {
        SMALL_NODE_TEST(test_an_lcore_that_the_eal_does_not_have_is_refused_with_what_to_do),
        SMALL_NODE_TEST(test_lcores_in_use_are_refused_and_their_node_goes_on),
        SMALL_NODE_TEST(test_an_init_that_fails_is_told_and_the_node_goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
    return small_node_run("node-start", run);
}
