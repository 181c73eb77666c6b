/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Names of states, reasons and counters, for logs and tools.
 */
#include "base/compiler.h"
#include "proto/flow.h"

static const char *const state_names[] = { "IDLE", "CONNECTING", "UP", "CLOSED" };

static const char *const reason_names[] = {
    "CLOSED", "LEFT", "SILENT", "LOST", "RESET", "REPLACED", "RESTARTED",
};

static const char *const security_names[] = { "off", "auth", "encrypt" };

static const struct {
    const char *name;
    const char *text;
} counter_names[] = {
#define FAB_FLOW_COUNTER_NAME(name, text) { #name, text },
    FAB_FLOW_COUNTERS_TABLE(FAB_FLOW_COUNTER_NAME)
#undef FAB_FLOW_COUNTER_NAME
};

static_assert(FAB_COUNT_OF(state_names) == FAB_FLOW_CLOSED + 1, "every state has a name");
static_assert(FAB_COUNT_OF(security_names) == FAB_SECURITY_COUNT, "every security has a name");
static_assert(FAB_COUNT_OF(reason_names) == FAB_FLOW_REASON_COUNT, "every reason has a name");

const char *
fab_flow_state_name(enum fab_flow_state state)
{
    return (unsigned)state < FAB_COUNT_OF(state_names) ? state_names[state] : "UNKNOWN";
}

const char *
fab_flow_reason_name(enum fab_flow_reason reason)
{
    return (unsigned)reason < FAB_COUNT_OF(reason_names) ? reason_names[reason] : "UNKNOWN";
}

const char *
fab_security_name(unsigned security)
{
    return security < FAB_COUNT_OF(security_names) ? security_names[security] : "unknown";
}

const char *
fab_flow_counter_name(size_t index)
{
    return index < FAB_COUNT_OF(counter_names) ? counter_names[index].name : "unknown";
}

const char *
fab_flow_counter_text(size_t index)
{
    return index < FAB_COUNT_OF(counter_names) ? counter_names[index].text : "unknown";
}
