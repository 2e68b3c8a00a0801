/* exp, log, tanh, GELU, ...: docs/contract.md#functions-of-one-number. Ranges of elements are tasks. */
#include "ops/math_functions.h"

#include "kernels/parallel.h"

struct operands {
    void (*function)(int64_t count, const float *x, float *y);
    const float *x;
    float *y;
};

static void run(void *argument, int64_t first, int64_t count) {
    const struct operands *o = argument;
    o->function(count, o->x + first, o->y + first);
}

#define F(name)                                                                                                                  \
    void iso_cpu_##name(const iso_exec *e, int64_t count, const float *x, float *y) {                                            \
        iso_parallel_ranges(e, count, run, &(struct operands){iso_kernels_of(e->isa)->name, x, y});                              \
    }
ISO_MATH_FUNCTIONS(F)
