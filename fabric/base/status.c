/* SPDX-License-Identifier: BSD-3-Clause */
#include <mycelium/status.h>

const char *
myc_status_name(enum myc_status status)
{
    switch (status) {
#define STATUS_NAME(name, value, text) \
    case MYC_##name:                   \
        return #name;
        MYC_STATUS_TABLE(STATUS_NAME)
#undef STATUS_NAME
    case MYC_STATUS_COUNT:
        break;
    }
    return "UNKNOWN";
}

const char *
myc_status_text(enum myc_status status)
{
    switch (status) {
#define STATUS_TEXT(name, value, text) \
    case MYC_##name:                   \
        return text;
        MYC_STATUS_TABLE(STATUS_TEXT)
#undef STATUS_TEXT
    case MYC_STATUS_COUNT:
        break;
    }
    return "a status that this version does not know";
}
