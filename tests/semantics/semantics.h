/* SPDX-License-Identifier: BSD-3-Clause */
/* What the semantic tests share: a bench that fails through cmocka. */
#ifndef TESTS_SEMANTICS_SEMANTICS_H
#define TESTS_SEMANTICS_SEMANTICS_H

#include "support/cmocka.h"

#include <mycelium/messages.h>
#include <mycelium/test.h>

#include "conformance_messages.h"

#define MS 1000000ULL
#define S  1000000000ULL

static inline void
semantics_on_failure(void *context, const char *text)
{
    (void)context;
    fail_msg("%s", text);
}

static inline struct myc_test *
semantics_bench(struct myc_test_options options)
{
    options.size = sizeof(options);
    options.on_failure = semantics_on_failure;
    return myc_test_create(&options);
}

/* A number to somebody in the probe's name. */
static inline enum myc_status
semantics_send(struct myc_test_probe *probe, struct myc_ref to, uint64_t value)
{
    uint8_t body[CONF_NUMBER_SIZE];

    conf_number_encode(&(struct conf_number){ .value = value }, body);
    return myc_test_send(probe, to, &conf_number_type, body, sizeof(body));
}

/* The value of the number that the probe gets next. */
static inline uint64_t
semantics_expect_number(struct myc_test_probe *probe)
{
    struct conf_number number = { .value = UINT64_MAX };

    assert_true(conf_number_decode(myc_test_expect(probe, &conf_number_type), &number));
    return number.value;
}

#endif
