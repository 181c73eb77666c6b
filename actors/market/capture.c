/* SPDX-License-Identifier: BSD-3-Clause */
#include "capture.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#define READ_BYTES_MAX    (256U * 1024U)
#define CUT_TEXT          "the file's last packet is cut"
#define DAMAGED_GZIP_TEXT "the compressed data is damaged"
#define CUT_GZIP_TEXT     "the compressed file is cut"

struct market_capture {
    gzFile file; /* owned by the cookie's stream, and so by pcap */
    pcap_t *pcap;
    bool is_at_end;   /* the file has no more bytes */
    bool is_gzip_cut; /* it ended within a compressed block */
    bool is_gzip_damaged;
    enum market_capture_outcome outcome; /* PACKET as long as there may be more */
    char error[MARKET_CAPTURE_ERROR_SIZE];
};

static ssize_t
cookie_read(void *cookie, char *data, size_t size)
{
    struct market_capture *capture = cookie;
    int want = size > READ_BYTES_MAX ? (int)READ_BYTES_MAX : (int)size;
    int got = gzread(capture->file, data, (unsigned)want);
    int status;

    if (got == want)
        return got;
    (void)gzerror(capture->file, &status);
    if (status == Z_BUF_ERROR)
        capture->is_gzip_cut = true;
    else if (status != Z_OK && status != Z_STREAM_END)
        capture->is_gzip_damaged = true;
    capture->is_at_end = true;
    /* What was unpacked before the fault is whole packets as well; so the fault reads as the end.
     */
    return got > 0 ? got : 0;
}

static int
cookie_close(void *cookie)
{
    struct market_capture *capture = cookie;

    return gzclose(capture->file) == Z_OK ? 0 : EOF;
}

/* A stream over the file; NULL (and nothing left open) when it cannot be had. */
static FILE *
open_stream(struct market_capture *capture, const char *path)
{
    static const cookie_io_functions_t functions = { .read = cookie_read, .close = cookie_close };
    FILE *stream;

    capture->file = gzopen(path, "rbe");
    if (capture->file == NULL)
        return NULL;
    stream = fopencookie(capture, "r", functions);
    if (stream == NULL)
        (void)gzclose(capture->file);
    return stream;
}

/* Takes the stream: it is pcap's afterwards, or closed. */
static pcap_t *
open_pcap(const struct market_capture *capture, FILE *stream, const char *path, char *error)
{
    char reason[PCAP_ERRBUF_SIZE] = "";
    pcap_t *pcap =
        pcap_fopen_offline_with_tstamp_precision(stream, PCAP_TSTAMP_PRECISION_NANO, reason);

    if (pcap == NULL) {
        (void)fclose(stream);
        (void)snprintf(error, MARKET_CAPTURE_ERROR_SIZE, "%s: not a capture: %s", path,
                       capture->is_gzip_damaged ? DAMAGED_GZIP_TEXT : reason);
        return NULL;
    }
    if (pcap_datalink(pcap) != DLT_EN10MB) {
        const char *name = pcap_datalink_val_to_name(pcap_datalink(pcap));

        (void)snprintf(error, MARKET_CAPTURE_ERROR_SIZE,
                       "%s: holds link type %s; only Ethernet (EN10MB) is read", path,
                       name != NULL ? name : "unknown");
        pcap_close(pcap);
        return NULL;
    }
    return pcap;
}

struct market_capture *
market_capture_open(const char *path, char *error)
{
    struct market_capture *capture = calloc(1, sizeof(*capture));
    FILE *stream;

    if (capture == NULL) {
        (void)snprintf(error, MARKET_CAPTURE_ERROR_SIZE, "%s: no memory", path);
        return NULL;
    }
    errno = 0;
    stream = open_stream(capture, path);
    if (stream == NULL) {
        (void)snprintf(error, MARKET_CAPTURE_ERROR_SIZE, "%s: cannot be opened: %s", path,
                       strerror(errno != 0 ? errno : ENOMEM));
        goto no_stream;
    }
    capture->pcap = open_pcap(capture, stream, path, error);
    if (capture->pcap == NULL)
        goto no_stream;
    return capture;

no_stream:
    free(capture);
    return NULL;
}

void
market_capture_close(struct market_capture *capture)
{
    if (capture == NULL)
        return;
    pcap_close(capture->pcap);
    free(capture);
}

static void
say(struct market_capture *capture, enum market_capture_outcome outcome, const char *text)
{
    capture->outcome = outcome;
    (void)snprintf(capture->error, sizeof(capture->error), "%s", text);
}

/* Why there are no more packets: libpcap's answer together with what zlib has seen. */
static void
judge_end(struct market_capture *capture, int answer)
{
    if (capture->is_gzip_damaged)
        say(capture, MARKET_CAPTURE_DAMAGED, DAMAGED_GZIP_TEXT);
    else if (capture->is_gzip_cut)
        say(capture, MARKET_CAPTURE_CUT, CUT_GZIP_TEXT);
    else if (answer == PCAP_ERROR_BREAK)
        say(capture, MARKET_CAPTURE_END, "");
    else if (capture->is_at_end && strstr(pcap_geterr(capture->pcap), "truncated") != NULL)
        say(capture, MARKET_CAPTURE_CUT, CUT_TEXT);
    else
        say(capture, MARKET_CAPTURE_DAMAGED, pcap_geterr(capture->pcap));
}

enum market_capture_outcome
market_capture_next(struct market_capture *capture, struct market_captured *captured)
{
    struct pcap_pkthdr *header;
    const u_char *data;
    int answer;

    if (capture->outcome != MARKET_CAPTURE_PACKET)
        return capture->outcome;
    answer = pcap_next_ex(capture->pcap, &header, &data);
    if (answer != 1) {
        judge_end(capture, answer);
        return capture->outcome;
    }
    captured->time_ns = (uint64_t)header->ts.tv_sec * 1000000000ULL + (uint64_t)header->ts.tv_usec;
    captured->data.data = data;
    captured->data.size = header->caplen;
    captured->size_on_wire = header->len;
    return MARKET_CAPTURE_PACKET;
}

const char *
market_capture_error(const struct market_capture *capture)
{
    return capture->error;
}
