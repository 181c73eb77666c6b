/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cells: the memory of messages that wait on this lcore, and of what the core owes.
 *
 * Mailboxes are quotas over one pool, not arrays of their own. A cell holds one record with its
 * sender's home; small cells take bodies of up to FAB_CELL_BODY_SMALL bytes, large ones all that a
 * link takes without a heap buffer. The free lists are LIFO: what was freed last is warm.
 *
 * Reservations make the system lane bounded by construction: whoever promises an event or a system
 * record for later (a monitor its Down, a waiter its Writable) reserves the cell when promising. A
 * user message is refused once only reserved cells are left.
 */
#ifndef FAB_ACTOR_CELL_H
#define FAB_ACTOR_CELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "wire/message.h"

#define FAB_CELL_SIZE_SMALL 128U
#define FAB_CELL_SIZE_LARGE 1280U
#define FAB_CELL_HEAD       16U
/* Bytes of record that fit. */
#define FAB_CELL_RECORD_SMALL (FAB_CELL_SIZE_SMALL - FAB_CELL_HEAD)
#define FAB_CELL_RECORD_LARGE (FAB_CELL_SIZE_LARGE - FAB_CELL_HEAD)
/* Bytes of body that fit into a small cell when there is no extension. */
#define FAB_CELL_BODY_SMALL (FAB_CELL_RECORD_SMALL - FAB_MSG_HEADER_SIZE)

struct fab_cell {
    struct fab_cell *next; /* in a mailbox, a pending list or the free list */
    union {
        struct {
            uint64_t from_home; /* home word of msg.from */
            struct fab_msg msg; /* followed by its extensions and body */
        };
        /* What the handler of a plain SEND sees: the record itself. Only two words are not the
         * same, and nobody needs theirs any more: see fab_cell_view. */
        struct myc_message view;
    };
};

static_assert(offsetof(struct fab_cell, msg) == FAB_CELL_HEAD, "cell layout");
#define SAME_PLACE(of_view, of_msg)                                      \
    static_assert(offsetof(struct fab_cell, view.of_view) ==             \
                          offsetof(struct fab_cell, msg.of_msg) &&       \
                      sizeof(((struct fab_cell *)NULL)->view.of_view) == \
                          sizeof(((struct fab_cell *)NULL)->msg.of_msg), \
                  "a view lies over its record")
SAME_PLACE(from.home, to);
SAME_PLACE(from.actor, from);
SAME_PLACE(block_length, block_length);
SAME_PLACE(version, version);
SAME_PLACE(size, size);
SAME_PLACE(kind, kind);
SAME_PLACE(tag, tag);
SAME_PLACE(origin, origin);
#undef SAME_PLACE

static_assert(FAB_CELL_RECORD_LARGE >=
                  FAB_MSG_HEADER_SIZE + 8U * FAB_MSG_EXTENSIONS_MAX + FAB_MSG_SMALL_MAX,
              "a large cell takes every small message");

enum fab_cell_class {
    FAB_CELL_SMALL = 0,
    FAB_CELL_LARGE = 1,
    FAB_CELL_CLASS_COUNT
};

struct fab_cell_pool {
    struct fab_cell *free;
    uint32_t free_count;
    uint32_t reserved; /* of the free ones, promised to somebody */
    uint32_t count;
    size_t size;  /* bytes of memory */
    void *memory; /* owned by the core */
};

struct fab_cells {
    struct fab_cell_pool pools[FAB_CELL_CLASS_COUNT];
};

/* Turns a cell's record, which has no extensions, into what its handler sees. */
static inline const struct myc_message *
fab_cell_view(struct fab_cell *cell)
{
    cell->view.from.home = cell->from_home;
    cell->view.body = &cell->msg + 1;
    return &cell->view;
}

/* The class whose cells take a record of so many bytes (without padding). */
static inline enum fab_cell_class
fab_cell_class_of(uint32_t record_size)
{
    return record_size <= FAB_CELL_RECORD_SMALL ? FAB_CELL_SMALL : FAB_CELL_LARGE;
}

/* Lays out a pool over memory of count * cell size bytes, aligned to a cache line. */
void fab_cells_init(struct fab_cells *cells, enum fab_cell_class class_of, void *memory,
                    uint32_t count);

/* Whether there is a cell that nobody was promised. */
static inline bool
fab_cells_has(const struct fab_cells *cells, enum fab_cell_class class_of)
{
    const struct fab_cell_pool *pool = &cells->pools[class_of];

    return pool->free_count > pool->reserved;
}

/* Takes a cell; there is one. */
static inline struct fab_cell *
fab_cells_take(struct fab_cells *cells, enum fab_cell_class class_of)
{
    struct fab_cell_pool *pool = &cells->pools[class_of];
    struct fab_cell *cell = pool->free;

    pool->free = cell->next;
    pool->free_count--;
    return cell;
}

/* Takes a cell that nobody was promised; NULL when there is none. */
static inline struct fab_cell *
fab_cells_pop(struct fab_cells *cells, enum fab_cell_class class_of)
{
    return fab_likely(fab_cells_has(cells, class_of)) ? fab_cells_take(cells, class_of) : NULL;
}

/* Gives a cell back to the pool of its class. */
static inline void
fab_cells_push_to(struct fab_cells *cells, enum fab_cell_class class_of, struct fab_cell *cell)
{
    struct fab_cell_pool *pool = &cells->pools[class_of];

    cell->next = pool->free;
    pool->free = cell;
    pool->free_count++;
}

/* The class that a cell is of. */
static inline enum fab_cell_class
fab_cells_class(const struct fab_cells *cells, const struct fab_cell *cell)
{
    const struct fab_cell_pool *large = &cells->pools[FAB_CELL_LARGE];
    uintptr_t offset = (uintptr_t)cell - (uintptr_t)large->memory;

    return offset < large->size ? FAB_CELL_LARGE : FAB_CELL_SMALL;
}

/* Gives a cell back. */
static inline void
fab_cells_push(struct fab_cells *cells, struct fab_cell *cell)
{
    fab_cells_push_to(cells, fab_cells_class(cells, cell), cell);
}

/* Promises one cell. False: none is left to promise. */
static inline bool
fab_cells_reserve(struct fab_cells *cells, enum fab_cell_class class_of)
{
    struct fab_cell_pool *pool = &cells->pools[class_of];

    if (pool->free_count <= pool->reserved)
        return false;
    pool->reserved++;
    return true;
}

/* Takes a promise back. */
void fab_cells_unreserve(struct fab_cells *cells, enum fab_cell_class class_of);

/* Takes the cell that was promised; never NULL. */
struct fab_cell *fab_cells_pop_reserved(struct fab_cells *cells, enum fab_cell_class class_of);

#endif
