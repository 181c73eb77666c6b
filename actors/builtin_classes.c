/* SPDX-License-Identifier: BSD-3-Clause */
#include "builtin_classes.h"

#include "market/classes.h"
#include "tools/classes.h"

const struct myc_class *const myc_builtin_classes[] = {
    &market_book_class,    &market_exchange_class, &market_feed_handler_class,
    &market_gateway_class, &market_strategy_class, &tools_echo_class,
    &tools_sink_class,     &tools_load_class,      &tools_reflector_class,
};

const size_t myc_builtin_class_count = sizeof(myc_builtin_classes) / sizeof(myc_builtin_classes[0]);
