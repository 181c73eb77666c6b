/* SPDX-License-Identifier: BSD-3-Clause */
#include "node/control/door.h"

void
fab_door_init(struct fab_door *door, struct fab_core *core)
{
    *door = (struct fab_door){ .core = core };
}

void
fab_door_hand_over(struct fab_door *door, struct fab_segment_link *link)
{
    struct fab_segment_link *first = atomic_load_explicit(&door->arrivals, memory_order_relaxed);

    do {
        link->door_next = first;
        /* Pairs with the exchange in take_in. */
    } while (!atomic_compare_exchange_weak_explicit(&door->arrivals, &first, link,
                                                    memory_order_release, memory_order_relaxed));
    FAB_FAULT_POINT(HANDED_OVER);
}

void
fab_door_retire(struct fab_door *door)
{
    atomic_fetch_add_explicit(&door->retiring, 1, memory_order_release);
}

static unsigned
take_in(struct fab_door *door)
{
    struct fab_segment_link *link =
        atomic_exchange_explicit(&door->arrivals, NULL, memory_order_acquire);
    unsigned done = 0;

    while (link) {
        struct fab_segment_link *next = link->door_next;

        /* A core whose table of links is full does without: the link stays unpolled in our list
         * and is released with its peer. */
        link->is_in_core = fab_core_add_link(door->core, &link->link) == MYC_OK;
        FAB_FAULT_POINT(TAKEN_IN);
        link->door_next = door->links;
        door->links = link;
        link = next;
        done++;
    }
    return done;
}

static void
let_out(struct fab_door *door, struct fab_segment_link *link)
{
    if (link->is_in_core)
        fab_core_remove_link(door->core, &link->link);
    FAB_FAULT_POINT(LET_OUT);
    link->link.ops->close(&link->link);
    FAB_FAULT_POINT(CLOSED);
    door->retired++;
}

static unsigned
let_out_ended(struct fab_door *door)
{
    struct fab_segment_link **place = &door->links;
    unsigned done = 0;

    while (*place) {
        struct fab_segment_link *link = *place;

        /* While bodies of the peer's heap are read here its memory must stay. */
        if (!fab_segment_link_is_over(link) ||
            (link->is_in_core && fab_core_link_is_borrowed(door->core, &link->link))) {
            place = &link->door_next;
            continue;
        }
        /* Before the release: from then on the link may be gone. */
        *place = link->door_next;
        let_out(door, link);
        done++;
    }
    return done;
}

unsigned
fab_door_poll(void *context, struct fab_room room, uint64_t now_ns)
{
    struct fab_door *door = context;
    unsigned done = 0;

    (void)room;
    (void)now_ns;
    if (fab_unlikely(atomic_load_explicit(&door->arrivals, memory_order_relaxed) != NULL))
        done += take_in(door);
    if (fab_unlikely(atomic_load_explicit(&door->retiring, memory_order_acquire) != door->retired))
        done += let_out_ended(door);
    return done;
}
