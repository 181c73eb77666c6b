/* SPDX-License-Identifier: BSD-3-Clause */
#include "actor/cell.h"

#include "base/assert.h"

static size_t
cell_size(enum fab_cell_class class_of)
{
    return class_of == FAB_CELL_SMALL ? FAB_CELL_SIZE_SMALL : FAB_CELL_SIZE_LARGE;
}

void
fab_cells_init(struct fab_cells *cells, enum fab_cell_class class_of, void *memory, uint32_t count)
{
    struct fab_cell_pool *pool = &cells->pools[class_of];

    *pool = (struct fab_cell_pool){
        .count = count,
        .size = count * cell_size(class_of),
        .memory = memory,
    };
    /* From the end, so that the first cells to be taken are the first of the memory. */
    for (uint32_t i = count; i-- > 0;) {
        struct fab_cell *cell = (void *)((uint8_t *)memory + i * cell_size(class_of));

        cell->next = pool->free;
        pool->free = cell;
    }
    pool->free_count = count;
}

void
fab_cells_unreserve(struct fab_cells *cells, enum fab_cell_class class_of)
{
    FAB_ASSERT(cells->pools[class_of].reserved > 0);
    cells->pools[class_of].reserved--;
}

struct fab_cell *
fab_cells_pop_reserved(struct fab_cells *cells, enum fab_cell_class class_of)
{
    struct fab_cell_pool *pool = &cells->pools[class_of];
    struct fab_cell *cell = pool->free;

    FAB_ASSERT(pool->reserved > 0 && cell != NULL);
    pool->reserved--;
    pool->free = cell->next;
    pool->free_count--;
    return cell;
}
