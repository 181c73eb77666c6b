/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The host: runs actors for remote children, each under a lease (mycelium/lease.h).
 *
 *      FREE --HostStart--> ASKING --first grant--> RUNNING --ended--> FREE
 *                             '--refused, late, remote child gone--> FREE
 *
 * A lease counts from when it was asked for, on our clock, less the drift: the grant came after
 * that.
 */
#include <mycelium/lease.h>

#include <string.h>

#include <mycelium/messages.h>

#define RENEWALS 3U /* in one lease */

enum stage {
    STAGE_FREE = 0,
    STAGE_ASKING,
    STAGE_RUNNING,
};

struct guest {
    uint8_t stage;  /* enum stage */
    bool is_asking; /* a renewal is on its way */
    uint32_t serial;
    struct myc_ref parent; /* the remote child */
    uint64_t monitor;      /* of it */
    uint64_t token;
    uint64_t lease_ns;
    uint64_t asked_ns;
    uint64_t until_ns;
    const struct myc_leased_class *class_of;
    struct myc_request start; /* to answer when it runs */
    struct myc_ref child;
    uint32_t args_size;
    uint8_t args[sizeof(uint64_t) + MYC_LEASED_ARGS_MAX]; /* until when, then its own */
};

struct host {
    struct myc_host_spec spec;
    uint32_t last_serial;
    struct guest guests[MYC_HOST_CHILDREN_MAX];
};

/* Tags say which guest, and which of its lives in the place. */
static uint64_t
tag_of(const struct host *host, const struct guest *guest)
{
    return (uint64_t)(guest - host->guests) << 32 | guest->serial;
}

static struct guest *
guest_of(struct host *host, uint64_t tag)
{
    struct guest *guest = &host->guests[(tag >> 32) % MYC_HOST_CHILDREN_MAX];

    return guest->stage != STAGE_FREE && guest->serial == (uint32_t)tag ? guest : NULL;
}

static void
forget(struct myc_self *self, struct guest *guest)
{
    (void)myc_demonitor(self, guest->monitor);
    guest->stage = STAGE_FREE;
}

static void
refuse(struct myc_self *self, struct guest *guest, enum myc_status status)
{
    (void)myc_reply_failure(self, guest->start, status);
    forget(self, guest);
}

/* Its lease cannot be had (any more). */
static void
end(struct myc_self *self, struct guest *guest, enum myc_status status)
{
    if (guest->stage == STAGE_ASKING)
        refuse(self, guest, status);
    else
        (void)myc_kill(self, guest->child);
}

static void
renew(struct myc_self *self, const struct host *host, struct guest *guest)
{
    const struct myc_lease_renew renewal = { .token = guest->token };
    const struct myc_ask_options options = {
        .size = sizeof(options),
        .timeout_ns = guest->lease_ns,
        .tag = tag_of(host, guest),
    };

    if (guest->is_asking)
        return;
    guest->asked_ns = myc_clock_ns(self);
    guest->is_asking = myc_lease_renew_ask(self, guest->parent, &renewal, &options, NULL) == MYC_OK;
}

static void
start(struct myc_self *self, const struct host *host, struct guest *guest)
{
    const struct myc_spawn_options options = {
        .size = sizeof(options),
        .args = guest->args,
        .args_size = guest->args_size,
        .is_supervised = true,
    };
    struct myc_host_reply reply = { .status = MYC_OK };
    enum myc_status status;

    memcpy(guest->args, &guest->until_ns, sizeof(guest->until_ns));
    status = myc_spawn(self, &guest->class_of->wrapper, &options, &guest->child);
    if (status == MYC_OK)
        status = myc_timer_start(self, guest->lease_ns / RENEWALS, guest->lease_ns / RENEWALS,
                                 tag_of(host, guest), NULL);
    if (status != MYC_OK) {
        refuse(self, guest, status);
        return;
    }
    guest->stage = STAGE_RUNNING;
    reply.ref = guest->child;
    (void)myc_host_reply_reply(self, guest->start, &reply);
}

static void
on_grant(struct myc_self *self, struct host *host, struct guest *guest)
{
    uint64_t drift_ns = guest->lease_ns / 1000000U * host->spec.drift_ppm + 1;

    guest->is_asking = false;
    guest->until_ns = guest->asked_ns + guest->lease_ns - drift_ns;
    if (myc_clock_ns(self) >= guest->until_ns)
        end(self, guest, MYC_TIMEOUT);
    else if (guest->stage == STAGE_ASKING)
        start(self, host, guest);
    else
        (void)myc_lease_set(self, guest->child, guest->until_ns);
}

/* Time to renew; or it has run out. */
static void
on_timer(struct myc_self *self, struct host *host, const struct myc_message *message)
{
    struct guest *guest = guest_of(host, message->tag);
    struct myc_timer_fired fired;

    if (guest == NULL) {
        if (myc_timer_fired_decode(message, &fired))
            (void)myc_timer_cancel(self, fired.timer);
        return;
    }
    if (myc_clock_ns(self) >= guest->until_ns)
        end(self, guest, MYC_TIMEOUT);
    else
        renew(self, host, guest);
}

static const struct myc_leased_class *
class_called(const struct host *host, const char *name)
{
    for (uint32_t i = 0; i < host->spec.class_count; i++)
        if (strcmp(host->spec.classes[i].base->name, name) == 0)
            return &host->spec.classes[i];
    return NULL;
}

static struct guest *
free_place(struct host *host)
{
    for (uint32_t i = 0; i < MYC_HOST_CHILDREN_MAX; i++)
        if (host->guests[i].stage == STAGE_FREE)
            return &host->guests[i];
    return NULL;
}

static enum myc_status
take(struct myc_self *self, struct host *host, const struct myc_message *message)
{
    const struct myc_host_start_view view = myc_host_start_view_of(message);
    const struct myc_sbe_bytes args = myc_host_start_get_args(&view);
    const struct myc_leased_class *class_of;
    struct guest *guest = free_place(host);
    struct myc_host_start wish;

    if (!myc_host_start_decode(message, &wish) || wish.lease_ns < 1000000U ||
        args.size > MYC_LEASED_ARGS_MAX)
        return MYC_INVALID;
    wish.class_name[sizeof(wish.class_name) - 1] = '\0';
    class_of = class_called(host, wish.class_name);
    if (class_of == NULL)
        return MYC_NOT_FOUND;
    if (guest == NULL)
        return MYC_NO_MEMORY;
    *guest = (struct guest){
        .serial = ++host->last_serial,
        .parent = message->from,
        .token = wish.token,
        .lease_ns = wish.lease_ns,
        .class_of = class_of,
        .start = myc_message_request(message),
        .args_size = (uint32_t)sizeof(uint64_t) + args.size,
    };
    if (args.size > 0)
        memcpy(guest->args + sizeof(uint64_t), args.at, args.size);
    if (myc_monitor(self, guest->parent, &guest->monitor) != MYC_OK)
        return MYC_NO_MEMORY;
    guest->stage = STAGE_ASKING;
    renew(self, host, guest);
    if (!guest->is_asking)
        forget(self, guest);
    return guest->is_asking ? MYC_OK : MYC_UNREACHABLE;
}

static void
on_ask_failed(struct myc_self *self, struct host *host, uint64_t tag, enum myc_status status)
{
    struct guest *guest = guest_of(host, tag);

    if (guest == NULL)
        return;
    guest->is_asking = false;
    /* One that runs is asked for again while its lease lasts, unless it is not wanted any more. */
    if (guest->stage == STAGE_ASKING || status == MYC_REFUSED)
        end(self, guest, status);
}

/* A remote child that has ended wants nobody any more. One that is out of reach may: its lease says
 * how long. */
static void
on_down(struct myc_self *self, struct host *host, const struct myc_down *down)
{
    for (uint32_t i = 0; i < MYC_HOST_CHILDREN_MAX; i++)
        if (host->guests[i].stage != STAGE_FREE && host->guests[i].monitor == down->monitor &&
            (host->guests[i].stage == STAGE_ASKING || down->reason != MYC_NO_CONNECTION))
            end(self, &host->guests[i], down->reason);
}

static void
on_child_exited(struct myc_self *self, struct host *host, struct myc_ref child)
{
    (void)!myc_release(self, child);
    for (uint32_t i = 0; i < MYC_HOST_CHILDREN_MAX; i++)
        if (host->guests[i].stage == STAGE_RUNNING &&
            myc_ref_is_equal(host->guests[i].child, child))
            forget(self, &host->guests[i]);
}

static enum myc_status
receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct host *host = state;
    struct myc_child_exited exited;
    struct myc_ask_failed failed;
    struct myc_timer_fired fired;
    struct myc_down down;
    enum myc_status status;

    if (message->kind == MYC_KIND_ASK) {
        status = take(self, host, message);
        if (status != MYC_OK)
            (void)myc_reply_failure(self, myc_message_request(message), status);
    } else if (message->kind == MYC_KIND_REPLY) {
        struct guest *guest = guest_of(host, message->tag);

        if (guest != NULL && guest->is_asking)
            on_grant(self, host, guest);
    } else if (myc_timer_fired_decode(message, &fired)) {
        on_timer(self, host, message);
    } else if (myc_ask_failed_decode(message, &failed)) {
        on_ask_failed(self, host, message->tag, failed.status);
    } else if (myc_down_decode(message, &down)) {
        on_down(self, host, &down);
    } else if (myc_child_exited_decode(message, &exited)) {
        on_child_exited(self, host, exited.ref);
    }
    return MYC_OK;
}

static enum myc_status
init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct host *host = state;

    if (args_size != sizeof(host->spec))
        return MYC_INVALID;
    memcpy(&host->spec, args, sizeof(host->spec));
    if (host->spec.drift_ppm == 0)
        host->spec.drift_ppm = MYC_LEASE_DRIFT_PPM;
    return myc_join(self, host->spec.group);
}

static const struct myc_type *const accepts[] = { &myc_host_start_type };

const struct myc_class myc_host_class = {
    .size = sizeof(struct myc_class),
    .name = "host",
    .state_size = sizeof(struct host),
    .accepts = accepts,
    .accepts_count = 1,
    .init = init,
    .receive = receive,
};
