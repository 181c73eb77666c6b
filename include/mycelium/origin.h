/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file origin.h
 * When the outside event that caused a message came, and how wrong that may be, in one word.
 *
 * The word travels with every message and those that it causes, over lcores, processes and hosts,
 * so that the last actor can tell wire-to-wire: `myc_origin_age_ns(message->origin,
 * myc_now_ns(self))`, wrong by at most `myc_origin_error_ns(message->origin)`. Whoever keeps a
 * message and answers later keeps the word, and hands it on as it is (`origin` of struct
 * myc_send_options).
 *
 *      63        56 55                                                      0
 *     +------------+---------------------------------------------------------+
 *     | error code |  time in ns, on the clock of whoever reads, modulo 2^56 |
 *     +------------+---------------------------------------------------------+
 *
 * The time is within the last 2^55 ns (a year), so that what wraps is nobody's concern. The error
 * is 0 on the host where the event came, and grows at each hop between hosts by the bound of what
 * is known of both clocks there (clock.h). Its code keeps three bits behind the first: it is
 * rounded up by at most an eighth, and is 8 ns to 30 s; a time worth less than that is worth
 * nothing.
 */
#ifndef MYCELIUM_ORIGIN_H
#define MYCELIUM_ORIGIN_H

#include <stdint.h>

#include <mycelium/api.h>

MYC_BEGIN_DECLS

#define MYC_ORIGIN_TIME_BITS 56
#define MYC_ORIGIN_TIME_MASK ((1ULL << MYC_ORIGIN_TIME_BITS) - 1)

/** The largest error that has a code. */
#define MYC_ORIGIN_ERROR_NS_MAX (14ULL << 31)

/** Of an origin that is not 0: the time since it, in ns; 0 when it lies ahead of now.
 * @param now_ns  myc_now_ns, or myc_clock_ns.
 * Context: any thread. */
static inline uint64_t
myc_origin_age_ns(uint64_t origin, uint64_t now_ns)
{
    uint64_t age_ns = (now_ns - origin) & MYC_ORIGIN_TIME_MASK;

    return age_ns >> (MYC_ORIGIN_TIME_BITS - 1) ? 0 : age_ns;
}

/** By how much that may be wrong at most, to either side, in ns. Context: any thread. */
static inline uint64_t
myc_origin_error_ns(uint64_t origin)
{
    uint64_t code = origin >> MYC_ORIGIN_TIME_BITS;

    return code ? (8 + ((code - 1) & 7)) << ((code - 1) >> 3) : 0;
}

/** The word of a time and its error, for whoever has another time of cause than the message that he
 * handles.
 * @param time_ns   on the clock of myc_now_ns, not 0.
 * @param error_ns  0: none.
 * @return 0 (unknown) when the error is above MYC_ORIGIN_ERROR_NS_MAX.
 * Context: any thread. */
static inline uint64_t
myc_origin_make(uint64_t time_ns, uint64_t error_ns)
{
    uint64_t time = time_ns & MYC_ORIGIN_TIME_MASK;
    unsigned step = error_ns < 16 ? 0 : 60U - (unsigned)__builtin_clzll(error_ns); /* its log2 */
    uint64_t count = 8; /* of steps, 8 to 16, where 16 is the 8 of the next step */

    if (error_ns > MYC_ORIGIN_ERROR_NS_MAX)
        return 0;
    if (error_ns > 8)
        count = (error_ns + (1ULL << step) - 1) >> step;
    return (error_ns ? 8 * step + count - 7 : 0) << MYC_ORIGIN_TIME_BITS | (time ? time : 1);
}

MYC_END_DECLS

#endif
