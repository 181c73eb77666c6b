/* SPDX-License-Identifier: BSD-3-Clause */
#include "proto/key_exchange.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <string.h>

#include "base/assert.h"

/* Where OpenSSL can fail only for want of a few hundred bytes of memory, it is asserted. */

void
fab_key_pair_init(struct fab_key_pair *pair, const uint8_t random[FAB_SECRET_SIZE])
{
    size_t size = FAB_SECRET_SIZE;
    EVP_PKEY *key;

    memcpy(pair->secret, random, FAB_SECRET_SIZE);
    key = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, pair->secret, FAB_SECRET_SIZE);
    FAB_ASSERT(key != NULL);
    FAB_ASSERT(EVP_PKEY_get_raw_public_key(key, pair->public_key, &size) == 1);
    EVP_PKEY_free(key);
}

static bool
derive(EVP_PKEY *own, EVP_PKEY *peer, uint8_t shared[FAB_SECRET_SIZE])
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(own, NULL);
    size_t size = FAB_SECRET_SIZE;
    bool is_done;

    FAB_ASSERT(context != NULL);
    is_done = EVP_PKEY_derive_init(context) == 1 && EVP_PKEY_derive_set_peer(context, peer) == 1 &&
              EVP_PKEY_derive(context, shared, &size) == 1 && size == FAB_SECRET_SIZE;
    EVP_PKEY_CTX_free(context);
    return is_done;
}

bool
fab_key_pair_share(const struct fab_key_pair *pair, const uint8_t peer[FAB_SECRET_SIZE],
                   uint8_t shared[FAB_SECRET_SIZE])
{
    EVP_PKEY *own =
        EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, pair->secret, FAB_SECRET_SIZE);
    EVP_PKEY *other = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, peer, FAB_SECRET_SIZE);
    bool is_done;

    FAB_ASSERT(own != NULL && other != NULL);
    is_done = derive(own, other, shared);
    EVP_PKEY_free(own);
    EVP_PKEY_free(other);
    return is_done;
}

static void
run_hkdf(int mode, OSSL_PARAM given, const void *key, size_t key_size, uint8_t *out,
         size_t out_size)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_HKDF, NULL);
    EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
    char digest[] = "SHA256";
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)key, key_size),
        given,
        OSSL_PARAM_construct_end(),
    };

    FAB_ASSERT(context != NULL);
    FAB_ASSERT(EVP_KDF_derive(context, out, out_size, parameters) == 1);
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
}

static OSSL_PARAM
octets(const char *name, const void *bytes, size_t size)
{
    return OSSL_PARAM_construct_octet_string(name, (void *)(uintptr_t)bytes, size);
}

void
fab_hkdf_extract(const void *salt, size_t salt_size, const void *secret, size_t secret_size,
                 uint8_t key[FAB_SECRET_SIZE])
{
    OSSL_PARAM given = octets(OSSL_KDF_PARAM_SALT, salt, salt_size);

    if (salt_size == 0)
        given = OSSL_PARAM_construct_end();
    run_hkdf(EVP_KDF_HKDF_MODE_EXTRACT_ONLY, given, secret, secret_size, key, FAB_SECRET_SIZE);
}

void
fab_hkdf_expand(const uint8_t *key, size_t key_size, const void *info, size_t info_size, void *out,
                size_t out_size)
{
    OSSL_PARAM given = octets(OSSL_KDF_PARAM_INFO, info, info_size);

    if (info_size == 0)
        given = OSSL_PARAM_construct_end();
    run_hkdf(EVP_KDF_HKDF_MODE_EXPAND_ONLY, given, key, key_size, out, out_size);
}

void
fab_hello_tag(const uint8_t key[FAB_SECRET_SIZE], const void *bytes, size_t size,
              uint8_t tag[FAB_FRAME_TAG_SIZE])
{
    uint8_t whole[EVP_MAX_MD_SIZE];

    FAB_ASSERT(HMAC(EVP_sha256(), key, FAB_SECRET_SIZE, bytes, size, whole, NULL) != NULL);
    memcpy(tag, whole, FAB_FRAME_TAG_SIZE);
}

bool
fab_tag_is_equal(const uint8_t a[FAB_FRAME_TAG_SIZE], const uint8_t b[FAB_FRAME_TAG_SIZE])
{
    return CRYPTO_memcmp(a, b, FAB_FRAME_TAG_SIZE) == 0;
}

void
fab_wipe(void *bytes, size_t size)
{
    OPENSSL_cleanse(bytes, size);
}
