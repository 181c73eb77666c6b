/* SPDX-License-Identifier: BSD-3-Clause */
/* Large bodies of the simulator: where they come from, where they are put, and that each goes
 * back. */
#include <stdlib.h>
#include <string.h>

#include "sim/sim_parts.h"

static uint8_t
pattern(uint64_t sequence, uint32_t at)
{
    return (uint8_t)(sequence * 31 + at + (at >> 8) * 7);
}

/* A free entry; bodies there are more of than the flow's slots, because whole ones may wait. */
static struct sim_body *
take_entry(struct sim_end *end, struct sim_body *bodies, uint32_t size)
{
    for (uint32_t i = 0; i < SIM_BODIES_MAX; i++) {
        if (bodies[i].bytes != NULL)
            continue;
        bodies[i].bytes = malloc(size); /* exactly as long: ASan sees what lies beyond */
        bodies[i].size = size;
        SIM_CHECK(end->sim, bodies[i].bytes != NULL);
        return &bodies[i];
    }
    return NULL;
}

static void
give_entry(struct sim_body *body)
{
    free(body->bytes);
    body->bytes = NULL;
}

bool
sim_send_large(struct sim *sim, struct sim_end *end, uint8_t stream)
{
    uint32_t size = end->large_all ? end->large_all
                                   : FAB_MSG_SMALL_MAX + 1 +
                                         (uint32_t)fab_prng_below(&sim->prng, end->large_size);
    uint32_t total = FAB_MSG_HEADER_SIZE + 8;
    struct sim_body *body;
    struct fab_msg *msg;

    if (fab_flow_claim_large(end->flow, stream, total, size, &msg) != MYC_OK)
        return false;
    body = take_entry(end, end->lent, size);
    SIM_CHECK(sim, body != NULL);
    for (uint32_t i = 0; i < size; i++)
        body->bytes[i] = pattern(end->sent[stream], i);
    memset(msg, 0, total);
    msg->to = sim_receiver(sim, stream);
    msg->size = size;
    msg->flags = FAB_MSG_HAS_BUFFER;
    msg->extensions = 1;
    msg->tag = end->sent[stream];
    msg->origin = sim_life_key(end);
    fab_flow_commit_large(end->flow, body->bytes, (uint64_t)(body - end->lent));
    end->large_sent++;
    return true;
}

void
sim_check_large(struct sim_end *end, const struct fab_msg *msg)
{
    uint64_t token = fab_msg_buffer_word(msg);
    struct sim_body *body = &end->borrowed[token];

    SIM_CHECK(end->sim, token < SIM_BODIES_MAX && body->bytes != NULL && body->size == msg->size);
    for (uint32_t i = 0; i < msg->size; i++)
        SIM_CHECK(end->sim, body->bytes[i] == pattern(msg->tag, i));
    end->heap_left += body->size;
    give_entry(body);
    end->large_got++;
}

bool
sim_on_body_wanted(void *context, uint32_t size, uint8_t **bytes, uint64_t *token)
{
    struct sim_end *end = context;
    struct sim_body *body;

    if (end->heap_fails > 0 && --end->heap_fails == 0)
        return false;
    body = size <= end->heap_left ? take_entry(end, end->borrowed, size) : NULL;
    if (body == NULL)
        return false;
    end->heap_left -= size;
    *bytes = body->bytes;
    *token = (uint64_t)(body - end->borrowed);
    return true;
}

void
sim_on_body_dropped(void *context, uint64_t token)
{
    struct sim_end *end = context;

    SIM_CHECK(end->sim, token < SIM_BODIES_MAX && end->borrowed[token].bytes != NULL);
    end->heap_left += end->borrowed[token].size;
    give_entry(&end->borrowed[token]);
}

void
sim_on_body_sent(void *context, uint64_t loan)
{
    struct sim_end *end = context;

    SIM_CHECK(end->sim, loan < SIM_BODIES_MAX && end->lent[loan].bytes != NULL);
    give_entry(&end->lent[loan]);
}

void
sim_forget_lent(struct sim_end *end)
{
    for (uint32_t i = 0; i < SIM_BODIES_MAX; i++)
        give_entry(&end->lent[i]);
}

void
sim_free_bodies(struct sim_end *end)
{
    for (uint32_t i = 0; i < SIM_BODIES_MAX; i++) {
        give_entry(&end->lent[i]);
        give_entry(&end->borrowed[i]);
    }
}

bool
sim_has_bodies(const struct sim_end *end)
{
    for (uint32_t i = 0; i < SIM_BODIES_MAX; i++)
        if (end->lent[i].bytes != NULL || end->borrowed[i].bytes != NULL)
            return true;
    return false;
}
