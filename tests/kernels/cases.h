/* Random cases: a kernel against its reference, bit by bit. A test of an operation is one registration:
 *
 *     CASES(relu, 2) {
 *         int64_t count = case_count();
 *         case_shape(c, "count %lld", (long long)count);
 *         const float *x = case_operand(c, count);
 *         case_output y = case_floats(c, "y", count);
 *         iso_ref_relu(count, x, y.expected);
 *         while (case_next(c))
 *             iso_cpu_relu(&c->exec, count, x, y.actual);
 *     }
 *
 * The body draws one shape and its operands and computes what is expected; the loop runs once for every instruction set of this
 * machine, each time with another number of threads, and each of these runs is a case. Outputs are compared in every bit,
 * and so is the memory before and behind them. That makes the unit test relu_equals_reference, and a share (of weight 2) of
 * `isobit-tests --cases 1000000`. */
#ifndef ISO_TESTS_KERNELS_CASES_H
#define ISO_TESTS_KERNELS_CASES_H

#include <stdlib.h>
#include <string.h>

#include "core/context.h"
#include "harness/test.h"
#include "ops/exec.h"

#define CASE_MOST_BUFFERS 32

/* What an operation writes: by the reference, and by the kernel. */
typedef struct case_output {
    float *expected, *actual;
} case_output;
typedef struct case_indices {
    int32_t *expected, *actual;
} case_indices;

struct case_buffer {
    const char *name; /* of an output; NULL: memory that is not compared */
    bool whole_numbers;
    int64_t count;
    size_t front, size;              /* bytes before the first element; of everything */
    char *memory, *expected, *start; /* actual, expected, and what stands there before the operation */
};

typedef struct cases {
    iso_exec exec; /* what the next run of the kernel runs on */

    const char *operation;
    bool repeatable; /* the seed alone makes the case */
    bool exact_nan;  /* NaNs are equal in every bit; otherwise the contract knows one NaN only */
    uint64_t seed;
    char shape[320];
    iso_context *ctx[3];             /* of 1, 2, 3 threads */
    int isa, threads[ISO_ISA_COUNT]; /* 0: no pool */
    struct case_buffer buffers[CASE_MOST_BUFFERS];
    int used;
    size_t scratch_size;
    int64_t run[ISO_ISA_COUNT], failed;
} cases;

typedef struct case_generator {
    const char *operation;
    int share; /* of all cases, relative to the others */
    void (*one)(cases *c);
    struct case_generator *next;
} case_generator;

void case_register(case_generator *generator);
bool case_unit_test(const case_generator *generator);

#define CASES(name, weight)                                                                                                      \
    static void name##_case(cases *c);                                                                                           \
    static case_generator name##_generator = {#name, weight, name##_case, NULL};                                                 \
    __attribute__((constructor)) static void name##_register(void) {                                                             \
        case_register(&name##_generator);                                                                                        \
    }                                                                                                                            \
    ISO_TEST(name##_equals_reference) {                                                                                          \
        CHECK(case_unit_test(&name##_generator));                                                                                \
    }                                                                                                                            \
    static void name##_case(cases *c)

/* ---- In a case ---- */

/* Says the shape, for the message of a difference. */
void case_shape(cases *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Memory that lives as long as the case, `count` elements that end where the allocation ends. */
void *case_memory(cases *c, int64_t count, size_t element);
/* `count` numbers of one of many kinds: tame, of all sizes, subnormal, huge, of few bits (sums that are ties), constant, zeros of
 * both signs, with infinities and NaNs, ... */
float *case_operand(cases *c, int64_t count);
/* The same at an address of one's own. */
void case_values(float *x, int64_t count);

/* An output that the operation writes; one that it reads too starts as `start`. */
case_output case_floats(cases *c, const char *name, int64_t count);
case_output case_updated(cases *c, const char *name, int64_t count, const float *start);
case_indices case_whole_numbers(cases *c, const char *name, int64_t count);
/* For an output that may be left out: as case_floats, or NULLs. */
case_output case_optional(cases *c, const char *name, int64_t count, bool wanted);

/* Compares what the last run has written, and sets up the next; false behind the last. */
bool case_next(cases *c);
/* Scratch memory for this run, of exactly `size` bytes, filled with a NaN. */
void case_scratch(cases *c, size_t size);

/* ---- Shapes ---- */

/* 1 .. most: small ones, any, and those beside the borders of vectors, tiles, panels and blocks. */
int64_t case_size(int64_t most);
/* Elements of an elementwise operation: few, and seldom around the range that is a task of a thread. */
int64_t case_count(void);
/* True once in `times`. */
bool case_once_in(int64_t times);

/* ---- Cases outside a registration ---- */

bool case_open(cases *c, const char *operation);
/* Starts an input; everything random comes from the seed. */
void case_input(cases *c, uint64_t seed);
/* True if no case failed. */
bool case_close(cases *c);

#endif
