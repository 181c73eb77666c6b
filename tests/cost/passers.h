/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TESTS_COST_PASSERS_H
#define TESTS_COST_PASSERS_H

#include "actor/core.h"

#define COST_IN_FLIGHT 32U

/* Starts two actors which pass COST_IN_FLIGHT messages of 32 bytes to and fro, `count` times in
 * all. */
void cost_passers_start(struct fab_core *a, struct fab_core *b, uint64_t count);

#endif
