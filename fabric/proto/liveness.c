/* SPDX-License-Identifier: BSD-3-Clause */
#include "proto/liveness.h"

void
fab_liveness_init(struct fab_liveness *liveness, uint64_t now_ns)
{
    liveness->heard_ns = now_ns;
    liveness->graces = 0;
    liveness->has_asked = false;
    liveness->is_suspect = false;
}

static uint64_t
after(uint64_t from_ns, uint64_t span_ns)
{
    return span_ns == 0 ? UINT64_MAX : from_ns + span_ns;
}

static uint64_t
shorter(uint64_t a_ns, uint64_t b_ns)
{
    return b_ns != 0 && b_ns < a_ns ? b_ns : a_ns;
}

struct fab_silence
fab_silence_of(uint64_t keepalive_ns, uint64_t suspect_ns, uint64_t down_ns)
{
    return (struct fab_silence){
        .keepalive_ns = keepalive_ns,
        .suspect_ns = suspect_ns,
        .down_ns = down_ns,
        .first_ns = shorter(shorter(keepalive_ns, suspect_ns), down_ns),
    };
}

uint64_t
fab_liveness_deadline_asked(const struct fab_liveness *liveness)
{
    uint64_t down_ns = after(liveness->heard_ns, liveness->silence->down_ns);
    uint64_t suspect_ns = after(liveness->heard_ns, liveness->silence->suspect_ns);

    return !liveness->is_suspect && suspect_ns < down_ns ? suspect_ns : down_ns;
}

/* Without it the last of the three timers would find its time come at once when we wake up, before
 * anything was read. */
static void
give_grace(struct fab_liveness *liveness)
{
    if (liveness->graces == FAB_LIVENESS_GRACES)
        return;
    liveness->graces++;
    liveness->heard_ns += FAB_LIVENESS_GRACE_KEEPALIVES * liveness->silence->keepalive_ns;
}

/* Lateness is sleep of at least that long. Other absence is looked at from the question on. */
static void
excuse(struct fab_liveness *liveness, struct fab_absence *absence, uint64_t late_ns,
       uint64_t now_ns)
{
    uint64_t away_ns = liveness->has_asked ? fab_absence_take(absence) : 0;
    bool is_late = late_ns > liveness->silence->keepalive_ns;

    if (is_late && late_ns > away_ns)
        away_ns = late_ns;
    liveness->heard_ns += away_ns;
    if (liveness->heard_ns > now_ns) /* absences of several lcores overlap */
        liveness->heard_ns = now_ns;
    if (is_late)
        give_grace(liveness);
}

enum fab_liveness_event
fab_liveness_on_timer(struct fab_liveness *liveness, struct fab_absence *absence, uint64_t now_ns)
{
    uint64_t deadline_ns = fab_liveness_deadline(liveness);

    if (now_ns < deadline_ns)
        return FAB_LIVENESS_NOTHING;
    excuse(liveness, absence, now_ns - deadline_ns, now_ns);
    if (!liveness->has_asked) {
        liveness->has_asked = true;
        fab_absence_begin(absence, FAB_LIVENESS_EXCUSES * liveness->silence->down_ns);
        return FAB_LIVENESS_ASK;
    }
    if (now_ns >= after(liveness->heard_ns, liveness->silence->down_ns))
        return FAB_LIVENESS_DOWN;
    if (!liveness->is_suspect &&
        now_ns >= after(liveness->heard_ns, liveness->silence->suspect_ns)) {
        liveness->is_suspect = true;
        return FAB_LIVENESS_SUSPECT;
    }
    return FAB_LIVENESS_NOTHING;
}
