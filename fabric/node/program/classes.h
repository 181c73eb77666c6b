/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Finding actor classes by name: those that come with the program, and those of shared objects.
 */
#ifndef FAB_PROGRAM_CLASSES_H
#define FAB_PROGRAM_CLASSES_H

#include <stddef.h>

#include <mycelium/class.h>

/* A class that comes with the program; NULL when there is none of that name. */
const struct myc_class *fab_classes_lookup_builtin(const char *name);

/*
 * A class of a shared object (mycelium/plugin.h). The object stays open for the life of the
 * process. OK; NOT_FOUND (no such file, or the object has no such class); VERSION (made for another
 * version); INVALID (not a plugin). On failure `error` says what to do.
 */
enum myc_status fab_classes_load(const char *library, const char *name,
                                 const struct myc_class **class_of, char *error, size_t error_size);

#endif
