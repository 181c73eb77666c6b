/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the actors of the demo have in common: a name, a journal, a tick, and one hop that they
 * feed.
 */
#ifndef MARKET_STATION_H
#define MARKET_STATION_H

#include "outlet.h"

/* Registers `name`, begins to look for the outlet's consumer and for the reporter, and starts the
 * tick. */
enum myc_status market_station_start(struct myc_self *self, const char *name,
                                     struct market_outlet *outlet);

#endif
