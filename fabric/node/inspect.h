/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a node tells tools about itself, as JSON.
 */
#ifndef FAB_NODE_INSPECT_H
#define FAB_NODE_INSPECT_H

struct fab_full;
struct fab_control;

/* Answers "ls": the node, its lcores, links, names and counters. The text is from malloc, the
 * caller's; NULL: no such request, or no memory. Context: control thread. */
char *fab_inspect(struct fab_full *full, const struct fab_control *control, const char *request);

#endif
