/* SPDX-License-Identifier: BSD-3-Clause */
#include "world.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "support/clock.h"
#include "support/cmocka.h"

#define SURVIVOR_HOME  0x0001000000000aaaULL
#define BYSTANDER_HOME 0x0002000000000bbbULL
#define PROGRESS       50U /* messages that show that two still talk */

static struct ledger_place *
place_of(const struct world *world, unsigned index)
{
    return &world->ledger->places[index];
}

static bool
is_at_rest(struct world *world)
{
    struct ledger_place *survivor = place_of(world, WORLD_SURVIVOR);
    const struct ledger_place *bystander = place_of(world, WORLD_BYSTANDER);

    if (!bystander->is_whole || survivor->links != 1 || bystander->links != 1)
        return false;
    survivor->is_whole = 0;
    traffic_take_stock(&world->survivor);
    return survivor->is_whole;
}

static void
rest(struct world *world)
{
    place_of(world, WORLD_BYSTANDER)->is_whole = 0;
    place_of(world, WORLD_BYSTANDER)->order = LEDGER_REST;
    place_of(world, WORLD_SURVIVOR)->order = LEDGER_REST;
    assert_true(WORLD_AWAIT(world, is_at_rest(world)));
}

static void
go_on(struct world *world)
{
    place_of(world, WORLD_BYSTANDER)->order = LEDGER_RUN;
    place_of(world, WORLD_SURVIVOR)->order = LEDGER_RUN;
}

void
world_init(struct world *world)
{
    struct bare_node_options options = {
        .home = SURVIVOR_HOME,
        .path = world->path,
        .attach_count = 1,
        .slots = 256,
        .heap_bytes = 2U << 20,
    };
    const char *attach[] = { world->victim_path };
    struct peer_process bystander = {
        .place = WORLD_BYSTANDER,
        .home = BYSTANDER_HOME,
        .attach = { world->path },
        .attach_count = 1,
        .fault = PEER_NO_FAULT,
    };

    memset(world, 0, sizeof(*world));
    snprintf(world->folder, sizeof(world->folder), "/tmp/mycelium-world-XXXXXX");
    assert_non_null(mkdtemp(world->folder));
    snprintf(world->path, sizeof(world->path), "%s/survivor", world->folder);
    snprintf(world->victim_path, sizeof(world->victim_path), "%s/victim", world->folder);
    fab_log_set_level(FAB_LOG_ERROR);
    world->ledger = ledger_create(&world->ledger_fd);
    options.attach = attach;
    traffic_init(&world->survivor, &options, place_of(world, WORLD_SURVIVOR));
    world->bystander = peer_process_start(world->ledger_fd, &bystander);
    rest(world);
    world->files = place_of(world, WORLD_SURVIVOR)->files;
    world->maps = place_of(world, WORLD_SURVIVOR)->maps;
    go_on(world);
}

void
world_fini(struct world *world)
{
    assert_int_equal(kill(world->bystander, SIGTERM), 0);
    assert_int_equal(world_await_end(world, world->bystander), 0);
    traffic_fini(&world->survivor);
    close(world->ledger_fd);
    (void)unlink(world->victim_path);
    assert_int_equal(rmdir(world->folder), 0);
}

int
world_await_end(struct world *world, pid_t pid)
{
    int status = -1;

    if (!WORLD_AWAIT(world, waitpid(pid, &status, WNOHANG) == pid)) {
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        fail_msg("process %d did not end", (int)pid);
    }
    return status;
}

void
world_assert_unharmed(struct world *world)
{
    const struct ledger_place *survivor = place_of(world, WORLD_SURVIVOR);
    const struct ledger_place *bystander = place_of(world, WORLD_BYSTANDER);
    uint64_t received = bystander->received;
    uint64_t sent = traffic_peer_of(&world->survivor, BYSTANDER_HOME)->received;

    assert_true(WORLD_AWAIT(
        world, bystander->received >= received + PROGRESS &&
                   traffic_peer_of(&world->survivor, BYSTANDER_HOME)->received >= sent + PROGRESS));
    assert_int_equal(survivor->torn + survivor->disordered, 0);
    assert_int_equal(bystander->torn + bystander->disordered, 0);
    rest(world);
    /* An attempt to attach opens a socket for a moment. */
    assert_true(
        WORLD_AWAIT(world, (traffic_take_stock(&world->survivor),
                            survivor->files == world->files && survivor->maps == world->maps)));
    go_on(world);
}
