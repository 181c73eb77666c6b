/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/cmocka.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/key_file.h"

#define DIGITS "00112233445566778899AABBCCDDEEFFffeeddccbbaa99887766554433221100"

static char path[64];
static char error[256];

/* A file with this text and mode. */
static enum myc_status
read_back(const char *text, mode_t mode, uint8_t key[FAB_KEY_FILE_BYTES])
{
    int fd;

    snprintf(path, sizeof(path), "/tmp/key-file-XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
    return fab_key_file_read(path, key, error, sizeof(error));
}

static void
test_digits_of_either_case_and_an_end_of_line_are_a_key(void **state)
{
    static const char *const texts[] = { DIGITS, DIGITS "\n", DIGITS "\r\n" };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        uint8_t key[FAB_KEY_FILE_BYTES];

        assert_int_equal(read_back(texts[i], 0600, key), MYC_OK);
        unlink(path);
        assert_int_equal(key[1], 0x11);
        assert_int_equal(key[10], 0xaa);
        assert_int_equal(key[16], 0xff);
        assert_int_equal(key[31], 0x00);
    }
}

static void
test_a_file_that_others_may_read_is_refused(void **state)
{
    static const mode_t modes[] = { 0640, 0604, 0620, 0666, 0610 };

    (void)state;
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        uint8_t key[FAB_KEY_FILE_BYTES];

        assert_int_equal(read_back(DIGITS, modes[i], key), MYC_INVALID);
        unlink(path);
        assert_non_null(strstr(error, "chmod 600"));
    }
}

static void
test_what_is_no_key_is_refused_and_not_shown(void **state)
{
    static const char *const texts[] = { "",
                                         "\n",
                                         "0011",
                                         DIGITS "0",
                                         DIGITS " ",
                                         DIGITS "\n\n\n",
                                         "x" DIGITS,
                                         "zz112233445566778899aabbccddeeff"
                                         "00112233445566778899aabbccddeeff" };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        uint8_t key[FAB_KEY_FILE_BYTES];

        assert_int_equal(read_back(texts[i], 0600, key), MYC_INVALID);
        unlink(path);
        assert_non_null(strstr(error, "openssl rand -hex 32"));
        assert_null(strstr(error, "112233"));
    }
}

static void
test_what_is_not_a_file_is_refused(void **state)
{
    uint8_t key[FAB_KEY_FILE_BYTES];

    (void)state;
    assert_int_equal(fab_key_file_read("/nowhere/key", key, error, sizeof(error)), MYC_NOT_FOUND);
    assert_non_null(strstr(error, "/nowhere/key"));
    assert_int_equal(fab_key_file_read("/tmp", key, error, sizeof(error)), MYC_INVALID);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digits_of_either_case_and_an_end_of_line_are_a_key),
        cmocka_unit_test(test_a_file_that_others_may_read_is_refused),
        cmocka_unit_test(test_what_is_no_key_is_refused_and_not_shown),
        cmocka_unit_test(test_what_is_not_a_file_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
