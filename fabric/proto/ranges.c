/* SPDX-License-Identifier: BSD-3-Clause */
#include "proto/ranges.h"

#include <string.h>

#include "base/assert.h"

void
fab_ranges_init(struct fab_ranges *ranges, uint64_t floor)
{
    ranges->floor = floor;
    ranges->count = 0;
}

/* Index of the first range that does not lie wholly above the number. */
static uint32_t
find(const struct fab_ranges *ranges, uint64_t number)
{
    uint32_t i = 0;

    while (i < ranges->count && ranges->range[i].start > number)
        i++;
    return i;
}

bool
fab_ranges_contain_within(const struct fab_ranges *ranges, uint64_t number)
{
    uint32_t i = find(ranges, number);

    if (number < ranges->floor)
        return true;
    return i < ranges->count && number < ranges->range[i].end;
}

static void
remove_at(struct fab_ranges *ranges, uint32_t index)
{
    ranges->count--;
    memmove(&ranges->range[index], &ranges->range[index + 1],
            (ranges->count - index) * sizeof(ranges->range[0]));
}

/* The oldest range makes room, for good. */
static void
give_up_oldest(struct fab_ranges *ranges)
{
    ranges->count--;
    ranges->floor = ranges->range[ranges->count].end;
}

static void
insert_at(struct fab_ranges *ranges, uint32_t index, uint64_t number)
{
    if (ranges->count == FAB_RANGES_MAX) {
        if (index == ranges->count)
            return; /* older than all that we can tell: let it come again */
        give_up_oldest(ranges);
    }
    memmove(&ranges->range[index + 1], &ranges->range[index],
            (ranges->count - index) * sizeof(ranges->range[0]));
    ranges->range[index] = (struct fab_range){ number, number + 1 };
    ranges->count++;
}

/* It grows a neighbour, joins two, or becomes a range of its own. */
void
fab_ranges_add_within(struct fab_ranges *ranges, uint64_t number)
{
    uint32_t i = find(ranges, number);
    bool grows_above = i > 0 && ranges->range[i - 1].start == number + 1;
    bool grows_below = i < ranges->count && ranges->range[i].end == number;

    FAB_ASSERT(number >= ranges->floor);
    if (grows_above && grows_below) {
        ranges->range[i - 1].start = ranges->range[i].start;
        remove_at(ranges, i);
    } else if (grows_above) {
        ranges->range[i - 1].start = number;
    } else if (grows_below) {
        ranges->range[i].end = number + 1;
    } else {
        insert_at(ranges, i, number);
    }
}

void
fab_ranges_raise_floor(struct fab_ranges *ranges, uint64_t floor)
{
    if (floor <= ranges->floor)
        return;
    ranges->floor = floor;
    while (ranges->count > 0 && ranges->range[ranges->count - 1].end <= floor)
        ranges->count--;
    if (ranges->count > 0 && ranges->range[ranges->count - 1].start < floor)
        ranges->range[ranges->count - 1].start = floor;
}
