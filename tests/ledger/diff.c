#include "ledger/diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/ledger_test.h"

ISO_TEST(ulp_distances) {
    CHECK(iso_ulp_distance(0x3f800000u, 0x3f800000u) == 0 && iso_ulp_distance(0x3f800000u, 0x3f800003u) == 3);
    CHECK(iso_ulp_distance(0x3f800003u, 0x3f800000u) == 3);
    CHECK(iso_ulp_distance(0x00000001u, 0x80000001u) == 2 && iso_ulp_distance(0, 0x80000000u) == 0);
    CHECK(iso_ulp_distance(0xff7fffffu, 0x7f7fffffu) == 2 * (uint64_t)0x7f7fffff);
}

ISO_TEST(states_are_compared_tensor_by_tensor) {
    iso_context *ctx = test_context(1);
    test_model *a = test_model_new(ctx, 50000), *b = test_model_new(ctx, 50000);
    iso_tensor_difference d;
    for (int i = 0; i < TEST_TENSORS; i++)
        memcpy(b->tensors[i]->data, a->tensors[i]->data, iso_tensor_bytes(a->tensors[i]));
    CHECK(!iso_diff_states(a->state, b->state, &d) && d.tensor[0] == 0 && d.differing == 0);
    iso_tensor_f32(a->tensors[2])[20000] = 1.0f;
    iso_tensor_f32(b->tensors[2])[20000] = 1.0f + 0x1p-22f;
    iso_tensor_u8(b->tensors[3])[4] ^= 1;
    CHECK(iso_diff_states(a->state, b->state, &d));
    CHECK_STRING("fc.weight", d.tensor);
    CHECK(d.element == 20000 && d.tile == 1 && d.bits[0] == 0x3f800000u && d.bits[1] == 0x3f800002u && d.dtype == ISO_FLOAT32);
    CHECK(d.differing == 2 && d.total == TEST_TENSORS && !d.missing[0] && !d.missing[1] && !d.other_shape);
    iso_tensor_i64(b->tensors[1])[2] = iso_tensor_i64(a->tensors[1])[2] ^ 4;
    iso_tensor_f32(b->tensors[2])[20000] = 1.0f;
    iso_tensor_u8(b->tensors[3])[4] ^= 1;
    CHECK(iso_diff_states(a->state, b->state, &d) && d.differing == 1 && d.element == 2 && d.tile == -1 && d.dtype == ISO_INT64);
    CHECK_STRING("isobit/counters", d.tensor);
    /* A tensor that only one has, and one of another shape. */
    CHECK_OK(ctx, iso_state_add(b->state, "aaa", b->tensors[1]));
    CHECK(iso_diff_states(a->state, b->state, &d) && d.missing[0] && !d.missing[1] && d.differing == 2);
    CHECK_STRING("aaa", d.tensor);
    test_model *c = test_model_new(ctx, 60000);
    CHECK(iso_diff_tensors("fc.weight", a->tensors[2], c->tensors[2], &d) && d.other_shape && d.element == -1);
    test_model_free(a);
    test_model_free(b);
    test_model_free(c);
    iso_context_free(ctx);
}

struct pair {
    iso_context *ctx;
    const char *directories[2];
    iso_ledger *ledgers[2];
    size_t at[2];
    bool differ;
};

static bool open_pair(struct pair *p, iso_context *ctx, const test_run *a, const test_run *b) {
    *p = (struct pair){.ctx = ctx, .directories = {a->directory, b->directory}};
    for (int i = 0; i < 2; i++)
        if (!iso_test_check(iso_ledger_open(ctx, p->directories[i], ISO_LEDGER_READ, &p->ledgers[i]) == ISO_OK, __FILE__,
                            __LINE__, "%s", iso_error(ctx)))
            return false;
    p->differ = iso_diff_lines(p->ledgers[0], p->ledgers[1], p->at);
    return true;
}

static void close_pair(struct pair *p) {
    iso_ledger_close(p->ledgers[0]);
    iso_ledger_close(p->ledgers[1]);
}

ISO_TEST(the_first_line_that_differs) {
    iso_context *ctx = test_context(1);
    test_run a = {.directory = test_directory("line-a"), .seed = 7, .steps = 6, .every = 2, .large = 50000}, b = a, sparse = a,
             longer = a;
    b.directory = test_directory("line-b");
    b.change_step = 3;
    b.change_tensor = 2;
    b.change_element = 33333;
    sparse.directory = test_directory("line-sparse");
    sparse.every = 3;
    longer.directory = test_directory("line-longer");
    longer.steps = 8;
    const test_run *runs[] = {&a, &b, &sparse, &longer};
    for (int i = 0; i < 4; i++)
        CHECK_OK(ctx, test_run_write(ctx, runs[i], ISO_LEDGER_CREATE, NULL));
    struct pair p;
    CHECK(open_pair(&p, ctx, &a, &a) && !p.differ);
    close_pair(&p);
    CHECK(open_pair(&p, ctx, &a, &sparse) && !p.differ); /* only the schedule of checkpoints differs */
    close_pair(&p);
    CHECK(open_pair(&p, ctx, &a, &longer) && p.differ);
    CHECK(iso_ledger_is(p.ledgers[0], p.at[0], "end") && p.at[1] == p.ledgers[1]->count);
    close_pair(&p);
    for (int i = 0; i < 2; i++) {
        CHECK(open_pair(&p, ctx, i ? &sparse : &a, &b) && p.differ);
        for (int k = 0; k < 2; k++)
            CHECK(iso_ledger_is(p.ledgers[k], p.at[k], "step") && iso_ledger_step(p.ledgers[k], p.at[k]) == 3);
        iso_tensor_difference d;
        CHECK_OK(ctx, iso_diff_checkpoints(ctx, p.directories, (const iso_ledger *const *)p.ledgers, 3, &d));
        CHECK_STRING("fc.weight", d.tensor);
        CHECK(d.step == (i ? 6 : 4) && d.tile == 2 && d.differing == 1 && d.total == TEST_TENSORS);
        CHECK(d.element == 33333 && !d.damaged[0] && !d.damaged[1] &&
              iso_ulp_distance((uint32_t)d.bits[0], (uint32_t)d.bits[1]) > 0);
        close_pair(&p);
    }
    /* A run that was stopped behind a checkpoint, where the other goes on: the evaluation that it lacks is a difference. */
    char path[512];
    snprintf(path, sizeof path, "%s", test_path(a.directory, "run.ledger"));
    size_t size, cut;
    uint8_t *bytes = test_read(path, &size);
    CHECK(open_pair(&p, ctx, &a, &a));
    cut = p.ledgers[0]->lines[iso_ledger_find(p.ledgers[0], 0, "eval", 6)].at;
    close_pair(&p);
    test_run stopped = a;
    stopped.directory = test_directory("line-stopped");
    CHECK(test_write(test_path(stopped.directory, "run.ledger"), bytes, cut));
    CHECK(open_pair(&p, ctx, &a, &stopped) && p.differ);
    CHECK(iso_ledger_is(p.ledgers[0], p.at[0], "eval") && p.at[1] == p.ledgers[1]->count);
    close_pair(&p);
    free(bytes);
    /* Without the files, the lines still tell tensor and tile. */
    CHECK(unlink(test_path(a.directory, "checkpoint-000004.safetensors")) == 0);
    CHECK(open_pair(&p, ctx, &a, &b));
    iso_tensor_difference d;
    CHECK_OK(ctx, iso_diff_checkpoints(ctx, p.directories, (const iso_ledger *const *)p.ledgers, 0, &d));
    CHECK_STRING("fc.weight", d.tensor);
    CHECK(d.step == 4 && d.tile == 2 && d.element == -1 && d.damaged[0] && !d.damaged[1]);
    CHECK_OK(ctx, iso_diff_checkpoints(ctx, p.directories, (const iso_ledger *const *)p.ledgers, 7, &d));
    CHECK(d.tensor[0] == 0);
    close_pair(&p);
    iso_context_free(ctx);
}

ISO_TEST(tensors_of_any_shape_are_compared) {
    iso_context *ctx = test_context(1);
    iso_tensor_difference d;
    iso_tensor *f = iso_tensor_new(ctx, ISO_FLOAT32, 2, (int64_t[]){2, 40}),
               *same = iso_tensor_new(ctx, ISO_FLOAT32, 2, (int64_t[]){2, 40}),
               *flat = iso_tensor_new(ctx, ISO_FLOAT32, 1, (int64_t[]){80}),
               *none = iso_tensor_new(ctx, ISO_FLOAT32, 2, (int64_t[]){0, 40}),
               *bytes = iso_tensor_new(ctx, ISO_UINT8, 2, (int64_t[]){2, 40});
    CHECK(f && same && flat && none && bytes);
    memset(f->data, 0, iso_tensor_bytes(f));
    memset(same->data, 0, iso_tensor_bytes(same));
    CHECK(!iso_diff_tensors("t", f, same, &d) && !iso_diff_tensors("t", none, none, &d));
    CHECK(iso_diff_tensors("t", f, flat, &d) && d.other_shape);
    CHECK(iso_diff_tensors("t", f, bytes, &d) && d.other_shape);
    CHECK(iso_diff_tensors("t", f, none, &d) && d.other_shape);
    iso_tensor_f32(same)[65] = 1; /* row 1, column 25: a row is wider than the window around it */
    CHECK(iso_diff_tensors("t", f, same, &d) && !d.other_shape && d.element == 65 && d.tile == -1);
    CHECK(d.window.row == 40 && d.window.rows == 2 && d.window.columns == ISO_DIFF_WINDOW_COLUMNS && d.window.first_row == 0 &&
          d.window.first_column == 25 - ISO_DIFF_WINDOW_COLUMNS / 2);
    CHECK(d.window.bits[1][ISO_DIFF_WINDOW_COLUMNS + ISO_DIFF_WINDOW_COLUMNS / 2] == 0x3f800000u);
    iso_text out = iso_text_new(ctx);
    iso_write_element(&out, ISO_FLOAT32, d.bits[1]);
    iso_text_puts(&out, " ");
    iso_write_element(&out, ISO_INT64, (uint64_t)-5);
    CHECK_STRING("1 (3f800000) -5", out.data);
    iso_text_clear(&out);
    iso_write_index(&out, 2, f->shape, 65);
    iso_write_index(&out, 2, none->shape, 0);
    iso_write_index(&out, 0, none->shape, 0);
    CHECK_STRING("[1, 25][0, 0][]", out.data);
    iso_text_free(&out);
    iso_tensor *const all[] = {f, same, flat, none, bytes};
    for (int i = 0; i < 5; i++)
        iso_tensor_free(ctx, all[i]);
    iso_context_free(ctx);
}

/* A tensor that only one state has, at its end or in between, on either side. */
ISO_TEST(states_of_other_tensors) {
    iso_context *ctx = test_context(1);
    iso_tensor *t = iso_tensor_new(ctx, ISO_INT64, 1, (int64_t[]){1});
    iso_tensor_difference d;
    static const struct {
        const char *a, *b, *tensor; /* one letter a tensor */
        int missing;
        int64_t differing;
    } cases[] = {{"ab", "abc", "c", 0, 1}, {"abc", "ab", "c", 1, 1}, {"ac", "abc", "b", 0, 1}, {"abc", "ac", "b", 1, 1},
                 {"a", "b", "a", 1, 2},    {"b", "a", "a", 0, 2},    {"", "a", "a", 0, 1},     {"a", "", "a", 1, 1}};
    iso_tensor_i64(t)[0] = 5;
    for (size_t i = 0; i < ISO_COUNTOF(cases); i++) {
        iso_state *states[2];
        const char *names[] = {cases[i].a, cases[i].b};
        for (int k = 0; k < 2; k++) {
            CHECK_OK(ctx, iso_state_new(ctx, &states[k]));
            for (const char *c = names[k]; *c; c++)
                CHECK_OK(ctx, iso_state_add(states[k], (char[]){*c, 0}, t));
        }
        CHECK(iso_diff_states(states[0], states[1], &d));
        CHECK_STRING(cases[i].tensor, d.tensor);
        CHECK(d.missing[cases[i].missing] && !d.missing[!cases[i].missing] && d.differing == cases[i].differing &&
              d.total == (int64_t)strlen(cases[i].a) && !iso_state_find(states[0], "x"));
        iso_state_free(states[0]);
        iso_state_free(states[1]);
    }
    iso_tensor_free(ctx, t);
    iso_context_free(ctx);
}

/* ---- Ledgers in other words ---- */

#define D64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* A ledger of a header and these lines, `members` behind kind and step. */
struct other_line {
    const char *kind;
    int64_t step;
    const char *members;
};
static const char *write_ledger(iso_context *ctx, const char *name, const struct other_line *lines, size_t count) {
    const char *directory = test_directory(name);
    iso_ledger *l;
    unlink(test_path(directory, "run.ledger"));
    if (iso_ledger_open(ctx, directory, ISO_LEDGER_CREATE, &l))
        return NULL;
    iso_text line = iso_ledger_begin(l, "header");
    iso_text_puts(&line,
                  ",\"format\":\"isobit-ledger-1\",\"digest\":\"blake3-256\",\"contract\":1,\"version\":\"1\",\"seed\":\"5\","
                  "\"stream\":\"torch\",\"recipe\":\"\",\"model\":\"" D64 "\",\"train\":[],\"steps\":9,\"digest_every\":1,"
                  "\"checkpoint_every\":3");
    iso_status status = iso_ledger_put(l, &line);
    for (size_t i = 0; i < count && !status; i++) {
        line = iso_ledger_begin(l, lines[i].kind);
        iso_ledger_int(&line, "step", lines[i].step);
        iso_text_puts(&line, lines[i].members);
        status = iso_ledger_put(l, &line);
    }
    iso_ledger_close(l);
    return status ? NULL : directory;
}

ISO_TEST(lines_of_any_kind_are_compared) {
#define EVAL(count) ",\"epoch\":1,\"count\":" count ",\"correct\":3,\"loss\":\"00000000\""
#define CKPT(file)  ",\"file\":\"" file "\",\"size\":1,\"digest\":\"" D64 "\",\"tensors\":[]"
    static const struct {
        struct other_line lines[2][2];
        size_t count[2];
        bool differ;
        size_t at[2]; /* 9: behind the last */
    } cases[] = {
        {{{{"eval", 1, EVAL("10")}}, {{"eval", 1, EVAL("10")}}}, {1, 1}, false, {0, 0}},
        {{{{"eval", 1, EVAL("10")}}, {{"eval", 1, EVAL("11")}}}, {1, 1}, true, {1, 1}},
        {{{{"eval", 1, EVAL("10")}}, {{"eval", 1, EVAL("100")}}}, {1, 1}, true, {1, 1}},
        {{{{"eval", 1, EVAL("10")}}, {{"eval", 1, EVAL("10")}, {"end", 1, ""}}}, {1, 2}, true, {9, 2}},
        {{{{"eval", 1, EVAL("10")}, {"end", 1, ""}}, {{"eval", 1, EVAL("10")}}}, {2, 1}, true, {2, 9}},
        {{{{"end", 0, ""}}, {{"eval", 0, EVAL("10")}, {"end", 0, ""}}}, {1, 2}, false, {0, 0}},
        {{{{"ckpt", 0, CKPT("f")}, {"end", 0, ""}}, {{"end", 0, ""}}}, {2, 1}, false, {0, 0}},
        {{{{"nan-stop", 1, ",\"tensor\":\"t\",\"index\":1,\"batch\":\"" D64 "\""}}, {{"eval", 1, EVAL("10")}}},
         {1, 1},
         true,
         {1, 9}},
        {{{{"eval", 1, EVAL("10")}}, {{"nan-stop", 1, ",\"tensor\":\"t\",\"index\":1,\"batch\":\"" D64 "\""}}},
         {1, 1},
         true,
         {9, 1}},
    };
    iso_context *ctx = test_context(1);
    for (size_t i = 0; i < ISO_COUNTOF(cases); i++) {
        const char *directories[2] = {write_ledger(ctx, "kinds-a", cases[i].lines[0], cases[i].count[0]),
                                      write_ledger(ctx, "kinds-b", cases[i].lines[1], cases[i].count[1])};
        CHECK(directories[0] && directories[1]);
        test_run a = {.directory = directories[0]}, b = {.directory = directories[1]};
        struct pair p;
        CHECK(open_pair(&p, ctx, &a, &b));
        CHECK_MSG(p.differ == cases[i].differ, "case %zu", i);
        for (int k = 0; k < 2 && p.differ; k++)
            CHECK_MSG(p.at[k] == (cases[i].at[k] == 9 ? p.ledgers[k]->count : cases[i].at[k]), "case %zu: side %d, line %zu", i,
                      k, p.at[k]);
        close_pair(&p);
    }
    iso_context_free(ctx);
}

/* Lines of checkpoints that say something else than their files, or name files that are none of the run's. */
ISO_TEST(checkpoints_whose_lines_lie) {
    iso_context *ctx = test_context(1);
    char members[3][600];
    uint8_t digest[ISO_BLAKE3_SIZE];
    int64_t size;
    test_model *model = test_model_new(ctx, 100);
    const char *directories[2] = {test_directory("lies-a"), test_directory("lies-b")};
    char hex[2 * ISO_BLAKE3_SIZE + 1];
    for (int i = 0; i < 2; i++)
        CHECK_OK(ctx, iso_safetensors_write(ctx, test_path(directories[i], "f"), model->state, digest, &size));
    for (int i = 0; i < ISO_BLAKE3_SIZE; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    static const struct {
        const char *file[2], *tensors[2]; /* tensors: their digests' last digit */
        bool other_digest, differ, damaged[2];
    } cases[] = {
        {{"f", "g"}, {"1", "1"}, false, false, {false, false}}, /* the tensors are the same: nothing to say */
        {{"f", "f"}, {"1", "2"}, false, true, {false, false}},  /* the files' tensors are the same, whatever the lines say */
        {{"f", "../lies-a/f"}, {"1", "2"}, false, true, {false, true}},
        {{"f\\u0000", "f"}, {"1", "2"}, false, true, {true, false}},
        {{"f", "f"}, {"1", "2"}, true, true, {false, true}}, /* the file is not the one whose digest was recorded */
    };
    for (size_t i = 0; i < ISO_COUNTOF(cases); i++) {
        iso_tensor_difference d;
        for (int k = 0; k < 2; k++) {
            snprintf(members[k], sizeof members[k],
                     ",\"file\":\"%s\",\"size\":1,\"digest\":\"%s\",\"tensors\":[[\"fc.weight\",\"%s\",[]]]", cases[i].file[k],
                     cases[i].other_digest && k ? D64 : hex, cases[i].tensors[k]);
            CHECK(write_ledger(ctx, k ? "lies-b" : "lies-a", &(struct other_line){"ckpt", 1, members[k]}, 1));
        }
        test_run a = {.directory = directories[0]}, b = {.directory = directories[1]};
        struct pair p;
        CHECK(open_pair(&p, ctx, &a, &b) && p.differ);
        CHECK_OK(ctx, iso_diff_checkpoints(ctx, p.directories, (const iso_ledger *const *)p.ledgers, 0, &d));
        CHECK_STRING(cases[i].differ ? "fc.weight" : "", d.tensor);
        CHECK_MSG(d.element == -1 && d.damaged[0] == cases[i].damaged[0] && d.damaged[1] == cases[i].damaged[1], "case %zu", i);
        close_pair(&p);
    }
    /* A tensor that one of the two lines lacks is missing, not damaged. */
    snprintf(members[0], sizeof members[0], ",\"file\":\"f\",\"size\":1,\"digest\":\"%s\",\"tensors\":[[\"only.a\",\"1\",[]]]",
             hex);
    snprintf(members[1], sizeof members[1], ",\"file\":\"f\",\"size\":1,\"digest\":\"%s\",\"tensors\":[]", hex);
    for (int k = 0; k < 2; k++)
        CHECK(write_ledger(ctx, k ? "lies-b" : "lies-a", &(struct other_line){"ckpt", 1, members[k]}, 1));
    test_run a = {.directory = directories[0]}, b = {.directory = directories[1]};
    iso_tensor_difference d;
    struct pair p;
    CHECK(open_pair(&p, ctx, &a, &b) && p.differ);
    CHECK_OK(ctx, iso_diff_checkpoints(ctx, p.directories, (const iso_ledger *const *)p.ledgers, 0, &d));
    CHECK_STRING("only.a", d.tensor);
    CHECK(!d.missing[0] && d.missing[1] && d.damaged[0] && !d.damaged[1]); /* its file does not have it either */
    close_pair(&p);
    test_model_free(model);
    iso_context_free(ctx);
}
