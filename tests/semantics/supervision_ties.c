/* SPDX-License-Identifier: BSD-3-Clause */
/* The model's links: kids with kids, and mates each with one kid. */
#include "supervision_model.h"

static unsigned
number_of(unsigned node, unsigned kid)
{
    return node * KIDS_MAX + kid;
}

static struct mate_model *
tied_mate(struct mate_model *from, unsigned node, unsigned kid)
{
    for (; from < model.mates + MATES_MAX; from++)
        if (from->is_tied && from->kid_node == node && from->kid == kid)
            return from;
    return NULL;
}

static void
end_mate(struct mate_model *mate, enum myc_status reason)
{
    mate->is_tied = mate->is_alive = false;
    mate->reason = reason;
}

void
model_cut_ties(unsigned node, unsigned kid, enum myc_status reason)
{
    unsigned self = number_of(node, kid);

    model.hits[self] = MYC_OK;
    for (unsigned other = 0; other < KIDS_ALL; other++) {
        if (!model.ties[self][other])
            continue;
        model.ties[self][other] = model.ties[other][self] = false;
        if (reason != MYC_NORMAL)
            model.hits[other] = reason;
    }
    for (struct mate_model *mate = tied_mate(model.mates, node, kid); mate;
         mate = tied_mate(mate + 1, node, kid)) {
        mate->is_tied = false;
        if (reason != MYC_NORMAL)
            end_mate(mate, reason);
    }
}

void
model_spread_hits(void)
{
    for (unsigned i = 0; i < KIDS_ALL;) {
        enum myc_status reason = model.hits[i];

        model.hits[i] = MYC_OK;
        if (reason != MYC_OK)
            model_exit(i / KIDS_MAX, i % KIDS_MAX, reason);
        i = reason != MYC_OK ? 0 : i + 1; /* it may have hit others before it */
    }
}

void
model_tie(unsigned node, unsigned kid, unsigned other_node, unsigned other)
{
    unsigned a = number_of(node, kid), b = number_of(other_node, other);

    if (a == b)
        return;
    if (node != other_node && !model_is_linked(node, other_node))
        model.hits[a] = MYC_NO_CONNECTION;
    else if (!model.nodes[other_node].kids[other].is_alive)
        model.hits[a] = MYC_NO_PROCESS;
    else
        model.ties[a][b] = model.ties[b][a] = true;
}

bool
model_untie(unsigned node, unsigned kid, unsigned other_node, unsigned other)
{
    unsigned a = number_of(node, kid), b = number_of(other_node, other);
    bool was_tied = model.ties[a][b];

    model.ties[a][b] = model.ties[b][a] = false;
    return was_tied;
}

void
model_tie_mate(struct mate_model *mate, unsigned node, unsigned kid_node, unsigned kid)
{
    *mate = (struct mate_model){
        .is_alive = true, .is_tied = true, .node = node, .kid_node = kid_node, .kid = kid
    };
    if (node != kid_node && !model_is_linked(node, kid_node))
        end_mate(mate, MYC_NO_CONNECTION);
    else if (!model.nodes[kid_node].kids[kid].is_alive)
        end_mate(mate, MYC_NO_PROCESS);
}

void
model_end_mate(struct mate_model *mate, enum myc_status reason)
{
    if (mate->is_tied && reason != MYC_NORMAL)
        model.hits[number_of(mate->kid_node, mate->kid)] = reason;
    end_mate(mate, reason == MYC_KILLED ? MYC_OK : reason);
}

void
model_lose_ties(unsigned i, unsigned j)
{
    for (unsigned a = i * KIDS_MAX; a < (i + 1) * KIDS_MAX; a++)
        for (unsigned b = j * KIDS_MAX; b < (j + 1) * KIDS_MAX; b++) {
            if (!model.ties[a][b])
                continue;
            model.ties[a][b] = model.ties[b][a] = false;
            model.hits[a] = model.hits[b] = MYC_NO_CONNECTION;
        }
    for (struct mate_model *mate = model.mates; mate < model.mates + MATES_MAX; mate++)
        if (mate->is_tied && ((mate->node == i && mate->kid_node == j) ||
                              (mate->node == j && mate->kid_node == i))) {
            model.hits[number_of(mate->kid_node, mate->kid)] = MYC_NO_CONNECTION;
            end_mate(mate, MYC_NO_CONNECTION);
        }
}

void
model_forget_ties(unsigned node)
{
    for (unsigned a = node * KIDS_MAX; a < (node + 1) * KIDS_MAX; a++) {
        model.hits[a] = MYC_OK;
        for (unsigned b = 0; b < KIDS_ALL; b++)
            model.ties[a][b] = model.ties[b][a] = false;
    }
    for (struct mate_model *mate = model.mates; mate < model.mates + MATES_MAX; mate++)
        if (mate->node == node)
            end_mate(mate, MYC_OK);
}
