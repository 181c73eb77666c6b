/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The handshake, both sides. A node id is taken by one process at a time: whoever comes with one
 * that is in use is refused, unless its holder turns out to be dead at that moment.
 *
 * Two nodes that attach to each other at the same time would be linked twice. While both
 * connections are half open, the one begun by the node with the lower home word is kept; both sides
 * decide alike, because both know both homes by then. One that is up is never given up for another.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "node/control/place.h"

#define INCARNATION_MASK 0xffffffffffffULL

static uint64_t
node_of(uint64_t home)
{
    return home >> 48;
}

static void
refuse(struct fab_control *control, struct fab_place *place, enum myc_status status,
       const char *text)
{
    fab_place_end(control, place, status, text, true);
}

static void
fill_offer(const struct fab_control *control, union fab_control_packet *packet,
           enum fab_control_type type)
{
    fab_control_packet_init(packet, type);
    packet->offer.home = control->home;
    packet->offer.slots = control->options.slots;
    packet->offer.slot_size = FAB_RING_SLOT_SIZE;
    packet->offer.lcore_count = control->options.lcore_count;
    packet->offer.flags = control->options.is_client ? FAB_CONTROL_IS_CLIENT : 0;
    memcpy(packet->offer.name, control->name, sizeof(packet->offer.name));
}

void
fab_place_begin(struct fab_control *control, struct fab_place *place)
{
    union fab_control_packet packet;

    place->state = FAB_PLACE_WELCOME_DUE;
    fill_offer(control, &packet, FAB_CONTROL_HELLO);
    FAB_FAULT_POINT(HELLO);
    if (fab_control_send(place->fd, &packet, -1) != MYC_OK)
        fab_place_end(control, place, MYC_NO_CONNECTION, "it closed the connection", false);
    FAB_FAULT_POINT(HELLO_SAID);
}

/* ---- who may be which node ------------------------------------------------------------------ */

/* Another place that works for the same node id; NULL: none. */
static struct fab_place *
holder_of(struct fab_control *control, const struct fab_place *except, uint64_t node)
{
    for (unsigned i = 0; i < FAB_CONTROL_PLACES; i++) {
        struct fab_place *place = &control->places[i];

        if (place != except && place->state != FAB_PLACE_FREE && place->peer.home != 0 &&
            node_of(place->peer.home) == node)
            return place;
    }
    return NULL;
}

/* Whether a new connection with `home` may take the place of another that has its node id. Ends
 * that one where it may. */
static bool
displaces(struct fab_control *control, struct fab_place *holder, uint64_t home, bool is_ours)
{
    if (holder->state == FAB_PLACE_ENDING)
        return holder->peer.home != home;
    if (fab_place_is_dead(holder)) {
        bool was_up = holder->state == FAB_PLACE_UP;

        fab_place_end(control, holder, MYC_NO_CONNECTION, "it has ended", false);
        /* The same life comes again only when the links of the old connection are gone. */
        return !was_up || holder->peer.home != home;
    }
    if (holder->state == FAB_PLACE_UP || holder->peer.home != home)
        return false;
    if (is_ours != (control->home < home))
        return false;
    fab_place_end(control, holder, MYC_EXISTS, "the other connection of the two is kept", true);
    return true;
}

/* A home for a client: the one that it had, or an id that is free. 0: there is none. */
static uint64_t
client_home(struct fab_control *control, const struct fab_place *place, uint64_t wanted)
{
    uint64_t incarnation = wanted & INCARNATION_MASK;
    uint64_t span = FAB_CLIENT_ID_MAX - FAB_CLIENT_ID_MIN + 1U;

    if (node_of(wanted) != 0)
        return wanted;
    /* Begun at a place drawn from the incarnation, so that after a restart of ours two clients
     * hardly ever want the id of each other. */
    for (uint64_t i = 0; i < span; i++) {
        uint64_t id = FAB_CLIENT_ID_MIN + (incarnation + i) % span;

        if (!holder_of(control, place, id))
            return id << 48 | incarnation;
    }
    return 0;
}

static bool
home_is_possible(uint64_t home, bool is_client, uint8_t lcore_count)
{
    uint64_t id = node_of(home);

    if ((home & INCARNATION_MASK) == 0)
        return false;
    if (!is_client)
        return id >= 1 && id < FAB_CLIENT_ID_MIN;
    return lcore_count == 1 && (id == 0 || (id >= FAB_CLIENT_ID_MIN && id <= FAB_CLIENT_ID_MAX));
}

/* What an offer says of its sender; false: the place was ended. */
static bool
take_offer(struct fab_control *control, struct fab_place *place,
           const struct fab_control_offer *offer)
{
    struct fab_control_peer *peer = &place->peer;
    bool is_client = offer->flags & FAB_CONTROL_IS_CLIENT;
    bool is_ours = place->attach != FAB_CONTROL_NO_ATTACH;
    uint64_t home = offer->home;
    struct fab_place *holder;

    if (offer->slot_size != FAB_RING_SLOT_SIZE) {
        refuse(control, place, MYC_VERSION, "the two sides were built with other slot sizes");
        return false;
    }
    if (!home_is_possible(home, is_client, offer->lcore_count) ||
        (is_ours && is_client && !(control->options.is_client && node_of(home) != 0))) {
        refuse(control, place, MYC_INVALID, "a node id that such a peer cannot have");
        return false;
    }
    if (is_client)
        home = client_home(control, place, home);
    holder = home ? holder_of(control, place, node_of(home)) : NULL;
    if (home == 0 || node_of(home) == node_of(control->home) ||
        (holder && !displaces(control, holder, home, is_ours))) {
        refuse(control, place, MYC_EXISTS, "its node id is in use here, or it is attached already");
        return false;
    }
    peer->home = home;
    peer->is_client = is_client;
    peer->lcore_count = offer->lcore_count;
    memcpy(peer->name, offer->name, sizeof(peer->name));
    place->peer_slots = offer->slots;
    return true;
}

/* ---- memory --------------------------------------------------------------------------------- */

static bool
make_memory(struct fab_control *control, struct fab_place *place)
{
    const struct fab_attachment_sizes sizes = {
        .slots = control->options.slots,
        .peer_slots = place->peer_slots,
        .lcore_count = control->options.lcore_count,
        .sockets = control->options.sockets,
        .peer_lcore_count = place->peer.lcore_count,
        .wants_huge = control->options.wants_huge,
        .has_heap = control->options.heap_size > 0,
    };
    enum myc_status status = fab_attachment_init(&place->attachment, &sizes);

    if (status != MYC_OK) {
        refuse(control, place, status, "no memory for the segment");
        return false;
    }
    place->has_attachment = true;
    FAB_FAULT_POINT(MEMORY_MADE);
    return true;
}

/* Takes `passed` over. */
static bool
map_memory(struct fab_control *control, struct fab_place *place, int passed, uint64_t size)
{
    enum myc_status status = fab_attachment_map(&place->attachment, passed, (size_t)size);
    int heap_fd = place->heap_fd;

    place->heap_fd = -1;
    if (status == MYC_OK && heap_fd >= 0)
        status = fab_attachment_map_heap(&place->attachment, heap_fd, (size_t)place->heap_size);
    else if (heap_fd >= 0)
        close(heap_fd);
    FAB_FAULT_POINT(MAPPED);
    if (status == MYC_OK)
        status = fab_attachment_link(&place->attachment, place->peer.home, place->reach);
    FAB_FAULT_POINT(LINKED);
    if (status == MYC_OK)
        return true;
    refuse(control, place, status,
           status == MYC_REFUSED ? "the memory that was offered is not sealed"
                                 : "the memory that was offered is not as large as was said, or "
                                   "cannot be mapped");
    return false;
}

/* Offers ours, where there is one. */
static enum myc_status
send_heap(const struct fab_control *control, const struct fab_place *place)
{
    union fab_control_packet packet;

    if (control->options.heap_size == 0)
        return MYC_OK;
    fab_control_packet_init(&packet, FAB_CONTROL_HEAP);
    packet.memory.size = control->options.heap_size;
    return fab_control_send(place->fd, &packet, control->options.heap_fd);
}

/* Our memory, behind our heap. */
static void
send_memory(struct fab_control *control, struct fab_place *place,
            const union fab_control_packet *packet)
{
    enum myc_status status = send_heap(control, place);

    FAB_FAULT_POINT(HEAP_SAID);
    if (status == MYC_OK)
        status = fab_control_send(place->fd, packet, place->attachment.own.fd);
    if (status != MYC_OK)
        fab_place_end(control, place, MYC_NO_CONNECTION, "it closed the connection", false);
}

/* ---- packets -------------------------------------------------------------------------------- */

/* To a client come only clients that a node has given their id, and only when it has its own. */
static bool
may_come_to_client(struct fab_control *control, struct fab_place *place,
                   const struct fab_control_offer *offer)
{
    if (node_of(control->home) == 0)
        refuse(control, place, MYC_NO_CONNECTION, "it is attached to no node itself yet");
    else if (!(offer->flags & FAB_CONTROL_IS_CLIENT) || node_of(offer->home) == 0)
        refuse(control, place, MYC_REFUSED,
               "this is a client: only clients that are attached to a node attach to it");
    else
        return true;
    return false;
}

static void
on_hello(struct fab_control *control, struct fab_place *place,
         const struct fab_control_offer *offer)
{
    union fab_control_packet packet;

    if (control->options.is_client && !may_come_to_client(control, place, offer))
        return;
    FAB_FAULT_POINT(HELLO_SEEN);
    if (!take_offer(control, place, offer) || !make_memory(control, place))
        return;
    fill_offer(control, &packet, FAB_CONTROL_WELCOME);
    packet.offer.given_home = place->peer.home;
    packet.offer.memory_size = place->attachment.own.size;
    place->state = FAB_PLACE_READY_DUE;
    send_memory(control, place, &packet);
    FAB_FAULT_POINT(WELCOME_SAID);
}

/* Whether the acceptor calls us what we may be called. A client learns its id here. */
static bool
take_given_home(struct fab_control *control, uint64_t given)
{
    if (given == control->home)
        return true;
    if (!control->options.is_client || node_of(control->home) != 0 ||
        (given & INCARNATION_MASK) != control->home || node_of(given) < FAB_CLIENT_ID_MIN ||
        node_of(given) > FAB_CLIENT_ID_MAX)
        return false;
    control->home = given;
    if (control->options.ops.on_given_home)
        control->options.ops.on_given_home(control->options.context, given);
    return true;
}

static void
on_welcome(struct fab_control *control, struct fab_place *place,
           const struct fab_control_offer *offer, int passed)
{
    union fab_control_packet packet;

    FAB_FAULT_POINT(WELCOME_SEEN);
    if (!take_given_home(control, offer->given_home)) {
        close(passed);
        refuse(control, place, MYC_INVALID, "it calls us by a home that we do not have");
        return;
    }
    if (!take_offer(control, place, offer) || !make_memory(control, place)) {
        close(passed);
        return;
    }
    if (!map_memory(control, place, passed, offer->memory_size))
        return;
    fab_control_packet_init(&packet, FAB_CONTROL_READY);
    packet.memory.size = place->attachment.own.size;
    place->state = FAB_PLACE_UP_DUE;
    send_memory(control, place, &packet);
    FAB_FAULT_POINT(READY_SAID);
}

/* Keeps the fd until the links are made; of two the second is one too many. */
static void
on_heap(struct fab_control *control, struct fab_place *place, uint64_t size, int passed)
{
    if (place->heap_fd >= 0) {
        close(passed);
        refuse(control, place, MYC_INVALID, "a second heap");
        return;
    }
    place->heap_fd = passed;
    place->heap_size = size;
}

static void
on_ready(struct fab_control *control, struct fab_place *place, uint64_t size, int passed)
{
    union fab_control_packet packet;

    FAB_FAULT_POINT(READY_SEEN);
    if (!map_memory(control, place, passed, size))
        return;
    fab_control_packet_init(&packet, FAB_CONTROL_UP);
    if (fab_control_send(place->fd, &packet, -1) != MYC_OK) {
        fab_place_end(control, place, MYC_NO_CONNECTION, "it closed the connection", false);
        return;
    }
    FAB_FAULT_POINT(UP_SAID);
    fab_place_up(control, place);
}

/* The text goes by an fd of its own: it may be larger than a socket's buffer, and a tool that does
 * not read it holds up nobody. */
static void
answer(struct fab_control *control, struct fab_place *place, const char *text)
{
    int fd = memfd_create("mycelium-answer", MFD_CLOEXEC);
    union fab_control_packet packet;
    size_t size = strlen(text);
    size_t done = 0;

    while (fd >= 0 && done < size) {
        ssize_t wrote = write(fd, text + done, size - done);

        if (wrote <= 0)
            break;
        done += (size_t)wrote;
    }
    if (fd < 0 || done < size) {
        refuse(control, place, MYC_NO_MEMORY, "no memory for the answer");
    } else {
        fab_control_packet_init(&packet, FAB_CONTROL_RESPONSE);
        packet.memory.size = size;
        (void)fab_control_send(place->fd, &packet, fd);
        fab_place_end(control, place, MYC_NORMAL, "answered", false);
    }
    if (fd >= 0)
        close(fd);
}

static void
on_request(struct fab_control *control, struct fab_place *place, const char *request)
{
    char *text = NULL;

    if (control->options.ops.on_request)
        text = control->options.ops.on_request(control->options.context, request);
    if (!text) {
        refuse(control, place, MYC_UNSUPPORTED, "no such request here");
        return;
    }
    answer(control, place, text);
    free(text);
}

/* What each state waits for; with or without an fd. */
static bool
is_due(const struct fab_place *place, uint16_t type, bool has_fd)
{
    switch (type) {
    case FAB_CONTROL_HELLO:
    case FAB_CONTROL_REQUEST:
        return place->state == FAB_PLACE_ACCEPTED && !has_fd;
    case FAB_CONTROL_HEAP:
        return (place->state == FAB_PLACE_WELCOME_DUE || place->state == FAB_PLACE_READY_DUE) &&
               has_fd;
    case FAB_CONTROL_WELCOME:
        return place->state == FAB_PLACE_WELCOME_DUE && has_fd;
    case FAB_CONTROL_READY:
        return place->state == FAB_PLACE_READY_DUE && has_fd;
    case FAB_CONTROL_UP:
        return place->state == FAB_PLACE_UP_DUE && !has_fd;
    case FAB_CONTROL_END:
        return !has_fd;
    default:
        return false;
    }
}

void
fab_place_on_packet(struct fab_control *control, struct fab_place *place,
                    const union fab_control_packet *packet, int passed)
{
    if (!is_due(place, packet->head.type, passed >= 0)) {
        if (passed >= 0)
            close(passed);
        refuse(control, place, MYC_INVALID, "a packet out of its order");
        return;
    }
    switch (packet->head.type) {
    case FAB_CONTROL_HELLO:
        on_hello(control, place, &packet->offer);
        break;
    case FAB_CONTROL_REQUEST:
        on_request(control, place, packet->text.text);
        break;
    case FAB_CONTROL_WELCOME:
        on_welcome(control, place, &packet->offer, passed);
        break;
    case FAB_CONTROL_HEAP:
        on_heap(control, place, packet->memory.size, passed);
        break;
    case FAB_CONTROL_READY:
        on_ready(control, place, packet->memory.size, passed);
        break;
    case FAB_CONTROL_UP:
        FAB_FAULT_POINT(UP_SEEN);
        fab_place_up(control, place);
        break;
    default:
        fab_place_end(control, place, (enum myc_status)packet->text.status, packet->text.text,
                      false);
        break;
    }
}
