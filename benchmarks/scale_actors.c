/* SPDX-License-Identifier: BSD-3-Clause */
/* As there are more actors on an lcore, more timers, more monitors. */
#include "scale.h"

#include <mycelium/actor.h>

#define HOUR_NS     3600000000000ULL /* timers do not fire meanwhile */
#define TARGETS_MAX 1000U            /* actors that are watched */
#define STATE_BYTES 64U              /* of an actor, at most */

struct body {
    uint64_t words[4];
};

static const struct myc_type body_type = {
    .name = "ScaleBody",
    .block_length = sizeof(struct body),
    .template_id = 1,
    .schema_id = 903,
};

static void
set_actors(uint32_t size, struct myc_limits *limits)
{
    limits->actors_max = size + 128;
    limits->state_bytes_max += (uint64_t)size * STATE_BYTES;
}

static bool
spawn_all(struct scale_world *world)
{
    for (uint32_t i = 0; i < world->size; i++)
        if (!scale_world_spawn(world, &world->refs[i]))
            return false;
    return true;
}

/* ---- a message to one of them ---------------------------------------------------------------- */

static enum myc_status
send_to_one(struct myc_self *self, struct scale_world *world)
{
    const struct body body = { { world->done, 2, 3, 4 } };

    return myc_send(self, world->refs[myc_random(self) % world->size], &body_type, &body,
                    sizeof(body));
}

const struct scale_curve scale_actors_curve = {
    .name = "actors",
    .x_is = "actors on the lcore",
    .y_is = "a message to one of them, chosen at random",
    .size_min = 10,
    .size_max = 10000000,
    .factor = 10,
    .set_limits = set_actors,
    .fill = spawn_all,
    .operate = send_to_one,
};

/* ---- one comes and goes ---------------------------------------------------------------------- */

static const struct myc_class brief_class = {
    .size = sizeof(struct myc_class),
    .name = "scale_brief",
    .state_size = STATE_BYTES,
};

static enum myc_status
spawn_and_stop(struct myc_self *self, struct scale_world *world)
{
    struct myc_ref ref;
    enum myc_status status = myc_spawn(self, &brief_class, NULL, &ref);

    (void)world;
    return status != MYC_OK ? status : myc_stop(self, ref, MYC_NORMAL);
}

const struct scale_curve scale_spawns_curve = {
    .name = "spawns",
    .x_is = "actors on the lcore",
    .y_is = "one more spawned and stopped",
    .size_min = 10,
    .size_max = 10000000,
    .factor = 10,
    .set_limits = set_actors,
    .fill = spawn_all,
    .operate = spawn_and_stop,
};

/* ---- timers ---------------------------------------------------------------------------------- */

static void
set_timers(uint32_t size, struct myc_limits *limits)
{
    limits->timers_max = size + 1;
}

static enum myc_status
start_timer(struct myc_self *self, uint64_t *timer)
{
    return myc_timer_start(self, HOUR_NS + myc_random(self) % HOUR_NS, 0, 0, timer);
}

static enum myc_status
start_timers(struct myc_self *self, struct scale_world *world)
{
    enum myc_status status = MYC_OK;

    for (uint32_t i = 0; status == MYC_OK && i < world->size; i++)
        status = start_timer(self, &world->ids[i]);
    return status;
}

static enum myc_status
move_timer(struct myc_self *self, struct scale_world *world)
{
    uint64_t *timer = &world->ids[myc_random(self) % world->size];

    (void)myc_timer_cancel(self, *timer);
    return start_timer(self, timer);
}

const struct scale_curve scale_timers_curve = {
    .name = "timers",
    .x_is = "timers on the lcore",
    .y_is = "one of them cancelled and another started",
    .size_min = 10,
    .size_max = 10000000,
    .factor = 10,
    .set_limits = set_timers,
    .prepare = start_timers,
    .operate = move_timer,
};

/* ---- monitors -------------------------------------------------------------------------------- */

static void
set_monitors(uint32_t size, struct myc_limits *limits)
{
    limits->monitors_max = size + 1;
}

static bool
spawn_targets(struct scale_world *world)
{
    for (uint32_t i = 0; i < TARGETS_MAX && i < world->size; i++)
        if (!scale_world_spawn(world, &world->refs[i]))
            return false;
    return true;
}

static enum myc_status
watch(struct myc_self *self, struct scale_world *world, uint32_t place)
{
    return myc_monitor(self, world->refs[place % TARGETS_MAX], &world->ids[place]);
}

static enum myc_status
watch_all(struct myc_self *self, struct scale_world *world)
{
    enum myc_status status = MYC_OK;

    for (uint32_t i = 0; status == MYC_OK && i < world->size; i++)
        status = watch(self, world, i);
    return status;
}

static enum myc_status
watch_again(struct myc_self *self, struct scale_world *world)
{
    uint32_t place = (uint32_t)(myc_random(self) % world->size);

    (void)myc_demonitor(self, world->ids[place]);
    return watch(self, world, place);
}

const struct scale_curve scale_monitors_curve = {
    .name = "monitors",
    .x_is = "monitors on the lcore, of a thousand actors",
    .y_is = "one of them taken back and made again",
    .size_min = 10,
    .size_max = 10000000,
    .factor = 10,
    .set_limits = set_monitors,
    .fill = spawn_targets,
    .prepare = watch_all,
    .operate = watch_again,
};
