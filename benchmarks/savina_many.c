/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Savina's workers that talk to many others: big, chameneos, bounded buffer.
 */
#include <string.h>

#include "savina.h"

struct one_peer {
    struct savina_worker base;
    struct myc_ref peers[1];
};

#define ONE_PEER .peers_offset = offsetof(struct one_peer, peers), .peers_max = 1

/* ---- big ------------------------------------------------------------------------------------ */

struct big {
    struct savina_worker base;
    struct myc_ref peers[SAVINA_BIG_ACTORS];
};

static enum myc_status
big_start(struct myc_self *self, void *state)
{
    struct big *big = state;
    uint64_t to = savina_random(&big->base.random) % big->base.peer_count;

    return savina_ping_send(self, big->peers[to],
                            &(struct savina_ping){ .number = big->base.done });
}

static enum myc_status
big_handle(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct big *big = state;
    struct savina_pong pong;

    if (myc_message_is(message, &savina_ping_type))
        return myc_send(self, message->from, &savina_pong_type, message->body, message->size);
    if (!savina_pong_decode(message, &pong))
        return MYC_OK;
    if (pong.number != big->base.done)
        return MYC_FAILED;
    if (++big->base.done < big->base.each)
        return big_start(self, big);
    return savina_done(self, &big->base, (int64_t)big->base.done);
}

static const struct myc_type *const big_accepts[] =
    SAVINA_ACCEPTS(&savina_pong_type, &savina_ping_type);

/* ---- chameneos ------------------------------------------------------------------------------ */

struct mall {
    struct savina_worker base; /* done: meetings */
    struct myc_ref first;      /* who waits for a partner, if anybody does */
    bool has_first;
    struct myc_ref peers[SAVINA_CHAMENEOS];
};

/* With the last meeting nobody waits, for they are an even number and each comes back. */
static enum myc_status
mall_handle(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct mall *mall = state;
    struct savina_pair pair = { .other = message->from };
    struct savina_meet meet;

    if (!savina_meet_decode(message, &meet))
        return MYC_OK;
    if (mall->base.done == mall->base.each)
        return savina_over_send(self, message->from, &(struct savina_over){ 0 });
    if (!mall->has_first) {
        mall->first = message->from;
        mall->has_first = true;
        return MYC_OK;
    }
    pair.colour = meet.colour;
    mall->has_first = false;
    mall->base.done++;
    return savina_pair_send(self, mall->first, &pair);
}

struct chameneo {
    struct savina_worker base; /* done: meetings */
    uint64_t colour;
    struct myc_ref peers[1];
};

static enum myc_status
go_to_mall(struct myc_self *self, const struct chameneo *chameneo)
{
    return savina_meet_send(self, chameneo->peers[0],
                            &(struct savina_meet){ .colour = chameneo->colour });
}

static enum myc_status
chameneo_start(struct myc_self *self, void *state)
{
    struct chameneo *chameneo = state;

    chameneo->colour = chameneo->base.index % 3;
    return go_to_mall(self, chameneo);
}

static enum myc_status
on_pair(struct myc_self *self, struct chameneo *chameneo, const struct savina_pair *pair)
{
    enum myc_status status;

    if (chameneo->colour != pair->colour)
        chameneo->colour = 3 - chameneo->colour - pair->colour;
    status = savina_change_send(self, pair->other,
                                &(struct savina_change){ .colour = chameneo->colour });
    chameneo->base.done++;
    return status != MYC_OK ? status : go_to_mall(self, chameneo);
}

static enum myc_status
chameneo_handle(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct chameneo *chameneo = state;
    struct savina_change change;
    struct savina_pair pair;

    if (savina_pair_decode(message, &pair))
        return on_pair(self, chameneo, &pair);
    if (savina_change_decode(message, &change)) {
        chameneo->colour = change.colour;
        chameneo->base.done++;
        return go_to_mall(self, chameneo);
    }
    if (myc_message_is(message, &savina_over_type))
        return savina_done(self, &chameneo->base, (int64_t)chameneo->base.done);
    return MYC_OK;
}

static const struct myc_type *const mall_accepts[] = SAVINA_ACCEPTS(&savina_meet_type);
static const struct myc_type *const chameneo_accepts[] =
    SAVINA_ACCEPTS(&savina_pair_type, &savina_change_type, &savina_over_type);

/* ---- bounded buffer ------------------------------------------------------------------------- */

#define QUEUE_PLACES 64U /* a power of two above producers, consumers and items */

struct queue {
    uint32_t head, count;
    uint8_t values[QUEUE_PLACES];
};

static void
queue_push(struct queue *queue, uint64_t value)
{
    queue->values[(queue->head + queue->count++) % QUEUE_PLACES] = (uint8_t)value;
}

static uint8_t
queue_pop(struct queue *queue)
{
    queue->count--;
    return queue->values[queue->head++ % QUEUE_PLACES];
}

struct manager {
    struct savina_worker base; /* done: items given away */
    struct queue idle;         /* producers that may be asked */
    struct queue ready;        /* consumers that want one */
    struct queue items;        /* in the buffer: places in `bodies` are those of the queue */
    struct savina_item bodies[QUEUE_PLACES];
    uint32_t asked; /* items under way */
    uint64_t left[SAVINA_SIDE_ACTORS];
    struct myc_ref peers[2 * SAVINA_SIDE_ACTORS]; /* producers, then consumers */
};

static enum myc_status
give(struct myc_self *self, struct manager *manager)
{
    uint32_t consumer = SAVINA_SIDE_ACTORS + queue_pop(&manager->ready);
    uint8_t place = queue_pop(&manager->items);

    manager->base.done++;
    return savina_item_send(self, manager->peers[consumer], &manager->bodies[place]);
}

static enum myc_status
ask(struct myc_self *self, struct manager *manager)
{
    uint8_t producer = queue_pop(&manager->idle);

    manager->left[producer]--;
    manager->asked++;
    return savina_more_send(self, manager->peers[producer], &(struct savina_more){ 0 });
}

static enum myc_status
end_consumers(struct myc_self *self, const struct manager *manager)
{
    enum myc_status status = MYC_OK;

    for (uint32_t i = 0; i < SAVINA_SIDE_ACTORS && status == MYC_OK; i++)
        status = savina_over_send(self, manager->peers[SAVINA_SIDE_ACTORS + i],
                                  &(struct savina_over){ 0 });
    return status;
}

static enum myc_status
manage(struct myc_self *self, struct manager *manager)
{
    enum myc_status status = MYC_OK;

    while (status == MYC_OK && manager->items.count > 0 && manager->ready.count > 0) {
        status = give(self, manager);
        if (manager->base.done == manager->base.each * SAVINA_SIDE_ACTORS)
            return status != MYC_OK ? status : end_consumers(self, manager);
    }
    while (status == MYC_OK && manager->idle.count > 0 &&
           manager->items.count + manager->asked < SAVINA_BUFFER_PLACES)
        status = ask(self, manager);
    return status;
}

static enum myc_status
manager_start(struct myc_self *self, void *state)
{
    struct manager *manager = state;

    for (uint32_t i = 0; i < SAVINA_SIDE_ACTORS; i++) {
        manager->left[i] = manager->base.each;
        queue_push(&manager->idle, i);
    }
    return manage(self, manager);
}

static enum myc_status
manager_handle(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct manager *manager = state;
    struct savina_ready ready;
    struct savina_item item;

    if (savina_item_decode(message, &item)) {
        uint32_t place = (manager->items.head + manager->items.count) % QUEUE_PLACES;

        manager->bodies[place] = item;
        queue_push(&manager->items, place);
        manager->asked--;
        if (manager->left[item.number] > 0)
            queue_push(&manager->idle, item.number);
        return manage(self, manager);
    }
    if (savina_ready_decode(message, &ready)) {
        queue_push(&manager->ready, ready.index);
        return manage(self, manager);
    }
    return MYC_OK;
}

static enum myc_status
producer_handle(struct myc_self *self, void *state, const struct myc_message *message)
{
    const struct one_peer *producer = state;

    if (!myc_message_is(message, &savina_more_type))
        return MYC_OK;
    return savina_item_send(self, producer->peers[0],
                            &(struct savina_item){ .number = producer->base.index - 1 });
}

static enum myc_status
consumer_start(struct myc_self *self, void *state)
{
    const struct one_peer *consumer = state;
    uint64_t index = consumer->base.index - 1 - SAVINA_SIDE_ACTORS;

    return savina_ready_send(self, consumer->peers[0], &(struct savina_ready){ .index = index });
}

static enum myc_status
consumer_handle(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct one_peer *consumer = state;

    if (myc_message_is(message, &savina_over_type))
        return savina_done(self, &consumer->base, (int64_t)consumer->base.done);
    if (!myc_message_is(message, &savina_item_type))
        return MYC_OK;
    consumer->base.done++;
    return consumer_start(self, consumer);
}

static const struct myc_type *const manager_accepts[] =
    SAVINA_ACCEPTS(&savina_item_type, &savina_ready_type);
static const struct myc_type *const producer_accepts[] = SAVINA_ACCEPTS(&savina_more_type);
static const struct myc_type *const consumer_accepts[] =
    SAVINA_ACCEPTS(&savina_item_type, &savina_over_type);

const struct savina_role savina_roles_many[] = {
    { SAVINA_CLASS("savina_big", struct big, big_accepts),
      .peers_offset = offsetof(struct big, peers), .peers_max = SAVINA_BIG_ACTORS,
      .start = big_start, .handle = big_handle },
    { SAVINA_CLASS("savina_mall", struct mall, mall_accepts),
      .peers_offset = offsetof(struct mall, peers), .peers_max = SAVINA_CHAMENEOS,
      .handle = mall_handle },
    { SAVINA_CLASS("savina_chameneo", struct chameneo, chameneo_accepts),
      .peers_offset = offsetof(struct chameneo, peers), .peers_max = 1, .start = chameneo_start,
      .handle = chameneo_handle },
    { SAVINA_CLASS("savina_manager", struct manager, manager_accepts),
      .peers_offset = offsetof(struct manager, peers), .peers_max = 2 * SAVINA_SIDE_ACTORS,
      .start = manager_start, .handle = manager_handle },
    { SAVINA_CLASS("savina_producer", struct one_peer, producer_accepts), ONE_PEER,
      .handle = producer_handle },
    { SAVINA_CLASS("savina_consumer", struct one_peer, consumer_accepts), ONE_PEER,
      .start = consumer_start, .handle = consumer_handle },
};
