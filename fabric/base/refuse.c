/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/refuse.h"

#include <stdarg.h>
#include <stdio.h>

enum myc_status
fab_refuse(char *error, size_t size, enum myc_status status, const char *format, ...)
{
    va_list arguments;

    if (!error || size == 0)
        return status;
    va_start(arguments, format);
    vsnprintf(error, size, format, arguments);
    va_end(arguments);
    return status;
}
