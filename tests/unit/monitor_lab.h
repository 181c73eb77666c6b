/* SPDX-License-Identifier: BSD-3-Clause */
/* For tests of monitors: a watcher `a` on the first core, `b` and `c` beside it or on the second.
 */
#ifndef TESTS_UNIT_MONITOR_LAB_H
#define TESTS_UNIT_MONITOR_LAB_H

#include "support/cmocka.h"
#include "support/core_lab.h"
#include "support/probe_parts.h"

#include <mycelium/messages.h>

static struct lab lab;
static struct probe a, b, c;
static const enum fab_level levels[] = { FAB_LEVEL_RING, FAB_LEVEL_SEGMENT, FAB_LEVEL_FLOW };

static inline void
begin_at(enum fab_level level, unsigned core_of_b)
{
    memset(&a, 0, sizeof(a)), memset(&b, 0, sizeof(b)), memset(&c, 0, sizeof(c));
    lab_init_pair(&lab, level, 0);
    assert_int_equal(probe_spawn(&a, lab.cores[0], NULL), MYC_OK);
    assert_int_equal(probe_spawn(&b, lab.cores[core_of_b], NULL), MYC_OK);
    assert_int_equal(probe_spawn(&c, lab.cores[core_of_b], NULL), MYC_OK);
}

#endif
