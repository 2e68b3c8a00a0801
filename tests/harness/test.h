/* A small test harness. A test is a function that registers itself:
 *
 *     ISO_TEST(relu_matches_reference) { CHECK(1 + 1 == 2); }
 *
 * Random numbers come from a seed that is printed; a failing test prints the command that repeats it. */
#ifndef ISO_TEST_H
#define ISO_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "isobit/context.h"

typedef struct iso_test {
    const char *name, *file;
    void (*run)(void);
    struct iso_test *next;
} iso_test;

void iso_test_register(iso_test *test);

#define ISO_TEST(test_name)                                                                                                      \
    static void test_name(void);                                                                                                 \
    __attribute__((constructor)) static void register_##test_name(void) {                                                        \
        static iso_test test = {#test_name, __FILE__, test_name, NULL};                                                          \
        iso_test_register(&test);                                                                                                \
    }                                                                                                                            \
    static void test_name(void)

/* Records a failure with file and line and returns false. */
bool iso_test_check(bool ok, const char *file, int line, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Each leaves the test function at the first failure. */
#define CHECK(condition)                                                                                                         \
    do {                                                                                                                         \
        if (!iso_test_check((condition), __FILE__, __LINE__, "%s", #condition))                                                  \
            return;                                                                                                              \
    } while (0)
#define CHECK_MSG(condition, ...)                                                                                                \
    do {                                                                                                                         \
        if (!iso_test_check((condition), __FILE__, __LINE__, __VA_ARGS__))                                                       \
            return;                                                                                                              \
    } while (0)
/* A call that returns an iso_status must succeed; ctx tells the message. */
#define CHECK_OK(ctx, call)                                                                                                      \
    do {                                                                                                                         \
        iso_status status_ = (call);                                                                                             \
        if (!iso_test_check(status_ == ISO_OK, __FILE__, __LINE__, "%s: %s", #call, iso_error(ctx)))                             \
            return;                                                                                                              \
    } while (0)
/* A call must fail with `expected`, with a message that contains `part`. */
#define CHECK_FAILS(ctx, expected, part, call)                                                                                   \
    do {                                                                                                                         \
        iso_status status_ = (call);                                                                                             \
        if (!iso_test_fails_with(status_, (expected), iso_error(ctx), (part), __FILE__, __LINE__))                               \
            return;                                                                                                              \
    } while (0)
bool iso_test_fails_with(iso_status status, iso_status expected, const char *message, const char *part, const char *file,
                         int line);

/* Two arrays of float must be equal in every bit; the first difference is shown. */
#define CHECK_BITS(expected, actual, count)                                                                                      \
    do {                                                                                                                         \
        if (!iso_test_bits((expected), (actual), (count), __FILE__, __LINE__))                                                   \
            return;                                                                                                              \
    } while (0)
bool iso_test_bits(const float *expected, const float *actual, int64_t count, const char *file, int line);
#define CHECK_STRING(expected, actual)                                                                                           \
    do {                                                                                                                         \
        if (!iso_test_string((expected), (actual), __FILE__, __LINE__))                                                          \
            return;                                                                                                              \
    } while (0)
bool iso_test_string(const char *expected, const char *actual, const char *file, int line);

/* Random numbers of the test's own generator. */
uint64_t iso_test_random(void);
void iso_test_seed(uint64_t seed);                   /* what follows depends on the seed alone */
int64_t iso_test_between(int64_t low, int64_t high); /* both inclusive */
double iso_test_uniform(void);                       /* [0, 1) */
/* Fills with numbers of mixed kind: mostly around 1, some 0, -0, subnormal, tiny and large, all finite. */
void iso_test_floats(float *out, int64_t count);
/* The same without the extremes: uniform in [-1, 1). */
void iso_test_tame_floats(float *out, int64_t count);

/* True in `make test-long` and CI: tests may take seconds and more cases. */
bool iso_test_long(void);
/* What `isobit-tests --cases COUNT` runs in place of the tests: at least so many random cases in all, and none of the operations
 * that the filter leaves out. Prints what ran and, as the last line, `N passed, N failed`; true if all passed. NULL if the build
 * has no operations. */
extern bool (*iso_test_run_cases)(uint64_t seed, int64_t count, const char *filter);
/* A directory of this run's own, removed at the end. */
const char *iso_test_directory(void);

#endif
