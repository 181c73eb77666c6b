/* SPDX-License-Identifier: BSD-3-Clause */
#define ALLOW_EXPERIMENTAL_API /* rte_eth_dev_conf_get */
#include "port_watch.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_flow.h>

static _Atomic bool is_watching;
static _Atomic unsigned forbidden;

static void
count(const char *what)
{
    if (!atomic_load(&is_watching))
        return;
    atomic_fetch_add(&forbidden, 1);
    fprintf(stderr, "the guest calls %s\n", what);
}

/* Counts a call and makes it. */
#define WATCHED(name, parameters, ...)                                      \
    int name parameters                                                     \
    {                                                                       \
        int(*real) parameters = (int(*) parameters)dlsym(RTLD_NEXT, #name); \
        count(#name);                                                       \
        return real(__VA_ARGS__);                                           \
    }

static void (*on_configure)(struct rte_eth_conf *conf);

void
watch_on_configure(void (*call)(struct rte_eth_conf *conf))
{
    on_configure = call;
}

int
rte_eth_dev_configure(uint16_t port, uint16_t rx, uint16_t tx, const struct rte_eth_conf *conf)
{
    int (*real)(uint16_t, uint16_t, uint16_t, const struct rte_eth_conf *) =
        (int (*)(uint16_t, uint16_t, uint16_t, const struct rte_eth_conf *))dlsym(RTLD_NEXT,
                                                                                  __func__);
    struct rte_eth_conf changed = *conf;

    count(__func__);
    if (on_configure)
        on_configure(&changed);
    return real(port, rx, tx, &changed);
}

WATCHED(rte_eth_dev_start, (uint16_t port), port)
WATCHED(rte_eth_dev_stop, (uint16_t port), port)
WATCHED(rte_eth_dev_reset, (uint16_t port), port)
WATCHED(rte_eth_dev_close, (uint16_t port), port)
WATCHED(rte_eth_dev_set_mtu, (uint16_t port, uint16_t mtu), port, mtu)
WATCHED(rte_eth_dev_set_link_up, (uint16_t port), port)
WATCHED(rte_eth_dev_set_link_down, (uint16_t port), port)
WATCHED(rte_eth_dev_default_mac_addr_set, (uint16_t port, struct rte_ether_addr *mac), port, mac)
WATCHED(rte_eth_dev_mac_addr_add, (uint16_t port, struct rte_ether_addr *mac, uint32_t pool), port,
        mac, pool)
WATCHED(rte_eth_dev_set_mc_addr_list, (uint16_t port, struct rte_ether_addr *set, uint32_t size),
        port, set, size)
WATCHED(rte_eth_dev_set_vlan_offload, (uint16_t port, int mask), port, mask)
WATCHED(rte_eth_promiscuous_enable, (uint16_t port), port)
WATCHED(rte_eth_promiscuous_disable, (uint16_t port), port)
WATCHED(rte_eth_allmulticast_enable, (uint16_t port), port)
WATCHED(rte_eth_allmulticast_disable, (uint16_t port), port)
WATCHED(rte_eth_stats_reset, (uint16_t port), port)
WATCHED(rte_eth_dev_rss_hash_update, (uint16_t port, struct rte_eth_rss_conf *conf), port, conf)
WATCHED(rte_eth_dev_rss_reta_update,
        (uint16_t port, struct rte_eth_rss_reta_entry64 *reta, uint16_t size), port, reta, size)
WATCHED(rte_eth_dev_rx_queue_start, (uint16_t port, uint16_t queue), port, queue)
WATCHED(rte_eth_dev_rx_queue_stop, (uint16_t port, uint16_t queue), port, queue)
WATCHED(rte_eth_dev_tx_queue_start, (uint16_t port, uint16_t queue), port, queue)
WATCHED(rte_eth_dev_tx_queue_stop, (uint16_t port, uint16_t queue), port, queue)
WATCHED(rte_eth_rx_queue_setup,
        (uint16_t port, uint16_t queue, uint16_t count_of, unsigned socket,
         const struct rte_eth_rxconf *conf, struct rte_mempool *pool),
        port, queue, count_of, socket, conf, pool)
WATCHED(rte_eth_tx_queue_setup,
        (uint16_t port, uint16_t queue, uint16_t count_of, unsigned socket,
         const struct rte_eth_txconf *conf),
        port, queue, count_of, socket, conf)
WATCHED(rte_flow_isolate, (uint16_t port, int set, struct rte_flow_error *error), port, set, error)

static bool strips_vlan;

void
watch_strip_vlan(bool strips)
{
    strips_vlan = strips;
}

int
rte_eth_dev_get_vlan_offload(uint16_t port)
{
    int (*real)(uint16_t) = (int (*)(uint16_t))dlsym(RTLD_NEXT, __func__);

    return real(port) | (strips_vlan ? RTE_ETH_VLAN_STRIP_OFFLOAD : 0);
}

/* --- rules ------------------------------------------------------------------------------------ */

struct rte_flow {
    uint32_t address; /* as in the frame; 0: any */
    uint16_t udp_port;
    uint16_t queue;
    bool is_there;
};

static struct rte_flow rules[WATCH_RULES_MAX];
static _Atomic unsigned added, removed;
static void (*on_remove)(void);
static unsigned room = WATCH_RULES_MAX;
static bool knows_none;

/* What the stub understands: IPv4 and UDP by target, to a queue. False: something else. */
static bool
read_rule(const struct rte_flow_item *item, const struct rte_flow_action *action,
          struct rte_flow *rule)
{
    *rule = (struct rte_flow){ .is_there = true };
    for (; item->type != RTE_FLOW_ITEM_TYPE_END; item++) {
        const struct rte_flow_item_ipv4 *v4 = item->spec, *v4_mask = item->mask;
        const struct rte_flow_item_udp *udp = item->spec, *udp_mask = item->mask;

        if (item->type == RTE_FLOW_ITEM_TYPE_IPV4)
            rule->address = v4->hdr.dst_addr & v4_mask->hdr.dst_addr;
        else if (item->type == RTE_FLOW_ITEM_TYPE_UDP)
            rule->udp_port = udp->hdr.dst_port & udp_mask->hdr.dst_port;
        else if (item->type != RTE_FLOW_ITEM_TYPE_ETH || item->spec)
            return false;
    }
    if (action->type != RTE_FLOW_ACTION_TYPE_QUEUE || action[1].type != RTE_FLOW_ACTION_TYPE_END)
        return false;
    rule->queue = ((const struct rte_flow_action_queue *)action->conf)->index;
    return rule->udp_port != 0;
}

int
rte_flow_validate(uint16_t port, const struct rte_flow_attr *attr,
                  const struct rte_flow_item pattern[], const struct rte_flow_action actions[],
                  struct rte_flow_error *error)
{
    struct rte_flow rule;

    (void)port;
    if (knows_none)
        return rte_flow_error_set(error, ENOSYS, RTE_FLOW_ERROR_TYPE_UNSPECIFIED, NULL, "no rules");
    if (!attr->ingress || !read_rule(pattern, actions, &rule))
        return rte_flow_error_set(error, ENOTSUP, RTE_FLOW_ERROR_TYPE_ITEM, NULL,
                                  "the stub cannot match that");
    return 0;
}

struct rte_flow *
rte_flow_create(uint16_t port, const struct rte_flow_attr *attr,
                const struct rte_flow_item pattern[], const struct rte_flow_action actions[],
                struct rte_flow_error *error)
{
    struct rte_flow rule;

    if (rte_flow_validate(port, attr, pattern, actions, error) != 0 ||
        !read_rule(pattern, actions, &rule))
        return NULL;
    for (unsigned i = 0; i < WATCH_RULES_MAX && room > 0; i++)
        if (!rules[i].is_there) {
            rules[i] = rule;
            room--;
            atomic_fetch_add(&added, 1);
            return &rules[i];
        }
    rte_flow_error_set(error, ENOSPC, RTE_FLOW_ERROR_TYPE_UNSPECIFIED, NULL, "the table is full");
    return NULL;
}

int
rte_flow_destroy(uint16_t port, struct rte_flow *flow, struct rte_flow_error *error)
{
    (void)port;
    if (flow < rules || flow >= rules + WATCH_RULES_MAX || !flow->is_there)
        return rte_flow_error_set(error, EINVAL, RTE_FLOW_ERROR_TYPE_HANDLE, flow, "no such rule");
    if (on_remove)
        on_remove();
    flow->is_there = false;
    room++;
    atomic_fetch_add(&removed, 1);
    return 0;
}

int
rte_flow_flush(uint16_t port, struct rte_flow_error *error)
{
    (void)port, (void)error;
    count("rte_flow_flush");
    memset(rules, 0, sizeof(rules));
    return 0;
}

unsigned
watch_rules(void)
{
    unsigned there = 0;

    for (unsigned i = 0; i < WATCH_RULES_MAX; i++)
        there += rules[i].is_there;
    return there;
}

unsigned
watch_added(void)
{
    return atomic_load(&added);
}

unsigned
watch_removed(void)
{
    return atomic_load(&removed);
}

void
watch_give_room(unsigned more)
{
    room = more;
}

void
watch_know_rules(bool knows)
{
    knows_none = !knows;
}

void
watch_on_remove(void (*call)(void))
{
    on_remove = call;
}

bool
watch_steers(uint32_t address, uint16_t udp_port, uint16_t *queue)
{
    for (unsigned i = 0; i < WATCH_RULES_MAX; i++)
        if (rules[i].is_there && rules[i].address == address && rules[i].udp_port == udp_port) {
            *queue = rules[i].queue;
            return true;
        }
    return false;
}

/* --- state ------------------------------------------------------------------------------------ */

void
watch_begin(void)
{
    atomic_store(&forbidden, 0);
    atomic_store(&added, 0);
    atomic_store(&removed, 0);
    atomic_store(&is_watching, true);
}

void
watch_end(void)
{
    atomic_store(&is_watching, false);
}

unsigned
watch_forbidden(void)
{
    return atomic_load(&forbidden);
}

void
watch_read(uint16_t port, struct watch_state *state)
{
    struct rte_eth_dev_info info = { 0 };
    struct rte_eth_link link = { 0 };

    memset(state, 0, sizeof(*state));
    if (rte_eth_dev_info_get(port, &info) != 0 || rte_eth_macaddr_get(port, &state->mac) != 0 ||
        rte_eth_dev_conf_get(port, &state->conf) != 0 || rte_eth_link_get_nowait(port, &link) != 0)
        abort();
    state->conf.rx_adv_conf.rss_conf.rss_key = NULL;
    state->link_speed = link.link_speed;
    state->link_status = link.link_status;
    state->rx_queues = info.nb_rx_queues;
    state->tx_queues = info.nb_tx_queues;
    if (rte_eth_dev_get_mtu(port, &state->mtu) != 0)
        state->mtu = 0;
    state->promiscuous = rte_eth_promiscuous_get(port);
    state->allmulticast = rte_eth_allmulticast_get(port);
    state->vlan_offload = rte_eth_dev_get_vlan_offload(port);
    state->rss.rss_key = state->rss_key;
    state->rss.rss_key_len = sizeof(state->rss_key);
    state->rss_result = rte_eth_dev_rss_hash_conf_get(port, &state->rss);
    state->rss.rss_key = NULL;
    for (unsigned i = 0; i < WATCH_RETA_MAX; i++)
        state->reta[i].mask = UINT64_MAX;
    state->reta_result =
        info.reta_size && info.reta_size <= WATCH_RETA_MAX * RTE_ETH_RETA_GROUP_SIZE
            ? rte_eth_dev_rss_reta_query(port, state->reta, info.reta_size)
            : -ENOTSUP;
    state->rules = watch_rules();
}

/* 1 if a field differs, which is said. */
#define DIFFERS(field)                                                    \
    (memcmp(&before->field, &after->field, sizeof(before->field)) != 0 && \
     fprintf(stderr, "the port's %s differs\n", #field) > 0)

bool
watch_is_same(const struct watch_state *before, const struct watch_state *after)
{
    unsigned differences = DIFFERS(mac) + DIFFERS(conf) + DIFFERS(rss) + DIFFERS(reta);

    differences += DIFFERS(rss_key) + DIFFERS(link_speed) + DIFFERS(mtu) + DIFFERS(rx_queues);
    differences += DIFFERS(tx_queues) + DIFFERS(link_status) + DIFFERS(promiscuous);
    differences += DIFFERS(allmulticast) + DIFFERS(vlan_offload) + DIFFERS(rss_result);
    return differences + DIFFERS(reta_result) + DIFFERS(rules) == 0;
}
