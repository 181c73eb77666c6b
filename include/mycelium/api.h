/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file api.h
 * How a symbol becomes public, and what a C++ program needs around our declarations.
 *
 * The library is built with hidden visibility; what carries MYC_API is the whole of its interface.
 */
#ifndef MYCELIUM_API_H
#define MYCELIUM_API_H

#ifdef __cplusplus
#define MYC_BEGIN_DECLS extern "C" {
#define MYC_END_DECLS   }
#else
#define MYC_BEGIN_DECLS
#define MYC_END_DECLS
#endif

#define MYC_API __attribute__((visibility("default")))

/** A result that must not be ignored. */
#define MYC_MUST_CHECK __attribute__((warn_unused_result))

#endif
