/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Checking a struct myc_node_options before anything is started, and filling in its defaults.
 */
#ifndef FAB_NODE_OPTIONS_H
#define FAB_NODE_OPTIONS_H

#include <mycelium/node.h>

#include "base/refuse.h"

#define FAB_NODE_ID_MAX   61439U /* above: clients */
#define FAB_LCORES_MAX    254U
#define FAB_PORTS_MAX     16U
#define FAB_PEERS_MAX     4096U
#define FAB_ATTACH_MAX    64U
#define FAB_ALLOW_MAX     32U /* rules of who may attach, and names in each */
#define FAB_EXPORTED_MAX  1024U
#define FAB_UDP_PORT_BASE 21000U
#define FAB_KEEPALIVE_US  1000U

/* OK; INVALID, with a sentence in options->error that says which option, why, and what to do. */
enum myc_status fab_node_options_check(const struct myc_node_options *options);

/* The limits with their defaults in place of zeros. */
struct myc_limits fab_node_limits(const struct myc_limits *given);

#endif
