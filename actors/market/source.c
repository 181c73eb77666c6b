/* SPDX-License-Identifier: BSD-3-Clause */
#include "source.h"

#include <stdio.h>

#include "memory.h"

bool
market_source_init(struct market_source *source, const char *path,
                   const struct market_generator_options *options, char *error)
{
    memset(source, 0, sizeof(*source));
    if (path[0] != '\0') {
        source->capture = market_capture_open(path, error);
        return source->capture != NULL;
    }
    source->payload = market_memory_take(options->payload_max, 1);
    source->generator = market_generator_create(options);
    if (source->payload != NULL && source->generator != NULL)
        return true;
    (void)snprintf(error, MARKET_CAPTURE_ERROR_SIZE,
                   "the generator has an option out of its range, or no memory");
    market_source_fini(source);
    return false;
}

void
market_source_fini(struct market_source *source)
{
    market_capture_close(source->capture);
    market_generator_destroy(source->generator);
    free(source->payload);
    source->capture = NULL;
    source->generator = NULL;
    source->payload = NULL;
}

static bool
next_captured(struct market_source *source, struct market_bytes *payload, uint64_t *time_ns)
{
    static const struct market_frame_filter any = { 0 };
    struct market_captured captured;

    for (;;) {
        source->outcome = market_capture_next(source->capture, &captured);
        if (source->outcome != MARKET_CAPTURE_PACKET)
            return false;
        *time_ns = captured.time_ns;
        if (market_frame_decode(captured.data, &any, &source->frames, payload, NULL))
            return true;
    }
}

bool
market_source_next(struct market_source *source, struct market_bytes *payload, uint64_t *time_ns)
{
    if (source->capture != NULL)
        return next_captured(source, payload, time_ns);
    payload->data = source->payload;
    payload->size = market_generator_next(source->generator, source->payload, time_ns);
    if (payload->size == 0)
        source->outcome = MARKET_CAPTURE_END;
    return payload->size > 0;
}
