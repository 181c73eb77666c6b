/* SPDX-License-Identifier: BSD-3-Clause */
/* The classes of actor that the program `mycelium` knows without a shared object. */
#ifndef ACTORS_BUILTIN_CLASSES_H
#define ACTORS_BUILTIN_CLASSES_H

#include <mycelium/class.h>

extern const struct myc_class *const myc_builtin_classes[];
extern const size_t myc_builtin_class_count;

#endif
