/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A real node of two lcores, on two CPUs where there are so many, for tests of what needs an EAL
 * and threads.
 */
#ifndef TESTS_INTEGRATION_NODE_SMALL_NODE_H
#define TESTS_INTEGRATION_NODE_SMALL_NODE_H

#include <mycelium/node.h>

/* A case of a group that starts such nodes: one that fails, and so does not come to its stop,
 * leaves its node to the teardown. Else the next start would be refused, and the program would wait
 * at its end for lcores that poll for ever. */
#define SMALL_NODE_TEST(function) cmocka_unit_test_teardown(function, small_node_end)

/* Starts a node of small tables, for the rest as `more` says; fails the test when it cannot. There
 * is one at a time, and small_node_stop ends it. */
struct myc_node *small_node_start(struct myc_node_options more);

/* As myc_node_stop. */
void small_node_stop(struct myc_node **node);

/* Ends the node that a case has left. A teardown of cmocka. */
int small_node_end(void **state);

/* Runs a group of tests within an EAL. Returns the exit code of the program: 77 when there can be
 * no EAL here. */
int small_node_run(const char *name, int (*run)(void));

#endif
