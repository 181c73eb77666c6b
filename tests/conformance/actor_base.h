/* SPDX-License-Identifier: BSD-3-Clause */
/* What the actors of the suite share: a plan as the head of their state, and reporting. */
#ifndef TESTS_CONFORMANCE_ACTOR_BASE_H
#define TESTS_CONFORMANCE_ACTOR_BASE_H

#include "conformance/conformance.h"

struct base {
    struct conf_plan plan;
};

#define CONF_SOURCES_MAX 8U

/* Checks that numbers of up to CONF_SOURCES_MAX sources come in order, each once. */
struct conf_sink {
    struct base base; /* count: numbers of each source; option: sources */
    uint64_t next[CONF_SOURCES_MAX];
    uint64_t complete;
};

enum myc_status conf_sink_receive(struct myc_self *self, void *state,
                                  const struct myc_message *message);

/* Copies the plan from the arguments of a spawn into the state, which begins with a struct base. */
enum myc_status conf_take_plan(void *state, const void *args, size_t args_size);

/* An init that does no more. */
enum myc_status conf_plain_init(struct myc_self *self, void *state, const void *args,
                                size_t args_size);

void conf_report_to(struct myc_self *self, const struct conf_plan *plan, enum conf_what what,
                    uint64_t value, enum myc_status status, struct myc_ref ref);

#define TAKES(types) .accepts = (types), .accepts_count = sizeof(types) / sizeof((types)[0])
#define CLASS(class_name, state_type) \
    .size = sizeof(struct myc_class), .name = (class_name), .state_size = sizeof(state_type)

/* Those of actors_policy.c. */
extern const struct myc_class conf_policy_classes[];
extern const size_t conf_policy_class_count;

/* Those of actors_group.c. */
extern const struct myc_class conf_group_classes[];
extern const size_t conf_group_class_count;

/* Those of actors_life.c. */
extern const struct myc_class conf_life_classes[];
extern const size_t conf_life_class_count;

/* Those of actors_large.c. */
extern const struct myc_class conf_large_classes[];
extern const size_t conf_large_class_count;

/* Those of actors_work.c. */
extern const struct myc_class conf_work_classes[];
extern const size_t conf_work_class_count;

/* Those of actors_tree.c. */
extern const struct myc_class conf_tree_classes[];
extern const size_t conf_tree_class_count;

#endif
