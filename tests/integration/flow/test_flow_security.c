/* SPDX-License-Identifier: BSD-3-Clause */
/* Sealed flows over a memif with both ends in one process; and who gets none, and is told why. */
#include "support/cmocka.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <mycelium/node.h>

#include "support/flow_driver.h"

#define WAIT_MS 20000U

/* One side of a pair. */
struct wish {
    enum fab_security security;
    uint8_t key;
    uint8_t lcores;
};

static struct driver a, b;
static char logged[8192]; /* lines of warnings */

static void
keep_warnings(void *context, int level, const char *line)
{
    size_t used = strlen(logged);

    (void)context;
    if (level <= MYC_LOG_WARNING)
        snprintf(logged + used, sizeof(logged) - used, "%s\n", line);
}

static void
open_side(struct driver *driver, bool is_a, const struct wish *wish)
{
    char device[128];
    const struct driver_options options = {
        .device = device,
        .node_id = is_a ? 1 : 2,
        .incarnation = is_a ? 0xaaa : 0xbbb,
        .address = is_a ? "10.9.5.1/24" : "10.9.5.2/24",
        .peer_node = is_a ? 2 : 1,
        .peer_address = is_a ? "10.9.5.2" : "10.9.5.1",
        .mbuf_count = 4096,
        .lcore_count = wish->lcores,
        .security = wish->security,
        .key = wish->key,
    };

    snprintf(device, sizeof(device),
             "net_memif%c,role=%s,id=0,socket=/tmp/flow-sec-%d.sock,socket-abstract=no",
             is_a ? '0' : '1', is_a ? "server" : "client", (int)getpid());
    if (driver_open(driver, &options) != MYC_OK)
        fail_msg("%s", driver->error);
}

static void
open_pair(struct wish of_a, struct wish of_b)
{
    logged[0] = '\0';
    open_side(&a, true, &of_a);
    open_side(&b, false, &of_b);
}

static void
close_pair(void)
{
    driver_close(&a);
    driver_close(&b);
}

static bool
are_up(void *context)
{
    unsigned links = *(unsigned *)context;

    return driver_up_count(&a) == links && driver_up_count(&b) == links;
}

static bool
have_received(void *context)
{
    uint64_t each = *(uint64_t *)context;

    return driver_received(&a) >= each && driver_received(&b) >= each && driver_is_drained(&a) &&
           driver_is_drained(&b);
}

static void
exchange(unsigned links, uint64_t count)
{
    uint64_t each = count * links;

    assert_true(driver_run(&a, &b, are_up, &links, WAIT_MS));
    for (unsigned i = 0; i < links; i++)
        a.links[i].to_send = b.links[i].to_send = count;
    assert_true(driver_run(&a, &b, have_received, &each, 3 * WAIT_MS));
    assert_int_equal(driver_received(&a) + driver_received(&b), 2 * each);
    assert_int_equal(driver_misplaced(&a) + driver_misplaced(&b), 0);
    assert_int_equal(driver_counter(&a, "refused_tag") + driver_counter(&b, "refused_tag"), 0);
}

static void
test_authenticated_messages_arrive_in_order(void **state)
{
    const struct wish wish = { FAB_SECURITY_AUTH, 1, 1 };

    (void)state;
    open_pair(wish, wish);
    exchange(1, 100000);
    close_pair();
    assert_string_equal(logged, "");
}

/* Links that the handshake of the first lcores brings up have keys of their own. */
static void
test_encrypted_messages_arrive_over_all_lcores(void **state)
{
    const struct wish wish = { FAB_SECURITY_ENCRYPT, 1, 2 };

    (void)state;
    open_pair(wish, wish);
    exchange(4, 20000);
    close_pair();
}

static bool
was_said_by_both(void *context)
{
    const char *first = strstr(logged, context);

    return first && strstr(first + 1, context);
}

static void
expect_no_connection(const char *said)
{
    unsigned none = 0;

    if (!driver_run(&a, &b, was_said_by_both, (void *)(uintptr_t)said, WAIT_MS))
        fail_msg("not said twice: '%s' in:\n%s", said, logged);
    assert_true(are_up(&none));
}

static void
test_nodes_with_different_keys_do_not_connect_and_say_why(void **state)
{
    (void)state;
    open_pair((struct wish){ FAB_SECURITY_AUTH, 1, 1 }, (struct wish){ FAB_SECURITY_AUTH, 2, 1 });
    expect_no_connection("another security key");
    assert_true(driver_counter(&a, "refused_tag") > 0 && driver_counter(&b, "refused_tag") > 0);
    close_pair();
}

static void
test_nodes_with_different_security_do_not_connect_and_say_why(void **state)
{
    (void)state;
    open_pair((struct wish){ FAB_SECURITY_ENCRYPT, 1, 1 }, (struct wish){ FAB_SECURITY_OFF, 0, 1 });
    expect_no_connection("set the same on both");
    assert_non_null(strstr(logged, "node 1 demands security 'encrypt', and this node 'off' of it"));
    assert_true(driver_counter(&a, "refused_security") > 0);
    close_pair();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_authenticated_messages_arrive_in_order),
        cmocka_unit_test(test_encrypted_messages_arrive_over_all_lcores),
        cmocka_unit_test(test_nodes_with_different_keys_do_not_connect_and_say_why),
        cmocka_unit_test(test_nodes_with_different_security_do_not_connect_and_say_why),
    };

    myc_log_set_sink(keep_warnings, NULL);
    driver_start_eal("test_flow_security", 512);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
