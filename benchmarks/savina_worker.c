/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What all workers do alike, and the nursery that spawns them.
 */
#include <stdio.h>
#include <string.h>

#include <mycelium/messages.h>
#include <mycelium/name.h>

#include "savina.h"
#include "wait.h"

#define NAME_SIZE 64U

struct worker_args {
    const struct savina_role *role;
    struct myc_ref driver;
    struct savina_wanted wanted;
};

static const struct savina_role *
find_role(uint32_t name)
{
    if (name <= ROLE_RING_MEMBER)
        return &savina_roles_line[name];
    if (name <= ROLE_CONSUMER)
        return &savina_roles_many[name - ROLE_BIG];
    return name < ROLE_COUNT ? &savina_roles_bank[name - ROLE_TELLER] : NULL;
}

/* ---- workers -------------------------------------------------------------------------------- */

enum myc_status
savina_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct savina_worker *worker = state;
    struct worker_args given;

    if (args_size != sizeof(given))
        return MYC_INVALID;
    memcpy(&given, args, sizeof(given));
    worker->role = given.role;
    worker->driver = given.driver;
    worker->index = given.wanted.index;
    worker->place_count = given.wanted.place_count;
    worker->each = given.wanted.each;
    worker->random = given.wanted.index + 1;
    return savina_here_send(self, worker->driver, &(struct savina_here){ .index = worker->index });
}

struct myc_ref *
savina_peers(struct savina_worker *worker)
{
    return (struct myc_ref *)(void *)((uint8_t *)worker + worker->role->peers_offset);
}

static enum myc_status
on_introduce(struct myc_self *self, struct savina_worker *worker, const struct myc_message *message)
{
    struct savina_introduce introduce;

    if (!savina_introduce_decode(message, &introduce) || introduce.slot >= worker->role->peers_max)
        return MYC_INVALID;
    savina_peers(worker)[introduce.slot] = introduce.ref;
    if (!introduce.is_last)
        return MYC_OK;
    return savina_here_send(self, worker->driver, &(struct savina_here){ .index = worker->index });
}

static enum myc_status
on_start(struct myc_self *self, struct savina_worker *worker, const struct myc_message *message)
{
    struct savina_start start;

    if (!savina_start_decode(message, &start))
        return MYC_INVALID;
    worker->peer_count = start.count;
    return worker->role->start ? worker->role->start(self, worker) : MYC_OK;
}

static void
write_name(const struct savina_worker *worker, char name[NAME_SIZE])
{
    snprintf(name, NAME_SIZE, "worker %u (%s)", worker->index, worker->role->class_of.name);
}

static enum myc_status
on_undelivered(const struct savina_worker *worker, const struct myc_message *message)
{
    char name[NAME_SIZE];

    write_name(worker, name);
    return bench_complain_undelivered(name, message);
}

static enum myc_status
handle(struct myc_self *self, struct savina_worker *worker, const struct myc_message *message)
{
    switch (myc_message_key(message)) {
    case SAVINA_INTRODUCE_KEY:
        return on_introduce(self, worker, message);
    case SAVINA_START_KEY:
        return on_start(self, worker, message);
    case MYC_UNDELIVERED_KEY:
        return on_undelivered(worker, message);
    default:
        return worker->role->handle(self, worker, message);
    }
}

static void
give_up(struct myc_self *self, const struct savina_worker *worker, enum myc_status status)
{
    char name[NAME_SIZE];

    write_name(worker, name);
    bench_complain("%s gives up: %s: %s", name, myc_status_name(status), myc_status_text(status));
    (void)savina_done_send(self, worker->driver, &(struct savina_done){ .status = status });
}

enum myc_status
savina_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct savina_worker *worker = state;
    enum myc_status status;

    if (myc_message_key(message) == SAVINA_GOODBYE_KEY)
        return myc_stop(self, myc_self_ref(self), MYC_NORMAL);
    status = handle(self, worker, message);
    if (status != MYC_OK)
        give_up(self, worker, status);
    return MYC_OK;
}

enum myc_status
savina_done(struct myc_self *self, const struct savina_worker *worker, int64_t value)
{
    return savina_done_send(self, worker->driver, &(struct savina_done){ .value = value });
}

uint64_t
savina_random(uint64_t *state)
{
    *state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
    return *state >> 33;
}

/* ---- nursery -------------------------------------------------------------------------------- */

static enum myc_status
nursery_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    const char *name = args;

    (void)state;
    if (args_size == 0 || name[args_size - 1] != '\0')
        return MYC_INVALID;
    return myc_register(self, name);
}

static enum myc_status
nursery_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct worker_args args = { .driver = message->from };
    const struct myc_spawn_options options = {
        .size = sizeof(options),
        .args = &args,
        .args_size = sizeof(args),
    };
    enum myc_status status = MYC_INVALID;
    struct myc_ref ref;

    (void)state;
    if (!savina_wanted_decode(message, &args.wanted))
        return MYC_OK;
    args.role = find_role(args.wanted.role);
    if (args.role)
        status = myc_spawn(self, &args.role->class_of, &options, &ref);
    if (status != MYC_OK) {
        bench_complain("worker %u was not spawned: %s: %s", args.wanted.index,
                       myc_status_name(status), myc_status_text(status));
        (void)savina_done_send(self, args.driver, &(struct savina_done){ .status = status });
    }
    return MYC_OK;
}

static const struct myc_type *const nursery_accepts[] = { &savina_wanted_type };

const struct myc_class savina_nursery_class = {
    .size = sizeof(struct myc_class),
    .name = "savina_nursery",
    .accepts = nursery_accepts,
    .accepts_count = 1,
    .init = nursery_init,
    .receive = nursery_receive,
};
