/* SPDX-License-Identifier: BSD-3-Clause */
#include "scale.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "actor/core.h"

#define HOME          0x0001000000000aaaULL
#define AT_ONCE       64U
#define BURST         32U
#define BUDGET        256U
#define SMALL         2048U /* of what a world does not ask for more of */
#define STATE_BYTES   (1U << 20)
#define TURN_NS       1000U
#define MEMORY_SHARES 2U /* of the memory that is free, one is the most that is taken at once */

const struct scale_curve *const scale_curves[] = {
    &scale_rings_curve,   &scale_actors_curve,   &scale_spawns_curve,
    &scale_names_curve,   &scale_claims_curve,   &scale_groups_curve,
    &scale_members_curve, &scale_monitors_curve, &scale_timers_curve,
};

const unsigned scale_curve_count = sizeof(scale_curves) / sizeof(scale_curves[0]);

const struct scale_curve *
scale_curve_find(const char *name)
{
    for (unsigned i = 0; i < scale_curve_count; i++)
        if (strcmp(scale_curves[i]->name, name) == 0)
            return scale_curves[i];
    return NULL;
}

/* ---- memory --------------------------------------------------------------------------------- */

/* Where the kernel hands out more than there is, who touches it would be killed. */
static bool
is_there(size_t size)
{
    return size / (size_t)sysconf(_SC_PAGESIZE) < (size_t)sysconf(_SC_AVPHYS_PAGES) / MEMORY_SHARES;
}

static void *
take(void *context, size_t size, size_t align)
{
    struct scale_world *world = context;
    void *memory = is_there(size) ? aligned_alloc(align, (size + align - 1) & ~(align - 1)) : NULL;

    if (!memory)
        return NULL;
    memset(memory, 0, size);
    world->bytes += size;
    return memory;
}

static void
give(void *context, void *memory)
{
    (void)context;
    free(memory);
}

/* ---- actors --------------------------------------------------------------------------------- */

static enum myc_status
sleeper_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    (void)self, (void)state, (void)message;
    return MYC_OK;
}

static const struct myc_class sleeper_class = {
    .size = sizeof(struct myc_class),
    .name = "scale_sleeper",
    .state_size = 16,
    .flags = MYC_CLASS_ACCEPTS_ANY,
    .receive = sleeper_receive,
};

bool
scale_world_spawn(struct scale_world *world, struct myc_ref *ref)
{
    return fab_core_spawn(world->core, &sleeper_class, NULL, ref) == MYC_OK;
}

static unsigned
operator_turn(struct myc_self *self, void *state)
{
    struct scale_world *world;
    unsigned done = 0;

    memcpy(&world, state, sizeof(world));
    while (done < AT_ONCE && world->left > 0 && world->curve->operate(self, world) == MYC_OK) {
        world->left--;
        world->done++;
        done++;
    }
    return done;
}

static enum myc_status
operator_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct scale_world *world;
    enum myc_status status = MYC_OK;

    if (args_size != sizeof(world))
        return MYC_INVALID;
    memcpy(state, args, sizeof(world));
    memcpy(&world, state, sizeof(world));
    if (world->curve->prepare)
        status = world->curve->prepare(self, world);
    return status != MYC_OK ? status : myc_poller_start(self, operator_turn, 0, NULL);
}

static const struct myc_class operator_class = {
    .size = sizeof(struct myc_class),
    .name = "scale_operator",
    .state_size = sizeof(struct scale_world *),
    .init = operator_init,
};

/* ---- worlds --------------------------------------------------------------------------------- */

static enum myc_status
create_core(struct scale_world *world, const struct fab_core_memory *memory)
{
    struct fab_core_config config = {
        .size = sizeof(config),
        .home = HOME,
        .lcore_count = 1,
        .limits = { .actors_max = SMALL,
                    .messages_max = SMALL,
                    .state_bytes_max = STATE_BYTES,
                    .timers_max = SMALL,
                    .asks_max = SMALL,
                    .monitors_max = SMALL,
                    .names_max = SMALL },
        .seed = 1,
    };

    if (world->curve->needs_eal)
        config.lcore_count = (uint8_t)(world->size + 1);
    if (world->curve->set_limits)
        world->curve->set_limits(world->size, &config.limits);
    return fab_core_create(&config, memory, &world->core);
}

static bool
populate(struct scale_world *world)
{
    const struct myc_spawn_options options = {
        .size = sizeof(options),
        .args = &world,
        .args_size = sizeof(world),
    };

    if (world->curve->fill && !world->curve->fill(world))
        return false;
    return !world->curve->operate ||
           fab_core_spawn(world->core, &operator_class, &options, NULL) == MYC_OK;
}

struct scale_world *
scale_world_create(const struct scale_curve *curve, uint32_t size)
{
    struct scale_world *world = calloc(1, sizeof(*world));
    const struct fab_core_memory memory = { take, give, world };

    if (!world)
        return NULL;
    world->curve = curve;
    world->size = size;
    world->refs = calloc(size, sizeof(world->refs[0]));
    world->ids = calloc(size, sizeof(world->ids[0]));
    world->links = calloc(size, 2 * sizeof(struct fab_link *));
    if (!world->refs || !world->ids || !world->links || create_core(world, &memory) != MYC_OK ||
        !populate(world))
        scale_world_destroy(&world);
    return world;
}

void
scale_world_destroy(struct scale_world **world)
{
    struct scale_world *gone = *world;

    *world = NULL;
    if (gone->curve->empty)
        gone->curve->empty(gone);
    fab_core_destroy(&gone->core);
    free(gone->links);
    free(gone->ids);
    free(gone->refs);
    free(gone);
}

static unsigned
turn(struct scale_world *world, uint64_t now_ns)
{
    unsigned work;

    fab_core_turn_begin(world->core, now_ns);
    work = fab_core_poll(world->core, BURST);
    work += fab_core_run(world->core, BUDGET);
    fab_core_flush(world->core, now_ns);
    return work;
}

void
scale_world_work(struct scale_world *world, uint64_t count)
{
    uint64_t now_ns = 1 + world->done * TURN_NS;

    if (!world->curve->operate) {
        world->done += count;
        for (uint64_t i = 0; i < count; i++)
            turn(world, now_ns += TURN_NS);
        return;
    }
    world->left = count;
    while (turn(world, now_ns) > 0 || world->left > 0)
        continue;
}
