/* SPDX-License-Identifier: BSD-3-Clause */
/* What the tests of the control thread start from: a folder, node a that listens in it, node b. */
#ifndef TESTS_SUPPORT_CONTROL_FIXTURE_H
#define TESTS_SUPPORT_CONTROL_FIXTURE_H

#include <stdio.h>

#include "support/cmocka.h"
#include "support/control_node.h"

#define HOME_A 0x0001000000000aaaULL
#define HOME_B 0x0002000000000bbbULL

static char folder[64];
static char path_a[96];
static char path_b[96];
static struct control_node a;
static struct control_node b;
static char error[256];

static inline int
setup(void **state)
{
    (void)state;
    control_folder_make(folder, sizeof(folder));
    snprintf(path_a, sizeof(path_a), "%s/a.sock", folder);
    snprintf(path_b, sizeof(path_b), "%s/b.sock", folder);
    memset(&a, 0, sizeof(a));
    memset(&b, 0, sizeof(b));
    return 0;
}

static inline int
teardown(void **state)
{
    (void)state;
    control_node_stop(&a);
    control_node_stop(&b);
    control_folder_remove(folder);
    return 0;
}

static inline void
start_a(void)
{
    assert_int_equal(
        control_node_start(&a, control_node_options(HOME_A, path_a), error, sizeof(error)), MYC_OK);
}

static inline void
start_b_attaching(uint64_t home)
{
    struct fab_control_options options = control_node_options(home, NULL);
    const char *attach[] = { path_a };

    options.attach = attach;
    options.attach_count = 1;
    options.is_client = home >> 48 == 0;
    assert_int_equal(control_node_start(&b, options, error, sizeof(error)), MYC_OK);
}

static inline void
await_both_up(void)
{
    assert_true(CONTROL_WAIT(a.up_count > a.down_count && b.up_count > b.down_count, &a, &b));
}

#define CONTROL_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
