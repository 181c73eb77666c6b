/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>

void
fab_assert_failed(const char *condition, const char *file, int line, const char *function)
{
    fprintf(stderr, "mycelium: %s:%d: %s: assertion failed: %s\n", file, line, function, condition);
    abort();
}
