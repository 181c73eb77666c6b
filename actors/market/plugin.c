/* SPDX-License-Identifier: BSD-3-Clause */
/* The market's actors for `mycelium run`. The reporter is not among them: it needs a program. */
#include <mycelium/plugin.h>

#include "classes.h"

static const struct myc_class *const classes[] = {
    &market_exchange_class, &market_feed_handler_class, &market_book_class,
    &market_strategy_class, &market_gateway_class,
};

MYC_PLUGIN_DEFINE(classes);
