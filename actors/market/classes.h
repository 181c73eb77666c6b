/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The actors of the market demo. They find each other by name, so they may live on any lcores,
 * processes and hosts:
 *
 *     exchange ==frames over a port==> feed_handler --EVENTS--> book --TOPS--> strategy
 *         ^--- Credit ---------------------'                                    |  ^
 *                                                                       REACTIONS  ACKS
 *                                                                               v  |
 *     reporter <-- all                                                        gateway
 *
 * Arguments are text, "key=value" a line (arguments.h):
 *
 *     exchange      port ("feed"), source_ip, group_ip, udp_port, pcap (a path; else the
 *                   generator), speed ("max", or times as fast, 1 is the feed's own pace),
 *                   seed, messages, symbols
 *     feed_handler  port ("feed"), udp_port
 *     book          symbols, levels, orders (limits), keep_at_restart (yes or no)
 *     strategy      symbols
 *     gateway       none
 *     reporter      a pointer: see reporter.h
 */
#ifndef MARKET_CLASSES_H
#define MARKET_CLASSES_H

#include <mycelium/class.h>

extern const struct myc_class market_exchange_class;
extern const struct myc_class market_feed_handler_class;
extern const struct myc_class market_book_class;
extern const struct myc_class market_strategy_class;
extern const struct myc_class market_gateway_class;
extern const struct myc_class market_reporter_class;

#endif
