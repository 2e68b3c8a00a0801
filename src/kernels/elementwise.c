/* relu, add, dropout: docs/contract.md. Ranges of elements are tasks. */
#include "ops/elementwise.h"

#include "kernels/parallel.h"

struct operands {
    const iso_kernels *k;
    const float *a, *b;
    const uint8_t *keep;
    float scale, *y;
};

static void relu(void *argument, int64_t first, int64_t count) {
    const struct operands *o = argument;
    o->k->relu(count, o->a + first, o->y + first);
}
void iso_cpu_relu(const iso_exec *e, int64_t count, const float *x, float *y) {
    iso_parallel_ranges(e, count, relu, &(struct operands){.k = iso_kernels_of(e->isa), .a = x, .y = y});
}

static void relu_backward(void *argument, int64_t first, int64_t count) {
    const struct operands *o = argument;
    o->k->relu_backward(count, o->a + first, o->b + first, o->y + first);
}
void iso_cpu_relu_backward(const iso_exec *e, int64_t count, const float *y, const float *dy, float *dx) {
    iso_parallel_ranges(e, count, relu_backward, &(struct operands){.k = iso_kernels_of(e->isa), .a = y, .b = dy, .y = dx});
}

static void add(void *argument, int64_t first, int64_t count) {
    const struct operands *o = argument;
    o->k->add(count, o->a + first, o->b + first, o->y + first);
}
void iso_cpu_add(const iso_exec *e, int64_t count, const float *a, const float *b, float *y) {
    iso_parallel_ranges(e, count, add, &(struct operands){.k = iso_kernels_of(e->isa), .a = a, .b = b, .y = y});
}

static void dropout(void *argument, int64_t first, int64_t count) {
    const struct operands *o = argument;
    o->k->dropout(count, o->a + first, o->keep + first, o->scale, o->y + first);
}
void iso_cpu_dropout(const iso_exec *e, int64_t count, const float *x, const uint8_t *keep, double p, float *y) {
    iso_parallel_ranges(
        e, count, dropout,
        &(struct operands){.k = iso_kernels_of(e->isa), .a = x, .keep = keep, .scale = 1.0f / (float)(1 - p), .y = y});
}
