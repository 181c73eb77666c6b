/* SPDX-License-Identifier: BSD-3-Clause */
/* For tests of sending: which numbers a probe has been given. */
#ifndef TESTS_UNIT_PROBE_NUMBERS_H
#define TESTS_UNIT_PROBE_NUMBERS_H

#include "support/cmocka.h"
#include "support/probe.h"

/* So many, counting up from `first`, in order. */
static inline void
assert_numbers(const struct probe *probe, uint64_t first, unsigned count)
{
    unsigned seen = 0;

    for (unsigned i = 0; i < probe->count; i++) {
        if (probe->notes[i].key != PROBE_NUMBER_KEY)
            continue;
        assert_true(probe->notes[i].value == first + seen);
        seen++;
    }
    assert_int_equal(seen, count);
}

#endif
