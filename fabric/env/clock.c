/* SPDX-License-Identifier: BSD-3-Clause */
#include "env/clock.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#define SHIFT         32       /* of the fixed-point factor */
#define MEASURE_NS    10000000 /* of the check that a source speaks of the TSC */
#define ROUND_TO_HZ   10000000ULL
#define MEASURE_TRIES 16U

static struct {
    uint64_t hz;
    uint64_t ns_per_tick; /* times 2^SHIFT */
    uint64_t id;
} clock_rate;

static inline uint64_t
read_ticks(void)
{
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
    uint64_t ticks;

    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
    return ticks;
#else
#error "no tick counter is known for this architecture"
#endif
}

#if defined(__x86_64__)
static uint64_t
hz_from_cpuid(void)
{
    unsigned denominator, numerator, crystal_hz, unused;

    if (!__get_cpuid(0x15, &denominator, &numerator, &crystal_hz, &unused))
        return 0;
    if (!denominator || !numerator || !crystal_hz)
        return 0;
    return (uint64_t)crystal_hz * numerator / denominator;
}

static uint64_t
hz_from_hypervisor(void)
{
    unsigned leaf_max, b, c, d, khz;

    __cpuid(1, leaf_max, b, c, d);
    if (!(c & (1U << 31)))
        return 0;
    __cpuid(0x40000000, leaf_max, b, c, d);
    if (leaf_max < 0x40000010)
        return 0;
    __cpuid(0x40000010, khz, b, c, d);
    return (uint64_t)khz * 1000;
}

/* "bogomips : 4192.04" is 2096.02 MHz. */
static uint64_t
hz_from_bogomips(void)
{
    FILE *file = fopen("/proc/cpuinfo", "r");
    uint64_t hz = 0;
    char line[256];

    while (file && hz == 0 && fgets(line, sizeof(line), file)) {
        const char *colon = strchr(line, ':');

        if (strncmp(line, "bogomips", 8) == 0 && colon)
            hz = (uint64_t)(strtod(colon + 1, NULL) * 500000.0 + 0.5);
    }
    if (file)
        fclose(file);
    return hz;
}
#else
static uint64_t
hz_from_cpuid(void)
{
    uint64_t hz;

    __asm__ volatile("mrs %0, cntfrq_el0" : "=r"(hz));
    return hz;
}

static uint64_t
hz_from_hypervisor(void)
{
    return 0;
}

static uint64_t
hz_from_bogomips(void)
{
    return 0;
}
#endif

static uint64_t
kernel_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC_RAW, &now);
    return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

/* Both clocks at one moment. */
struct moment {
    uint64_t ticks;
    uint64_t ns;
};

/* On a busy machine the thread may lose its CPU between two readings, for longer than is measured:
 * of some tries the closest counts. */
static struct moment
read_both(void)
{
    struct moment best = { 0, 0 };
    uint64_t best_ns = UINT64_MAX;

    for (unsigned i = 0; i < MEASURE_TRIES; i++) {
        uint64_t before_ns = kernel_ns();
        uint64_t ticks = read_ticks();
        uint64_t took_ns = kernel_ns() - before_ns;

        if (took_ns >= best_ns)
            continue;
        best_ns = took_ns;
        best = (struct moment){ ticks, before_ns + took_ns / 2 };
    }
    return best;
}

static uint64_t
measure_hz(void)
{
    static const struct timespec pause = { .tv_nsec = MEASURE_NS };
    struct moment start = read_both(), end;

    nanosleep(&pause, NULL);
    end = read_both();
    return (uint64_t)((unsigned __int128)(end.ticks - start.ticks) * 1000000000U /
                      (end.ns - start.ns));
}

/* A source that is far from what was measured does not speak of the TSC. */
static uint64_t
plausible(uint64_t hz, uint64_t measured_hz)
{
    uint64_t difference = hz > measured_hz ? hz - measured_hz : measured_hz - hz;

    return difference < measured_hz / 50 ? hz : 0;
}

/* FNV-1a over the kernel's random number of this boot, which virtual machines do not share. */
static uint64_t
make_id(uint64_t hz)
{
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "r");
    uint64_t id = 0xcbf29ce484222325ULL ^ hz;
    unsigned count = 0;
    int byte;

    while (file && (byte = fgetc(file)) > ' ') {
        id = (id ^ (uint64_t)byte) * 0x100000001b3ULL;
        count++;
    }
    if (file)
        fclose(file);
    return count >= 32 ? id : 0;
}

static void
init_once(void)
{
    uint64_t measured_hz = measure_hz();
    uint64_t hz = plausible(hz_from_cpuid(), measured_hz);

    if (!hz)
        hz = plausible(hz_from_hypervisor(), measured_hz);
    if (!hz)
        hz = plausible(hz_from_bogomips(), measured_hz);
    if (!hz)
        hz = (measured_hz + ROUND_TO_HZ / 2) / ROUND_TO_HZ * ROUND_TO_HZ;
    clock_rate.hz = hz;
    clock_rate.id = make_id(hz);
    clock_rate.ns_per_tick = (uint64_t)(((unsigned __int128)1000000000 << SHIFT) / hz);
}

void
fab_clock_init(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, init_once);
}

uint64_t
fab_clock_hz(void)
{
    return clock_rate.hz;
}

uint64_t
fab_clock_id(void)
{
    return clock_rate.id;
}

uint64_t
fab_clock_ns(void)
{
    return (uint64_t)(((unsigned __int128)read_ticks() * clock_rate.ns_per_tick) >> SHIFT);
}
