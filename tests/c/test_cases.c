/* Replays the golden cases (the .md files of tests/sse_cases) on every row: whole, byte by byte, cut at every
 * byte and cut at random.
 *
 *     ## name
 *     ```sse [max_event=N] [max_line=N]
 *     data: 1\n\n            line breaks of the file do not count; escapes: \n \r \t \0 \xHH \\ \"
 *     ```
 *     ```log
 *     @9 event="…" data="…" id="…" retry=N routed     @: bytes fed when it came out, one at a time; or @close
 *     @12 error max_line
 *     ```
 */
#include <errno.h>
#include <string.h>

#include "check.h"
#include "oxide/router.h"
#include "replay.h"

typedef struct text {
    char *p;
    size_t n;
} text;

static text read_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    text t = {NULL, 0};
    long size;
    CHECK(f, "%s: %s", path, strerror(errno));
    fseek(f, 0, SEEK_END);
    size = ftell(f);
    rewind(f);
    CHECK(size >= 0, "%s", path);
    t.n = (size_t)size;
    t.p = malloc(t.n + 1);
    CHECK(t.p && fread(t.p, 1, t.n, f) == t.n, "%s", path);
    t.p[t.n] = 0;
    fclose(f);
    return t;
}

static unsigned hex(char c)
{
    CHECK(strchr("0123456789abcdef", c) && c, "\\x takes two digits of 0-9a-f, not %c", c);
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* Undoes the escapes of p[0, n) in place. */
static size_t unescape(char *p, size_t n)
{
    size_t to = 0;
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '\r' || p[i] == '\n')
            continue;
        if (p[i] != '\\') {
            p[to++] = p[i];
            continue;
        }
        switch (p[++i]) {
        case 'n': p[to++] = '\n'; break;
        case 'r': p[to++] = '\r'; break;
        case 't': p[to++] = '\t'; break;
        case '0': p[to++] = 0; break;
        case '"': case '\\': p[to++] = p[i]; break;
        case 'x':
            p[to++] = (char)(hex(p[i + 1]) << 4 | hex(p[i + 2]));
            i += 2;
            break;
        default: CHECK(0, "unknown escape \\%c", p[i]);
        }
    }
    return to;
}

/* The text after `key="` up to the closing quote, unescaped; 0 when the line has no such field. */
static int quoted(const char *line, const char *key, text *out)
{
    const char *from = strstr(line, key), *to;
    out->p = NULL;
    out->n = 0;
    if (!from)
        return 0;
    from += strlen(key);
    for (to = from; *to != '"'; to++)
        to += *to == '\\';
    out->n = (size_t)(to - from);
    out->p = malloc(out->n + 1);
    CHECK(out->p, "no memory");
    memcpy(out->p, from, out->n);
    out->n = unescape(out->p, out->n);
    return 1;
}

static void expect_line(replay_log *log, const char *line)
{
    const char *field = strchr(line, ' ');
    long at = strncmp(line, "@close", 6) == 0 ? -1 : strtol(line + 1, NULL, 10);
    CHECK(*line == '@' && field, "not a log line: %s", line);
    if (strncmp(field, " error ", 7) == 0) {
        replay_note(log, at, strcmp(field, " error max_line") == 0 ? OX_SSE_ELINE : OX_SSE_EEVENT, NULL);
        return;
    }
    ox_sse_event ev = {0};
    text name, id, data;
    const char *retry = strstr(field, " retry=");
    quoted(field, " event=\"", &name);
    CHECK(quoted(field, " data=\"", &data), "an event without data: %s", line);
    int has_id = quoted(field, " id=\"", &id);
    ev.name = name.n ? name.p : "";
    ev.name_len = name.n;
    ev.data = data.p;
    ev.data_len = data.n;
    ev.id = has_id ? id.p : NULL;
    ev.id_len = id.n;
    ev.retry_ms = retry ? strtoll(retry + 7, NULL, 10) : -1;
    ev.route = name.n ? ox_route(name.p, name.n) : 0;
    CHECK((ev.route != 0) == (strstr(field, " routed") != NULL), "routed or not: %s", line);
    replay_note(log, at, 0, &ev);
    free(name.p);
    free(id.p);
    free(data.p);
}

static void show(const char *what, const replay_log *log)
{
    fprintf(stderr, "%s:\n", what);
    for (size_t i = 0; i < log->count; i++) {
        const replay_event *e = &log->events[i];
        fprintf(stderr, "  @%ld ", e->at);
        if (e->error)
            fprintf(stderr, "error %d\n", e->error);
        else
            fprintf(stderr, "name %zu, id %d %zu, data %zu, retry %lld: %.*s\n", e->name_len, e->has_id,
                    e->id_len, e->data_len, (long long)e->retry_ms,
                    (int)(e->name_len + e->id_len + e->data_len), e->text);
    }
}

static void agree(const char *name, const char *how, const replay_log *expected, replay_log got)
{
    int same = replay_same(expected, &got);
    for (size_t i = 0; same && strcmp(how, "byte by byte") == 0 && i < got.count; i++)
        same = got.events[i].at == expected->events[i].at;
    if (!same) {
        show("expected", expected);
        show("got", &got);
    }
    CHECK(same, "%s, %s", name, how);
    replay_free(&got);
}

static void run(const char *name, const text *in, size_t max_event, size_t max_line, const replay_log *want)
{
    const ox_kernels *rows[8];
    size_t count = ox_kernels_usable(rows, 8), *cuts = malloc((in->n + 1) * sizeof *cuts);
    unsigned long long seed = 0x9E3779B97F4A7C15ULL;
    CHECK(cuts, "no memory");
    for (size_t r = 0; r < count; r++) {
        agree(name, "whole", want,
              replay(rows[r], in->p, in->n, NULL, 0, max_event, max_line, 0));
        for (size_t at = 0; at <= in->n; at++)
            agree(name, "cut once", want,
                  replay(rows[r], in->p, in->n, &at, 1, max_event, max_line, 0));
        for (size_t at = 0; at < in->n; at++)
            cuts[at] = at;
        agree(name, "byte by byte", want,
              replay(rows[r], in->p, in->n, cuts, in->n, max_event, max_line, 0));
        for (int round = 0; round < 50; round++) {
            size_t used = 0;
            for (size_t at = 1; at < in->n; at++)
                if (next_random(&seed) % 8 == 0)
                    cuts[used++] = at;
            agree(name, "cut at random", want,
                  replay(rows[r], in->p, in->n, cuts, used, max_event, max_line, 0));
            agree(name, "read at random", want,
                  replay(rows[r], in->p, in->n, cuts, used, max_event, max_line, next_random(&seed)));
        }
    }
    free(cuts);
}

static size_t setting(const char *fence, const char *key)
{
    const char *at = strstr(fence, key);
    return at ? (size_t)strtoull(at + strlen(key), NULL, 10) : 0;
}

static int run_file(const char *path)
{
    text file = read_file(path);
    char *p = file.p, *name = NULL;
    int cases = 0;
    while (*p) {
        char *end = strchr(p, '\n'), *close;
        CHECK(end, "%s does not end with a line end", path);
        *end = 0;
        if (strncmp(p, "## ", 3) == 0)
            name = p + 3;
        if (strncmp(p, "```sse", 6) == 0) {
            size_t max_event = setting(p, "max_event="), max_line = setting(p, "max_line=");
            text in;
            replay_log expected = {0};
            CHECK(name, "%s: a case without a heading", path);
            *end = '\n'; /* an empty block ends where it begins */
            close = strstr(end, "\n```\n");
            CHECK(close, "%s: %s: the block does not end", path, name);
            in.p = end;
            in.n = unescape(in.p, (size_t)(close - in.p));
            p = strstr(close + 4, "```log\n");
            CHECK(p, "%s: %s has no log", path, name);
            for (p += 7; strncmp(p, "```", 3) != 0; p = end + 1) {
                end = strchr(p, '\n');
                CHECK(end, "%s: %s: the log does not end", path, name);
                *end = 0;
                expect_line(&expected, p);
            }
            run(name, &in, max_event, max_line, &expected);
            replay_free(&expected);
            cases++;
            end = strchr(p, '\n');
        }
        p = end + 1;
    }
    free(file.p);
    return cases;
}

int main(int argc, char **argv)
{
    int cases = 0;
    for (int i = 1; i < argc; i++)
        cases += run_file(argv[i]);
    CHECK(cases >= 25, "%d cases", cases);
    printf("%d cases\n", cases);
    return 0;
}
