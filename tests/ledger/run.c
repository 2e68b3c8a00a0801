/* A made-up run, written through the same calls as a real one, and the promises of a ledger: chain, resume, locks, damage. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ledger/ledger_test.h"

/* ---- The run ---- */

/* "Training": every element depends on the step, so that no two steps are equal. */
static void train(test_model *model, const test_run *run, int64_t step) {
    for (int i = 0; i < TEST_TENSORS; i++) {
        uint8_t *bytes = model->tensors[i]->data;
        size_t size = iso_tensor_bytes(model->tensors[i]), width = iso_dtype_size(model->tensors[i]->dtype);
        for (size_t at = 0; at < size; at += width)
            bytes[at] = (uint8_t)(bytes[at] * 5 + at + (uint64_t)step + run->seed);
    }
    if (run->change_step == step)
        ((uint8_t *)model->tensors[run->change_tensor]->data)[run->change_element * 4] ^= 1;
}

static iso_status put_header(iso_ledger *l, const test_run *run) {
    char seed[24];
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)run->seed);
    iso_text line = iso_ledger_begin(l, "header");
    iso_ledger_text(&line, "format", ISO_LEDGER_FORMAT);
    iso_ledger_text(&line, "digest", ISO_LEDGER_DIGEST);
    iso_ledger_int(&line, "contract", ISO_CONTRACT_VERSION);
    iso_ledger_text(&line, "version", ISO_VERSION);
    iso_ledger_text(&line, "seed", seed);
    iso_ledger_text(&line, "stream", "torch");
    iso_ledger_text(&line, "recipe", run->recipe ? run->recipe : "seed: 1\noptimizer: \"SGD(lr=0.1)\"\nepochs: 2\n");
    uint8_t digest[ISO_BLAKE3_SIZE];
    iso_blake3("model", 5, digest);
    iso_ledger_hex(&line, "model", digest, sizeof digest);
    iso_text_puts(&line,
                  ",\"train\":{\"images\":1,\"pixels\":\"ab\",\"classes\":[\"caf\\u00e9\"],\"files\":[[\"a.png\",12,\"cd\"]]}");
    iso_ledger_int(&line, "steps", run->steps);
    iso_ledger_int(&line, "digest_every", 1);
    iso_ledger_int(&line, "checkpoint_every", run->every);
    return iso_ledger_put(l, &line);
}

static iso_status put_checkpoint(iso_context *ctx, iso_ledger *l, const test_run *run, test_model *model, int64_t step,
                                 bool write) {
    char name[64];
    uint8_t digest[ISO_BLAKE3_SIZE];
    int64_t size;
    snprintf(name, sizeof name, "checkpoint-%06lld.safetensors", (long long)step);
    const char *path = test_path(run->directory, name);
    write = write && access(path, F_OK) != 0;
    iso_status status = iso_ledger_sync(l);
    if (!status)
        status = iso_safetensors_write(ctx, write ? path : NULL, model->state, digest, &size);
    if (status)
        return status;
    iso_text line = iso_ledger_begin(l, "ckpt");
    iso_ledger_int(&line, "step", step);
    iso_ledger_text(&line, "file", name);
    iso_ledger_int(&line, "size", size);
    iso_ledger_hex(&line, "digest", digest, sizeof digest);
    status = iso_ledger_tensors(&line, model->state);
    if (status)
        iso_text_free(&line);
    else
        status = iso_ledger_put(l, &line);
    return status ? status : iso_ledger_sync(l);
}

static iso_status put_step(iso_ledger *l, test_model *model, int64_t step) {
    uint8_t root[ISO_BLAKE3_SIZE], batch[ISO_BLAKE3_SIZE];
    iso_status status = iso_state_root(model->state, root);
    if (status)
        return status;
    iso_blake3(&step, 1, batch);
    iso_text line = iso_ledger_begin(l, "step");
    iso_ledger_int(&line, "step", step);
    iso_ledger_int(&line, "epoch", 1);
    iso_ledger_hex(&line, "batch", batch, sizeof batch);
    iso_ledger_f32(&line, "loss", 1.0f / (float)step);
    iso_ledger_f64(&line, "lr", 0.1);
    iso_ledger_hex(&line, "state", root, sizeof root);
    return iso_ledger_put(l, &line);
}

static iso_status put_rest(iso_ledger *l, int64_t step) {
    iso_text line = iso_ledger_begin(l, "eval");
    iso_ledger_int(&line, "step", step);
    iso_ledger_int(&line, "epoch", 1);
    iso_ledger_int(&line, "count", 100);
    iso_ledger_int(&line, "correct", 37);
    iso_ledger_f32(&line, "loss", 2.5f);
    iso_status status = iso_ledger_put(l, &line);
    if (status)
        return status;
    line = iso_ledger_begin(l, "end");
    iso_ledger_int(&line, "step", step);
    status = iso_ledger_put(l, &line);
    return status ? status : iso_ledger_sync(l);
}

iso_status test_run_write(iso_context *ctx, const test_run *run, iso_ledger_mode mode, uint8_t head[ISO_BLAKE3_SIZE]) {
    iso_ledger *l;
    iso_status status = iso_ledger_open(ctx, run->directory, mode, &l);
    if (status)
        return status;
    test_model *model = test_model_new(ctx, run->large ? run->large : 20000);
    for (int i = 0; i < TEST_TENSORS; i++)
        memset(model->tensors[i]->data, 0, iso_tensor_bytes(model->tensors[i]));
    status = put_header(l, run);
    for (int64_t step = 0; step <= run->steps && !status; step++) {
        if (step) {
            train(model, run, step);
            status = put_step(l, model, step);
        }
        if (!status && step % run->every == 0)
            status = put_checkpoint(ctx, l, run, model, step, mode == ISO_LEDGER_CREATE || l->position >= l->count);
    }
    if (!status)
        status = put_rest(l, run->steps);
    if (head)
        memcpy(head, l->head, ISO_BLAKE3_SIZE);
    test_model_free(model);
    iso_ledger_close(l);
    return status;
}

/* ---- Helpers ---- */

static bool same_file(const char *path, const uint8_t *expected, size_t expected_size) {
    size_t size;
    uint8_t *bytes = test_read(path, &size);
    bool same = bytes && size == expected_size && memcmp(bytes, expected, size) == 0;
    free(bytes);
    return same;
}

/* ---- Tests ---- */

ISO_TEST(equal_runs_have_equal_ledgers) {
    iso_context *one = test_context(1), *four = test_context(4);
    test_run a = {.directory = test_directory("a"), .seed = 7, .steps = 6, .every = 3}, b = a, c = a;
    b.directory = test_directory("b");
    c.directory = test_directory("c");
    c.seed = 8;
    uint8_t heads[3][ISO_BLAKE3_SIZE];
    CHECK_OK(one, test_run_write(one, &a, ISO_LEDGER_CREATE, heads[0]));
    CHECK_OK(four, test_run_write(four, &b, ISO_LEDGER_CREATE, heads[1]));
    CHECK_OK(four, test_run_write(four, &c, ISO_LEDGER_CREATE, heads[2]));
    CHECK(memcmp(heads[0], heads[1], sizeof heads[0]) == 0);
    CHECK(memcmp(heads[0], heads[2], sizeof heads[0]) != 0);
    size_t size;
    uint8_t *bytes = test_read(test_path(a.directory, "run.ledger"), &size);
    CHECK(bytes && same_file(test_path(b.directory, "run.ledger"), bytes, size));
    for (size_t i = 0; i < size; i++)
        CHECK((bytes[i] >= 0x20 && bytes[i] < 0x7f) || bytes[i] == '\n');
    /* The head is the digest of the last line, whose own "prev" is that of the one before. */
    uint8_t digest[ISO_BLAKE3_SIZE];
    size_t first = size - 1;
    while (bytes[first - 1] != '\n')
        first--;
    iso_blake3(bytes + first, size - 1 - first, digest);
    CHECK(memcmp(digest, heads[0], sizeof digest) == 0);
    free(bytes);
    CHECK_FAILS(one, ISO_EINVAL, "exists already", test_run_write(one, &a, ISO_LEDGER_CREATE, NULL));
    CHECK_OK(one, test_run_write(one, &a, ISO_LEDGER_READ, heads[1]));
    CHECK(memcmp(heads[0], heads[1], sizeof heads[0]) == 0);
    iso_context_free(one);
    iso_context_free(four);
}

ISO_TEST(lines_are_found_and_parsed) {
    iso_context *ctx = test_context(1);
    test_run a = {.directory = test_directory("found"), .seed = 7, .steps = 6, .every = 3};
    CHECK_OK(ctx, test_run_write(ctx, &a, ISO_LEDGER_CREATE, NULL));
    iso_ledger *l;
    CHECK_OK(ctx, iso_ledger_open(ctx, a.directory, ISO_LEDGER_READ, &l));
    CHECK(l->count == 1 + 6 + 3 + 2 && l->finished && l->torn == 0);
    CHECK(iso_ledger_is(l, 0, "header") && iso_ledger_step(l, 0) == -1);
    size_t at = iso_ledger_find(l, 0, "step", 4);
    CHECK(at < l->count && iso_ledger_is(l, at, "step") && !iso_ledger_is(l, at, "ste") && iso_ledger_step(l, at) == 4);
    CHECK(iso_ledger_find(l, 0, "ckpt", 4) == l->count && iso_ledger_find(l, at, "step", 3) == l->count);
    iso_json line;
    CHECK_OK(ctx, iso_ledger_parse(l, at, &line));
    CHECK_STRING("3e800000", iso_json_string(&line, "loss"));
    CHECK_STRING("3fb999999999999a", iso_json_string(&line, "lr"));
    CHECK(iso_json_int(&line, "step", 0) == 4);
    iso_json_free(ctx, &line);
    iso_ledger_close(l);
    CHECK_FAILS(ctx, ISO_EIO, "run.ledger", iso_ledger_open(ctx, iso_test_directory(), ISO_LEDGER_READ, &l));
    CHECK_FAILS(ctx, ISO_EIO, "run.ledger", iso_ledger_open(ctx, iso_test_directory(), ISO_LEDGER_RESUME, &l));
    iso_context_free(ctx);
}

/* Whatever the length at which a ledger was cut, resuming ends in the same file; and opening it cuts at a whole line. */
ISO_TEST(a_ledger_torn_at_any_byte_is_resumed) {
    iso_context *ctx = test_context(1);
    test_run a = {.directory = test_directory("torn"), .seed = 3, .steps = 3, .every = 2, .large = 30};
    CHECK_OK(ctx, test_run_write(ctx, &a, ISO_LEDGER_CREATE, NULL));
    const char *path = test_path(a.directory, "run.ledger");
    char kept[512];
    snprintf(kept, sizeof kept, "%s", path);
    size_t size;
    uint8_t *bytes = test_read(kept, &size);
    for (size_t cut = 0; cut <= size; cut += iso_test_long() ? 1 : (size_t)iso_test_between(1, 3)) {
        iso_ledger *l;
        CHECK(test_write(kept, bytes, cut));
        CHECK_OK(ctx, iso_ledger_open(ctx, a.directory, ISO_LEDGER_READ, &l));
        CHECK(l->end <= cut && l->torn == cut - l->end && (l->end == 0 || bytes[l->end - 1] == '\n'));
        CHECK(memchr(bytes + l->end, '\n', cut - l->end) == NULL && l->finished == (cut == size));
        iso_ledger_close(l);
        CHECK_OK(ctx, test_run_write(ctx, &a, ISO_LEDGER_RESUME, NULL));
        CHECK_MSG(same_file(kept, bytes, size), "cut at byte %zu of %zu", cut, size);
    }
    free(bytes);
    iso_context_free(ctx);
}

/* A crash of the machine may leave anything behind the last synced line. */
ISO_TEST(damage_behind_the_last_checkpoint_is_written_again) {
    iso_context *ctx = test_context(1);
    test_run a = {.directory = test_directory("crash"), .seed = 3, .steps = 7, .every = 4, .large = 30};
    CHECK_OK(ctx, test_run_write(ctx, &a, ISO_LEDGER_CREATE, NULL));
    char path[512];
    snprintf(path, sizeof path, "%s", test_path(a.directory, "run.ledger"));
    size_t size;
    uint8_t *bytes = test_read(path, &size), *broken = malloc(size);
    /* Lines: header, ckpt 0, step 1-4, ckpt 4, step 5-7, eval, end. Keep up to step 7. */
    size_t starts[16], lines = 0;
    for (size_t at = 0; at < size; at = (size_t)((uint8_t *)memchr(bytes + at, '\n', size - at) - bytes) + 1)
        starts[lines++] = at;
    CHECK(lines == 12);
    for (int round = 0; round < 60; round++) {
        size_t length = starts[10], from = starts[7], at = (size_t)iso_test_between((int64_t)from, (int64_t)length - 1);
        memcpy(broken, bytes, length);
        if (round % 3 == 0) /* a page of zeros */
            memset(broken + at, 0, length - at);
        else if (round % 3 == 1)
            broken[at] ^= (uint8_t)(1 << iso_test_between(0, 7));
        else /* a line that is missing in between */
            memmove(broken + starts[8], broken + starts[9], length - starts[9]), length -= starts[9] - starts[8];
        CHECK(test_write(path, broken, length));
        iso_status status = test_run_write(ctx, &a, ISO_LEDGER_RESUME, NULL);
        /* A change of a line's value whose successor is gone shows only when the line is computed again; and where a line does
         * not fit to that of a checkpoint, a crash is not the only explanation. */
        if (status == ISO_DIFFER && round % 3 == 1) {
            CHECK_MSG(strstr(iso_error(ctx), "step") || strstr(iso_error(ctx), "run.ledger:8: the line does not follow"), "%s",
                      iso_error(ctx));
            continue;
        }
        CHECK_OK(ctx, status);
        CHECK_MSG(same_file(path, bytes, size), "round %d, byte %zu", round, at);
    }
    /* The same damage before a checkpoint is no crash. */
    memcpy(broken, bytes, size);
    memset(broken + starts[3], 0, starts[4] - starts[3]);
    CHECK(test_write(path, broken, size));
    CHECK_FAILS(ctx, ISO_DIFFER, "run.ledger:4", test_run_write(ctx, &a, ISO_LEDGER_RESUME, NULL));
    CHECK(same_file(path, broken, size)); /* and is left as it is */
    free(bytes);
    free(broken);
    iso_context_free(ctx);
}

ISO_TEST(existing_lines_are_compared_not_appended) {
    iso_context *ctx = test_context(2);
    test_run a = {.directory = test_directory("compared"), .seed = 3, .steps = 6, .every = 2, .large = 50000};
    CHECK_OK(ctx, test_run_write(ctx, &a, ISO_LEDGER_CREATE, NULL));
    test_run b = a;
    b.change_step = 4;
    b.change_tensor = 2; /* fc.weight */
    b.change_element = 20000;
    static const iso_ledger_mode modes[] = {ISO_LEDGER_RESUME, ISO_LEDGER_READ};
    for (int i = 0; i < 2; i++) {
        CHECK_FAILS(ctx, ISO_DIFFER, "(step, step 4): state is recorded as", test_run_write(ctx, &b, modes[i], NULL));
        test_run longer = a;
        longer.steps = 8;
        CHECK_FAILS(ctx, ISO_DIFFER, "(header): steps", test_run_write(ctx, &longer, modes[i], NULL));
        CHECK_OK(ctx, test_run_write(ctx, &a, modes[i], NULL));
    }
    /* Where the ledger ends, a reader has nothing to compare with. */
    iso_ledger *l;
    CHECK_OK(ctx, iso_ledger_open(ctx, a.directory, ISO_LEDGER_READ, &l));
    iso_ledger_seek(l, l->count);
    CHECK_FAILS(ctx, ISO_DIFFER, "the ledger ends at line", put_rest(l, 6));
    iso_ledger_seek(l, iso_ledger_find(l, 0, "eval", 6));
    CHECK_OK(ctx, put_rest(l, 6));
    iso_ledger_close(l);
    /* In a checkpoint's line the tensor and its tile are named. */
    CHECK_OK(ctx, iso_ledger_open(ctx, a.directory, ISO_LEDGER_READ, &l));
    iso_ledger_seek(l, iso_ledger_find(l, 0, "ckpt", 0));
    test_model *model = test_model_new(ctx, a.large);
    for (int i = 0; i < TEST_TENSORS; i++)
        memset(model->tensors[i]->data, 0, iso_tensor_bytes(model->tensors[i]));
    iso_tensor_f32(model->tensors[2])[40000] = 1;
    CHECK_FAILS(ctx, ISO_DIFFER, "(ckpt, step 0): tensor 'fc.weight' (tile 2)", put_checkpoint(ctx, l, &a, model, 0, false));
    test_model_free(model);
    iso_ledger_close(l);
    iso_context_free(ctx);
}

/* A line that ends a run ends its ledger. */
ISO_TEST(nothing_follows_the_end) {
    iso_context *ctx = test_context(1);
    static const char *const ends[] = {"end", "nan-stop"};
    for (int i = 0; i < 2; i++) {
        test_run a = {.directory = test_directory(ends[i]), .seed = 3, .steps = 3, .every = 2};
        iso_ledger *l;
        test_model *model = test_model_new(ctx, 100);
        uint8_t batch[ISO_BLAKE3_SIZE] = {0};
        CHECK_OK(ctx, iso_ledger_open(ctx, a.directory, ISO_LEDGER_CREATE, &l));
        CHECK_OK(ctx, put_header(l, &a));
        CHECK_OK(ctx, put_step(l, model, 1));
        iso_text line = iso_ledger_begin(l, ends[i]);
        iso_ledger_int(&line, "step", i ? 2 : 1);
        if (i) {
            iso_ledger_text(&line, "tensor", "fc.weight");
            iso_ledger_int(&line, "index", 7);
            iso_ledger_hex(&line, "batch", batch, sizeof batch);
        }
        CHECK_OK(ctx, iso_ledger_put(l, &line));
        iso_ledger_close(l);
        CHECK_OK(ctx, iso_ledger_open(ctx, a.directory, ISO_LEDGER_READ, &l));
        CHECK(l->finished);
        iso_ledger_close(l);
        CHECK_OK(ctx, iso_ledger_open(ctx, a.directory, ISO_LEDGER_RESUME, &l));
        iso_ledger_seek(l, l->count);
        CHECK_OK(ctx, put_step(l, model, 3)); /* whoever writes it: the reader refuses it */
        iso_ledger_close(l);
        CHECK_FAILS(ctx, ISO_DIFFER, "run.ledger:4: a line behind the end",
                    iso_ledger_open(ctx, a.directory, ISO_LEDGER_READ, &l));
        test_model_free(model);
    }
    iso_context_free(ctx);
}

/* Every tenth step or so has digests: then both. */
ISO_TEST(a_step_has_both_digests_or_none) {
    iso_context *ctx = test_context(1);
    for (int which = 0; which < 4; which++) {
        char name[32];
        uint8_t digest[ISO_BLAKE3_SIZE] = {7};
        iso_ledger *l;
        snprintf(name, sizeof name, "both-or-none-%d", which);
        test_run a = {.directory = test_directory(name), .seed = 3, .steps = 1, .every = 2};
        CHECK_OK(ctx, iso_ledger_open(ctx, a.directory, ISO_LEDGER_CREATE, &l));
        CHECK_OK(ctx, put_header(l, &a));
        iso_text line = iso_ledger_begin(l, "step");
        iso_ledger_int(&line, "step", 1);
        iso_ledger_int(&line, "epoch", 1);
        if (which & 1)
            iso_ledger_hex(&line, "batch", digest, sizeof digest);
        iso_ledger_f32(&line, "loss", 0.5f);
        iso_ledger_f64(&line, "lr", 0.1);
        if (which & 2)
            iso_ledger_hex(&line, "state", digest, sizeof digest);
        CHECK_OK(ctx, iso_ledger_put(l, &line));
        iso_ledger_close(l);
        if (which == 0 || which == 3)
            CHECK_OK(ctx, iso_ledger_open(ctx, a.directory, ISO_LEDGER_READ, &l));
        else
            CHECK_FAILS(ctx, ISO_DIFFER, "batch and state, or neither", iso_ledger_open(ctx, a.directory, ISO_LEDGER_READ, &l));
        iso_ledger_close(l);
    }
    iso_context_free(ctx);
}

ISO_TEST(a_run_is_locked) {
    iso_context *ctx = test_context(1);
    test_run a = {.directory = test_directory("locked"), .seed = 3, .steps = 3, .every = 2};
    CHECK_OK(ctx, test_run_write(ctx, &a, ISO_LEDGER_CREATE, NULL));
    iso_ledger *l, *second;
    CHECK_OK(ctx, iso_ledger_open(ctx, a.directory, ISO_LEDGER_RESUME, &l));
    CHECK_FAILS(ctx, ISO_EINVAL, "another process", iso_ledger_open(ctx, a.directory, ISO_LEDGER_RESUME, &second));
    CHECK_OK(ctx, iso_ledger_open(ctx, a.directory, ISO_LEDGER_READ, &second)); /* reading needs no lock */
    iso_ledger_close(second);
    pid_t child = fork();
    if (child == 0) {
        iso_status status = iso_ledger_open(ctx, a.directory, ISO_LEDGER_RESUME, &second);
        _exit(status == ISO_EINVAL ? 0 : 1);
    }
    int result = -1;
    CHECK(child > 0 && waitpid(child, &result, 0) == child && result == 0);
    iso_ledger_close(l);
    /* A process that dies takes its lock with it. */
    int ready[2];
    CHECK(pipe(ready) == 0);
    child = fork();
    if (child == 0) {
        char ok = iso_ledger_open(ctx, a.directory, ISO_LEDGER_RESUME, &second) == ISO_OK;
        if (write(ready[1], &ok, 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    char ok = 0;
    CHECK(child > 0 && read(ready[0], &ok, 1) == 1);
    iso_status status = iso_ledger_open(ctx, a.directory, ISO_LEDGER_RESUME, &l);
    kill(child, SIGKILL);
    waitpid(child, &result, 0);
    close(ready[0]);
    close(ready[1]);
    CHECK(ok && status == ISO_EINVAL);
    CHECK_OK(ctx, iso_ledger_open(ctx, a.directory, ISO_LEDGER_RESUME, &l));
    iso_ledger_close(l);
    iso_context_free(ctx);
}

/* Each bit of a whole ledger: the reader refuses it and names the line, or the one behind. */
ISO_TEST(a_flipped_bit_of_a_ledger_is_found) {
    iso_context *ctx = test_context(1);
    test_run a = {.directory = test_directory("flipped"), .seed = 3, .steps = 2, .every = 2, .large = 30};
    CHECK_OK(ctx, test_run_write(ctx, &a, ISO_LEDGER_CREATE, NULL));
    char path[512];
    snprintf(path, sizeof path, "%s", test_path(a.directory, "run.ledger"));
    size_t size, line = 1;
    uint8_t *bytes = test_read(path, &size);
    for (size_t at = 0; at < size; at++) {
        int first = iso_test_long() ? 0 : (int)iso_test_between(0, 7), last = iso_test_long() ? 7 : first;
        for (int bit = first; bit <= last; bit++) {
            iso_ledger *l = NULL;
            bytes[at] ^= (uint8_t)(1 << bit);
            CHECK(test_write(path, bytes, size));
            iso_status status = iso_ledger_open(ctx, a.directory, ISO_LEDGER_READ, &l);
            bytes[at] ^= (uint8_t)(1 << bit);
            if (status == ISO_OK) { /* the last newline is gone: that is a torn tail */
                CHECK_MSG(at == size - 1 && l->torn > 0 && !l->finished, "byte %zu, bit %d", at, bit);
                iso_ledger_close(l);
                continue;
            }
            char here[32], behind[32];
            snprintf(here, sizeof here, "run.ledger:%zu:", line);
            snprintf(behind, sizeof behind, "run.ledger:%zu:", line + 1);
            CHECK_MSG(status == ISO_DIFFER && (strstr(iso_error(ctx), here) || strstr(iso_error(ctx), behind)),
                      "byte %zu, bit %d: %s", at, bit, iso_error(ctx));
        }
        line += bytes[at] == '\n';
    }
    free(bytes);
    iso_context_free(ctx);
}

/* ---- Disks that fail ---- */

struct failing {
    iso_files real;
    int countdown; /* calls until the one that fails; below 0: it is over */
    bool full;     /* a write takes a part, and the next fails */
};

static bool fails(struct failing *f) {
    return f->countdown >= 0 && f->countdown-- == 0;
}
static int failing_fsync(void *user, int fd) {
    struct failing *f = user;
    if (!fails(f))
        return f->real.fsync(f->real.user, fd);
    errno = EIO;
    return -1;
}
static int64_t failing_write(void *user, int fd, const void *buffer, size_t count) {
    struct failing *f = user;
    if (f->full && fails(f)) {
        f->countdown = 0; /* the next one, too */
        f->full = false;
        return f->real.write(f->real.user, fd, buffer, count / 2 + 1);
    }
    if (!fails(f))
        return f->real.write(f->real.user, fd, buffer, count);
    errno = ENOSPC;
    return -1;
}

/* Every fsync and every write in turn fails once: the call says so, and the run can be resumed to the same ledger. */
ISO_TEST(a_failing_disk_is_reported_and_the_run_resumed) {
    iso_context *good = test_context(1);
    test_run a = {.directory = test_directory("disk"), .seed = 3, .steps = 5, .every = 2, .large = 30};
    CHECK_OK(good, test_run_write(good, &a, ISO_LEDGER_CREATE, NULL));
    size_t size;
    uint8_t *bytes = test_read(test_path(a.directory, "run.ledger"), &size);
    for (int kind = 0; kind < 3; kind++)
        for (int n = 0;; n++) {
            struct failing f = {.real = test_files(), .countdown = n, .full = kind == 2};
            iso_files files = f.real;
            files.user = &f;
            if (kind)
                files.write = failing_write;
            else
                files.fsync = failing_fsync;
            iso_context *ctx;
            CHECK(iso_context_new(&ctx, &(iso_context_options){.threads = 1, .files = &files}) == ISO_OK);
            char name[64], path[512];
            snprintf(name, sizeof name, "disk-%d-%d", kind, n);
            test_run b = a;
            b.directory = test_directory(name);
            snprintf(path, sizeof path, "%s", test_path(b.directory, "run.ledger"));
            iso_status status = test_run_write(ctx, &b, ISO_LEDGER_CREATE, NULL);
            bool done = f.countdown >= 0; /* there are no more calls to fail */
            CHECK_MSG(status == (done ? ISO_OK : ISO_EIO), "kind %d, call %d: %s", kind, n, iso_error(ctx));
            if (!done)
                CHECK(strstr(iso_error(ctx), kind ? "No space" : "fsync failed") != NULL);
            iso_context_free(ctx);
            if (!done && access(path, F_OK) == 0) { /* nothing half-written stays */
                size_t left;
                uint8_t *lines = test_read(path, &left);
                CHECK_MSG(lines && (left == 0 || lines[left - 1] == '\n'), "kind %d, call %d", kind, n);
                free(lines);
            }
            if (!done)
                CHECK_OK(good, test_run_write(good, &b, ISO_LEDGER_RESUME, NULL));
            CHECK_MSG(same_file(path, bytes, size), "kind %d, call %d", kind, n);
            if (done)
                break;
        }
    free(bytes);
    iso_context_free(good);
}
