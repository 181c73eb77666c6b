/* SPDX-License-Identifier: BSD-3-Clause */
/* A device's clock beside ours: times of frames from its ticks. */
#include "support/cmocka.h"

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

/* Reads both clocks; it takes so long. */
static void
look(struct device *device, uint64_t took_ns)
{
    struct fab_stamp_reading reading = { .before_ns = device->now_ns };

    reading.ticks = ticks_at(device, device->now_ns + took_ns / 2);
    reading.after_ns = device->now_ns += took_ns;
    fab_stamp_on_reading(&device->stamp, &reading);
}

static uint64_t
error_at(const struct device *device, uint64_t came_ns)
{
    uint64_t ns;

    assert_true(fab_stamp_to_ns(&device->stamp, ticks_at(device, came_ns), device->now_ns, &ns));
    return ns > came_ns ? ns - came_ns : came_ns - ns;
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
        cmocka_unit_test(test_a_reading_that_was_interrupted_is_left),
        cmocka_unit_test(test_a_clock_that_is_set_back_begins_anew),
        cmocka_unit_test(test_times_in_the_future_and_of_long_ago_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
