/* SPDX-License-Identifier: BSD-3-Clause */
/* Commands to the lcores of a full node, and what a program asks of them: actors. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/full.h"

#include <mycelium/name.h>

enum myc_status
fab_full_call(struct fab_full *full, uint8_t lcore, fab_command_fn run, void *argument)
{
    if (fab_hook_is_own(&full->hook, &full->lcores[lcore]))
        fab_hook_run(&full->hook, run, argument);
    else if (lcore < full->launched_count)
        return fab_command_call(&full->lcores[lcore].commands, run, argument,
                                FAB_NODE_CALL_TIMEOUT_MS);
    else
        run(&full->lcores[lcore], argument);
    return MYC_OK;
}

/* A spawn from outside, with copies of everything, because a lcore that answers too late runs it
 * when the caller has gone on. */
struct spawn_call {
    const struct myc_class *class_of;
    struct myc_spawn_options options;
    struct myc_ref ref;
    enum myc_status status;
    char name[MYC_NAME_SIZE_MAX + 2]; /* one more than allowed: too long stays too long */
    uint8_t args[MYC_ARGS_SIZE_MAX];
};

static void
run_spawn(void *lcore, void *argument)
{
    struct spawn_call *call = argument;

    call->status = fab_core_spawn(((struct fab_lcore *)lcore)->core, call->class_of, &call->options,
                                  &call->ref);
}

static enum myc_status
fill_spawn_call(struct spawn_call *call, const struct myc_class *class_of,
                const struct myc_spawn_options *options)
{
    call->class_of = class_of;
    call->options.size = sizeof(call->options);
    if (!options)
        return MYC_OK;
    if (options->size != sizeof(*options) || options->args_size > sizeof(call->args))
        return MYC_INVALID;
    call->options = *options;
    if (options->args_size)
        call->options.args = memcpy(call->args, options->args, options->args_size);
    if (options->name) {
        snprintf(call->name, sizeof(call->name), "%s", options->name);
        call->options.name = call->name;
    }
    return MYC_OK;
}

/* Whoever is not noted is stopped with the rest. */
static void
note_root(struct fab_full *full, struct myc_ref ref)
{
    uint32_t room = full->root_room;

    if (full->root_count == room) {
        struct myc_ref *roots = realloc(full->roots, (room ? 2 * room : 16) * sizeof(*roots));

        if (!roots)
            return;
        full->roots = roots;
        full->root_room = room ? 2 * room : 16;
    }
    full->roots[full->root_count++] = ref;
}

enum myc_status
fab_full_spawn(struct myc_node *node, uint8_t lcore, const struct myc_class *class_of,
               const struct myc_spawn_options *options, struct myc_ref *ref)
{
    struct fab_full *full = (struct fab_full *)node;
    struct spawn_call *call;
    enum myc_status status;

    if (lcore >= full->lcore_count)
        return MYC_NOT_FOUND;
    call = calloc(1, sizeof(*call));
    if (!call)
        return MYC_NO_MEMORY;
    status = fill_spawn_call(call, class_of, options);
    if (status == MYC_OK)
        status = fab_full_call(full, lcore, run_spawn, call);
    if (status == MYC_TIMEOUT)
        return MYC_TIMEOUT; /* the call is the lcore's now, and given up */
    if (status == MYC_OK)
        status = call->status;
    if (status == MYC_OK)
        note_root(full, call->ref);
    if (status == MYC_OK && ref)
        *ref = call->ref;
    free(call);
    return status;
}
