/* A training as a program runs it. */
#include <stdio.h>
#include <string.h>

#include "harness/test.h"
#include "isobit/isobit.h"

#define STEPS 48

struct counts {
    iso_context *ctx;
    uint64_t allocations[STEPS];
    int steps;
};

static void count(void *user, const iso_progress *progress) {
    struct counts *c = user;
    if (progress->kind == ISO_PROGRESS_STEP && c->steps < STEPS)
        c->allocations[c->steps++] = iso_context_allocations(c->ctx);
}

/* Loader, forward, backward, optimiser, digests and the ledger's line: behind the first steps of an epoch nothing of it asks for
 * memory, from epoch `first` on. */
static void check_allocations(int64_t micro_batch, int workers, int first, uint8_t digest[ISO_DIGEST_SIZE]) {
    char out[256];
    struct counts c = {.steps = 0};
    iso_train_result result;
    CHECK(iso_context_new(&c.ctx, NULL) == ISO_OK);
    snprintf(out, sizeof out, "%s/steps-%d", iso_test_directory(), (int)micro_batch);
    const char *sets[] = {"epochs=2", "checkpoint=0"};
    CHECK_OK(c.ctx, iso_train(c.ctx,
                              &(iso_train_options){.recipe = "examples/tutorial.yaml",
                                                   .sets = sets,
                                                   .set_count = 2,
                                                   .out = out,
                                                   .workers = workers,
                                                   .micro_batch = micro_batch,
                                                   .progress = count,
                                                   .user = &c},
                              &result));
    CHECK(c.steps == 48 && result.test_count == 500);
    for (int i = 24 * first; i < c.steps; i++) {
        if (i % 24 < 6)
            continue;
        CHECK_MSG(c.allocations[i] == c.allocations[i - 1], "step %d asked for memory %d times", i + 1,
                  (int)(c.allocations[i] - c.allocations[i - 1]));
    }
    memcpy(digest, result.digest, ISO_DIGEST_SIZE);
    iso_context_free(c.ctx);
}

ISO_TEST(a_training_step_allocates_nothing) {
    uint8_t whole[ISO_DIGEST_SIZE] = {0}, blocks[ISO_DIGEST_SIZE] = {1};
    check_allocations(0, 0, 0, whole);
    check_allocations(8, 2, 1, blocks); /* each worker takes its memory with its first images, and may be late to start */
    CHECK(memcmp(whole, blocks, sizeof whole) == 0);
}
