/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Assertions for programmer errors; left on in release builds. They say where, what was wrong and
 * end the process: a fabric that goes on with broken state would lose somebody's orders silently.
 * What the outside can cause (bytes, config, peers) is never asserted but answered with a status.
 */
#ifndef FAB_BASE_ASSERT_H
#define FAB_BASE_ASSERT_H

#define FAB_ASSERT(condition)                                          \
    (__builtin_expect(!(condition), 0)                                 \
         ? fab_assert_failed(#condition, __FILE__, __LINE__, __func__) \
         : (void)0)

_Noreturn void fab_assert_failed(const char *condition, const char *file, int line,
                                 const char *function);

#endif
