/* SPDX-License-Identifier: BSD-3-Clause */
#include "steady/counts.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/compiler.h"

static _Thread_local struct counts *counting; /* NULL: this thread does not count */
static _Thread_local bool is_filtered;

/* ---- memory ---------------------------------------------------------------------------------- */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OWN_MALLOC 0 /* the sanitizer's are in their place, and must stay */
#else
#define OWN_MALLOC 1

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *pointer, size_t size);
void *__libc_memalign(size_t align, size_t size);
void __libc_free(void *pointer);

static void
count_allocation(void)
{
    if (counting)
        counting->allocations++;
}

void *
malloc(size_t size)
{
    count_allocation();
    return __libc_malloc(size);
}

void *
calloc(size_t count, size_t size)
{
    count_allocation();
    return __libc_calloc(count, size);
}

void *
realloc(void *pointer, size_t size)
{
    count_allocation();
    return __libc_realloc(pointer, size);
}

void *
aligned_alloc(size_t align, size_t size)
{
    count_allocation();
    return __libc_memalign(align, size);
}

int
posix_memalign(void **pointer, size_t align, size_t size)
{
    count_allocation();
    *pointer = __libc_memalign(align, size);
    return *pointer ? 0 : ENOMEM;
}

void
free(void *pointer)
{
    if (counting && pointer)
        counting->frees++;
    __libc_free(pointer);
}
#endif

/* ---- system calls ---------------------------------------------------------------------------- */

#if defined(__x86_64__)

extern const char counts_syscall_end[]; /* where the kernel returns to */

/* The one system call that the filter lets through. */
static __attribute__((noinline)) long
pass_through(const greg_t *registers)
{
    register long r10 __asm__("r10") = registers[REG_R10];
    register long r8 __asm__("r8") = registers[REG_R8];
    register long r9 __asm__("r9") = registers[REG_R9];
    long result = registers[REG_RAX];

    __asm__ volatile("syscall\n"
                     ".globl counts_syscall_end\n"
                     "counts_syscall_end:"
                     : "+a"(result)
                     : "D"(registers[REG_RDI]), "S"(registers[REG_RSI]), "d"(registers[REG_RDX]),
                       "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

static void
on_syscall(int number, siginfo_t *info, void *context)
{
    ucontext_t *interrupted = context;

    (void)number;
    if (counting && (unsigned)info->si_syscall < COUNTS_SYSCALLS_MAX)
        counting->syscalls[info->si_syscall]++;
    interrupted->uc_mcontext.gregs[REG_RAX] = info->si_syscall;
    interrupted->uc_mcontext.gregs[REG_RAX] = pass_through(interrupted->uc_mcontext.gregs);
}

static bool
install_filter(void)
{
    uintptr_t end = (uintptr_t)counts_syscall_end;
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigreturn, 6, 0),
        /* A thread ends by these, with all signals blocked. */
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_madvise, 5, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit, 4, 0),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)end, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer) + 4),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(end >> 32), 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
    };
    const struct sock_fprog program = { FAB_COUNT_OF(filter), filter };

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

static void
trap(void)
{
    const struct sigaction action = { .sa_sigaction = on_syscall, .sa_flags = SA_SIGINFO };

    FAB_ASSERT(sigaction(SIGSYS, &action, NULL) == 0 && install_filter());
    is_filtered = true;
}

bool
counts_are_possible(const char **why)
{
    uint32_t action = SECCOMP_RET_TRAP;

    *why = "the kernel has no seccomp filters that trap";
    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

#else

static void
trap(void)
{
}

bool
counts_are_possible(const char **why)
{
    *why = "system calls are counted on x86-64 only";
    return false;
}

#endif

/* ---- from begin to end ------------------------------------------------------------------------
 */

static uint64_t
page_faults(void)
{
    struct rusage usage;

    FAB_ASSERT(getrusage(RUSAGE_THREAD, &usage) == 0);
    return (uint64_t)usage.ru_minflt + (uint64_t)usage.ru_majflt;
}

void
counts_begin(struct counts *counts)
{
    if (!is_filtered)
        trap();
    memset(counts, 0, sizeof(*counts)); /* touched, too */
    (void)page_faults();
    counts->faults = page_faults();
    counting = counts;
}

void
counts_end(void)
{
    struct counts *counts = counting;

    counting = NULL;
    counts->faults = page_faults() - counts->faults;
}
