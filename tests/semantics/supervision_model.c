/* SPDX-License-Identifier: BSD-3-Clause */
#include "supervision_model.h"

struct supervision_model model;

bool
model_is_linked(unsigned i, unsigned j)
{
    return model.nodes[i].is_alive && model.nodes[j].is_alive && !model.is_cut[i][j];
}

/* Whether the watch is about this kid's present life. */
static bool
is_about(const struct watch_model *watch, unsigned node, unsigned kid)
{
    return watch->is_open && watch->node == node && watch->kid == kid &&
           watch->node_life == model.nodes[node].life &&
           watch->life == model.nodes[node].kids[kid].life;
}

/* The kid's ref is no more. */
static void
model_down(unsigned node, unsigned kid, enum myc_status reason)
{
    for (unsigned i = 0; i < WATCHES_MAX; i++)
        if (is_about(&model.watches[i], node, kid)) {
            model.watches[i].is_open = false;
            model.watches[i].expected = reason;
        }
    model.nodes[node].kids[kid].life++;
}

void
model_end_supervisor(unsigned node)
{
    struct node_model *own = &model.nodes[node];

    own->has_supervisor = false;
    for (unsigned i = 0; i < own->kid_count; i++) {
        if (own->kids[i].exists && own->kids[i].is_alive) {
            model_down(node, i, MYC_SHUTDOWN);
            model_cut_ties(node, i, MYC_SHUTDOWN);
        }
        own->kids[i].exists = own->kids[i].is_alive = false;
    }
    for (unsigned i = 0; i < own->kid_count; i++)
        model.hits[node * KIDS_MAX + i] = MYC_OK; /* none is left to be hit */
}

/* A kid begins (again): under its ref unless it was let go. */
static void
model_start(struct kid_model *kid)
{
    kid->is_alive = true;
    kid->starts++;
}

/* The other kids that are restarted with one. */
static void
model_restart_group(unsigned node, unsigned from, unsigned failed)
{
    struct node_model *own = &model.nodes[node];

    for (unsigned i = from; i < own->kid_count; i++) {
        struct kid_model *kid = &own->kids[i];

        if (!kid->exists)
            continue;
        if (kid->is_alive && i != failed) {
            model_cut_ties(node, i, MYC_SHUTDOWN);
            if (kid->restart == MYC_RESTART_POLICY_TEMPORARY) {
                model_down(node, i, MYC_SHUTDOWN);
                kid->exists = kid->is_alive = false;
                continue;
            }
            if (model.is_fresh)
                model_down(node, i, MYC_SHUTDOWN);
        }
        model_start(kid);
    }
}

void
model_exit(unsigned node, unsigned index, enum myc_status reason)
{
    struct node_model *own = &model.nodes[node];
    struct kid_model *kid = &own->kids[index];
    bool is_normal = reason == MYC_NORMAL || reason == MYC_SHUTDOWN;
    bool is_restarted = kid->restart == MYC_RESTART_POLICY_PERMANENT ||
                        (kid->restart == MYC_RESTART_POLICY_TRANSIENT && !is_normal);

    model_cut_ties(node, index, reason);
    if (!is_restarted) {
        model_down(node, index, reason);
        kid->is_alive = false;
        kid->exists = kid->restart != MYC_RESTART_POLICY_TEMPORARY;
        return;
    }
    if (++own->restarts > model.intensity) {
        model_down(node, index, reason);
        kid->is_alive = false;
        model_end_supervisor(node);
        return;
    }
    if (model.is_fresh)
        model_down(node, index, reason);
    if (model.strategy == MYC_ONE_FOR_ONE)
        model_start(kid);
    else
        model_restart_group(node, model.strategy == MYC_ONE_FOR_ALL ? 0 : index, index);
}

void
model_unlink(unsigned i, unsigned j)
{
    for (unsigned w = 0; w < WATCHES_MAX; w++) {
        struct watch_model *watch = &model.watches[w];

        if (watch->is_open &&
            ((watch->by == i && watch->node == j) || (watch->by == j && watch->node == i))) {
            watch->is_open = false;
            watch->expected = MYC_NO_CONNECTION;
        }
    }
    model_lose_ties(i, j);
}
