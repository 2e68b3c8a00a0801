/* max_pool2d, avg_pool2d, adaptive_avg_pool2d: docs/contract.md. Images are tasks. */
#include "ops/pool2d.h"

#include "kernels/isa.h"

struct pool {
    const iso_kernels *k;
    iso_pool2d_shape one; /* the shape of a single image */
    const float *x;
    const int32_t *index_in;
    int32_t *index;
    float *y;
    bool adaptive;
};

static int64_t in_floats(const iso_pool2d_shape *s) {
    return s->h * s->w * s->c;
}
static int64_t out_floats(const iso_pool2d_shape *s) {
    return s->oh * s->ow * s->c;
}

static struct pool single(const iso_exec *e, const iso_pool2d_shape *s, const float *x, float *y) {
    struct pool p = {.k = iso_kernels_of(e->isa), .one = *s, .x = x, .y = y};
    p.one.n = 1;
    return p;
}

static void max_image(void *argument, int64_t n, int thread) {
    (void)thread;
    const struct pool *p = argument;
    const iso_pool2d_shape *s = &p->one;
    for (int64_t oh = 0; oh < s->oh; oh++) {
        int64_t at = n * out_floats(s) + oh * s->ow * s->c;
        p->k->max_pool2d(s, p->x + n * in_floats(s), 0, oh, p->y + at, p->index + at);
    }
}
void iso_cpu_max_pool2d(const iso_exec *e, const iso_pool2d_shape *s, const float *x, float *y, int32_t *index) {
    struct pool p = single(e, s, x, y);
    p.index = index;
    iso_pool_run(e->pool, s->n, max_image, &p);
}

static void max_backward_image(void *argument, int64_t n, int thread) {
    (void)thread;
    const struct pool *p = argument;
    int64_t at = n * out_floats(&p->one);
    p->k->max_pool2d_backward(&p->one, p->x + at, p->index_in + at, 0, p->one.h, p->y + n * in_floats(&p->one));
}
void iso_cpu_max_pool2d_backward(const iso_exec *e, const iso_pool2d_shape *s, const float *dy, const int32_t *index, float *dx) {
    struct pool p = single(e, s, dy, dx);
    p.index_in = index;
    iso_pool_run(e->pool, s->n, max_backward_image, &p);
}

static void avg_image(void *argument, int64_t n, int thread) {
    (void)thread;
    const struct pool *p = argument;
    const iso_pool2d_shape *s = &p->one;
    for (int64_t oh = 0; oh < s->oh; oh++)
        p->k->avg_pool2d(s, p->adaptive, p->x + n * in_floats(s), oh, p->y + n * out_floats(s) + oh * s->ow * s->c);
}

static void avg_backward_image(void *argument, int64_t n, int thread) {
    (void)thread;
    const struct pool *p = argument;
    p->k->avg_pool2d_backward(&p->one, p->adaptive, p->x + n * out_floats(&p->one), p->y + n * in_floats(&p->one));
}

static void average(const iso_exec *e, const iso_pool2d_shape *s, bool adaptive, iso_task *image, const float *x, float *y) {
    struct pool p = single(e, s, x, y);
    p.adaptive = adaptive;
    iso_pool_run(e->pool, s->n, image, &p);
}

void iso_cpu_avg_pool2d(const iso_exec *e, const iso_pool2d_shape *s, const float *x, float *y) {
    average(e, s, false, avg_image, x, y);
}
void iso_cpu_avg_pool2d_backward(const iso_exec *e, const iso_pool2d_shape *s, const float *dy, float *dx) {
    average(e, s, false, avg_backward_image, dy, dx);
}
void iso_cpu_adaptive_avg_pool2d(const iso_exec *e, const iso_pool2d_shape *s, const float *x, float *y) {
    average(e, s, true, avg_image, x, y);
}
void iso_cpu_adaptive_avg_pool2d_backward(const iso_exec *e, const iso_pool2d_shape *s, const float *dy, float *dx) {
    average(e, s, true, avg_backward_image, dy, dx);
}
