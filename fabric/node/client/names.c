/* SPDX-License-Identifier: BSD-3-Clause */
/* Names, for programs that write no actors. */
#include <mycelium/client.h>

#include "node/client/client.h"

struct name_call {
    const char *name;
    struct myc_ref ref;
    enum myc_status status;
};

static void
run_register(struct myc_self *self, void *context)
{
    struct name_call *call = context;

    call->status = myc_register(self, call->name);
}

enum myc_status
myc_client_register(struct myc_node *node, const char *name)
{
    struct name_call call = { .name = name };
    enum myc_status status = myc_client_run(node, run_register, &call);

    return status == MYC_OK ? call.status : status;
}

static void
run_lookup(struct myc_self *self, void *context)
{
    struct name_call *call = context;

    call->status = myc_lookup(self, call->name, &call->ref);
}

enum myc_status
myc_client_find(struct myc_node *node, const char *name, uint64_t timeout_ns, struct myc_ref *ref)
{
    struct fab_client *client = fab_client_of(node);
    struct name_call call = { .name = name };
    uint64_t until_ns = fab_client_end_of(timeout_ns);
    unsigned idle_turns = 0;

    for (;;) {
        enum myc_status status = myc_client_run(node, run_lookup, &call);

        if (status != MYC_OK || call.status != MYC_NOT_FOUND) {
            if (call.status == MYC_OK)
                *ref = call.ref;
            return status == MYC_OK ? call.status : status;
        }
        if (!fab_client_wait(client, until_ns, &idle_turns))
            return MYC_TIMEOUT;
    }
}
