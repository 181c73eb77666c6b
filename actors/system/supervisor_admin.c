/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests at run time. Each is answered at once, but a termination when the child has ended. */
#include "supervisor.h"

#include <string.h>

/* Bytes of a ChildList with so many entries; entries are 50 bytes each. */
#define LIST_SIZE_MAX 1024U

static void
answer(struct myc_self *self, const struct myc_message *message, enum myc_status status,
       const struct supervisor_child *child)
{
    struct myc_child_reply reply = { .status = status, .stage = MYC_CHILD_STAGE_STOPPED };

    if (child != NULL) {
        reply.ref = child->ref;
        reply.stage = (enum myc_child_stage)child->stage;
    }
    if (message->kind == MYC_KIND_ASK)
        (void)myc_child_reply_reply(self, myc_message_request(message), &reply);
}

static const struct myc_class *
class_called(const struct supervisor *supervisor, const char *name)
{
    for (uint32_t i = 0; i < supervisor->spec.class_count; i++)
        if (strcmp(supervisor->spec.classes[i]->name, name) == 0)
            return supervisor->spec.classes[i];
    return NULL;
}

/* The spec that a request makes; its strings point into `start`. */
static enum myc_status
spec_of(const struct supervisor *supervisor, const struct myc_start_child *start,
        struct myc_child_spec *spec)
{
    struct myc_supervisor_spec one = supervisor->spec;

    *spec = (struct myc_child_spec){
        .size = sizeof(*spec),
        .id = start->id,
        .class_of = class_called(supervisor, start->class_name),
        .restart = start->restart,
        .shutdown_ns = start->shutdown_ns,
        .flags = start->flags,
    };
    if (start->class_name[0] != '\0' && spec->class_of == NULL)
        return MYC_NOT_FOUND;
    if (supervisor->spec.strategy == MYC_DYNAMIC) {
        *spec = supervisor->dynamic_spec;
        return MYC_OK;
    }
    one.children = spec;
    one.child_count = 1;
    return myc_supervisor_check(&one, 1);
}

/* What StartChild brings goes with the child. */
static enum myc_status
take_own(struct supervisor_child *child, const struct myc_start_child *start,
         const struct myc_sbe_bytes *args)
{
    if (args->size > sizeof(child->args))
        return MYC_TOO_BIG;
    if (args->size > 0) {
        memcpy(child->args, args->at, args->size);
        child->options.args_size = args->size;
        child->has_own_args = true;
    }
    if (start->mailbox_max != 0)
        child->options.mailbox_max = start->mailbox_max;
    if (start->name[0] != '\0') {
        memcpy(child->name, start->name, sizeof(child->name) - 1);
        child->has_own_name = true;
    }
    return MYC_OK;
}

static void
start_new(struct myc_self *self, struct supervisor *supervisor, const struct myc_message *message,
          const struct myc_start_child *start)
{
    const struct myc_start_child_view view = myc_start_child_view_of(message);
    const struct myc_sbe_bytes args = myc_start_child_get_args(&view);
    struct supervisor_child *child;
    struct myc_child_spec spec;
    enum myc_status status = spec_of(supervisor, start, &spec);

    if (status != MYC_OK) {
        answer(self, message, status, NULL);
        return;
    }
    child = supervisor_add(supervisor, &spec);
    if (child == NULL) {
        answer(self, message, MYC_NO_MEMORY, NULL);
        return;
    }
    status = take_own(child, start, &args);
    if (status == MYC_OK)
        status = supervisor_start(self, supervisor, child);
    answer(self, message, status, child);
    if (status != MYC_OK &&
        (status != MYC_IGNORED || child->restart == MYC_RESTART_POLICY_TEMPORARY ||
         supervisor->spec.strategy == MYC_DYNAMIC))
        supervisor_remove(supervisor, child);
}

static void
on_start_child(struct myc_self *self, struct supervisor *supervisor,
               const struct myc_message *message)
{
    struct supervisor_child *child = NULL;
    struct myc_start_child start;

    if (!myc_start_child_decode(message, &start)) {
        answer(self, message, MYC_INVALID, NULL);
        return;
    }
    start.id[sizeof(start.id) - 1] = '\0';
    start.class_name[sizeof(start.class_name) - 1] = '\0';
    if (supervisor->spec.strategy != MYC_DYNAMIC)
        child = supervisor_find_id(supervisor, start.id);
    if (child != NULL)
        answer(self, message, MYC_EXISTS, child);
    else if (supervisor->operation != SUPERVISOR_IDLE)
        answer(self, message, MYC_BAD_STATE, NULL);
    else
        start_new(self, supervisor, message, &start);
}

/* Whether the child is one of those whose restart goes on now. */
static bool
is_being_restarted(const struct supervisor *supervisor, const struct supervisor_child *child)
{
    return supervisor->operation == SUPERVISOR_RESTART &&
           child >= &supervisor->children[supervisor->from];
}

/* A child that does not run: it stays stopped, or goes if it is temporary. */
static void
terminate_stopped(struct myc_self *self, struct supervisor *supervisor,
                  const struct myc_message *message, struct supervisor_child *child)
{
    /* Within a group's restart it is not started with the others. */
    child->is_skipped = is_being_restarted(supervisor, child);
    supervisor_cancel_timer(self, child);
    supervisor_let_go(self, child);
    child->stage = MYC_CHILD_STAGE_STOPPED;
    answer(self, message, MYC_OK, child);
    if (child->restart == MYC_RESTART_POLICY_TEMPORARY || supervisor->spec.strategy == MYC_DYNAMIC)
        supervisor_remove(supervisor, child);
}

static void
on_terminate_child(struct myc_self *self, struct supervisor *supervisor,
                   const struct myc_message *message)
{
    struct myc_terminate_child terminate = { .id = "" };
    struct supervisor_child *child;

    (void)!myc_terminate_child_decode(message, &terminate);
    terminate.id[sizeof(terminate.id) - 1] = '\0';
    if (terminate.id[0] == '\0')
        child = supervisor_find_named(supervisor, terminate.ref);
    else if (supervisor->spec.strategy == MYC_DYNAMIC)
        child = NULL;
    else
        child = supervisor_find_id(supervisor, terminate.id);
    if (child == NULL) {
        answer(self, message, MYC_NOT_FOUND, NULL);
        return;
    }
    if (child->stage != MYC_CHILD_STAGE_RUNNING && child->stage != MYC_CHILD_STAGE_STOPPING) {
        terminate_stopped(self, supervisor, message, child);
        return;
    }
    if (child->waiting.ask != 0) {
        answer(self, message, MYC_BAD_STATE, child);
        return;
    }
    child->is_skipped = is_being_restarted(supervisor, child);
    if (message->kind == MYC_KIND_ASK)
        child->waiting = myc_message_request(message);
    if (child->stage == MYC_CHILD_STAGE_RUNNING)
        supervisor_stop(self, child);
}

/* The child that an id names, if it is stopped. NULL: answered. */
static struct supervisor_child *
stopped_child(struct myc_self *self, struct supervisor *supervisor,
              const struct myc_message *message, const char *id)
{
    struct supervisor_child *child =
        supervisor->spec.strategy == MYC_DYNAMIC ? NULL : supervisor_find_id(supervisor, id);

    if (child != NULL && child->stage == MYC_CHILD_STAGE_STOPPED &&
        supervisor->operation == SUPERVISOR_IDLE)
        return child;
    if (child != NULL && child->stage == MYC_CHILD_STAGE_RUNNING)
        answer(self, message, MYC_EXISTS, child);
    else
        answer(self, message, child == NULL ? MYC_NOT_FOUND : MYC_BAD_STATE, child);
    return NULL;
}

static void
on_restart_child(struct myc_self *self, struct supervisor *supervisor,
                 const struct myc_message *message)
{
    struct myc_restart_child restart = { .id = "" };
    struct supervisor_child *child;
    enum myc_status status;

    (void)!myc_restart_child_decode(message, &restart);
    restart.id[sizeof(restart.id) - 1] = '\0';
    child = stopped_child(self, supervisor, message, restart.id);
    if (child == NULL)
        return;
    status = supervisor_start(self, supervisor, child);
    answer(self, message, status, child);
}

static void
on_delete_child(struct myc_self *self, struct supervisor *supervisor,
                const struct myc_message *message)
{
    struct myc_delete_child delete_child = { .id = "" };
    struct supervisor_child *child;

    (void)!myc_delete_child_decode(message, &delete_child);
    delete_child.id[sizeof(delete_child.id) - 1] = '\0';
    child = stopped_child(self, supervisor, message, delete_child.id);
    if (child == NULL)
        return;
    answer(self, message, MYC_OK, child);
    supervisor_remove(supervisor, child);
}

static void
on_count_children(struct myc_self *self, const struct supervisor *supervisor,
                  const struct myc_message *message)
{
    struct myc_child_counts counts = { .specs = supervisor->child_count };

    for (uint32_t i = 0; i < supervisor->child_count; i++) {
        const struct supervisor_child *child = &supervisor->children[i];

        counts.active +=
            child->stage == MYC_CHILD_STAGE_RUNNING || child->stage == MYC_CHILD_STAGE_STOPPING;
        counts.supervisors += child->flags & MYC_CHILD_IS_SUPERVISOR ? 1 : 0;
    }
    counts.workers = counts.specs - counts.supervisors;
    if (message->kind == MYC_KIND_ASK)
        (void)myc_child_counts_reply(self, myc_message_request(message), &counts);
}

static void
append_entry(struct myc_sbe_writer *writer, const struct supervisor_child *child)
{
    void *entry = myc_child_list_children_append(writer);

    if (entry == NULL)
        return;
    myc_child_list_children_set_ref(entry, child->ref);
    myc_child_list_children_set_stage(entry, (enum myc_child_stage)child->stage);
    myc_child_list_children_set_is_supervisor(entry,
                                              child->flags & MYC_CHILD_IS_SUPERVISOR ? 1 : 0);
    myc_child_list_children_set_id(entry, child->id);
}

static void
on_which_children(struct myc_self *self, const struct supervisor *supervisor,
                  const struct myc_message *message)
{
    const uint32_t entries_max =
        (LIST_SIZE_MAX - MYC_CHILD_LIST_SIZE) / MYC_CHILD_LIST_CHILDREN_BLOCK_LENGTH;
    struct myc_which_children which = { 0 };
    uint8_t body[LIST_SIZE_MAX];
    struct myc_sbe_writer writer;
    uint32_t count;
    void *root;

    (void)!myc_which_children_decode(message, &which);
    if (which.first > supervisor->child_count)
        which.first = supervisor->child_count;
    count = supervisor->child_count - which.first;
    count = count < entries_max ? count : entries_max;
    root = myc_child_list_build(&writer, body, sizeof(body));
    myc_child_list_set_total(root, supervisor->child_count);
    myc_child_list_children_start(&writer, (uint16_t)count);
    for (uint32_t i = 0; i < count; i++)
        append_entry(&writer, &supervisor->children[which.first + i]);
    if (message->kind == MYC_KIND_ASK &&
        myc_reply(self, myc_message_request(message), &myc_child_list_type, body,
                  myc_sbe_written(&writer)) == MYC_TOO_BIG)
        (void)myc_reply_failure(self, myc_message_request(message), MYC_TOO_BIG);
}

void
supervisor_on_request(struct myc_self *self, struct supervisor *supervisor,
                      const struct myc_message *message)
{
    switch (myc_message_key(message)) {
    case MYC_START_CHILD_KEY:
        on_start_child(self, supervisor, message);
        break;
    case MYC_TERMINATE_CHILD_KEY:
        on_terminate_child(self, supervisor, message);
        break;
    case MYC_RESTART_CHILD_KEY:
        on_restart_child(self, supervisor, message);
        break;
    case MYC_DELETE_CHILD_KEY:
        on_delete_child(self, supervisor, message);
        break;
    case MYC_COUNT_CHILDREN_KEY:
        on_count_children(self, supervisor, message);
        break;
    default:
        on_which_children(self, supervisor, message);
        break;
    }
}
