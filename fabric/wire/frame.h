/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames: what one UDP payload of the actor protocol holds. fabric/wire/README.md is the
 * specification; this header is its byte layouts in C.
 *
 *    0        1      2        4           8          10       12         13       14      16
 *    +--------+------+--------+-----------+----------+--------+----------+--------+-------+
 *    |version | type | flags  |  crc32c   |from node |to node |from lcore|to lcore| size  |
 *    +--------+------+--------+-----+-----+----------+--------+----------+--------+-------+
 *    |           epoch              |    number      |  blocks by flag, chunks ...
 *    +------------------------------+----------------+
 *    16                             20               24
 *
 * Everything is little-endian; blocks, chunks and records start at multiples of 8 bytes from the
 * start of the frame. The header is the same in each version: what a later version may change
 * stands behind it.
 *
 * fab_frame_decode is the one place that looks at bytes from outside: after it said OK, every
 * length, offset and count in the frame is within its bounds. What the numbers mean (epoch, packet
 * number, acknowledgement) is checked by the flow, which knows what they may be.
 */
#ifndef FAB_WIRE_FRAME_H
#define FAB_WIRE_FRAME_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "wire/lane.h"
#include "wire/message.h"

#define FAB_FRAME_VERSION_MIN    1U
#define FAB_FRAME_VERSION_MAX    2U
#define FAB_FRAME_VERSION_SEALED 2U /* the first with sealed frames */
#define FAB_FRAME_HEADER_SIZE    24U
#define FAB_FRAME_SIZE_MAX       9216U /* bytes of UDP payload that any peer may be asked to take */
#define FAB_FRAME_SIZE_MIN       1232U /* bytes of UDP payload that every path carries (RFC 8200) */
#define FAB_FRAME_ALIGN          8U    /* of what is in a frame, from its start */
#define FAB_FRAME_READ_ALIGN     2U    /* of a frame in memory, so that it can be decoded */
#define FAB_FRAME_RANGES_MAX     32U   /* ranges in one ack block beside the first run */
#define FAB_FRAME_TAG_SIZE       16U   /* of a sealed frame, whose last bytes it is */

#define FAB_ACK_SIZE    16U
#define FAB_RANGE_SIZE  8U
#define FAB_CREDIT_SIZE 16U
#define FAB_FLOOR_SIZE  8U
#define FAB_CHUNK_SIZE  8U
#define FAB_HELLO_SIZE  56U
#define FAB_PROOF_SIZE  48U
#define FAB_WISH_SIZE   8U
#define FAB_GRANTS_SIZE 8U
#define FAB_GRANT_SIZE  8U
#define FAB_PART_SIZE   16U
#define FAB_CLOCK_SIZE  32U

#define FAB_WISH_PORT_MIN 49152U /* RFC 6335: of ports that are nobody's */

#define FAB_GRANTS_MAX     16U   /* grants in one block */
#define FAB_LARGE_LOG2_MAX 24U   /* of bytes of body */
#define FAB_LARGE_STEP_MIN 1024U /* bytes of a part of a large body, but for its last */

#define FAB_CREDIT_UNIT 64U /* bytes of chunk that one unit of credit pays for */

/* Streams 0 to 63 are for actors; one more is for what overtakes user messages. */
#define FAB_STREAM_USER_COUNT 64U
#define FAB_STREAM_SYSTEM     64U
#define FAB_STREAM_COUNT      65U

enum fab_frame_type {
    FAB_FRAME_HELLO = 1, /* offers and answers of a new epoch */
    FAB_FRAME_DATA = 2,  /* everything within an epoch */
    FAB_FRAME_RESET = 3, /* "I do not know this epoch" */
    FAB_FRAME_LEAVE = 4, /* a clean stop */
};

enum fab_frame_flag {
    FAB_FRAME_HAS_ACK = 1 << 0,
    FAB_FRAME_HAS_CREDIT = 1 << 1,
    FAB_FRAME_HAS_FLOOR = 1 << 2,
    FAB_FRAME_WANTS_ACK = 1 << 3,    /* answer at once, also if there is no chunk in it */
    FAB_FRAME_WANTS_CREDIT = 1 << 4, /* records wait here for credit: say where it stands */
    FAB_FRAME_NO_CRC = 1 << 5,       /* the checksum is 0; only where both sides agreed */
    FAB_FRAME_HAS_GRANTS = 1 << 6,
    FAB_FRAME_HAS_PART = 1 << 7,   /* the frame ends with a part of a large body */
    FAB_FRAME_SEALED = 1 << 8,     /* ends with a tag (proto/seal.h) in place of the checksum */
    FAB_FRAME_PADDED = 1 << 9,     /* zeros in place of chunks: tries how large frames may be */
    FAB_FRAME_HAS_CLOCK = 1 << 10, /* asks what the peer's clock says, or answers that */
    FAB_FRAME_FLAGS_ALL = 2047,
};

enum fab_feature {
    FAB_FEATURE_NO_CRC = 1 << 0, /* this side can do without checksums */
    FAB_FEATURE_SKIP = 1 << 1,   /* this side knows chunks of records that were left out */
    FAB_FEATURE_PAD = 1 << 2,    /* this side knows padded frames */
    FAB_FEATURE_CLOCK = 1 << 3,  /* this side answers questions about its clock */
    FAB_FEATURE_ORIGIN = 1 << 4, /* this side knows that the time of a cause has an error in it */
    FAB_FEATURE_WISH = 1 << 5,   /* of this hello, not of the side: it ends with a wish */
};

struct fab_frame_header {
    uint8_t version;
    uint8_t type;   /* enum fab_frame_type */
    uint16_t flags; /* enum fab_frame_flag */
    uint32_t crc;   /* CRC32C of the whole frame with this field as 0; of a sealed frame the high
                     * half of its packet number */
    uint16_t from_node;
    uint16_t to_node;
    uint8_t from_lcore;
    uint8_t to_lcore;
    uint16_t size;   /* bytes of the whole frame */
    uint32_t epoch;  /* 0 in HELLO */
    uint32_t number; /* packet number, low half; 0 in HELLO and RESET */
} FAB_UNALIGNED;

/* What arrived: `run` numbers that end with `largest`, then downwards `ranges` pairs: a gap of
 * numbers that did not arrive, a run that did. */
struct fab_ack_block {
    uint32_t largest;
    uint32_t delay_ns; /* from the arrival of `largest` to the sending of this */
    uint32_t run;      /* 1 up */
    uint8_t ranges;    /* 0 to FAB_FRAME_RANGES_MAX */
    uint8_t pause;     /* fab_pause_encode: how long `largest` may have lain unread */
    uint16_t marks;    /* frames that came with the network's mark of congestion; wraps */
} FAB_UNALIGNED;

/* A duration in one byte: units of 64 ns, two bits of mantissa, rounded down. */
static inline uint8_t
fab_pause_encode(uint64_t ns)
{
    uint64_t units = ns >> 6;
    uint32_t exponent;

    if (units < 4)
        return (uint8_t)units;
    exponent = 63U - (uint32_t)__builtin_clzll(units);
    return (uint8_t)((exponent - 1) << 2 | (units >> (exponent - 2) & 3U));
}

static inline uint64_t
fab_pause_decode(uint8_t code)
{
    if (code < 4)
        return (uint64_t)code << 6;
    return (4ULL + (code & 3U)) << ((code >> 2) - 1) << 6;
}

struct fab_ack_range {
    uint32_t gap; /* 1 up */
    uint32_t run; /* 1 up */
} FAB_UNALIGNED;

/* How many units may have been sent over each lane since the epoch began, plus first_number. */
struct fab_credit_block {
    uint32_t limit[FAB_LANE_COUNT];
    uint32_t reserved;
} FAB_UNALIGNED;

/* No number below this one is waited for any more: holes below it need not be told. */
struct fab_floor_block {
    uint32_t floor;
    uint32_t reserved;
} FAB_UNALIGNED;

#define FAB_CHUNK_SKIPPED 0x80U /* of lane: the record was left out, and does not follow */

/* `count` grants follow. */
struct fab_grants_block {
    uint8_t count; /* 1 to FAB_GRANTS_MAX */
    uint8_t reserved[7];
} FAB_UNALIGNED;

/* How much of a large body may be sent. */
struct fab_grant {
    uint32_t transfer;
    uint32_t limit; /* bytes from its start */
} FAB_UNALIGNED;

/* What the sender's clock says; see proto/peer_clock.h. A question has `echo_ns` 0, an answer that
 * of the question. */
struct fab_clock_block {
    uint64_t id;          /* of the clock: equal ids are one clock; 0: not known */
    uint64_t sent_ns;     /* when the frame was written; never 0 */
    uint64_t echo_ns;     /* sent_ns of the question */
    uint64_t received_ns; /* when that came */
} FAB_UNALIGNED;

/* A part of a large body: its bytes are the last of the frame, padded to 8. */
struct fab_part_block {
    uint32_t transfer;
    uint32_t offset; /* bytes from the start of the body */
    uint16_t size;   /* bytes, 1 up */
    uint8_t reserved[6];
} FAB_UNALIGNED;

/* Stands before each record. */
struct fab_chunk {
    uint8_t stream;  /* 0 to FAB_STREAM_COUNT - 1 */
    uint8_t lane;    /* enum fab_lane, and FAB_CHUNK_SKIPPED */
    uint16_t size;   /* bytes of the record without padding */
    uint32_t number; /* of the record in its stream */
} FAB_UNALIGNED;

struct fab_hello {
    uint64_t home;  /* node id 16 | incarnation 48 of the sender */
    uint64_t nonce; /* the sender's share of the epoch; never 0 */
    uint64_t echo;  /* the receiver's nonce, when the sender knows it; else 0 */
    uint32_t features;
    uint32_t poll_gap_us;
    uint32_t credit[FAB_LANE_COUNT]; /* units that the receiver may have outstanding at first */
    uint32_t first_number;           /* first packet number and first number in each stream */
    uint16_t frame_max;              /* bytes of UDP payload that the sender takes */
    uint8_t lcore_count;
    uint8_t version_min;
    uint8_t version_max;
    uint8_t large_log2; /* log2 of the largest body that the sender takes in parts; 0: none */
    uint8_t security;   /* enum fab_security: what the sender demands; not 0: a proof follows */
    uint8_t key_log2;   /* log2 of how many packet numbers the sender uses a key for; 0: no keys */
} FAB_UNALIGNED;

/* Behind the hello of a side that demands security. */
struct fab_hello_proof {
    uint8_t public_key[32];          /* X25519, drawn anew for each epoch */
    uint8_t tag[FAB_FRAME_TAG_SIZE]; /* HMAC-SHA-256 of all from from_node up to here */
} FAB_UNALIGNED;

/* The last bytes of a hello: from which UDP port the sender would have frames sent to it, so that
 * its card puts them into the queue of their lcore (RSS). Nothing vouches for it, and whoever does
 * not heed it is heard all the same. */
struct fab_hello_wish {
    uint16_t source_port;        /* FAB_WISH_PORT_MIN up; 0: any, then the second has one */
    uint16_t source_port_second; /* likewise, of frames over the second path (A/B) */
    uint8_t reserved[4];
} FAB_UNALIGNED;

/* Whether a wish may have it: a port that is nobody's, or none. */
static inline bool
fab_is_wishable(uint16_t source_port)
{
    return source_port == 0 || source_port >= FAB_WISH_PORT_MIN;
}

static_assert(sizeof(struct fab_frame_header) == FAB_FRAME_HEADER_SIZE, "wire layout");
static_assert(offsetof(struct fab_frame_header, from_node) == 8, "wire layout");
static_assert(offsetof(struct fab_frame_header, epoch) == 16, "wire layout");
static_assert(sizeof(struct fab_ack_block) == FAB_ACK_SIZE, "wire layout");
static_assert(sizeof(struct fab_ack_range) == FAB_RANGE_SIZE, "wire layout");
static_assert(sizeof(struct fab_credit_block) == FAB_CREDIT_SIZE, "wire layout");
static_assert(sizeof(struct fab_floor_block) == FAB_FLOOR_SIZE, "wire layout");
static_assert(sizeof(struct fab_chunk) == FAB_CHUNK_SIZE, "wire layout");
static_assert(sizeof(struct fab_hello) == FAB_HELLO_SIZE, "wire layout");
static_assert(sizeof(struct fab_hello_proof) == FAB_PROOF_SIZE, "wire layout");
static_assert(sizeof(struct fab_hello_wish) == FAB_WISH_SIZE, "wire layout");
static_assert(offsetof(struct fab_hello, security) == 54, "wire layout");
static_assert(sizeof(struct fab_grants_block) == FAB_GRANTS_SIZE, "wire layout");
static_assert(sizeof(struct fab_grant) == FAB_GRANT_SIZE, "wire layout");
static_assert(sizeof(struct fab_part_block) == FAB_PART_SIZE, "wire layout");
static_assert(sizeof(struct fab_clock_block) == FAB_CLOCK_SIZE, "wire layout");
static_assert(offsetof(struct fab_hello, credit) == 32, "wire layout");
static_assert(offsetof(struct fab_hello, large_log2) == 53, "wire layout");
static_assert(offsetof(struct fab_hello, frame_max) == 48, "wire layout");

/* To whom a frame belongs; what a carrier needs to find its flow. Nothing of it is proven yet. */
struct fab_frame_peek {
    uint16_t from_node;
    uint16_t to_node;
    uint8_t from_lcore;
    uint8_t to_lcore;
    uint8_t version;
    uint8_t type; /* enum fab_frame_type */
    uint32_t epoch;
    uint32_t number;
};

/* A decoded frame; pointers lead into the bytes that were decoded. */
struct fab_frame {
    const struct fab_frame_header *header;
    const struct fab_ack_block *ack;             /* NULL: none */
    const struct fab_ack_range *ranges;          /* ack->ranges of them */
    const struct fab_credit_block *credit;       /* NULL: none */
    const struct fab_floor_block *floor;         /* NULL: none */
    const struct fab_grants_block *grants_block; /* NULL: none */
    const struct fab_grant *grants;              /* grants_block->count of them */
    const struct fab_clock_block *clock;         /* NULL: none */
    const struct fab_part_block *part;           /* NULL: none */
    const uint8_t *part_bytes;                   /* part->size of them */
    const struct fab_hello *hello;               /* NULL unless the type is HELLO */
    const struct fab_hello_proof *proof;         /* NULL: it has none */
    const struct fab_hello_wish *wish;           /* NULL: it has none */
    const uint8_t *chunks;
    uint32_t chunks_size; /* bytes, a multiple of 8 */
};

/* What fab_frame_decode says; in the order in which it looks. */
enum fab_frame_verdict {
    FAB_FRAME_OK = 0,
    FAB_FRAME_BAD_SIZE,    /* shorter than a header, or not as long as it says */
    FAB_FRAME_BAD_VERSION, /* not a version that we speak */
    FAB_FRAME_BAD_CRC,
    FAB_FRAME_BAD_TYPE,  /* unknown, or with a flag that is unknown or not of this type */
    FAB_FRAME_BAD_BLOCK, /* cut, or with a value out of its range */
    FAB_FRAME_BAD_CHUNK, /* likewise */
    FAB_FRAME_BAD_HELLO, /* likewise */
};

/*
 * Reads the address of a frame, so that a carrier finds the flow in O(1). Only the length is
 * checked; version, fields and checksum are the flow's business (fab_flow_incoming).
 * `bytes`: a UDP payload, any alignment, not kept.
 * Returns whether there are enough bytes for a header. Context: any thread.
 */
bool fab_frame_peek(const void *bytes, size_t size, struct fab_frame_peek *peek);

/* What vouches for a frame. */
enum fab_frame_check {
    FAB_FRAME_CHECK_CRC = 0,      /* its checksum */
    FAB_FRAME_CHECK_CRC_OPTIONAL, /* likewise, but it may say NO_CRC: we offered it */
    FAB_FRAME_CHECK_TAG,          /* its tag, which was found right; the frame is opened */
};

/*
 * Checks a frame from outside and finds its parts.
 * `bytes`: aligned to 2; `frame` points into them afterwards. A frame that says SEALED passes with
 * CHECK_TAG only. `frame` is of use on OK only. Context: any thread.
 */
enum fab_frame_verdict fab_frame_decode(const void *bytes, size_t size, enum fab_frame_check check,
                                        struct fab_frame *frame);

/*
 * Writes header and checksum of a frame whose blocks and chunks are in place. `buffer`: any
 * alignment. `header->size` says how long it is; `header->crc` is ignored, and left out where the
 * flags say NO_CRC; where they say SEALED it is written as it stands.
 */
void fab_frame_seal(void *buffer, const struct fab_frame_header *header);

/* The last bytes of a frame, where they stand elsewhere than the rest of it. */
struct fab_frame_tail {
    const uint8_t *bytes; /* any alignment */
    uint32_t size;
};

/* The same for a frame that ends with such bytes, which header->size counts. Not for a SEALED one,
 * because behind them comes its tag. */
void fab_frame_seal_with(void *buffer, const struct fab_frame_header *header,
                         const struct fab_frame_tail *tail);

/* The word of a record whose body comes in parts: which transfer, in parts of how many bytes. */
static inline uint64_t
fab_transfer_word(uint32_t transfer, uint32_t step)
{
    return (uint64_t)step << 32 | transfer;
}

/* Bytes that a chunk with a record of `record_size` bytes takes in a frame. */
static inline uint32_t
fab_chunk_stride(uint32_t record_size)
{
    return FAB_CHUNK_SIZE + ((record_size + 7U) & ~7U);
}

/* Units of credit that it costs. */
static inline uint32_t
fab_chunk_units(uint32_t record_size)
{
    return (fab_chunk_stride(record_size) + FAB_CREDIT_UNIT - 1U) / FAB_CREDIT_UNIT;
}

static inline bool
fab_chunk_is_skipped(const struct fab_chunk *chunk)
{
    return (chunk->lane & FAB_CHUNK_SKIPPED) != 0;
}

static inline enum fab_lane
fab_chunk_lane(const struct fab_chunk *chunk)
{
    return (enum fab_lane)(chunk->lane & ~FAB_CHUNK_SKIPPED);
}

/* Bytes of the chunk in a frame: of one that was left out only its header. */
static inline uint32_t
fab_chunk_wire_size(const struct fab_chunk *chunk)
{
    return fab_chunk_is_skipped(chunk) ? FAB_CHUNK_SIZE : fab_chunk_stride(chunk->size);
}

/* Whether its record announces a body that comes in parts. */
static inline bool
fab_chunk_is_large(const struct fab_chunk *chunk)
{
    return !fab_chunk_is_skipped(chunk) &&
           fab_msg_has_buffer((const struct fab_msg *)(const void *)(chunk + 1));
}

/* The 64-bit number nearest to `expected` whose low half is `wire`. */
static inline uint64_t
fab_number_expand(uint64_t expected, uint32_t wire)
{
    return expected + (uint64_t)(int64_t)(int32_t)(wire - (uint32_t)expected);
}

#endif
