/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A supervised pipeline: parse, enrich, publish.
 *
 *      jobs --> parse --> enrich --> publish --> the program's receiver
 *
 * Stages find the next one by name, so they are started from the last to the first. One that fails
 * is run again together with those that feed it (rest_for_one); refs and what waits in mailboxes
 * stay. A job that fails its stage is the poison that is dropped; the others go on.
 * The pipeline itself only starts the supervisor and is linked with it: when the stages fail too
 * often, it ends too, and whoever watches it knows.
 */
#include "examples.h"

#include <string.h>

#include <mycelium/name.h>

#include "examples_messages.h"

/* What a stage is told at its start. */
struct stage_args {
    const char *next; /* name of the next stage; NULL: the program's receiver is next */
    struct myc_ref out;
    int64_t add; /* what it does to the value */
};

struct stage {
    struct stage_args args;
};

static enum myc_status
stage_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    (void)self;
    if (args_size != sizeof(struct stage_args))
        return MYC_INVALID;
    memcpy(state, args, args_size);
    return MYC_OK;
}

static enum myc_status
stage_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct stage *stage = state;
    struct myc_ref next = stage->args.out;
    struct example_job job;

    if (!example_job_decode(message, &job))
        return MYC_OK;
    if (job.value < 0)
        return MYC_FAILED;
    if (stage->args.next != NULL && myc_lookup(self, stage->args.next, &next) != MYC_OK)
        return MYC_NOT_FOUND;
    job.value += stage->args.add;
    return example_job_send(self, next, &job);
}

static const struct myc_type *const stage_accepts[] = { &example_job_type };

static const struct myc_class stage_class = {
    .size = sizeof(stage_class),
    .name = "example_stage",
    .state_size = sizeof(struct stage),
    .accepts = stage_accepts,
    .accepts_count = 1,
    .init = stage_init,
    .receive = stage_receive,
};

/* --- the pipeline ----------------------------------------------------------------------------- */

#define STAGES 3U

static const char *const names[STAGES] = { EXAMPLE_PIPELINE_ENTRY, "example.enrich",
                                           "example.publish" };

/* The specs lie in its state: they must outlive the supervisor, which ends with it. */
struct pipeline {
    struct stage_args args[STAGES];
    struct myc_spawn_options options[STAGES];
    struct myc_child_spec stages[STAGES];
};

static void
fill(struct pipeline *pipeline, struct myc_ref out)
{
    /* Started from the last to the first, so that the next one is there already; so the one after
     * a stage in the pipeline stands before it in the list. */
    for (uint32_t i = 0; i < STAGES; i++) {
        uint32_t place = STAGES - 1 - i;

        pipeline->args[i] = (struct stage_args){
            .next = i + 1 < STAGES ? names[i + 1] : NULL,
            .out = out,
            .add = 10 * (int64_t)(i + 1),
        };
        pipeline->options[i] = (struct myc_spawn_options){
            .size = sizeof(pipeline->options[i]),
            .args = &pipeline->args[i],
            .args_size = sizeof(pipeline->args[i]),
            .name = names[i],
        };
        pipeline->stages[place] = (struct myc_child_spec){
            .size = sizeof(pipeline->stages[place]),
            .id = names[i],
            .class_of = &stage_class,
            .options = &pipeline->options[i],
        };
    }
}

static enum myc_status
pipeline_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct pipeline *pipeline = state;
    const struct myc_supervisor_spec spec = {
        .size = sizeof(spec),
        .strategy = MYC_REST_FOR_ONE,
        .intensity = 3,
        .period_ns = 1000000000,
        .children = pipeline->stages,
        .child_count = STAGES,
    };
    const struct myc_spawn_options options = {
        .size = sizeof(options),
        .args = &spec,
        .args_size = sizeof(spec),
        .is_linked = true,
    };
    struct myc_ref out, supervisor;

    if (args_size != sizeof(out))
        return MYC_INVALID;
    memcpy(&out, args, sizeof(out));
    fill(pipeline, out);
    return myc_spawn(self, &myc_supervisor_class, &options, &supervisor);
}

const struct myc_class example_pipeline_class = {
    .size = sizeof(struct myc_class),
    .name = "example_pipeline",
    .state_size = sizeof(struct pipeline),
    .init = pipeline_init,
};
