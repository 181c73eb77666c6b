/* SPDX-License-Identifier: BSD-3-Clause */
#include "proto/twin.h"

#include <string.h>

void
fab_twin_init(struct fab_twin *twin)
{
    *twin = (struct fab_twin){ .epoch = 0 };
}

/* Handshakes and resets have no number; they mean the same when they come twice. */
static bool
has_number(const struct fab_frame_peek *frame)
{
    return frame->type == FAB_FRAME_DATA || frame->type == FAB_FRAME_LEAVE;
}

static uint64_t
bit_of(uint32_t number)
{
    return 1ULL << number % 64;
}

static uint64_t *
word_of(struct fab_twin_path *path, uint32_t number)
{
    return &path->came[number % FAB_TWIN_WINDOW / 64];
}

static bool
is_in_window(const struct fab_twin *twin, uint32_t number)
{
    return twin->newest - number < FAB_TWIN_WINDOW;
}

bool
fab_twin_is_second(const struct fab_twin *twin, uint8_t path, const struct fab_frame_peek *frame)
{
    const struct fab_twin_path *other = &twin->paths[path ^ 1U];

    return has_number(frame) && frame->epoch == twin->epoch && is_in_window(twin, frame->number) &&
           (other->came[frame->number % FAB_TWIN_WINDOW / 64] & bit_of(frame->number)) != 0;
}

static void
begin_epoch(struct fab_twin *twin, const struct fab_frame_peek *frame)
{
    twin->epoch = frame->epoch;
    twin->newest = frame->number;
    for (unsigned i = 0; i < FAB_TWIN_PATHS; i++)
        memset(twin->paths[i].came, 0, sizeof(twin->paths[i].came));
}

/* The window moves up to the number; those that come into it have not come. */
static void
move_window(struct fab_twin *twin, uint32_t number)
{
    if (number - twin->newest >= FAB_TWIN_WINDOW) {
        twin->newest = number - FAB_TWIN_WINDOW;
        for (unsigned i = 0; i < FAB_TWIN_PATHS; i++)
            memset(twin->paths[i].came, 0, sizeof(twin->paths[i].came));
    }
    while (twin->newest != number) {
        twin->newest++;
        for (unsigned i = 0; i < FAB_TWIN_PATHS; i++)
            *word_of(&twin->paths[i], twin->newest) &= ~bit_of(twin->newest);
    }
}

void
fab_twin_on_taken(struct fab_twin *twin, uint8_t path, const struct fab_frame_peek *frame)
{
    if (!has_number(frame))
        return;
    if (frame->epoch != twin->epoch)
        begin_epoch(twin, frame);
    else if ((int32_t)(frame->number - twin->newest) > 0)
        move_window(twin, frame->number);
    if (is_in_window(twin, frame->number))
        *word_of(&twin->paths[path], frame->number) |= bit_of(frame->number);
}

enum fab_twin_news
fab_twin_heard(struct fab_twin *twin, uint8_t path, uint64_t patience_ns, uint64_t now_ns)
{
    struct fab_twin_path *own = &twin->paths[path];
    struct fab_twin_path *other = &twin->paths[path ^ 1U];

    /* Nobody sent, or we slept and read one path's backlog first. */
    bool has_paused = now_ns - twin->heard_ns > patience_ns / 2;

    twin->heard_ns = now_ns;
    own->behind_ns = 0;
    if (own->is_down) {
        own->is_down = false;
        return FAB_TWIN_BACK;
    }
    if (other->behind_ns == 0 || has_paused) {
        other->behind_ns = now_ns;
    } else if (!other->is_down && now_ns - other->behind_ns > patience_ns) {
        other->is_down = true;
        return FAB_TWIN_OTHER_DOWN;
    }
    return FAB_TWIN_NOTHING;
}
