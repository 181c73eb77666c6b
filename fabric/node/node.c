/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The public functions that full nodes and clients share.
 */
#include "node/node.h"

#include <string.h>

#include "base/assert.h"
#include "base/log.h"

void
myc_node_stop(struct myc_node **node)
{
    if (!*node)
        return;
    (*node)->ops->stop(*node);
    *node = NULL;
}

enum myc_status
myc_node_spawn(struct myc_node *node, uint8_t lcore, const struct myc_class *class_of,
               const struct myc_spawn_options *options, struct myc_ref *ref)
{
    return node->ops->spawn(node, lcore, class_of, options, ref);
}

unsigned
myc_node_poll(struct myc_node *node, unsigned budget)
{
    FAB_ASSERT(node->ops->poll);
    return node->ops->poll(node, budget);
}

uint64_t
myc_node_home(const struct myc_node *node)
{
    return node->home;
}

void
myc_node_counter_each(const struct myc_node *node,
                      void (*each)(void *context, const char *name, const char *text,
                                   uint64_t value),
                      void *context)
{
    node->ops->counter_each(node, each, context);
}

struct counter_search {
    const char *name;
    uint64_t value;
    bool is_found;
};

static void
search_counter(void *context, const char *name, const char *text, uint64_t value)
{
    struct counter_search *search = context;

    (void)text;
    if (strcmp(name, search->name) != 0)
        return;
    search->value = value;
    search->is_found = true;
}

enum myc_status
myc_node_counter(const struct myc_node *node, const char *name, uint64_t *value)
{
    struct counter_search search = { .name = name };

    node->ops->counter_each(node, search_counter, &search);
    if (!search.is_found)
        return MYC_NOT_FOUND;
    *value = search.value;
    return MYC_OK;
}

void
myc_log_set_sink(void (*sink)(void *context, int level, const char *line), void *context)
{
    fab_log_set_sink(sink, context);
}

void
myc_log_set_level(enum myc_log_level level)
{
    fab_log_set_level((enum fab_log_level)level);
}
