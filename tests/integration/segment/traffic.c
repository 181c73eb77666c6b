/* SPDX-License-Identifier: BSD-3-Clause */
#include "traffic.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include <mycelium/buffer.h>
#include <mycelium/messages.h>

#include "actor/buffer.h"
#include "actor/inspect.h"
#include "base/assert.h"
#include "env/clock.h"
#include "support/any_bytes.h"

#define SMALL_MAX  1000U
#define LARGE_MAX  9000U
#define LARGE_EACH 4U /* every so many turns a large one */
#define SMALL_EACH 4U /* small ones to each peer in a turn */

struct body_head {
    uint64_t seed;
    uint64_t checksum;
};

static const struct myc_type load_type = {
    .name = "Load",
    .schema_id = 901,
    .template_id = 1,
    .block_length = sizeof(struct body_head),
    .verify = any_bytes,
};

static uint64_t
next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
    return *state >> 33;
}

/* ---- bodies ----------------------------------------------------------------------------------
 */

static uint64_t
checksum_of(const uint8_t *bytes, uint32_t size, uint64_t seed)
{
    uint64_t sum = seed ^ 0x9e3779b97f4a7c15ULL;

    for (uint32_t i = sizeof(struct body_head); i < size; i++)
        sum = (sum ^ bytes[i]) * 0x100000001b3ULL;
    return sum;
}

static void
write_body(uint8_t *bytes, uint32_t size, uint64_t seed)
{
    struct body_head head = { .seed = seed };

    for (uint32_t i = sizeof(head); i < size; i++)
        bytes[i] = (uint8_t)(seed + i * 7U);
    head.checksum = checksum_of(bytes, size, seed);
    memcpy(bytes, &head, sizeof(head));
}

static bool
is_intact(const struct myc_message *message)
{
    struct body_head head;

    memcpy(&head, message->body, sizeof(head));
    return head.checksum == checksum_of(message->body, message->size, head.seed);
}

/* ---- peers -----------------------------------------------------------------------------------
 */

struct traffic_peer *
traffic_peer_of(struct traffic *traffic, uint64_t home)
{
    for (unsigned i = 0; i < TRAFFIC_PEERS_MAX; i++) {
        if (traffic->peers[i].home == home)
            return &traffic->peers[i];
    }
    return NULL;
}

/* Takes the place of one that has gone when there is none free. */
static struct traffic_peer *
peer_made(struct traffic *traffic, uint64_t home)
{
    struct traffic_peer *peer = traffic_peer_of(traffic, home);

    if (!peer)
        peer = traffic_peer_of(traffic, 0);
    for (unsigned i = 0; !peer && i < TRAFFIC_PEERS_MAX; i++) {
        if (!traffic->peers[i].is_up)
            peer = &traffic->peers[i];
    }
    FAB_ASSERT(peer);
    if (peer->home != home)
        *peer = (struct traffic_peer){ .home = home };
    return peer;
}

static void
note_link(void *context, const struct fab_link *link)
{
    struct traffic *traffic = context;

    if (!link->is_up)
        return;
    peer_made(traffic, link->peer_home)->is_up = true;
    traffic->link_count++;
}

static void
look_at_links(struct traffic *traffic)
{
    for (unsigned i = 0; i < TRAFFIC_PEERS_MAX; i++)
        traffic->peers[i].is_up = false;
    traffic->link_count = 0;
    fab_core_each_link(traffic->node.core, note_link, traffic);
    traffic->place->links = traffic->link_count;
}

/* ---- sending ---------------------------------------------------------------------------------
 */

static bool
may_send(const struct traffic *traffic, const struct traffic_peer *peer)
{
    return peer->is_up && peer->home >> 48 != traffic->silent_to &&
           (traffic->sent_max == 0 || peer->sent < traffic->sent_max);
}

static void
count_sent(struct traffic *traffic, struct traffic_peer *peer, enum myc_status status)
{
    if (status != MYC_OK)
        return;
    peer->sent++;
    traffic->place->sent++;
}

static void
send_small(struct traffic *traffic, struct myc_self *self, struct traffic_peer *peer)
{
    uint8_t bytes[SMALL_MAX];
    uint64_t drawn = next_random(&traffic->random);
    uint32_t size = sizeof(struct body_head) + (uint32_t)(drawn % (drawn & 1 ? 48U : 900U));
    const struct myc_ref to = { .home = peer->home, .actor = traffic->actor.actor };
    const struct myc_send_options options = { .size = sizeof(options), .tag = peer->sent + 1 };

    write_body(bytes, size, drawn);
    /* The quick way has no tag. */
    if (drawn % 8 == 0)
        traffic->place->unnumbered += myc_send(self, to, &load_type, bytes, size) == MYC_OK;
    count_sent(traffic, peer, myc_send_with(self, to, &load_type, bytes, size, &options));
}

static void
send_large(struct traffic *traffic, struct myc_self *self)
{
    uint64_t drawn = next_random(&traffic->random);
    uint32_t size = MYC_BODY_INLINE_MAX + 1U + (uint32_t)(drawn % LARGE_MAX);
    struct myc_buffer *buffer = NULL;
    void *bytes;

    if (myc_buffer_claim(self, size, &buffer, &bytes) != MYC_OK)
        return;
    write_body(bytes, size, drawn);
    for (unsigned i = 0; i < TRAFFIC_PEERS_MAX; i++) {
        struct traffic_peer *peer = &traffic->peers[i];
        const struct myc_ref to = { .home = peer->home, .actor = traffic->actor.actor };
        const struct myc_send_options options = { .size = sizeof(options), .tag = peer->sent + 1 };

        if (may_send(traffic, peer))
            count_sent(traffic, peer, myc_buffer_send(self, to, &load_type, buffer, &options));
    }
    myc_buffer_release(self, &buffer);
}

static void
send_round(struct traffic *traffic, struct myc_self *self)
{
    for (unsigned i = 0; i < TRAFFIC_PEERS_MAX; i++) {
        for (unsigned n = 0; n < SMALL_EACH && may_send(traffic, &traffic->peers[i]); n++)
            send_small(traffic, self, &traffic->peers[i]);
    }
    if (next_random(&traffic->random) % LARGE_EACH == 0)
        send_large(traffic, self);
}

static void
let_go(struct traffic *traffic, struct myc_self *self)
{
    for (unsigned i = 0; i < TRAFFIC_KEPT_MAX; i++)
        myc_buffer_release(self, &traffic->kept[i]);
}

/* In the actor, once in a turn. */
static void
act(struct myc_self *self, void *state, const struct myc_frame *frame)
{
    struct traffic *traffic = (struct traffic *)(uintptr_t)frame->bytes;

    (void)state;
    if (traffic->place->order == LEDGER_REST)
        let_go(traffic, self);
    else if (!traffic->is_silent)
        send_round(traffic, self);
}

/* ---- receiving -------------------------------------------------------------------------------
 */

static void
write_into(const struct myc_message *message)
{
    *(volatile uint8_t *)(uintptr_t)message->body = 1;
}

static void
take(struct traffic *traffic, struct myc_self *self, const struct myc_message *message)
{
    struct traffic_peer *peer = peer_made(traffic, message->from.home);
    bool is_large = message->size > MYC_BODY_INLINE_MAX;

    if (message->from.home >> 48 == traffic->distrusted)
        return;
    if (is_large && traffic->writes_into_it)
        write_into(message);
    traffic->place->torn += !is_intact(message);
    traffic->place->received++;
    if (message->tag == 0)
        return;
    /* Between the two may be what came back to its sender. */
    traffic->place->disordered += message->tag <= peer->received;
    peer->received = message->tag;
    traffic->place->large += is_large;
    if (!is_large || traffic->place->order == LEDGER_REST)
        return;
    traffic->next_kept = (traffic->next_kept + 1) % TRAFFIC_KEPT_MAX;
    myc_buffer_release(self, &traffic->kept[traffic->next_kept]);
    if (myc_message_keep(self, message, &traffic->kept[traffic->next_kept]) != MYC_OK)
        traffic->place->torn++; /* there is room for all that is kept */
}

static enum myc_status
receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct traffic *traffic;

    memcpy(&traffic, state, sizeof(traffic));
    if (myc_message_is(message, &load_type) && message->kind == MYC_KIND_SEND)
        take(traffic, self, message);
    return MYC_OK;
}

static enum myc_status
init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    (void)self;
    FAB_ASSERT(args_size == sizeof(struct traffic *));
    memcpy(state, args, args_size);
    return MYC_OK;
}

static const struct myc_class traffic_class = {
    .size = sizeof(struct myc_class),
    .name = "traffic",
    .state_size = sizeof(struct traffic *),
    .flags = MYC_CLASS_ACCEPTS_ANY,
    .init = init,
    .receive = receive,
};

/* ---- life ------------------------------------------------------------------------------------
 */

void
traffic_init(struct traffic *traffic, const struct bare_node_options *options,
             struct ledger_place *place)
{
    const struct myc_spawn_options spawn = {
        .size = sizeof(spawn),
        .args = &traffic,
        .args_size = sizeof(traffic),
        .mailbox_max = 4096,
    };

    traffic->place = place;
    traffic->random = options->home * 2654435761U + 1;
    bare_node_init(&traffic->node, options);
    FAB_ASSERT(fab_core_spawn(traffic->node.core, &traffic_class, &spawn, &traffic->actor) ==
               MYC_OK);
    FAB_ASSERT(traffic->actor.actor == (1ULL << 32 | 1U));
    bare_node_open(&traffic->node, options);
}

void
traffic_turn(struct traffic *traffic)
{
    const struct myc_frame frame = { .bytes = traffic, .size = sizeof(*traffic) };
    const struct fab_core_counters *counters = fab_core_counters(traffic->node.core);

    look_at_links(traffic);
    fab_core_turn_begin(traffic->node.core, fab_clock_ns());
    FAB_ASSERT(fab_core_frame(traffic->node.core, traffic->actor, act, &frame));
    bare_node_turn_or_rest(&traffic->node);
    traffic->place->handed = traffic->place->sent;
    traffic->place->copied = counters->bodies_copied;
    traffic->place->bounced = counters->undelivered;
    traffic->place->doubts = counters->in_doubt;
}

static uint32_t
count_files(void)
{
    DIR *folder = opendir("/proc/self/fd");
    uint32_t count = 0;

    FAB_ASSERT(folder);
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

static uint32_t
count_maps(void)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[512];
    uint32_t count = 0;

    FAB_ASSERT(maps);
    while (fgets(line, sizeof(line), maps))
        count += strstr(line, "memfd:mycelium-segment") != NULL;
    fclose(maps);
    return count;
}

void
traffic_take_stock(struct traffic *traffic)
{
    if (!fab_buffers_are_quiet(traffic->node.core))
        return;
    traffic->place->files = count_files();
    traffic->place->maps = count_maps();
    traffic->place->is_whole = 1;
}

void
traffic_fini(struct traffic *traffic)
{
    bare_node_fini(&traffic->node);
}
