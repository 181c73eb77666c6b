/* SPDX-License-Identifier: BSD-3-Clause */
/* What a driver of flows has seen; see flow_driver.h. */
#include <stdio.h>
#include <string.h>

#include "support/flow_driver.h"

uint64_t
driver_received(const struct driver *driver)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < driver->link_count; i++)
        sum += driver->links[i].received;
    return sum;
}

uint64_t
driver_misplaced(const struct driver *driver)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < driver->link_count; i++)
        sum += driver->links[i].misplaced + driver->links[i].torn;
    return sum;
}

unsigned
driver_up_count(const struct driver *driver)
{
    unsigned count = 0;

    for (unsigned i = 0; i < driver->link_count; i++)
        count += driver->links[i].link->is_up;
    return count;
}

bool
driver_is_drained(const struct driver *driver)
{
    for (uint8_t i = 0; i < driver->lcore_count; i++) {
        if (!fab_flow_port_is_drained(driver->flow, i))
            return false;
    }
    return true;
}

struct wanted {
    const char *name;
    uint64_t value;
};

static void
find(void *context, const char *name, const char *text, uint64_t value)
{
    struct wanted *wanted = context;

    (void)text;
    if (strcmp(name, wanted->name) == 0)
        wanted->value = value;
}

static uint64_t
counter_of(const struct fab_flow_port *flow, const char *name)
{
    struct wanted wanted = { name, UINT64_MAX };

    fab_flow_port_counter_each(flow, find, &wanted);
    return wanted.value;
}

uint64_t
driver_counter(const struct driver *driver, const char *name)
{
    return counter_of(driver->flow, name);
}

uint64_t
driver_counter_b(const struct driver *driver, const char *name)
{
    return counter_of(driver->flow_b, name);
}

static void
print(void *context, const char *name, const char *text, uint64_t value)
{
    (void)context;
    (void)text;
    if (value)
        fprintf(stderr, " %s=%llu", name, (unsigned long long)value);
}

void
driver_print_counters(const struct driver *driver)
{
    fprintf(stderr, "counters:");
    fab_flow_port_counter_each(driver->flow, print, NULL);
    fprintf(stderr, "\n");
}
