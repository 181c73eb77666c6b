/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Actors to try a node with.
 *
 *     echo   gives every Echo back: as the reply when it was asked, else as a send
 *     sink   counts Echo messages and answers CountRequest
 *     load   sends Echo messages to a name: arguments "to=NAME", "count=N" (0: for ever), one a
 * line
 *     reflector  gives latency probes of a port back (probe.h): arguments "port=NAME", "to=NAME"
 */
#ifndef TOOLS_CLASSES_H
#define TOOLS_CLASSES_H

#include <mycelium/class.h>

extern const struct myc_class tools_echo_class;
extern const struct myc_class tools_sink_class;
extern const struct myc_class tools_load_class;
extern const struct myc_class tools_reflector_class;

#endif
