/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A real node of two lcores, on two CPUs where there are so many, for tests of what needs an EAL
 * and threads.
 */
#ifndef TESTS_INTEGRATION_NODE_SMALL_NODE_H
#define TESTS_INTEGRATION_NODE_SMALL_NODE_H

#include <mycelium/node.h>

/* Starts a node of small tables, for the rest as `more` says; fails the test when it cannot. */
struct myc_node *small_node_start(struct myc_node_options more);

/* Runs a group of tests within an EAL. Returns the exit code of the program: 77 when there can be
 * no EAL here. */
int small_node_run(const char *name, int (*run)(void));

#endif
