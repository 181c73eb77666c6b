/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The class of squares.c for `mycelium run`, which has a node, an EAL and a main program of its
 * own.
 *
 *     cc -shared -fPIC $(pkg-config --cflags mycelium) squares_plugin.c squares.c -o
 * squares_plugin.so mycelium run squares.yaml
 */
#include <mycelium/plugin.h>

#include "squares.h"

static const struct myc_class *const classes[] = { &squares_class };

MYC_PLUGIN_DEFINE(classes);
