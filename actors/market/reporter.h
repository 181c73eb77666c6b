/* SPDX-License-Identifier: BSD-3-Clause */
/* What a reporter is started with; it is spawned by the program that owns the report. */
#ifndef MARKET_REPORTER_H
#define MARKET_REPORTER_H

#include "classes.h"
#include "report.h"

/* Arguments of market_reporter_class: a pointer, so only within the process. */
struct market_reporter_args {
    struct market_report *report; /* zeroed; not owned; outlives the actor */
};

#endif
