/* SPDX-License-Identifier: BSD-3-Clause */
/* A device's clock beside ours: times of frames from its ticks. */
#include "support/cmocka.h"

#include "base/prng.h"
#include "env/stamp.h"

#define US 1000ULL
#define MS 1000000ULL
#define S  1000000000ULL

/* A device of `hz` whose clock was at `first` when ours was at 0. */
struct device {
    struct fab_stamp stamp;
    uint64_t hz;
    uint64_t first;
    uint64_t now_ns;
};

static uint64_t
ticks_at(const struct device *device, uint64_t ns)
{
    return device->first + (uint64_t)((unsigned __int128)ns * device->hz / S);
}

/* Reads both clocks; it takes so long, and the device's is read so long after it has begun. */
static void
look_at(struct device *device, uint64_t took_ns, uint64_t read_ns)
{
    struct fab_stamp_reading reading = { .before_ns = device->now_ns };

    reading.ticks = ticks_at(device, device->now_ns + read_ns);
    reading.after_ns = device->now_ns += took_ns;
    fab_stamp_on_reading(&device->stamp, &reading);
}

static void
look(struct device *device, uint64_t took_ns)
{
    look_at(device, took_ns, took_ns / 2);
}

/* By how much it is wrong, which is no more than it says. */
static uint64_t
error_at(const struct device *device, uint64_t came_ns)
{
    uint64_t ns, off_ns;

    assert_true(fab_stamp_to_ns(&device->stamp, ticks_at(device, came_ns), device->now_ns, &ns));
    off_ns = ns > came_ns ? ns - came_ns : came_ns - ns;
    assert_true(off_ns <= fab_stamp_error_ns(&device->stamp, ns));
    return off_ns;
}

static void
test_nothing_is_known_from_one_reading(void **state)
{
    struct device device = { .hz = 78125000, .first = 42, .now_ns = 5 * S };
    uint64_t ns;

    (void)state;
    assert_false(fab_stamp_to_ns(&device.stamp, 42, device.now_ns, &ns));
    look(&device, 200);
    look(&device, 200); /* too soon after it to say how fast the clock is */
    assert_false(
        fab_stamp_to_ns(&device.stamp, ticks_at(&device, device.now_ns), device.now_ns, &ns));
}

static void
test_times_are_right_at_any_frequency(void **state)
{
    static const uint64_t hz[] = { 1000000, 78125000, 1000000000, 2096069000 };

    (void)state;
    for (size_t i = 0; i < sizeof(hz) / sizeof(hz[0]); i++) {
        struct device device = { .hz = hz[i], .first = UINT64_MAX / 3, .now_ns = 5 * S };

        for (unsigned round = 0; round < 300; round++) {
            look(&device, 200);
            device.now_ns += 100 * MS;
            if (round > 20)
                assert_true(error_at(&device, device.now_ns - 3 * US) <= 3 * S / hz[i] + 60);
        }
    }
}

/* Readings that take long, and read the device anywhere in that time: the error that is said holds,
 * and is not much more than they took. */
static void
test_the_error_that_is_said_holds_wherever_a_device_was_read(void **state)
{
    struct fab_prng prng;

    (void)state;
    fab_prng_init(&prng, 1);
    for (unsigned seed = 0; seed < 50; seed++) {
        struct device device = { .hz = 1000000 + fab_prng_below(&prng, 2 * S), .now_ns = 5 * S };

        for (unsigned round = 0; round < 200; round++) {
            uint64_t took_ns = 300 + fab_prng_below(&prng, 900);
            uint64_t late_ns;

            look_at(&device, took_ns, fab_prng_below(&prng, took_ns + 1));
            device.now_ns += 20 * MS + fab_prng_below(&prng, 100 * MS);
            if (round == 0)
                continue;
            late_ns = 5 * US + fab_prng_below(&prng, 200 * MS);
            error_at(&device, device.now_ns - late_ns);
            if (round > 100)
                assert_true(fab_stamp_error_ns(&device.stamp, device.now_ns) <=
                            2 * US + 3 * S / device.hz);
        }
    }
}

static void
test_a_reading_that_was_interrupted_is_left(void **state)
{
    struct device device = { .hz = 1000000000, .now_ns = 5 * S };

    (void)state;
    look(&device, 200);
    device.now_ns += 100 * MS;
    look(&device, 200);
    device.now_ns += 100 * MS;
    device.first += 3 * MS; /* read long after the moment that is taken for it */
    look(&device, 6 * MS);
    device.first -= 3 * MS;
    assert_true(error_at(&device, device.now_ns - 1 * US) <= 500);
}

static void
test_a_clock_that_is_set_back_begins_anew(void **state)
{
    struct device device = { .hz = 1000000000, .first = 900 * S, .now_ns = 5 * S };
    uint64_t ns;

    (void)state;
    look(&device, 200);
    device.now_ns += 20 * MS;
    look(&device, 200);
    device.first = 1 * S;
    device.now_ns += 20 * MS;
    look(&device, 200);
    assert_false(
        fab_stamp_to_ns(&device.stamp, ticks_at(&device, device.now_ns), device.now_ns, &ns));
    device.now_ns += 20 * MS;
    look(&device, 200);
    assert_true(error_at(&device, device.now_ns - 1 * US) <= 300);
}

/* What was not stamped by this clock, or after the frame was read, is no time of arrival. */
static void
test_times_in_the_future_and_of_long_ago_are_refused(void **state)
{
    struct device device = { .hz = 1000000000, .now_ns = 5 * S };
    uint64_t ns;

    (void)state;
    look(&device, 200);
    device.now_ns += 20 * MS;
    look(&device, 200);
    assert_false(fab_stamp_to_ns(&device.stamp, ticks_at(&device, device.now_ns + 10 * US),
                                 device.now_ns, &ns));
    assert_false(fab_stamp_to_ns(&device.stamp, 0, device.now_ns, &ns));
    assert_true(error_at(&device, device.now_ns - 900 * MS) <= 10 * US);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_known_from_one_reading),
        cmocka_unit_test(test_times_are_right_at_any_frequency),
        cmocka_unit_test(test_the_error_that_is_said_holds_wherever_a_device_was_read),
        cmocka_unit_test(test_a_reading_that_was_interrupted_is_left),
        cmocka_unit_test(test_a_clock_that_is_set_back_begins_anew),
        cmocka_unit_test(test_times_in_the_future_and_of_long_ago_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
