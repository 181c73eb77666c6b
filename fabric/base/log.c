/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

#define LINE_SIZE_MAX 512

static void
sink_to_stderr(void *context, int level, const char *line)
{
    static const char *const names[] = { "error", "warning", "info", "debug" };

    (void)context;
    fprintf(stderr, "mycelium: %s: %s\n", names[level], line);
}

static struct {
    fab_log_sink sink;
    void *context;
    enum fab_log_level level;
} log_state = { sink_to_stderr, NULL, FAB_LOG_INFO };

void
fab_log_set_sink(fab_log_sink sink, void *context)
{
    log_state.sink = sink ? sink : sink_to_stderr;
    log_state.context = context;
}

void
fab_log_set_level(enum fab_log_level level)
{
    log_state.level = level;
}

void
fab_log(enum fab_log_level level, const char *format, ...)
{
    char line[LINE_SIZE_MAX];
    va_list arguments;

    if (level > log_state.level)
        return;
    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    log_state.sink(log_state.context, (int)level, line);
}
