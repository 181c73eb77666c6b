/* SPDX-License-Identifier: BSD-3-Clause */
#include "proto/seal.h"

#include <assert.h>
#include <string.h>

#include <intel-ipsec-mb.h>
#include <openssl/crypto.h>

#include "base/assert.h"

#define NONCE_SIZE 12U

/* The library's table of functions for this machine; it holds much else that is not used. */
struct fab_sealer {
    IMB_MGR manager;
};

static_assert(sizeof(struct gcm_key_data) <= FAB_SEAL_EXPANDED_SIZE, "a key fits");
static_assert(_Alignof(struct gcm_key_data) <= _Alignof(struct fab_seal_key), "and is aligned");

static const struct gcm_key_data *
gcm_key(const struct fab_seal_key *key)
{
    return (const struct gcm_key_data *)(const void *)key->expanded;
}

static IMB_MGR *
manager_of(const struct fab_sealer *sealer)
{
    return (IMB_MGR *)(uintptr_t)&sealer->manager;
}

struct fab_sealer *
fab_sealer_create(void)
{
    IMB_MGR *manager = alloc_mb_mgr(0);
    IMB_ARCH architecture;

    if (manager == NULL)
        return NULL;
    init_mb_mgr_auto(manager, &architecture);
    if (imb_get_errno(manager) != 0 || manager->gcm128_enc == NULL) {
        free_mb_mgr(manager);
        return NULL;
    }
    return (struct fab_sealer *)(void *)manager;
}

void
fab_sealer_destroy(struct fab_sealer **sealer)
{
    if (*sealer != NULL)
        free_mb_mgr(manager_of(*sealer));
    *sealer = NULL;
}

void
fab_seal_key_init(const struct fab_sealer *sealer, const uint8_t bytes[FAB_SEAL_KEY_SIZE],
                  struct fab_seal_key *key)
{
    IMB_AES128_GCM_PRE(manager_of(sealer), bytes, (struct gcm_key_data *)(void *)key->expanded);
}

void
fab_seal_key_wipe(struct fab_seal_key *key)
{
    OPENSSL_cleanse(key, sizeof(*key));
}

static void
make_nonce(const struct fab_seal *seal, uint8_t nonce[NONCE_SIZE])
{
    memcpy(nonce, &seal->path, sizeof(seal->path));
    memcpy(nonce + sizeof(seal->path), &seal->number, sizeof(seal->number));
}

/* GMAC is GCM with nothing to encrypt. */
static size_t
plain_size(const struct fab_seal *seal, size_t size)
{
    return seal->security == FAB_SECURITY_ENCRYPT ? FAB_FRAME_HEADER_SIZE
                                                  : size - FAB_FRAME_TAG_SIZE;
}

void
fab_seal_close(const struct fab_seal *seal, uint8_t *frame, size_t size)
{
    struct gcm_context_data context;
    uint8_t nonce[NONCE_SIZE];
    size_t plain = plain_size(seal, size);

    FAB_ASSERT(size >= FAB_FRAME_HEADER_SIZE + FAB_FRAME_TAG_SIZE);
    make_nonce(seal, nonce);
    IMB_AES128_GCM_ENC(manager_of(seal->sealer), gcm_key(seal->key), &context, frame + plain,
                       frame + plain, size - FAB_FRAME_TAG_SIZE - plain, nonce, frame, plain,
                       frame + size - FAB_FRAME_TAG_SIZE, FAB_FRAME_TAG_SIZE);
}

void
fab_seal_close_apart(const struct fab_seal *seal, const uint8_t *frame, size_t size,
                     const struct fab_frame_tail *tail, uint8_t tag[FAB_FRAME_TAG_SIZE])
{
    IMB_MGR *manager = manager_of(seal->sealer);
    const struct gcm_key_data *key = gcm_key(seal->key);
    struct gcm_context_data context;
    uint8_t nonce[NONCE_SIZE];

    FAB_ASSERT(seal->security == FAB_SECURITY_AUTH && size >= FAB_FRAME_HEADER_SIZE);
    make_nonce(seal, nonce);
    IMB_AES128_GMAC_INIT(manager, key, &context, nonce, NONCE_SIZE);
    IMB_AES128_GMAC_UPDATE(manager, key, &context, frame, size);
    IMB_AES128_GMAC_UPDATE(manager, key, &context, tail->bytes, tail->size);
    IMB_AES128_GMAC_FINALIZE(manager, key, &context, tag, FAB_FRAME_TAG_SIZE);
}

void
fab_seal_close_into(const struct fab_seal *seal, uint8_t *frame, size_t size, size_t at,
                    const struct fab_frame_tail *tail)
{
    IMB_MGR *manager = manager_of(seal->sealer);
    const struct gcm_key_data *key = gcm_key(seal->key);
    struct gcm_context_data context;
    uint8_t nonce[NONCE_SIZE];
    uint8_t *text = frame + FAB_FRAME_HEADER_SIZE;
    uint8_t *rest = frame + at + tail->size;
    uint8_t *tag = frame + size - FAB_FRAME_TAG_SIZE;

    FAB_ASSERT(seal->security == FAB_SECURITY_ENCRYPT && frame + at >= text && rest <= tag);
    make_nonce(seal, nonce);
    IMB_AES128_GCM_INIT(manager, key, &context, nonce, frame, FAB_FRAME_HEADER_SIZE);
    IMB_AES128_GCM_ENC_UPDATE(manager, key, &context, text, text, (uint64_t)(frame + at - text));
    IMB_AES128_GCM_ENC_UPDATE(manager, key, &context, frame + at, tail->bytes, tail->size);
    IMB_AES128_GCM_ENC_UPDATE(manager, key, &context, rest, rest, (uint64_t)(tag - rest));
    IMB_AES128_GCM_ENC_FINALIZE(manager, key, &context, tag, FAB_FRAME_TAG_SIZE);
}

bool
fab_seal_open(const struct fab_seal *seal, const uint8_t *frame, size_t size, uint8_t *opened)
{
    struct gcm_context_data context;
    uint8_t nonce[NONCE_SIZE];
    uint8_t tag[FAB_FRAME_TAG_SIZE];
    size_t plain = plain_size(seal, size);
    uint8_t *target = opened != NULL ? opened + plain : NULL;

    FAB_ASSERT(size >= FAB_FRAME_HEADER_SIZE + FAB_FRAME_TAG_SIZE);
    make_nonce(seal, nonce);
    if (seal->security == FAB_SECURITY_ENCRYPT)
        memcpy(opened, frame, FAB_FRAME_HEADER_SIZE);
    IMB_AES128_GCM_DEC(manager_of(seal->sealer), gcm_key(seal->key), &context, target,
                       frame + plain, size - FAB_FRAME_TAG_SIZE - plain, nonce, frame, plain, tag,
                       FAB_FRAME_TAG_SIZE);
    return CRYPTO_memcmp(tag, frame + size - FAB_FRAME_TAG_SIZE, FAB_FRAME_TAG_SIZE) == 0;
}
