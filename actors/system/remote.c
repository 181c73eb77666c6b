/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The remote child: stands in a supervisor for an actor on another node (mycelium/lease.h).
 *
 *      RESTING --one lease, more the drift--> SEEKING --HostStart--> ASKED --runs--> RUNNING
 *         ^                                                            |
 *         '------------------refused, late, in doubt-------------------'
 *
 * It grants leases to the start it has asked for last, known by its token, and to no other. In
 * RESTING it grants none: what was granted before runs out, whoever granted it.
 */
#include <mycelium/lease.h>

#include <string.h>

#include <mycelium/messages.h>

#define HOSTS_MAX 32U

enum stage {
    STAGE_RESTING = 0,
    STAGE_SEEKING,
    STAGE_ASKED,
    STAGE_RUNNING,
};

struct remote {
    struct myc_remote_spec spec;
    uint8_t stage;
    uint64_t token; /* of the start asked for last */
    struct myc_ref host;
    struct myc_ref child;
    uint64_t monitor;
};

static enum myc_status
rest(struct myc_self *self, struct remote *remote)
{
    uint64_t drift_ns = remote->spec.lease_ns / 1000000U * remote->spec.drift_ppm + 1;

    remote->stage = STAGE_RESTING;
    remote->token = 0;
    return myc_timer_start(self, remote->spec.lease_ns + 2 * drift_ns, 0, 0, NULL);
}

static enum myc_status
ask_host(struct myc_self *self, struct remote *remote)
{
    uint8_t body[MYC_HOST_START_SIZE + 2 + MYC_LEASED_ARGS_MAX];
    const struct myc_ask_options options = {
        .size = sizeof(options),
        .timeout_ns = remote->spec.lease_ns,
    };
    struct myc_host_start wish = { .lease_ns = remote->spec.lease_ns };
    struct myc_sbe_writer writer;

    do
        remote->token = myc_random(self);
    while (remote->token == 0);
    wish.token = remote->token;
    strncpy(wish.class_name, remote->spec.class_name, sizeof(wish.class_name) - 1);
    myc_host_start_encode(&wish, myc_host_start_build(&writer, body, sizeof(body)));
    myc_host_start_append_args(&writer, remote->spec.args, (uint16_t)remote->spec.args_size);
    return myc_ask(self, remote->host, &myc_host_start_type, body, myc_sbe_written(&writer),
                   &options, NULL);
}

/* Asks one of the hosts, or waits for there to be one. */
static enum myc_status
seek(struct myc_self *self, struct remote *remote)
{
    struct myc_ref hosts[HOSTS_MAX];
    uint32_t count = myc_members(self, remote->spec.group, hosts, HOSTS_MAX);

    remote->stage = STAGE_SEEKING;
    count = count < HOSTS_MAX ? count : HOSTS_MAX;
    if (count == 0)
        return MYC_OK;
    remote->host = hosts[myc_random(self) % count];
    if (ask_host(self, remote) == MYC_OK) {
        remote->stage = STAGE_ASKED;
        return MYC_OK;
    }
    return rest(self, remote);
}

static enum myc_status
on_renew(struct myc_self *self, const struct remote *remote, const struct myc_message *message)
{
    const struct myc_lease_grant grant = { .lease_ns = remote->spec.lease_ns };
    const struct myc_request request = myc_message_request(message);
    struct myc_lease_renew renewal;

    if (!myc_lease_renew_decode(message, &renewal) || renewal.token != remote->token ||
        remote->token == 0)
        (void)myc_reply_failure(self, request, MYC_REFUSED);
    else
        (void)myc_lease_grant_reply(self, request, &grant);
    return MYC_OK;
}

static enum myc_status
on_started(struct myc_self *self, struct remote *remote, const struct myc_message *message)
{
    struct myc_host_reply reply;

    if (remote->stage != STAGE_ASKED || !myc_host_reply_decode(message, &reply))
        return MYC_OK;
    remote->child = reply.ref;
    remote->stage = STAGE_RUNNING;
    return myc_monitor(self, remote->child, &remote->monitor);
}

/* The actor has ended, or its node is lost: our end is for the supervisor to judge. From here on
 * nothing is granted. */
static enum myc_status
on_down(struct myc_self *self, struct remote *remote, enum myc_status reason)
{
    remote->stage = STAGE_RESTING;
    remote->token = 0;
    if (reason == MYC_NORMAL || reason == MYC_SHUTDOWN)
        return myc_stop(self, myc_self_ref(self), reason);
    return reason;
}

static enum myc_status
receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct remote *remote = state;
    struct myc_down down;

    switch (myc_message_key(message)) {
    case MYC_LEASE_RENEW_KEY:
        return message->kind == MYC_KIND_ASK ? on_renew(self, remote, message) : MYC_OK;
    case MYC_HOST_REPLY_KEY:
        return on_started(self, remote, message);
    case MYC_TIMER_FIRED_KEY:
        return remote->stage == STAGE_RESTING ? seek(self, remote) : MYC_OK;
    case MYC_GROUP_CHANGED_KEY:
        return remote->stage == STAGE_SEEKING ? seek(self, remote) : MYC_OK;
    case MYC_ASK_FAILED_KEY:
        /* It may have begun all the same. */
        return remote->stage == STAGE_ASKED ? rest(self, remote) : MYC_OK;
    case MYC_DOWN_KEY:
        return myc_down_decode(message, &down) ? on_down(self, remote, down.reason) : MYC_OK;
    default:
        return MYC_OK;
    }
}

static enum myc_status
init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct remote *remote = state;
    enum myc_status status;

    if (args_size != sizeof(remote->spec))
        return MYC_INVALID;
    memcpy(&remote->spec, args, sizeof(remote->spec));
    if (remote->spec.args_size > MYC_LEASED_ARGS_MAX || remote->spec.lease_ns < 1000000U)
        return MYC_INVALID;
    if (remote->spec.drift_ppm == 0)
        remote->spec.drift_ppm = MYC_LEASE_DRIFT_PPM;
    status = myc_watch_group(self, remote->spec.group, 0);
    return status == MYC_OK ? rest(self, remote) : status;
}

static void
stop(struct myc_self *self, void *state, enum myc_status reason)
{
    const struct remote *remote = state;

    (void)reason;
    if (remote->stage == STAGE_RUNNING)
        (void)myc_stop(self, remote->child, MYC_SHUTDOWN);
}

static const struct myc_type *const accepts[] = { &myc_lease_renew_type };

const struct myc_class myc_remote_class = {
    .size = sizeof(struct myc_class),
    .name = "remote",
    .state_size = sizeof(struct remote),
    .accepts = accepts,
    .accepts_count = 1,
    .init = init,
    .receive = receive,
    .stop = stop,
};
