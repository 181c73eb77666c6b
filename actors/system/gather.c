/* SPDX-License-Identifier: BSD-3-Clause */
/* One question to many (mycelium/gather.h), on the public API alone. */
#include <mycelium/gather.h>

#include <mycelium/messages.h>

static bool
is_done(const struct myc_gather *gather)
{
    return gather->answered >= gather->enough || gather->answered + gather->failed >= gather->count;
}

enum myc_status
myc_gather_start(struct myc_self *self, struct myc_gather *gather,
                 const struct myc_gather_options *options)
{
    struct myc_ask_options ask = options->ask;
    enum myc_status status = MYC_INVALID;

    *gather = (struct myc_gather){
        .asks = options->asks,
        .tag = options->ask.tag,
        .count = options->count,
        .enough = options->enough != 0 ? options->enough : options->count,
    };
    for (uint32_t i = 0; i < options->count; i++) {
        ask.tag = gather->tag + i;
        gather->asks[i] = 0;
        status = myc_ask(self, options->refs[i], options->type, options->body, options->body_size,
                         &ask, &gather->asks[i]);
        gather->failed += status != MYC_OK;
    }
    return gather->failed < gather->count ? MYC_OK : status;
}

void
myc_gather_cancel(struct myc_self *self, struct myc_gather *gather)
{
    for (uint32_t i = 0; i < gather->count; i++) {
        if (gather->asks[i] != 0)
            (void)myc_ask_cancel(self, gather->asks[i]);
        gather->asks[i] = 0;
    }
}

enum myc_gathered
myc_gather_on_message(struct myc_self *self, struct myc_gather *gather,
                      const struct myc_message *message)
{
    bool is_failure =
        message->kind == MYC_KIND_EVENT && myc_message_is(message, &myc_ask_failed_type);
    uint64_t index = message->tag - gather->tag;

    if ((message->kind != MYC_KIND_REPLY && !is_failure) || index >= gather->count ||
        gather->asks[index] == 0)
        return MYC_GATHER_NOT_MINE;
    gather->asks[index] = 0;
    gather->last_index = (uint32_t)index;
    gather->answered += !is_failure;
    gather->failed += is_failure;
    if (!is_done(gather))
        return MYC_GATHER_PART;
    myc_gather_cancel(self, gather);
    return MYC_GATHER_DONE;
}
