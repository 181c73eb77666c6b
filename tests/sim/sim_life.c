/* SPDX-License-Identifier: BSD-3-Clause */
/* How simulations and their ends come and go. */
#include <stdlib.h>
#include <string.h>

#include "sim/sim_parts.h"

/* Memory of flows that ended, for the next ones of the same size: the exhaustive cases make a
 * hundred thousand, and allocators that fill what they give would be most of their time. */
static struct {
    void *memory;
    size_t size;
} spare[2];

static void *
take_memory(size_t size)
{
    void *memory;

    for (int i = 0; i < 2; i++) {
        if (spare[i].memory != NULL && spare[i].size == size) {
            memory = spare[i].memory;
            spare[i].memory = NULL;
            return memory;
        }
    }
    memory = aligned_alloc(FAB_FLOW_ALIGN, size);
    if (memory == NULL)
        abort();
    return memory;
}

static void
give_memory(void *memory, size_t size)
{
    for (int i = 0; i < 2 && memory != NULL; i++) {
        if (spare[i].memory == NULL) {
            spare[i].memory = memory;
            spare[i].size = size;
            return;
        }
    }
    free(memory);
}

/* Somebody for each stream, as a carrier picks the streams of actors. */
static void
find_receivers(struct sim *sim)
{
    for (uint64_t to = 1, found = 0; found < FAB_STREAM_USER_COUNT; to++) {
        uint64_t *receiver = &sim->receivers[fab_flow_stream_of(to)];

        found += *receiver == 0;
        *receiver = *receiver ? *receiver : to;
    }
}

void
sim_init(struct sim *sim, const char *name, uint64_t seed, const struct sim_wire *wire)
{
    memset(sim, 0, sizeof(*sim));
    sim->name = name;
    sim->seed = seed;
    sim->wire = *wire;
    sim->now_ns = SIM_S; /* so that "before" exists */
    fab_prng_init(&sim->prng, seed);
    find_receivers(sim);
    sim->ends = malloc(SIM_ENDS_MAX * sizeof(*sim->ends)); /* each is cleared when added */
    if (sim->ends == NULL)
        abort();
}

void
sim_fini(struct sim *sim)
{
    for (size_t i = 0; i < sim->event_count; i++)
        free(sim->events[i].memory);
    for (uint32_t i = 0; i < sim->end_count; i++) {
        give_memory(sim->ends[i].memory, sim->ends[i].memory_size);
        sim_free_bodies(&sim->ends[i]);
        sim_drop_unread(&sim->ends[i]);
        free(sim->ends[i].old_frame);
    }
    free(sim->events);
    free(sim->ends);
}

static void
add_end(struct sim *sim, uint32_t peer)
{
    struct sim_end *end = &sim->ends[sim->end_count];

    memset(end, 0, sizeof(*end));
    end->sim = sim;
    end->index = sim->end_count++;
    end->peer = peer;
    end->wire = end->index;
    end->body_max = 64;
    end->burst = 32;
    end->wake_ns = UINT64_MAX;
    fab_flow_config_default(&end->config);
    end->config.home = (uint64_t)(end->index + 1) << 48;
    end->config.peer_node = (uint16_t)(peer + 1);
    end->config.window_frames = 256;
    end->config.presence = &end->presence;
    for (int lane = 0; lane < FAB_LANE_COUNT; lane++) {
        end->config.send_bytes[lane] = 64 * 1024;
        end->config.credit_bytes[lane] = 64 * 1024;
    }
}

uint32_t
sim_add_pair(struct sim *sim)
{
    uint32_t first = sim->end_count;

    if (first + 2 > SIM_ENDS_MAX)
        abort();
    add_end(sim, first + 1);
    add_end(sim, first);
    return first;
}

/* Made once, for all simulations of the program. */
static const struct fab_sealer *
sealer(void)
{
    static struct fab_sealer *made;

    if (made == NULL)
        made = fab_sealer_create();
    if (made == NULL)
        abort();
    return made;
}

void
sim_secure(struct sim *sim, uint32_t end, enum fab_security security, uint8_t key)
{
    static uint8_t keys[256][FAB_SECRET_SIZE];
    struct fab_secure_config *secure = &sim->ends[end].config.secure;

    memset(keys[key], key, FAB_SECRET_SIZE);
    secure->security = security;
    secure->sealer = security != FAB_SECURITY_OFF ? sealer() : NULL;
    secure->pre_shared_key = keys[key];
}

void
sim_start(struct sim *sim, uint32_t index)
{
    struct sim_end *end = &sim->ends[index];
    uint64_t incarnation = fab_prng_next(&sim->prng) & 0xffffffffffffULL;

    end->config.home = (end->config.home & ~0xffffffffffffULL) | incarnation;
    end->config.seed = fab_prng_next(&sim->prng);
    free(end->memory);
    end->memory_size = fab_flow_size(&end->config);
    end->memory = take_memory(end->memory_size);
    end->config.tail = end->index % 2 ? &end->tail : NULL;
    end->flow = fab_flow_init(end->memory, &end->config, &sim_flow_ops, end, sim->now_ns);
    memset(&end->before, 0, sizeof(end->before));
    fab_twin_init(&end->twin);
    end->up_total = end->down_total = 0;
    end->is_alive = true;
    sim_poke(sim, index);
}

void
sim_crash(struct sim *sim, uint32_t index)
{
    struct sim_end *end = &sim->ends[index];

    end->is_alive = false;
    sim_drop_unread(end);
    fab_flow_fini(end->flow);
}

void
sim_bring_up(struct sim *sim, const char *name, uint64_t seed, const struct sim_wire *wire)
{
    sim_init(sim, name, seed, wire);
    sim_add_pair(sim);
    sim_start(sim, 0);
    sim_start(sim, 1);
    sim_run_until(sim, sim->now_ns + 10 * SIM_MS);
    SIM_CHECK(sim, sim_pair_is_up(sim, 0));
}
