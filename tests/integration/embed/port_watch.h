/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Watches what a guest does to a port that is not his.
 *
 * The program that links this calls ethdev through it: what a guest must never call is counted
 * while one is watched, and done all the same; rte_flow is a stub that keeps the rules of a port
 * that has none, so that they can be looked at and acted on (watch_steers). What the stub does not
 * prove is that a card takes such rules, and steers by them.
 */
#ifndef TESTS_INTEGRATION_EMBED_PORT_WATCH_H
#define TESTS_INTEGRATION_EMBED_PORT_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ethdev.h>

#define WATCH_RULES_MAX 16U
#define WATCH_RETA_MAX  8U /* groups of 64 entries */

/* What a port is, as far as a program can find out; the results of calls it does not know, too. */
struct watch_state {
    struct rte_ether_addr mac;
    struct rte_eth_conf conf;
    struct rte_eth_rss_conf rss;
    struct rte_eth_rss_reta_entry64 reta[WATCH_RETA_MAX];
    uint8_t rss_key[64];
    uint32_t link_speed;
    uint16_t mtu, rx_queues, tx_queues, link_status;
    int promiscuous, allmulticast, vlan_offload, rss_result, reta_result;
    uint32_t rules;
};

/* Context: the thread that looks after the port. */
void watch_read(uint16_t port, struct watch_state *state);

/* Says on stderr what differs. */
bool watch_is_same(const struct watch_state *before, const struct watch_state *after);

/* Counts from now on, or no more. */
void watch_begin(void);
void watch_end(void);

/* Calls that change a port, made since watch_begin. */
unsigned watch_forbidden(void);

/* Rules in the card, added and removed since watch_begin; after `room` more there is none. */
unsigned watch_rules(void);
unsigned watch_added(void);
unsigned watch_removed(void);
void watch_give_room(unsigned room);

/* Whether the ports know rules at all. */
void watch_know_rules(bool knows);

/* Has the port say that it strips VLAN tags. */
void watch_strip_vlan(bool strips);

/* Called with what a port is to be configured with, to change it; NULL: nothing is. */
void watch_on_configure(void (*call)(struct rte_eth_conf *conf));

/* Called when a rule is removed, just before; NULL: nothing is. */
void watch_on_remove(void (*call)(void));

/* Whether a rule steers UDP over IPv4 for this address and port (as in the frame) to a queue. */
bool watch_steers(uint32_t address, uint16_t udp_port, uint16_t *queue);

#endif
