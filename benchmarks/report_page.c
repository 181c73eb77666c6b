/* SPDX-License-Identifier: BSD-3-Clause */
#include "report_page.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <jansson.h>

#include "page_html.h"

#define MARK "@REPORT@" /* in the page, where the JSON goes */

static enum myc_status
complain(const char *path)
{
    fprintf(stderr, "mycelium bench: %s: %s\n", path, strerror(errno));
    return MYC_IO_ERROR;
}

enum myc_status
bench_report_make_folder(const char *directory)
{
    struct stat is;

    if (mkdir(directory, 0755) == 0 || (stat(directory, &is) == 0 && S_ISDIR(is.st_mode)))
        return MYC_OK;
    return complain(directory);
}

/* A new array of the objects on the lines of a file; NULL: one is none. */
static json_t *
read_lines(FILE *file, const char *name)
{
    json_t *list = json_array();
    json_error_t error;
    char *line = NULL;
    size_t size = 0;

    while (list && getline(&line, &size, file) > 0) {
        json_t *object = json_loads(line, 0, &error);

        if (!object) {
            fprintf(stderr, "mycelium bench: %s: %s: %.60s\n", name, error.text, line);
            json_decref(list);
            list = NULL;
        } else {
            json_array_append_new(list, object);
        }
    }
    free(line);
    return list;
}

static json_t *
read_peers(const char *path)
{
    FILE *file = path ? fopen(path, "re") : NULL;
    json_t *list;

    if (!path)
        return json_array();
    if (!file) {
        complain(path);
        return NULL;
    }
    list = read_lines(file, path);
    fclose(file);
    return list;
}

static json_t *
settings_json(const struct bench_options *options)
{
    char when[32];
    time_t now = time(NULL);
    struct tm utc;

    gmtime_r(&now, &utc);
    strftime(when, sizeof(when), "%Y-%m-%d %H:%M UTC", &utc);
    return json_pack("{s:s, s:i, s:b, s:s, s:s}", "when", when, "repetitions",
                     (int)options->repetitions, "smoke", options->is_smoke, "device",
                     options->device ? options->device : "memif between two processes", "fault",
                     options->fault ? options->fault : "none");
}

/* Every question with its words, so that the page needs no other source. */
static json_t *
questions_json(void)
{
    json_t *questions = json_object();

    for (size_t i = 0; i < bench_table_count; i++)
        json_object_set_new(questions, bench_table[i].name, json_string(bench_table[i].question));
    return questions;
}

/* A file is written in so many parts. */
#define PARTS 3U

struct part {
    const char *bytes;
    size_t size;
};

static enum myc_status
write_file(const char *directory, const char *name, const struct part parts[PARTS])
{
    char path[PATH_MAX];
    FILE *file;
    int result;

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    file = fopen(path, "we");
    if (!file)
        return complain(path);
    for (unsigned i = 0; i < PARTS; i++)
        fwrite(parts[i].bytes, 1, parts[i].size, file);
    result = ferror(file);
    if (fclose(file) != 0 || result)
        return complain(path);
    return MYC_OK;
}

static enum myc_status
write_page(const char *directory, const char *text)
{
    const char *page = (const char *)page_html;
    const char *mark = memmem(page, sizeof(page_html), MARK, strlen(MARK));
    const char *after = mark + strlen(MARK);
    const struct part parts[PARTS] = {
        { page, (size_t)(mark - page) },
        { text, strlen(text) },
        { after, (size_t)(page + sizeof(page_html) - after) },
    };

    return write_file(directory, "report.html", parts);
}

static enum myc_status
write_both(const char *directory, const json_t *report)
{
    /* With slashes escaped no text in it can end the script element of the page. */
    char *text = json_dumps(report, JSON_INDENT(1) | JSON_REAL_PRECISION(6) | JSON_ESCAPE_SLASH);
    const struct part parts[PARTS] = { { text, text ? strlen(text) : 0 }, { "\n", 1 }, { "", 0 } };
    enum myc_status status = text ? write_file(directory, "report.json", parts) : MYC_NO_MEMORY;

    if (status == MYC_OK)
        status = write_page(directory, text);
    free(text);
    return status;
}

enum myc_status
bench_report_write(const struct bench_report_wish *wish)
{
    json_t *figures = read_lines(wish->lines, "what was measured");
    json_t *peers = read_peers(wish->peers);
    enum myc_status status = MYC_INVALID;
    json_t *report;

    if (figures && peers) {
        report = json_pack("{s:o, s:o, s:o, s:O, s:O}", "machine", bench_machine_json(), "settings",
                           settings_json(wish->options), "questions", questions_json(), "figures",
                           figures, "peers", peers);
        status = report ? write_both(wish->directory, report) : MYC_NO_MEMORY;
        json_decref(report);
    }
    json_decref(figures);
    json_decref(peers);
    if (status == MYC_OK)
        fprintf(stderr, "mycelium bench: %s/report.html\n", wish->directory);
    return status;
}
