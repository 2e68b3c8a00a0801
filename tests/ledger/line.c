/* Lines byte by byte: what a reader takes, and what two lines differ in. */
#include "ledger/line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/ledger_test.h"

#define D8   "01234567"
#define D64  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define PREV ",\"prev\":\"" D64 "\"}"
#define HEADER(recipe, train)                                                                                                    \
    "{\"kind\":\"header\",\"format\":\"isobit-ledger-1\",\"digest\":\"blake3-256\",\"contract\":1,\"version\":\"1\",\"seed\":"   \
    "\"5\",\"stream\":\"torch\",\"recipe\":" recipe ",\"model\":\"" D64 "\",\"train\":" train                                    \
    ",\"steps\":9,\"digest_every\":1,\"checkpoint_every\":3" PREV
#define EVAL(step)    "{\"kind\":\"eval\",\"step\":" step ",\"epoch\":1,\"count\":10,\"correct\":3,\"loss\":\"" D8 "\"" PREV
#define CKPT(tensors) "{\"kind\":\"ckpt\",\"step\":3,\"file\":\"f\",\"size\":12,\"digest\":\"" D64 "\",\"tensors\":" tensors PREV

/* The line in memory of exactly its size. */
static bool check(const char *line, size_t size, iso_line_summary *summary, const char **problem, size_t *at) {
    char *exact = malloc(size ? size : 1);
    memcpy(exact, line, size);
    bool good = iso_line_check(exact, size, summary, problem, at);
    free(exact);
    return good;
}

ISO_TEST(lines_of_every_kind) {
    static const struct {
        const char *line;
        iso_line_kind kind;
        int64_t step;
    } lines[] = {
        {HEADER("\"a\\n\\t\\\\\\\"\\u00e9~\"", "{\"images\":-3,\"files\":[[\"a\",1],[],{}]}"), ISO_LINE_HEADER, -1},
        {"{\"kind\":\"step\",\"step\":4,\"epoch\":0,\"batch\":\"" D64 "\",\"loss\":\"" D8 "\",\"lr\":\"" D8 D8
         "\",\"state\":\"" D64 "\"" PREV,
         ISO_LINE_STEP, 4},
        {"{\"kind\":\"step\",\"step\":4,\"epoch\":0,\"loss\":\"" D8 "\",\"lr\":\"" D8 D8 "\"" PREV, ISO_LINE_STEP, 4},
        {CKPT("[[\"a\",\"" D64 "\",[]]]"), ISO_LINE_CKPT, 3},
        {EVAL("9223372036854775807"), ISO_LINE_EVAL, INT64_MAX},
        {EVAL("-5"), ISO_LINE_EVAL, -5},
        {EVAL("0"), ISO_LINE_EVAL, 0},
        {"{\"kind\":\"nan-stop\",\"step\":7,\"tensor\":\"a\",\"index\":1,\"batch\":\"" D64 "\"" PREV, ISO_LINE_NAN_STOP, 7},
        {"{\"kind\":\"end\",\"step\":8" PREV, ISO_LINE_END, 8},
    };
    iso_line_summary summary;
    const char *problem;
    size_t at;
    for (size_t i = 0; i < ISO_COUNTOF(lines); i++) {
        size_t size = strlen(lines[i].line);
        CHECK_MSG(check(lines[i].line, size, &summary, &problem, &at), "%s: expected %s at %zu", lines[i].line, problem, at);
        CHECK(summary.kind == lines[i].kind && summary.step == lines[i].step && summary.prev[0] == 0x01 &&
              summary.prev[31] == 0xef);
        for (size_t cut = 0; cut < size; cut++)
            CHECK_MSG(!check(lines[i].line, cut, &summary, &problem, &at) && problem && at <= cut, "%s: cut at %zu",
                      lines[i].line, cut);
    }
}

ISO_TEST(lines_that_are_none) {
    static const struct {
        const char *line, *problem;
    } lines[] = {
        {"{\"kind\":\"other\"", "a kind of line that this version knows"},
        {EVAL("01"), "a whole number"},
        {EVAL("-0"), "a whole number"},
        {EVAL("-"), "a whole number"},
        {EVAL(":"), "a whole number"},
        {EVAL("9223372036854775808"), "a whole number"},
        {EVAL("18446744073709551616"), "a whole number"},
        {EVAL("18446744073709551619"), "a whole number"},
        {EVAL("99999999999999999999"), "a whole number"},
        {HEADER("\"\x1f\"", "[]"), "a string"},
        {HEADER("\"\x7f\"", "[]"), "a string"},
        {HEADER("\"\\q\"", "[]"), "a string"},
        {HEADER("\"\\u00E9\"", "[]"), "a string"},
        {HEADER("\"\\u00!9\"", "[]"), "a string"},
        {HEADER("\"\\u00g9\"", "[]"), "a string"},
        {HEADER("5", "[]"), "a string"},
        {HEADER("\"\"", "true"), "an array or object of strings and whole numbers"},
        {HEADER("\"\"", "{1:2}"), "an array or object of strings and whole numbers"},
        {HEADER("\"\"", "{\"a\" 2}"), "an array or object of strings and whole numbers"},
        {HEADER("\"\"", "[true]"), "an array or object of strings and whole numbers"},
        {HEADER("\"\"", "[[[[[[[[1]]]]]]]]"), "an array or object of strings and whole numbers"},
        {"{\"kind\":\"step\",\"step\":4,\"epoch\":0,\"batch\":\"" D64 "\",\"loss\":\"" D8 "\",\"lr\":\"" D8 D8 "\"" PREV,
         "batch and state, or neither"},
        {"{\"kind\":\"end\",\"step\":8,\"prev\":\"0123\"}", "64 hex digits"},
        {"{\"kind\":\"end\",\"step\":8,\"prev\":\"!" D64 "\"}", "64 hex digits"},
        {"{\"kind\":\"end\",\"step\":8,\"prev\":\"A" D64 "\"}", "64 hex digits"},
        {"{\"kind\":\"end\",\"step\":8,\"prev\":\"g" D64 "\"}", "64 hex digits"},
        {"{\"kind\":\"end\",\"step\":8,\"prev\":5}", "64 hex digits"},
        {"{\"kind\":\"end\",\"step\":8,\"more\":5}", "prev"},
        {"{\"kind\":\"end\",\"steps\":8}", "step"},
        {"{\"kind\":\"end\",\"step\":8" PREV " ", "the end of the line"},
        {"{\"kind\":\"header\",\"format\":\"isobit-ledger-2\"", "the format isobit-ledger-1"},
        {"{\"kind\":\"header\",\"format\":\"isobit-ledger-1\",\"digest\":\"md5\"", "the digest blake3-256"},
    };
    iso_line_summary summary;
    const char *problem;
    size_t at;
    for (size_t i = 0; i < ISO_COUNTOF(lines); i++) {
        CHECK_MSG(!check(lines[i].line, strlen(lines[i].line), &summary, &problem, &at), "%s", lines[i].line);
        CHECK_STRING(lines[i].problem, problem);
    }
}

static iso_json parsed(iso_context *ctx, const char *text) {
    iso_json value;
    if (iso_json_parse(ctx, text, strlen(text), &value))
        abort();
    return value;
}

ISO_TEST(values_are_equal_or_not) {
    static const struct {
        const char *a, *b;
        bool equal;
    } cases[] = {
        {"{\"a\":[1,\"x\",true,null]}", "{\"a\":[1,\"x\",true,null]}", true},
        {"1", "\"1\"", false},
        {"true", "false", false},
        {"1", "2", false},
        {"\"a\"", "\"ab\"", false},
        {"\"a\"", "\"b\"", false},
        {"[1]", "[1,2]", false},
        {"[1,2]", "[1,3]", false},
        {"{\"a\":1}", "{\"b\":1}", false},
    };
    iso_context *ctx = test_context(1);
    for (size_t i = 0; i < ISO_COUNTOF(cases); i++) {
        iso_json a = parsed(ctx, cases[i].a), b = parsed(ctx, cases[i].b);
        CHECK_MSG(iso_json_equal(&a, &b) == cases[i].equal, "%s and %s", cases[i].a, cases[i].b);
        iso_json_free(ctx, &a);
        iso_json_free(ctx, &b);
    }
    iso_context_free(ctx);
}

ISO_TEST(the_first_member_that_differs) {
    static const struct {
        const char *a, *b, *member; /* NULL: none */
    } cases[] = {
        {"{\"a\":1,\"prev\":2}", "{\"a\":1,\"prev\":3}", NULL},
        {"{\"a\":1,\"b\":2}", "{\"a\":1,\"b\":3}", "b"},
        {"{\"a\":1,\"b\":2}", "{\"b\":2}", "a"},
        {"{\"a\":1}", "{\"a\":1,\"b\":2}", "b"},
    };
    iso_context *ctx = test_context(1);
    for (size_t i = 0; i < ISO_COUNTOF(cases); i++) {
        iso_json a = parsed(ctx, cases[i].a), b = parsed(ctx, cases[i].b);
        const char *member = iso_ledger_first_difference(&a, &b);
        CHECK_STRING(cases[i].member ? cases[i].member : "none", member ? member : "none");
        iso_json_free(ctx, &a);
        iso_json_free(ctx, &b);
    }
    iso_context_free(ctx);
}

ISO_TEST(the_first_tensor_that_differs) {
#define T(name, digest, tiles) "[\"" name "\",\"" digest "\",[" tiles "]]"
    static const struct {
        const char *a, *b;
        iso_tensors_difference expected;
    } cases[] = {
        {"[" T("a", "1", "") "]", "[" T("a", "1", "") "]", {NULL, -1, false, false, 0, 1}},
        {"[" T("a", "1", "\"5\",\"6\"") "," T("b", "1", "") "]",
         "[" T("a", "2", "\"5\",\"7\"") "," T("b", "2", "") "]",
         {"a", 1, false, false, 2, 2}},
        {"[" T("a", "1", "\"5\"") "]", "[" T("a", "2", "\"5\",\"7\"") "]", {"a", -1, false, false, 1, 1}},
        {"[" T("a", "1", "\"5\"") "]", "[" T("a", "2", "\"5\"") "]", {"a", -1, false, false, 1, 1}},
        {"[" T("a", "1", "") "," T("c", "1", "") "]", "[" T("b", "1", "") "," T("c", "1", "") "]", {"a", -1, false, true, 2, 2}},
        {"[" T("b", "1", "") "]", "[" T("a", "1", "") "," T("b", "1", "") "]", {"a", -1, true, false, 1, 1}},
        {"[" T("a", "1", "") "]", "[]", {"a", -1, false, true, 1, 1}},
        {"[]", "[" T("a", "1", "") "]", {"a", -1, true, false, 1, 0}},
        /* What is no tensor's element ends the comparison, or counts for nothing where the other side has one. */
        {"[5]", "[5]", {NULL, -1, false, false, 0, 1}},
        {"[5]", "[" T("a", "1", "") "]", {"a", -1, true, false, 1, 1}},
        {"[" T("a", "1", "") "]", "[[\"a\",\"1\"]]", {"a", -1, false, true, 1, 1}},
        {"[[1,\"1\",[]]]", "[[\"a\",1,[]]]", {NULL, -1, false, false, 0, 1}},
        {"[[\"a\",\"1\",5]]", "[[\"a\",\"1\",5]]", {NULL, -1, false, false, 0, 1}},
    };
    iso_context *ctx = test_context(1);
    for (size_t i = 0; i <= ISO_COUNTOF(cases); i++) { /* the last: lines without tensors */
        bool none = i == ISO_COUNTOF(cases);
        char text[2][400];
        snprintf(text[0], sizeof text[0], none ? "{}" : "{\"tensors\":%s}", none ? "" : cases[i].a);
        snprintf(text[1], sizeof text[1], none ? "{}" : "{\"tensors\":%s}", none ? "" : cases[i].b);
        iso_json a = parsed(ctx, text[0]), b = parsed(ctx, text[1]);
        iso_tensors_difference d = iso_line_tensors_difference(&a, &b),
                               e = none ? (iso_tensors_difference){.tile = -1} : cases[i].expected;
        CHECK_STRING(e.tensor ? e.tensor : "none", d.tensor ? d.tensor : "none");
        CHECK_MSG(d.tile == e.tile && d.missing_a == e.missing_a && d.missing_b == e.missing_b && d.differing == e.differing &&
                      d.total == e.total,
                  "%s and %s: tile %lld, %lld of %lld differ", text[0], text[1], (long long)d.tile, (long long)d.differing,
                  (long long)d.total);
        iso_json_free(ctx, &a);
        iso_json_free(ctx, &b);
    }
    iso_context_free(ctx);
}
