/* SPDX-License-Identifier: BSD-3-Clause */
/* As there are more names and groups, and as a group has more members. */
#include "scale.h"

#include <string.h>

#include <mycelium/actor.h>
#include <mycelium/group.h>
#include <mycelium/name.h>

#define GROUP     "scale.all"
#define EXTRA     "scale.extra"
#define NAME_SIZE 10U /* with its NUL */

static void
set_names(uint32_t size, struct myc_limits *limits)
{
    limits->names_max = size + 1;
}

/* A letter and eight digits. */
static void
write_name(char name[NAME_SIZE], uint32_t number)
{
    name[0] = 'n';
    for (unsigned i = 1; i < NAME_SIZE - 1; i++, number >>= 4)
        name[i] = "0123456789abcdef"[number & 15];
    name[NAME_SIZE - 1] = '\0';
}

/* ---- names ----------------------------------------------------------------------------------- */

static enum myc_status
register_all(struct myc_self *self, struct scale_world *world)
{
    enum myc_status status = MYC_OK;
    char name[NAME_SIZE];

    for (uint32_t i = 0; status == MYC_OK && i < world->size; i++) {
        write_name(name, i);
        status = myc_register(self, name);
    }
    return status;
}

static enum myc_status
look_up(struct myc_self *self, struct scale_world *world)
{
    struct myc_ref ref;
    char name[NAME_SIZE];

    write_name(name, (uint32_t)(myc_random(self) % world->size));
    return myc_lookup(self, name, &ref);
}

const struct scale_curve scale_names_curve = {
    .name = "names",
    .x_is = "names on the lcore",
    .y_is = "one of them looked up, chosen at random",
    .size_min = 10,
    .size_max = 1000000,
    .factor = 10,
    .set_limits = set_names,
    .prepare = register_all,
    .operate = look_up,
};

static enum myc_status
claim_and_release(struct myc_self *self, struct scale_world *world)
{
    enum myc_status status = myc_register(self, EXTRA);

    (void)world;
    return status != MYC_OK ? status : myc_unregister(self, EXTRA);
}

const struct scale_curve scale_claims_curve = {
    .name = "claims",
    .x_is = "names on the lcore",
    .y_is = "one more registered and taken back",
    .size_min = 10,
    .size_max = 1000000,
    .factor = 10,
    .set_limits = set_names,
    .prepare = register_all,
    .operate = claim_and_release,
};

/* ---- groups ---------------------------------------------------------------------------------- */

static enum myc_status
join_all(struct myc_self *self, struct scale_world *world)
{
    enum myc_status status = MYC_OK;
    char name[NAME_SIZE];

    for (uint32_t i = 0; status == MYC_OK && i < world->size; i++) {
        write_name(name, i);
        status = myc_join(self, name);
    }
    return status;
}

static enum myc_status
join_and_leave(struct myc_self *self, struct scale_world *world)
{
    enum myc_status status = myc_join(self, GROUP);

    (void)world;
    return status != MYC_OK ? status : myc_leave(self, GROUP);
}

const struct scale_curve scale_groups_curve = {
    .name = "groups",
    .x_is = "groups with one member each",
    .y_is = "another joined and left",
    .size_min = 10,
    .size_max = 1000000,
    .factor = 10,
    .set_limits = set_names,
    .prepare = join_all,
    .operate = join_and_leave,
};

/* ---- members --------------------------------------------------------------------------------- */

static void
set_members(uint32_t size, struct myc_limits *limits)
{
    set_names(size, limits);
    limits->actors_max = size + 128;
    limits->state_bytes_max += (uint64_t)size * 64;
}

static enum myc_status
member_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    (void)state, (void)args, (void)args_size;
    return myc_join(self, GROUP);
}

static const struct myc_class member_class = {
    .size = sizeof(struct myc_class),
    .name = "scale_member",
    .init = member_init,
};

static enum myc_status
spawn_members(struct myc_self *self, struct scale_world *world)
{
    enum myc_status status = MYC_OK;

    for (uint32_t i = 0; status == MYC_OK && i < world->size; i++)
        status = myc_spawn(self, &member_class, NULL, &world->refs[i]);
    return status;
}

const struct scale_curve scale_members_curve = {
    .name = "members",
    .x_is = "members of one group",
    .y_is = "one more joins it and leaves",
    .size_min = 10,
    .size_max = 1000000,
    .factor = 10,
    .set_limits = set_members,
    .prepare = spawn_members,
    .operate = join_and_leave,
};
