/* SPDX-License-Identifier: BSD-3-Clause */
#include "actor/core.h"

#include "actor/buffer.h"
#include "actor/exported.h"
#include "actor/notice.h"
#include "actor/parts.h"
#include "actor/run.h"

#define LINKS_DEFAULT 1024U
#define ACTORS_LIMIT  16777215U /* what 24 bits of slot can name, less one */
#define LARGE_MIN     64U       /* large cells at least; else one for each 16 messages */
#define LARGE_SHARE   16U

const struct fab_core_counter_info fab_core_counter_table[] = {
#define COUNTER_INFO(name, text) { #name, text },
    FAB_CORE_COUNTERS(COUNTER_INFO)
#undef COUNTER_INFO
};

const unsigned fab_core_counter_count = FAB_COUNT_OF(fab_core_counter_table);

void *
fab_core_alloc(struct fab_core *core, size_t size)
{
    return core->memory.alloc(core->memory.context, size ? size : 1, FAB_CACHE_LINE);
}

void
fab_core_free(struct fab_core *core, void *pointer)
{
    if (pointer)
        core->memory.free(core->memory.context, pointer);
}

static void
default_to(uint32_t *value, uint32_t otherwise)
{
    if (*value == 0)
        *value = otherwise;
}

/* False: a limit is out of its range. */
static bool
complete_config(struct fab_core_config *config)
{
    struct myc_limits *limits = &config->limits;

    default_to(&config->links_max, LINKS_DEFAULT);
    default_to(&limits->actors_max, 65536);
    default_to(&limits->messages_max, 65536);
    default_to(&limits->timers_max, 65536);
    default_to(&limits->asks_max, 16384);
    default_to(&limits->monitors_max, 65536);
    default_to(&limits->names_max, 4096);
    default_to(&limits->buffers_max, FAB_BUFFERS_DEFAULT);
    if (limits->state_bytes_max == 0)
        limits->state_bytes_max = 64ULL << 20;
    return limits->actors_max <= ACTORS_LIMIT && config->links_max <= UINT16_MAX &&
           (config->tables_max & (config->tables_max - 1)) == 0 &&
           limits->buffers_max <= FAB_BUFFERS_MAX && config->lcore < config->lcore_count &&
           config->home != 0;
}

/* Entries of a table whose default is `otherwise`. */
static uint32_t
table_size(const struct fab_core *core, uint32_t otherwise)
{
    return core->config.tables_max ? core->config.tables_max : otherwise;
}

static bool
create_cells(struct fab_core *core)
{
    const struct myc_limits *limits = &core->config.limits;
    uint32_t large = limits->messages_max / LARGE_SHARE;
    uint32_t small = limits->messages_max + limits->monitors_max + limits->asks_max +
                     table_size(core, FAB_WAITERS_MAX) + FAB_NOTICE_RESERVE;
    void *memory;

    large = large < LARGE_MIN ? LARGE_MIN : large;
    memory = fab_core_alloc(core, (size_t)small * FAB_CELL_SIZE_SMALL);
    if (!memory)
        return false;
    fab_cells_init(&core->cells, FAB_CELL_SMALL, memory, small);
    memory = fab_core_alloc(core, (size_t)large * FAB_CELL_SIZE_LARGE);
    if (!memory)
        return false;
    fab_cells_init(&core->cells, FAB_CELL_LARGE, memory, large);
    return true;
}

static bool
create_slots(struct fab_core *core)
{
    const struct myc_limits *limits = &core->config.limits;
    void *memory;

    core->slot_count = limits->actors_max;
    core->slots = fab_core_alloc(core, limits->actors_max * sizeof(struct fab_slot));
    core->cold = fab_core_alloc(core, limits->actors_max * sizeof(struct fab_slot_cold));
    core->meters.of = fab_core_alloc(core, limits->actors_max * sizeof(struct fab_meter));
    memory = fab_core_alloc(core, limits->state_bytes_max);
    if (!core->slots || !core->cold || !core->meters.of || !memory)
        return false;
    core->slots[0].place = FAB_SLOT_CLOSED; /* else the null ref would be that of slot 0 */
    fab_slabs_init(&core->slabs, memory, limits->state_bytes_max);
    return true;
}

static bool
create_pairs(struct fab_core *core, struct fab_pairs *pairs, uint32_t otherwise)
{
    uint32_t capacity = table_size(core, otherwise);
    void *memory = fab_core_alloc(core, fab_pairs_size(capacity));

    if (!memory)
        return false;
    fab_pairs_init(pairs, memory, capacity);
    return true;
}

static bool
create_ties(struct fab_core *core)
{
    const struct myc_limits *limits = &core->config.limits;
    uint32_t pairs =
        limits->actors_max < limits->monitors_max ? limits->actors_max : limits->monitors_max;
    void *memory = fab_core_alloc(core, 2UL * pairs * sizeof(struct fab_tie));

    if (!memory)
        return false;
    fab_ties_init(&core->ties, memory, 2 * pairs);
    return true;
}

static bool
create_routes(struct fab_core *core)
{
    struct fab_routes *routes = &core->routes;
    uint32_t capacity = 16;

    while (capacity < 2 * core->config.links_max)
        capacity *= 2;
    routes->mask = capacity - 1;
    routes->table = fab_core_alloc(core, capacity * sizeof(routes->table[0]));
    routes->states = fab_core_alloc(core, core->config.links_max * sizeof(routes->states[0]));
    routes->polled = fab_core_alloc(core, core->config.links_max * sizeof(struct fab_link *));
    return routes->table && routes->states && routes->polled;
}

static bool
create_parts(struct fab_core *core)
{
    return create_slots(core) && create_cells(core) && create_ties(core) && create_routes(core) &&
           create_pairs(core, &core->waiters.waits, FAB_WAITERS_MAX) &&
           create_pairs(core, &core->waiters.fulls, FAB_FULLS_MAX) &&
           create_pairs(core, &core->bounces.blocks, FAB_BOUNCES_MAX) &&
           create_pairs(core, &core->bounces.doubts, FAB_DOUBTS_MAX) &&
           fab_buffers_create(core) == MYC_OK && fab_timers_create(core) == MYC_OK &&
           fab_asks_create(core) == MYC_OK && fab_monitors_create(core) == MYC_OK &&
           fab_names_create(core) == MYC_OK && fab_exported_create(core) == MYC_OK;
}

enum myc_status
fab_core_create(const struct fab_core_config *config, const struct fab_core_memory *memory,
                struct fab_core **made)
{
    struct fab_core_config complete = *config;
    struct fab_core *core;

    FAB_ASSERT(config->size == sizeof(*config));
    if (!complete_config(&complete))
        return MYC_INVALID;
    core = memory->alloc(memory->context, sizeof(*core), FAB_CACHE_LINE);
    if (!core)
        return MYC_NO_MEMORY;
    core->config = complete;
    core->memory = *memory;
    core->home = config->home;
    core->home_lcore = (uint64_t)config->lcore << 56;
    core->lcore = config->lcore;
    core->lcore_count = config->lcore_count;
    core->free_head = FAB_SLOT_NONE;
    core->run_head = FAB_SLOT_NONE;
    core->later_head = FAB_SLOT_NONE;
    fab_prng_init(&core->prng, config->seed);
    if (!create_parts(core)) {
        fab_core_destroy(&core);
        return MYC_NO_MEMORY;
    }
    fab_notice_refill(core);
    *made = core;
    return MYC_OK;
}

void
fab_core_destroy(struct fab_core **owned)
{
    struct fab_core *core = *owned;

    if (!core)
        return;
    fab_exported_destroy(core);
    fab_names_destroy(core);
    fab_monitors_destroy(core);
    fab_asks_destroy(core);
    fab_timers_destroy(core);
    fab_buffers_destroy(core);
    fab_core_free(core, core->bounces.doubts.entries);
    fab_core_free(core, core->bounces.blocks.entries);
    fab_core_free(core, core->waiters.fulls.entries);
    fab_core_free(core, core->waiters.waits.entries);
    fab_core_free(core, core->routes.polled);
    fab_core_free(core, core->routes.states);
    fab_core_free(core, core->routes.table);
    fab_core_free(core, core->ties.entries);
    fab_core_free(core, core->cells.pools[FAB_CELL_LARGE].memory);
    fab_core_free(core, core->cells.pools[FAB_CELL_SMALL].memory);
    fab_core_free(core, core->slabs.memory);
    fab_core_free(core, core->meters.of);
    fab_core_free(core, core->cold);
    fab_core_free(core, core->slots);
    core->memory.free(core->memory.context, core);
    *owned = NULL;
}

const struct fab_core_config *
fab_core_config_of(const struct fab_core *core)
{
    return &core->config;
}

uint64_t
fab_core_clock_ns(const struct fab_core *core)
{
    return core->config.clock_ns ? core->config.clock_ns(core->config.clock_context) : core->now_ns;
}

void
fab_core_turn_begin(struct fab_core *core, uint64_t now_ns)
{
    core->now_ns = now_ns;
    core->turn++;
    core->counters.turns++;
    if (fab_unlikely(core->notice_reserve < FAB_NOTICE_RESERVE))
        fab_notice_refill(core);
    if (fab_unlikely(core->buffers->owed_first != FAB_BODY_NONE))
        fab_buffers_run(core);
}

struct fab_room
fab_core_room(const struct fab_core *core)
{
    /* A record may need a cell for its notice and one for the announcement. */
    uint32_t records = core->notice_reserve / 2;

    return (struct fab_room){ records, core->waiting <= FAB_NOTICE_RESERVE ? records : 0 };
}

unsigned
fab_core_run(struct fab_core *core, unsigned budget)
{
    unsigned done = 0;

    if (fab_unlikely(core->now_ns >= core->parts_ns))
        done = fab_parts_run(core, budget);
    if (core->pollers.count > 0)
        done += fab_pollers_run(core);
    if (core->run_head != FAB_SLOT_NONE)
        done += fab_run_queue(core, budget);
    core->counters.turns_busy += done > 0;
    return done;
}

unsigned
fab_core_run_more(struct fab_core *core, unsigned budget)
{
    return core->run_head != FAB_SLOT_NONE ? fab_run_queue(core, budget) : 0;
}

bool
fab_core_has_work(const struct fab_core *core)
{
    return core->run_head != FAB_SLOT_NONE;
}

uint64_t
fab_core_next_ns(const struct fab_core *core)
{
    uint64_t parts_ns = fab_parts_next_ns(core);
    uint64_t pollers_ns = fab_pollers_next_ns(core);

    if (fab_core_has_work(core))
        return 0;
    return parts_ns < pollers_ns ? parts_ns : pollers_ns;
}

void
fab_core_stop_all(struct fab_core *core)
{
    core->is_stopping = true;
    for (uint32_t i = 0; i < core->slot_fresh; i++) {
        struct fab_slot *slot = &core->slots[i];

        if (fab_slot_is_alive(slot))
            fab_request(core, slot, FAB_REQUEST_STOP, MYC_SHUTDOWN);
    }
}

uint32_t
fab_core_actor_count(const struct fab_core *core)
{
    return core->actor_count;
}

struct framed {
    myc_frame_fn on_frame;
    const struct myc_frame *frame;
};

static enum myc_status
run_frame(struct myc_self *self, void *context)
{
    const struct framed *framed = context;

    framed->on_frame(self, self->slot->actor, framed->frame);
    return MYC_OK;
}

static enum myc_status
call_frame(struct myc_self *self, struct framed *framed)
{
    return fab_unlikely(self->core->guard) ? fab_guard_run(self, run_frame, framed)
                                           : run_frame(self, framed);
}

bool
fab_core_frame(struct fab_core *core, struct myc_ref actor, myc_frame_fn on_frame,
               const struct myc_frame *frame)
{
    struct fab_slot *slot = fab_is_here(core, actor) ? fab_slot_lookup(core, actor.actor) : NULL;
    struct myc_self self;

    if (!slot || slot->state != FAB_SLOT_RUNNING || slot->request)
        return false;
    fab_enter(core, &self, slot);
    self.origin = frame->origin;
    fab_leave(&self, call_frame(&self, &(struct framed){ on_frame, frame }));
    return true;
}

const struct fab_core_counters *
fab_core_counters(const struct fab_core *core)
{
    return &core->counters;
}

bool
fab_core_is_quiet(const struct fab_core *core)
{
    const struct fab_cell_pool *small = &core->cells.pools[FAB_CELL_SMALL];
    const struct fab_cell_pool *large = &core->cells.pools[FAB_CELL_LARGE];

    return core->actor_count == 0 && core->slabs.used == 0 && core->ties.count == 0 &&
           small->free_count == small->count && small->reserved == core->notice_reserve &&
           large->free_count == large->count && large->reserved == 0 &&
           core->waiters.waits.count == 0 && core->waiters.fulls.count == 0 && core->held_up == 0 &&
           core->held_back == (core->guard ? 1U : 0U) + (core->exported.count ? 1U : 0U) &&
           fab_buffers_are_quiet(core) && fab_parts_are_quiet(core);
}
