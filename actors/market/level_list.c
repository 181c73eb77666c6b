/* SPDX-License-Identifier: BSD-3-Clause */
#include "level_list.h"

#include <string.h>

static bool
is_worse(enum market_side side, int64_t a, int64_t b)
{
    return side == MARKET_BUY ? a < b : a > b;
}

/* Index of the first level that is not worse than the price. */
static uint32_t
position_of(const struct market_level_list *list, int64_t price)
{
    uint32_t low = 0;
    uint32_t high = list->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (is_worse(list->side, list->levels[middle].price, price))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct market_level *
market_level_list_lookup(const struct market_level_list *list, int64_t price)
{
    uint32_t i = position_of(list, price);

    return i < list->count && list->levels[i].price == price ? &list->levels[i] : NULL;
}

struct market_level *
market_level_list_claim(struct market_level_list *list, int64_t price)
{
    uint32_t i = position_of(list, price);
    struct market_level *level = &list->levels[i];

    if (i < list->count && level->price == price)
        return level;
    if (list->count == list->count_max)
        return NULL;
    memmove(level + 1, level, (list->count - i) * sizeof(*level));
    list->count++;
    *level = (struct market_level){ .price = price };
    return level;
}

void
market_level_list_remove(struct market_level_list *list, struct market_level *level)
{
    size_t behind = (size_t)(list->levels + list->count - (level + 1));

    memmove(level, level + 1, behind * sizeof(*level));
    list->count--;
}

struct market_level
market_level_list_best(const struct market_level_list *list)
{
    return list->count > 0 ? list->levels[list->count - 1] : (struct market_level){ 0 };
}

bool
market_level_list_check(const struct market_level_list *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (list->levels[i].size == 0)
            return false;
        if (i > 0 && !is_worse(list->side, list->levels[i - 1].price, list->levels[i].price))
            return false;
    }
    return list->count <= list->count_max;
}
