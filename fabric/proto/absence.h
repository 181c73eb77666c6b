/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Time in which we did not run ourselves: what was not done or heard then is nobody else's fault,
 * and how long it was at a time is what peers must bear with.
 *
 * Whoever drives flows keeps one fab_presence for all of them together (an lcore may be kept from
 * its CPU, or its handlers take long). Each flow looks at it for one stretch of waiting, and up to
 * a bound, so that who hardly runs does not wait for ever (fab_absence).
 */
#ifndef FAB_PROTO_ABSENCE_H
#define FAB_PROTO_ABSENCE_H

#include <stddef.h>
#include <stdint.h>

/* How long the longest gap is remembered, at least; at most twice that. */
#define FAB_PRESENCE_WINDOW_NS 30000000000ULL

struct fab_presence {
    uint64_t absent_ns; /* all gaps, from any beginning */
    uint64_t gap_ns;    /* the longest of this window */
    uint64_t gap_ns_before;
    uint64_t window_end_ns;
};

/* Time has gone on: what was long ago is forgotten. */
static inline void
fab_presence_go_on(struct fab_presence *presence, uint64_t now_ns)
{
    if (now_ns < presence->window_end_ns)
        return;
    presence->gap_ns_before =
        now_ns - presence->window_end_ns < FAB_PRESENCE_WINDOW_NS ? presence->gap_ns : 0;
    presence->gap_ns = 0;
    presence->window_end_ns = now_ns + FAB_PRESENCE_WINDOW_NS;
}

/* A gap of that length was seen, which is not counted as absence. */
static inline void
fab_presence_saw_gap(struct fab_presence *presence, uint64_t gap_ns, uint64_t now_ns)
{
    fab_presence_go_on(presence, now_ns);
    if (gap_ns > presence->gap_ns)
        presence->gap_ns = gap_ns;
}

/* We run again, after so long. */
static inline void
fab_presence_came_back(struct fab_presence *presence, uint64_t gap_ns, uint64_t now_ns)
{
    presence->absent_ns += gap_ns;
    fab_presence_saw_gap(presence, gap_ns, now_ns);
}

/* The longest gap of the last window or two. */
static inline uint64_t
fab_presence_gap_ns(const struct fab_presence *presence)
{
    return presence->gap_ns > presence->gap_ns_before ? presence->gap_ns : presence->gap_ns_before;
}

/* --- one stretch of waiting ------------------------------------------------------------------- */

struct fab_absence {
    const struct fab_presence *presence; /* not owned; NULL: it is not known */
    uint64_t seen_ns;                    /* of its absences, what was taken or came before */
    uint64_t left_ns;                    /* that may still be taken in this stretch */
};

static inline uint64_t
fab_absence_count_ns(const struct fab_absence *absence)
{
    return absence->presence ? absence->presence->absent_ns : 0;
}

/* A stretch begins, in which no more than so much is excused. */
static inline void
fab_absence_begin(struct fab_absence *absence, uint64_t most_ns)
{
    absence->seen_ns = fab_absence_count_ns(absence);
    absence->left_ns = most_ns;
}

/* How long we were away since the stretch began, or since this was asked last. */
static inline uint64_t
fab_absence_take(struct fab_absence *absence)
{
    uint64_t count_ns = fab_absence_count_ns(absence);
    uint64_t away_ns = count_ns - absence->seen_ns;

    absence->seen_ns = count_ns;
    if (away_ns > absence->left_ns)
        away_ns = absence->left_ns;
    absence->left_ns -= away_ns;
    return away_ns;
}

#endif
