/* Ledgers that a trainer does not write: lines in another order, of any length, in other words; and files that fail while they
 * are read. */
#include "ledger/ledger.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/ledger_test.h"

#define D64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define BEFORE_RECIPE                                                                                                            \
    ",\"format\":\"isobit-ledger-1\",\"digest\":\"blake3-256\",\"contract\":1,\"version\":\"1\",\"seed\":\"5\",\"stream\":"      \
    "\"torch\",\"recipe\":"
#define MODEL         ",\"model\":\"" D64 "\""
#define BEHIND_RECIPE ",\"train\":[],\"steps\":9,\"digest_every\":1,\"checkpoint_every\":3"
#define STEP          ",\"epoch\":1,\"batch\":\"" D64 "\",\"loss\":\"00000000\",\"lr\":\"0000000000000000\",\"state\":\"" D64 "\""
#define EVAL          ",\"epoch\":1,\"count\":10,\"correct\":3,\"loss\":\"00000000\""

/* A line of this kind and step (below 0: it has none), and its other members as they stand in the file. */
static iso_status put(iso_ledger *l, const char *kind, int64_t step, const char *members) {
    iso_text line = iso_ledger_begin(l, kind);
    if (step >= 0)
        iso_ledger_int(&line, "step", step);
    iso_text_puts(&line, members);
    return iso_ledger_put(l, &line);
}

static iso_status put_header(iso_ledger *l, const char *recipe) {
    char members[1000];
    snprintf(members, sizeof members, BEFORE_RECIPE "%s" MODEL BEHIND_RECIPE, recipe);
    return put(l, "header", -1, members);
}

struct line {
    const char *kind, *members;
    int64_t step;
};

/* A ledger of these lines, the first a header unless `headless`. */
static const char *write_lines(iso_context *ctx, const char *name, bool headless, const struct line *lines, size_t count) {
    const char *directory = test_directory(name);
    iso_ledger *l;
    unlink(test_path(directory, "run.ledger"));
    if (iso_ledger_open(ctx, directory, ISO_LEDGER_CREATE, &l))
        return NULL;
    iso_status status = headless ? ISO_OK : put_header(l, "\"a\"");
    for (size_t i = 0; i < count && !status; i++)
        status = put(l, lines[i].kind, lines[i].step, lines[i].members);
    iso_ledger_close(l);
    return status ? NULL : directory;
}

ISO_TEST(lines_follow_one_another) {
    static const struct {
        struct line lines[3];
        size_t count;
        const char *message; /* NULL: they do */
        bool headless;
    } cases[] = {
        {{{"step", STEP, 1}, {"eval", EVAL, 1}, {"step", STEP, 2}}, 3, NULL, false},
        {{{"eval", EVAL, 0}, {"step", STEP, 1}, {"end", "", 1}}, 3, NULL, false},
        {{{"step", STEP, 1}}, 1, "run.ledger:1: expected a header", true},
        {{{"header", BEFORE_RECIPE "\"b\"" MODEL BEHIND_RECIPE, -1}}, 1, "run.ledger:2: a second header", false},
        {{{"step", STEP, 1}, {"step", STEP, 1}}, 2, "run.ledger:3: the step's number does not follow", false},
        {{{"step", STEP, 0}}, 1, "run.ledger:2: the step's number does not follow", false},
        {{{"step", STEP, 3}, {"eval", EVAL, 2}}, 2, "run.ledger:3: the step's number does not follow", false},
        {{{"step", STEP, 3}, {"end", "", 4}}, 2, "run.ledger:3: the step's number does not follow", false},
    };
    iso_context *ctx = test_context(1);
    iso_ledger *l;
    for (size_t i = 0; i < ISO_COUNTOF(cases); i++) {
        const char *directory = write_lines(ctx, "follow", cases[i].headless, cases[i].lines, cases[i].count);
        CHECK(directory);
        iso_status status = iso_ledger_open(ctx, directory, ISO_LEDGER_READ, &l);
        CHECK_MSG(cases[i].message ? status == ISO_DIFFER && strstr(iso_error(ctx), cases[i].message) : status == ISO_OK,
                  "case %zu: status %d, %s", i, (int)status, iso_error(ctx));
        if (!status)
            iso_ledger_close(l);
    }
    iso_context_free(ctx);
}

/* Only what stands behind a line that was not synced can be the work of a crash. */
ISO_TEST(lines_behind_a_synced_one_are_not_given_up) {
    iso_context *ctx = test_context(1);
    iso_ledger *l;
    const struct line step = {"step", STEP, 1}, first[] = {step}, twice[] = {step, step};
    const char *directory = write_lines(ctx, "unsynced", true, first, 1);
    CHECK(directory);
    CHECK_FAILS(ctx, ISO_DIFFER, "run.ledger:1: expected a header", iso_ledger_open(ctx, directory, ISO_LEDGER_RESUME, &l));
    CHECK(directory = write_lines(ctx, "unsynced", false, &(struct line){"step", STEP, 0}, 1));
    CHECK_FAILS(ctx, ISO_DIFFER, "run.ledger:2: the step's", iso_ledger_open(ctx, directory, ISO_LEDGER_RESUME, &l));
    CHECK(directory = write_lines(ctx, "unsynced", false, twice, 2));
    CHECK_OK(ctx, iso_ledger_open(ctx, directory, ISO_LEDGER_RESUME, &l));
    CHECK(l->count == 1 && l->torn > 0);
    iso_ledger_close(l);
    iso_context_free(ctx);
}

ISO_TEST(ledgers_that_cannot_be_opened) {
    iso_context *ctx = test_context(1);
    iso_ledger *l;
    char file[600], below[600];
    snprintf(file, sizeof file, "%s", test_path(iso_test_directory(), "a-file"));
    snprintf(below, sizeof below, "%s/below", file);
    CHECK(test_write(file, "x", 1));
    static const iso_ledger_mode modes[] = {ISO_LEDGER_READ, ISO_LEDGER_RESUME};
    for (int i = 0; i < 2; i++) { /* ENOENT and ENOTDIR */
        CHECK_FAILS(ctx, ISO_EIO, "there is no such file, so this is no run's directory",
                    iso_ledger_open(ctx, "/nowhere", modes[i], &l));
        CHECK_FAILS(ctx, ISO_EIO, "there is no such file, so this is no run's directory",
                    iso_ledger_open(ctx, below, modes[i], &l));
    }
    CHECK_FAILS(ctx, ISO_EIO, "could not be created: No such file or directory",
                iso_ledger_open(ctx, "/nowhere", ISO_LEDGER_CREATE, &l));
    CHECK_FAILS(ctx, ISO_EIO, "could not be created: Not a directory", iso_ledger_open(ctx, below, ISO_LEDGER_CREATE, &l));
    const char *directory = test_directory("a-directory-instead");
    (void)test_directory("a-directory-instead/run.ledger");
    CHECK_FAILS(ctx, ISO_EIO, "could not be opened: Is a directory", iso_ledger_open(ctx, directory, ISO_LEDGER_RESUME, &l));
    iso_context_free(ctx);
}

/* The head is found behind a line of any length. */
ISO_TEST(the_head_of_a_ledger) {
    iso_context *ctx = test_context(1);
    static const int lengths[] = {1, 4000, 4096, 5000, 70000};
    uint8_t head[ISO_BLAKE3_SIZE];
    int64_t size;
    const char *directory = test_directory("head");
    char *recipe = malloc(70001);
    for (size_t i = 0; i < 2 * ISO_COUNTOF(lengths); i++) {
        iso_ledger *l;
        unlink(test_path(directory, "run.ledger"));
        CHECK_OK(ctx, iso_ledger_open(ctx, directory, ISO_LEDGER_CREATE, &l));
        if (i % 2)
            CHECK_OK(ctx, put_header(l, "\"a\""));
        iso_text line = iso_ledger_begin(l, "header");
        memset(recipe, 'x', 70000);
        recipe[lengths[i / 2]] = 0;
        iso_ledger_text(&line, "recipe", recipe);
        CHECK_OK(ctx, iso_ledger_put(l, &line));
        CHECK_OK(ctx, iso_ledger_head(ctx, directory, head, &size));
        CHECK_MSG(memcmp(head, l->head, sizeof head) == 0 && size == (int64_t)l->end, "%d bytes", lengths[i / 2]);
        iso_ledger_close(l);
    }
    free(recipe);
    const char *path = test_path(directory, "run.ledger");
    CHECK(test_write(path, "", 0));
    CHECK_FAILS(ctx, ISO_DIFFER, "run.ledger ends in the middle of a line", iso_ledger_head(ctx, directory, head, &size));
    CHECK(test_write(path, "{}\n{", 4));
    CHECK_FAILS(ctx, ISO_DIFFER, "run.ledger ends in the middle of a line", iso_ledger_head(ctx, directory, head, &size));
    CHECK_FAILS(ctx, ISO_EIO, "/nowhere/run.ledger: could not be read", iso_ledger_head(ctx, "/nowhere", head, &size));
    iso_context_free(ctx);
}

/* Reads that give nothing, are interrupted, or fail. */
struct reader {
    iso_files real;
    int error; /* 0: the file ends */
    int times; /* calls that do so */
};

static int64_t failing_read(void *user, int fd, void *buffer, size_t count) {
    struct reader *r = user;
    if (r->times-- <= 0)
        return r->real.read(r->real.user, fd, buffer, count);
    errno = r->error;
    return r->error ? -1 : 0;
}

ISO_TEST(the_head_of_a_file_that_fails) {
    iso_context *good = test_context(1), *ctx;
    const char *directory = write_lines(good, "head-fails", false, NULL, 0);
    static const struct {
        int error, times;
        const char *message; /* NULL: it is read all the same */
    } cases[] = {{0, 1, "run.ledger: could not be read: it became shorter"},
                 {EIO, 1, "run.ledger: could not be read: Input/output error"},
                 {EINTR, 3, NULL}};
    uint8_t head[ISO_BLAKE3_SIZE], due[ISO_BLAKE3_SIZE];
    int64_t size;
    CHECK(directory);
    CHECK_OK(good, iso_ledger_head(good, directory, due, &size));
    for (size_t i = 0; i < ISO_COUNTOF(cases); i++) {
        struct reader r = {test_files(), cases[i].error, cases[i].times};
        iso_files files = r.real;
        files.user = &r;
        files.read = failing_read;
        CHECK(iso_context_new(&ctx, &(iso_context_options){.threads = 1, .files = &files}) == ISO_OK);
        if (cases[i].message)
            CHECK_FAILS(ctx, ISO_EIO, cases[i].message, iso_ledger_head(ctx, directory, head, &size));
        else {
            CHECK_OK(ctx, iso_ledger_head(ctx, directory, head, &size));
            CHECK(memcmp(head, due, sizeof head) == 0);
        }
        iso_context_free(ctx);
    }
    iso_context_free(good);
}

/* What is said of a line that was recorded otherwise. */
ISO_TEST(the_words_for_a_line_that_differs) {
    static const char longer[] = "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"";
    static const struct {
        const char *recorded, *computed, *differing, *message; /* the recipe, and what stands behind it */
    } cases[] = {
        {"\"a\"" MODEL, "\"b\"" MODEL, "recipe",
         "line 1 (header): recipe is recorded as a, which is not what its own inputs give: b"},
        {"\"a\"" MODEL, longer, "recipe", "line 1 (header): recipe is not what its own inputs give"},
        {longer, "\"a\"" MODEL, "recipe", "line 1 (header): recipe is not what its own inputs give"},
        {"\"a\"" MODEL ",\"weights\":\"" D64 "\"", "\"a\"" MODEL, "weights",
         "line 1 (header): weights is not what its own inputs give"},
        {"\"\\u0061\"" MODEL, "\"a\"" MODEL, "", "line 1 (header): the line is not what its own inputs give"},
    };
    iso_context *ctx = test_context(1);
    const char *directory = test_directory("words");
    for (size_t i = 0; i < ISO_COUNTOF(cases); i++) {
        iso_ledger *l;
        char members[2][1000];
        snprintf(members[0], sizeof members[0], BEFORE_RECIPE "%s%s" BEHIND_RECIPE, cases[i].recorded,
                 cases[i].recorded == longer ? MODEL : "");
        snprintf(members[1], sizeof members[1], BEFORE_RECIPE "%s%s" BEHIND_RECIPE, cases[i].computed,
                 cases[i].computed == longer ? MODEL : "");
        unlink(test_path(directory, "run.ledger"));
        CHECK_OK(ctx, iso_ledger_open(ctx, directory, ISO_LEDGER_CREATE, &l));
        CHECK_OK(ctx, put(l, "header", -1, members[0]));
        iso_ledger_close(l);
        CHECK_OK(ctx, iso_ledger_open(ctx, directory, ISO_LEDGER_READ, &l));
        iso_ledger_seek(l, 0); /* where it stands already */
        CHECK(put(l, "header", -1, members[1]) == ISO_DIFFER);
        CHECK_STRING(cases[i].message, iso_error(ctx));
        CHECK_STRING(cases[i].differing, l->differing);
        iso_ledger_close(l);
    }
    iso_context_free(ctx);
}

/* The checks of a line know less than JSON does: half a surrogate pair is a string to them. */
ISO_TEST(a_line_that_is_no_json) {
    iso_context *ctx = test_context(1);
    const char *directory = test_directory("no-json");
    iso_ledger *l;
    iso_json line;
    CHECK_OK(ctx, iso_ledger_open(ctx, directory, ISO_LEDGER_CREATE, &l));
    CHECK_OK(ctx, put_header(l, "\"\\ud800\""));
    iso_ledger_close(l);
    CHECK_OK(ctx, iso_ledger_open(ctx, directory, ISO_LEDGER_READ, &l));
    CHECK_FAILS(ctx, ISO_DIFFER, "run.ledger:1: not a ledger line", iso_ledger_parse(l, 0, &line));
    iso_ledger_close(l);
    iso_context_free(ctx);
}

ISO_TEST(lines_under_construction) {
    iso_context *ctx = test_context(1);
    iso_ledger *l;
    size_t size;
    const char *directory = test_directory("construction");
    CHECK_OK(ctx, iso_ledger_open(ctx, directory, ISO_LEDGER_CREATE, &l));
    CHECK_OK(ctx, put_header(l, "\"a\""));
    iso_text first = iso_ledger_begin(l, "eval"), second = iso_ledger_begin(l, "eval"); /* two at once */
    iso_ledger_f32(&first, "loss", NAN);
    iso_ledger_f32(&second, "loss", -0.0f);
    iso_ledger_f64(&second, "lr", 1.5);
    CHECK_OK(ctx, iso_ledger_put(l, &first));
    CHECK_OK(ctx, iso_ledger_put(l, &second));
    iso_ledger_close(l);
    char *bytes = (char *)test_read(test_path(directory, "run.ledger"), &size);
    CHECK(bytes);
    bytes[size] = 0;
    bool ok = strstr(bytes, "{\"kind\":\"eval\",\"loss\":\"7fc00000\",\"prev\":") &&
              strstr(bytes, "{\"kind\":\"eval\",\"loss\":\"80000000\",\"lr\":\"3ff8000000000000\",\"prev\":");
    free(bytes);
    CHECK(ok);
    iso_context_free(ctx);
}
