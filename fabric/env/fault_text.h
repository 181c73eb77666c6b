/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A fault as one argument of a command line: "loss_per_million=10000,seed=4,lost_frames=0+7+9". The
 * keys are the fields of struct myc_wire_fault, which are also those of a node's config.
 */
#ifndef FAB_ENV_FAULT_TEXT_H
#define FAB_ENV_FAULT_TEXT_H

#include <stddef.h>

#include <mycelium/status.h>
#include <mycelium/wire_fault.h>

/* Reads a text; what it does not name is 0. OK; INVALID, with a sentence in `error`. */
enum myc_status fab_wire_fault_parse(const char *text, struct myc_wire_fault *fault, char *error,
                                     size_t error_size);

#endif
