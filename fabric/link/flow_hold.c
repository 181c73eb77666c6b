/* SPDX-License-Identifier: BSD-3-Clause */
#include "link/flow_hold.h"

#include <assert.h>

#include <rte_mbuf.h>

#include "base/assert.h"
#include "link/flow_port_state.h"

#define SHELLS  2048U /* frames that leave from the heap at one time, for each lcore */
#define IS_HELD (1ULL << 63)

static_assert(FAB_PORT_SHELL_SIZE >= FAB_FRAME_TAG_SIZE, "a shell takes a tag");

enum hold_state {
    HOLD_FREE = 0,
    HOLD_LENT,
    HOLD_SENT,
    HOLD_BROKEN,
    HOLD_LEFT,
};

struct fab_flow_hold {
    struct rte_mbuf_ext_shared_info shared; /* counts our own and one for each frame */
    struct fab_flow_link *link;             /* not owned */
    uint64_t name;                          /* of the loan, or the body's while BROKEN */
    struct fab_flow_hold *next;             /* of those that are free, or wait for frames */
    uint8_t state;                          /* enum hold_state */
} FAB_ALIGNED_TO_LINE;

static void
on_last_free(void *bytes, void *hold)
{
    (void)bytes;
    (void)hold;
    FAB_ASSERT(false); /* our own count is never given away */
}

bool
fab_flow_holds_create(struct fab_flow_end *end, int socket)
{
    struct fab_port *port = end->port->port;

    if (!fab_port_info(port)->sends_segments || end->flow_config.large_max == 0)
        return true;
    end->shells = fab_port_add_shells(port, SHELLS, socket);
    end->holds =
        fab_port_add_memory(port, "flow holds", FAB_FLOW_HOLDS * sizeof(*end->holds), socket);
    if (!end->shells || !end->holds)
        return false;
    for (uint32_t i = 0; i < FAB_FLOW_HOLDS; i++) {
        struct fab_flow_hold *hold = &end->holds[i];

        hold->shared.free_cb = on_last_free;
        hold->shared.fcb_opaque = hold;
        rte_mbuf_ext_refcnt_set(&hold->shared, 1);
        hold->next = end->hold_free;
        end->hold_free = hold;
    }
    end->flow_config.tail = &end->tail;
    return true;
}

/* Whether no frame has it. Pairs with the decrement (acquire, release) by whoever freed the last:
 * what the device has read of the body, it had read before the body's memory is used again. */
static bool
is_let_go(const struct fab_flow_hold *hold)
{
    return __atomic_load_n(&hold->shared.refcnt, __ATOMIC_ACQUIRE) == 1;
}

static void
give(struct fab_flow_end *end, struct fab_flow_hold *hold)
{
    hold->state = HOLD_FREE;
    hold->next = end->hold_free;
    end->hold_free = hold;
}

/* Waits for the frames that are left. */
static void
await(struct fab_flow_end *end, struct fab_flow_hold *hold, enum hold_state state)
{
    hold->state = (uint8_t)state;
    hold->next = end->hold_waiting;
    end->hold_waiting = hold;
    end->counters.bodies_held++;
}

uint64_t
fab_flow_hold_add(struct fab_flow_link *link, uint32_t loan)
{
    struct fab_flow_end *end = link->end;
    struct fab_flow_hold *hold = end->hold_free;

    if (!hold)
        return loan;
    end->hold_free = hold->next;
    hold->link = link;
    hold->name = loan;
    hold->state = HOLD_LENT;
    return IS_HELD | (uint64_t)(hold - end->holds);
}

static struct fab_flow_hold *
hold_of(const struct fab_flow_end *end, uint64_t name)
{
    return name & IS_HELD ? &end->holds[name & ~IS_HELD] : NULL;
}

/* A shell in its own memory, which takes the tag. */
static struct rte_mbuf *
make_tag(struct fab_flow_end *end)
{
    struct rte_mbuf *shell = rte_pktmbuf_alloc(end->shells);

    if (!shell)
        return NULL;
    shell->data_off = 0; /* all that there is */
    shell->data_len = (uint16_t)end->tail.tag_size;
    memcpy(rte_pktmbuf_mtod(shell, void *), end->tail.tag, end->tail.tag_size);
    return shell;
}

static void
chain(struct rte_mbuf *mbuf, struct rte_mbuf *last, struct rte_mbuf *next)
{
    last->next = next;
    mbuf->nb_segs++;
    mbuf->pkt_len += next->data_len;
}

/* A shell with the part, which the device sees at `iova`, and one with the tag behind the frame.
 * False: none are free. */
static bool
attach_at(struct fab_flow_end *end, struct fab_flow_hold *hold, struct rte_mbuf *mbuf,
          uint64_t iova)
{
    struct rte_mbuf *shell = rte_pktmbuf_alloc(end->shells);
    struct rte_mbuf *tag = shell && end->tail.tag_size > 0 ? make_tag(end) : NULL;

    if (!shell || (end->tail.tag_size > 0 && !tag)) {
        rte_pktmbuf_free(shell);
        return false;
    }
    rte_mbuf_ext_refcnt_update(&hold->shared, 1);
    rte_pktmbuf_attach_extbuf(shell, (void *)(uintptr_t)end->tail.bytes, iova,
                              (uint16_t)end->tail.size, &hold->shared);
    shell->data_len = (uint16_t)end->tail.size;
    chain(mbuf, mbuf, shell);
    if (tag)
        chain(mbuf, shell, tag);
    return true;
}

/* Whether the part is behind the frame now, without a copy; else it is counted why it is not. */
static bool
attach(struct fab_flow_end *end, struct rte_mbuf *mbuf)
{
    struct fab_flow_hold *hold = hold_of(end, end->tail.loan);
    const struct fab_port_info *info = fab_port_info(end->port->port);
    uint64_t iova = fab_port_body_iova(info, end->tail.bytes, end->tail.size);

    if (fab_unlikely(iova == FAB_DMA_NONE)) {
        end->counters.parts_astride++;
        return false;
    }
    if (fab_unlikely(!hold || !attach_at(end, hold, mbuf, iova))) {
        end->counters.parts_unattached++;
        return false;
    }
    end->counters.parts_attached++;
    return true;
}

/* Puts the part, and the tag behind it, into the frame. */
static void
copy(const struct fab_flow_tail *tail, struct rte_mbuf *mbuf)
{
    uint8_t *at = (uint8_t *)rte_pktmbuf_append(mbuf, (uint16_t)(tail->size + tail->tag_size));

    memcpy(at, tail->bytes, tail->size);
    memcpy(at + tail->size, tail->tag, tail->tag_size);
}

void
fab_flow_hold_append(struct fab_flow_end *end, const struct fab_flow_link *link,
                     const struct fab_flow_end *by, struct rte_mbuf *mbuf)
{
    bool is_two_ways = by != end || link->second;

    mbuf->data_len = (uint16_t)(mbuf->data_len - end->tail.size - end->tail.tag_size);
    mbuf->pkt_len = mbuf->data_len;
    end->counters.parts_unattached += is_two_ways;
    if (fab_unlikely(is_two_ways) || !attach(end, mbuf))
        copy(&end->tail, mbuf);
    end->tail.size = 0;
}

void
fab_flow_hold_on_sent(struct fab_flow_link *link, uint64_t name)
{
    struct fab_flow_end *end = link->end;
    struct fab_flow_hold *hold = hold_of(end, name);

    if (hold && !is_let_go(hold)) {
        await(end, hold, HOLD_SENT);
        return;
    }
    if (!link->is_closed)
        link->link.sink->on_body_sent(link->link.core, &link->link, hold ? hold->name : name);
    if (hold)
        give(end, hold);
}

/* A body whose loan is about to end. */
static void
break_hold(struct fab_flow_end *end, struct fab_flow_hold *hold)
{
    struct fab_flow_link *link = hold->link;
    bool is_waiting = hold->state == HOLD_SENT;

    if (!is_waiting && is_let_go(hold)) {
        give(end, hold);
        return;
    }
    if (!link->is_closed)
        hold->name = link->link.sink->on_body_kept(link->link.core, &link->link, hold->name);
    if (is_waiting)
        hold->state = link->is_closed ? HOLD_LEFT : HOLD_BROKEN;
    else
        await(end, hold, link->is_closed ? HOLD_LEFT : HOLD_BROKEN);
}

void
fab_flow_holds_on_down(struct fab_flow_link *link)
{
    struct fab_flow_end *end = link->end;

    for (uint32_t i = 0; end->holds && i < FAB_FLOW_HOLDS; i++) {
        struct fab_flow_hold *hold = &end->holds[i];

        if (hold->link == link && (hold->state == HOLD_LENT || hold->state == HOLD_SENT))
            break_hold(end, hold);
        else if (hold->link == link && hold->state == HOLD_BROKEN && link->is_closed)
            hold->state = HOLD_LEFT;
    }
}

static void
let_go(struct fab_flow_end *end, struct fab_flow_hold *hold)
{
    struct fab_link *link = &hold->link->link;

    if (hold->link->is_closed)
        hold->state = HOLD_LEFT;
    if (hold->state == HOLD_SENT)
        link->sink->on_body_sent(link->core, link, hold->name);
    else if (hold->state == HOLD_BROKEN)
        link->sink->on_body_dropped(link->core, hold->name);
    give(end, hold);
}

void
fab_flow_holds_collect(struct fab_flow_end *end)
{
    struct fab_flow_hold **at = &end->hold_waiting;

    while (*at) {
        struct fab_flow_hold *hold = *at;

        if (!is_let_go(hold)) {
            at = &hold->next;
            continue;
        }
        *at = hold->next;
        let_go(end, hold);
    }
}
