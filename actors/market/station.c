/* SPDX-License-Identifier: BSD-3-Clause */
#include "station.h"

enum myc_status
market_station_start(struct myc_self *self, const char *name, struct market_outlet *outlet)
{
    enum myc_status status = myc_register(self, name);

    if (status == MYC_OK)
        status = market_outlet_start(outlet, self);
    if (status == MYC_OK)
        status = market_journal_start(self);
    if (status == MYC_OK)
        status = myc_timer_start(self, MARKET_TICK_NS, MARKET_TICK_NS, MARKET_TAG_TICK, NULL);
    return status;
}
