/* What the tests of this room share: a context, a small state, files. */
#ifndef ISO_LEDGER_TEST_H
#define ISO_LEDGER_TEST_H

#include "harness/test.h"
#include "ledger/ledger.h"

/* POSIX, but fsync does nothing. */
iso_files test_files(void);

/* A context of so many threads with these files; aborts the program if there is none. Free with iso_context_free. */
iso_context *test_context(int threads);

/* A directory of its own below the test directory, made. Borrowed until the next 32 calls. */
const char *test_directory(const char *name);
/* directory/name; borrowed until the next 8 calls. */
const char *test_path(const char *directory, const char *name);

/* A whole file; free(). NULL if it cannot be read. */
uint8_t *test_read(const char *path, size_t *size);
bool test_write(const char *path, const void *data, size_t size);

/* A state with its tensors: four of them, one larger than a tile. */
#define TEST_TENSORS 4
typedef struct test_model {
    iso_context *ctx;
    iso_tensor *tensors[TEST_TENSORS];
    iso_state *state;
} test_model;
extern const char *const test_names[TEST_TENSORS];
test_model *test_model_new(iso_context *ctx, int64_t large); /* numbers of the test's generator */
void test_model_free(test_model *model);

/* A finished run as the trainer writes it, of `steps` steps with a checkpoint every `every` steps: see run.c. */
typedef struct test_run {
    const char *directory, *recipe;
    uint64_t seed;
    int64_t steps, every;
    int64_t change_step; /* from this step on the state has one bit flipped; 0: never */
    int change_tensor;
    int64_t change_element;
    const char *changed_file; /* of the data; NULL: none */
    int64_t large;            /* elements of the largest tensor; 0: 20,000 */
} test_run;
/* Writes, resumes or verifies it. Any status of the ledger. */
iso_status test_run_write(iso_context *ctx, const test_run *run, iso_ledger_mode mode, uint8_t head[ISO_BLAKE3_SIZE]);

#endif
