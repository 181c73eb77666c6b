/* SPDX-License-Identifier: BSD-3-Clause */
#include "node/guard.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <ucontext.h>

#include "base/compiler.h"
#include "env/numa.h"

#define STACK_SIZE (64U << 10)

static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL };

static struct {
    pthread_mutex_t lock;
    unsigned users;                                 /* nodes; under the lock */
    struct sigaction before[FAB_COUNT_OF(signals)]; /* set while users > 0 */
} installed = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* Of the lcore that this thread is; NULL: it is none, or has no guard. */
static _Thread_local struct fab_guard *guard_here;

static uintptr_t
address_of(const ucontext_t *context)
{
#if defined(__x86_64__)
    return (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
    return (uintptr_t)context->uc_mcontext.pc;
#endif
}

static const struct sigaction *
action_before(int number)
{
    for (size_t i = 0; i < FAB_COUNT_OF(signals) - 1; i++)
        if (signals[i] == number)
            return &installed.before[i];
    return &installed.before[FAB_COUNT_OF(signals) - 1];
}

/* To whoever had the signal before us. By default it ends the process: the instruction raises it
 * once more, and a signal that somebody sent is sent again. */
static void
pass_on(int number, siginfo_t *info, void *context)
{
    const struct sigaction *before = action_before(number);

    if (before->sa_flags & SA_SIGINFO) {
        before->sa_sigaction(number, info, context);
    } else if (before->sa_handler != SIG_DFL && before->sa_handler != SIG_IGN) {
        before->sa_handler(number);
    } else {
        sigaction(number, before, NULL);
        if (info->si_code <= 0)
            raise(number);
    }
}

static void
on_fault(int number, siginfo_t *info, void *context)
{
    struct fab_guard *guard = guard_here;

    /* Above 0: the CPU has raised it, and nobody sent it. */
    if (guard && info->si_code > 0 && fab_guard_may_leave(guard, address_of(context)))
        siglongjmp(*guard->jump, 1);
    pass_on(number, info, context);
}

static bool
take_signals(void)
{
    struct sigaction action = { .sa_sigaction = on_fault,
                                .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };

    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < FAB_COUNT_OF(signals); i++)
        if (sigaction(signals[i], &action, &installed.before[i]) != 0)
            return false;
    return true;
}

static void
give_signals_back(void)
{
    struct sigaction now;

    for (size_t i = 0; i < FAB_COUNT_OF(signals); i++)
        if (sigaction(signals[i], NULL, &now) == 0 && now.sa_sigaction == on_fault)
            sigaction(signals[i], &installed.before[i], NULL);
}

enum myc_status
fab_guards_install(void)
{
    enum myc_status status = MYC_OK;

    pthread_mutex_lock(&installed.lock);
    if (installed.users == 0 && !take_signals())
        status = MYC_IO_ERROR;
    else
        installed.users++;
    pthread_mutex_unlock(&installed.lock);
    return status;
}

void
fab_guards_remove(void)
{
    pthread_mutex_lock(&installed.lock);
    if (--installed.users == 0)
        give_signals_back();
    pthread_mutex_unlock(&installed.lock);
}

enum myc_status
fab_guard_init(struct fab_lcore *lcore)
{
    lcore->guard_stack =
        fab_numa_pages("guard stack", STACK_SIZE, &(struct fab_numa_parts){ &lcore->socket, 1 });
    if (!lcore->guard_stack)
        return MYC_NO_MEMORY;
    fab_core_set_guard(lcore->core, &lcore->guard);
    return MYC_OK;
}

/* A stack of the program's own does as well as ours. */
static void
lend_stack(struct fab_lcore *lcore)
{
    const stack_t stack = { .ss_sp = lcore->guard_stack, .ss_size = STACK_SIZE };

    lcore->has_begun = true;
    if (sigaltstack(NULL, &lcore->stack_before) != 0 ||
        !(lcore->stack_before.ss_flags & SS_DISABLE))
        return;
    lcore->has_lent_stack = sigaltstack(&stack, NULL) == 0;
    lcore->stack_thread = pthread_self();
}

/* Whether our stack is no thread's any more. One that has it and still runs keeps it for ever. */
static bool
take_stack_back(struct fab_lcore *lcore)
{
    if (!lcore->has_lent_stack)
        return true;
    return pthread_equal(lcore->stack_thread, pthread_self()) &&
           sigaltstack(&lcore->stack_before, NULL) == 0;
}

void
fab_guard_fini(struct fab_lcore *lcore)
{
    if (lcore->guard_stack && take_stack_back(lcore))
        fab_numa_pages_free(lcore->guard_stack, STACK_SIZE);
    lcore->guard_stack = NULL;
}

void
fab_guard_begin(struct fab_lcore *lcore)
{
    if (!lcore->guard_stack)
        return;
    if (fab_unlikely(!lcore->has_begun))
        lend_stack(lcore);
    guard_here = &lcore->guard;
}

void
fab_guard_end(struct fab_lcore *lcore)
{
    if (lcore->guard_stack)
        guard_here = NULL;
}

void
fab_guard_enter(struct fab_lcore *lcore)
{
    const stack_t stack = { .ss_sp = lcore->guard_stack, .ss_size = STACK_SIZE };

    if (!lcore->guard_stack)
        return;
    sigaltstack(&stack, &lcore->stack_before);
    guard_here = &lcore->guard;
}

void
fab_guard_leave(struct fab_lcore *lcore)
{
    if (!lcore->guard_stack)
        return;
    guard_here = NULL;
    sigaltstack(&lcore->stack_before, NULL);
}
