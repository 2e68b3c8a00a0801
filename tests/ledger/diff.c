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
