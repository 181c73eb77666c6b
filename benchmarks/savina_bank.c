/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Savina's banking: a teller has transfers under way between accounts. An account that sends money
 * waits until the other has it; transfers that come meanwhile are kept for later, and money for it
 * is taken at once, so that two accounts that send to each other do not wait for ever.
 */
#include "savina.h"

#define BURST 64U /* what the teller tries to send in one poll turn at the end */

struct teller {
    struct savina_worker base; /* done: transfers */
    uint64_t started;
    uint64_t told; /* accounts that know that it is over */
    uint64_t poller;
    struct myc_ref peers[SAVINA_ACCOUNTS];
};

static enum myc_status
start_transfer(struct myc_self *self, struct teller *teller)
{
    uint64_t *random = &teller->base.random;
    uint64_t from = savina_random(random) % SAVINA_ACCOUNTS;
    uint64_t to = (from + 1 + savina_random(random) % (SAVINA_ACCOUNTS - 1)) % SAVINA_ACCOUNTS;
    const struct savina_transfer transfer = {
        .amount = (int64_t)(savina_random(random) % 100),
        .other = teller->peers[to],
    };

    teller->started++;
    return savina_transfer_send(self, teller->peers[from], &transfer);
}

static enum myc_status
teller_start(struct myc_self *self, void *state)
{
    struct teller *teller = state;
    enum myc_status status = MYC_OK;

    while (status == MYC_OK && teller->started < SAVINA_WINDOW &&
           teller->started < teller->base.each)
        status = start_transfer(self, teller);
    return status;
}

static unsigned
teller_poll(struct myc_self *self, void *state)
{
    struct teller *teller = state;
    unsigned sent = 0;

    while (sent < BURST && teller->told < SAVINA_ACCOUNTS &&
           savina_over_send(self, teller->peers[teller->told], &(struct savina_over){ 0 }) ==
               MYC_OK) {
        teller->told++;
        sent++;
    }
    if (teller->told == SAVINA_ACCOUNTS)
        (void)myc_poller_stop(self, teller->poller);
    return sent;
}

static enum myc_status
teller_handle(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct teller *teller = state;

    if (!myc_message_is(message, &savina_debited_type))
        return MYC_OK;
    if (++teller->base.done == teller->base.each)
        return myc_poller_start(self, teller_poll, 0, &teller->poller);
    return teller->started < teller->base.each ? start_transfer(self, teller) : MYC_OK;
}

struct account {
    struct savina_worker base;
    int64_t paid; /* less than what came: the balance above SAVINA_BALANCE, or below */
    bool is_waiting;
    uint32_t head, count; /* of `later` */
    struct savina_transfer later[SAVINA_WINDOW];
    struct myc_ref peers[1]; /* the teller */
};

static enum myc_status
pay(struct myc_self *self, struct account *account, const struct savina_transfer *transfer)
{
    account->paid -= transfer->amount;
    account->is_waiting = true;
    return savina_debit_send(self, transfer->other,
                             &(struct savina_debit){ .amount = transfer->amount });
}

static enum myc_status
on_transfer(struct myc_self *self, struct account *account, const struct savina_transfer *transfer)
{
    if (!account->is_waiting)
        return pay(self, account, transfer);
    if (account->count == SAVINA_WINDOW)
        return MYC_FULL; /* the teller has no more under way */
    account->later[(account->head + account->count++) % SAVINA_WINDOW] = *transfer;
    return MYC_OK;
}

static enum myc_status
on_debited(struct myc_self *self, struct account *account)
{
    enum myc_status status =
        savina_debited_send(self, account->peers[0], &(struct savina_debited){ 0 });

    account->is_waiting = false;
    if (status != MYC_OK || account->count == 0)
        return status;
    account->count--;
    return pay(self, account, &account->later[account->head++ % SAVINA_WINDOW]);
}

static enum myc_status
account_handle(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct account *account = state;
    struct savina_transfer transfer;
    struct savina_debit debit;

    switch (myc_message_key(message)) {
    case SAVINA_TRANSFER_KEY:
        return savina_transfer_decode(message, &transfer) ? on_transfer(self, account, &transfer)
                                                          : MYC_INVALID;
    case SAVINA_DEBIT_KEY:
        if (!savina_debit_decode(message, &debit))
            return MYC_INVALID;
        account->paid += debit.amount;
        return savina_debited_send(self, message->from, &(struct savina_debited){ 0 });
    case SAVINA_DEBITED_KEY:
        return on_debited(self, account);
    case SAVINA_OVER_KEY:
        return savina_done(self, &account->base, SAVINA_BALANCE + account->paid);
    default:
        return MYC_OK;
    }
}

static const struct myc_type *const teller_accepts[] = SAVINA_ACCEPTS(&savina_debited_type);
static const struct myc_type *const account_accepts[] = SAVINA_ACCEPTS(
    &savina_transfer_type, &savina_debit_type, &savina_debited_type, &savina_over_type);

const struct savina_role savina_roles_bank[] = {
    { SAVINA_CLASS("savina_teller", struct teller, teller_accepts),
      .peers_offset = offsetof(struct teller, peers), .peers_max = SAVINA_ACCOUNTS,
      .start = teller_start, .handle = teller_handle },
    { SAVINA_CLASS("savina_account", struct account, account_accepts),
      .peers_offset = offsetof(struct account, peers), .peers_max = 1, .handle = account_handle },
};
