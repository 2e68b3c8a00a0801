#include "ops/conv2d.h"

#include "kernels/cases.h"

static int64_t out_length(int64_t in, int64_t kernel, int64_t stride, int64_t padding, int64_t dilation) {
    int64_t span = in + 2 * padding - dilation * (kernel - 1) - 1;
    return span < 0 ? 0 : span / stride + 1;
}

static bool fits(iso_conv2d_shape *s) {
    s->oh = out_length(s->h, s->kh, s->sh, s->ph, s->dh);
    s->ow = out_length(s->w, s->kw, s->sw, s->pw, s->dw);
    return s->oh > 0 && s->ow > 0;
}

static int64_t inputs(const iso_conv2d_shape *s) {
    return s->n * s->h * s->w * s->c;
}
static int64_t outputs(const iso_conv2d_shape *s) {
    return s->n * s->oh * s->ow * s->co;
}
static int64_t weights(const iso_conv2d_shape *s) {
    return s->co * (s->c / s->groups) * s->kh * s->kw;
}
static int64_t products(const iso_conv2d_shape *s) {
    return s->n * s->oh * s->ow * weights(s);
}

/* ---- Shapes ---- */

/* Of all kinds. */
static void draw_any(iso_conv2d_shape *s) {
    s->groups = iso_test_between(0, 3) ? 1 : iso_test_between(1, 4);
    s->n = case_once_in(10) ? case_size(40) : iso_test_between(1, 6);
    s->h = case_size(16);
    s->w = case_size(24);
    s->c = s->groups * case_size(40);
    s->co = s->groups * case_size(40);
    s->sh = iso_test_between(1, 3);
    s->sw = iso_test_between(1, 3);
    s->dh = iso_test_between(1, 2);
    s->dw = iso_test_between(1, 2);
    s->ph = iso_test_between(0, 3);
    s->pw = iso_test_between(0, 3);
}

/* Those that networks are made of. */
static void draw_usual(iso_conv2d_shape *s) {
    s->groups = 1;
    s->n = iso_test_between(1, 4);
    s->h = case_size(14);
    s->w = case_once_in(2) ? s->h : case_size(20);
    s->c = case_size(40);
    s->co = case_size(40);
    s->kh = s->kw = iso_test_between(1, 3);
    s->sh = s->sw = case_once_in(3) ? 2 : 1;
    s->ph = s->pw = s->kh / 2;
    s->dh = s->dw = 1;
}

/* Large images of few channels: more than one strip, and more than one group of rows in the gradient of the weight. */
static void draw_wide(iso_conv2d_shape *s) {
    draw_any(s);
    s->groups = 1;
    s->n = iso_test_between(1, 2);
    s->h = iso_test_between(20, 110);
    s->w = iso_test_between(20, 110);
    s->c = case_size(48);
    s->co = case_size(6);
}

/* Many channels of small images: weights that are taken a few panels at a time, and tiles that are shared out. */
static void draw_deep(iso_conv2d_shape *s) {
    draw_usual(s);
    s->n = iso_test_between(1, 5);
    s->h = iso_test_between(1, 3);
    s->w = iso_test_between(1, 3);
    s->c = case_once_in(4) ? iso_test_between(300, 1000) : iso_test_between(30, 130);
    s->co = s->c < 300 ? iso_test_between(30, 450) : case_size(8);
    s->kh = s->kw = 3;
    s->ph = s->pw = 1;
}

/* Winograd's. */
static void draw_tiles(iso_conv2d_shape *s) {
    draw_usual(s);
    s->n = iso_test_between(1, 3);
    s->h = iso_test_between(3, 9);
    s->w = iso_test_between(3, 9);
    s->c = iso_test_between(60, 140);
    s->co = iso_test_between(60, 140);
    s->kh = s->kw = 3;
    s->sh = s->sw = 1;
    s->ph = iso_test_between(0, 2);
    s->pw = iso_test_between(0, 2);
}

static iso_conv2d_shape random_shape(void) {
    iso_conv2d_shape s;
    int64_t kind = iso_test_between(1, 150), most = kind <= 4 ? 2500000 : case_once_in(50) ? 300000 : 40000;
    do {
        s.kh = iso_test_between(1, 4);
        s.kw = iso_test_between(1, 4);
        if (kind == 1)
            draw_wide(&s);
        else if (kind == 2)
            draw_deep(&s);
        else if (kind <= 4)
            draw_tiles(&s);
        else if (kind < 50)
            draw_usual(&s);
        else
            draw_any(&s);
    } while (!fits(&s) || products(&s) > most || inputs(&s) > most || outputs(&s) > most);
    return s;
}

static void tell(cases *c, const iso_conv2d_shape *s) {
    case_shape(c, "n %lld h %lld w %lld c %lld co %lld k %lldx%lld s %lldx%lld p %lldx%lld d %lldx%lld groups %lld",
               (long long)s->n, (long long)s->h, (long long)s->w, (long long)s->c, (long long)s->co, (long long)s->kh,
               (long long)s->kw, (long long)s->sh, (long long)s->sw, (long long)s->ph, (long long)s->pw, (long long)s->dh,
               (long long)s->dw, (long long)s->groups);
}

/* ---- The four functions on a shape ---- */

static void forward(cases *c, const iso_conv2d_shape *s) {
    tell(c, s);
    const float *x = case_operand(c, inputs(s)), *w = case_operand(c, weights(s));
    const float *bias = iso_test_random() & 1 ? case_operand(c, s->co) : NULL;
    case_output y = case_floats(c, "y", outputs(s));
    iso_ref_conv2d(s, x, w, bias, y.expected);
    while (case_next(c)) {
        case_scratch(c, iso_cpu_conv2d_scratch(&c->exec, s));
        iso_cpu_conv2d(&c->exec, s, x, w, bias, y.actual);
    }
}

static void backward_input(cases *c, const iso_conv2d_shape *s) {
    tell(c, s);
    const float *dy = case_operand(c, outputs(s)), *w = case_operand(c, weights(s));
    case_output dx = case_floats(c, "dx", inputs(s));
    iso_ref_conv2d_backward_input(s, dy, w, dx.expected);
    while (case_next(c)) {
        case_scratch(c, iso_cpu_conv2d_backward_input_scratch(&c->exec, s));
        iso_cpu_conv2d_backward_input(&c->exec, s, dy, w, dx.actual);
    }
}

static void backward_weight(cases *c, const iso_conv2d_shape *s) {
    tell(c, s);
    const float *x = case_operand(c, inputs(s)), *dy = case_operand(c, outputs(s));
    case_output dw = case_floats(c, "dw", weights(s));
    iso_ref_conv2d_backward_weight(s, x, dy, dw.expected);
    while (case_next(c)) {
        case_scratch(c, iso_cpu_conv2d_backward_weight_scratch(&c->exec, s));
        iso_cpu_conv2d_backward_weight(&c->exec, s, x, dy, dw.actual);
    }
}

static void backward_bias(cases *c, const iso_conv2d_shape *s) {
    tell(c, s);
    const float *dy = case_operand(c, outputs(s));
    case_output db = case_floats(c, "db", s->co);
    iso_ref_conv2d_backward_bias(s, dy, db.expected);
    while (case_next(c)) {
        case_scratch(c, iso_cpu_conv2d_backward_bias_scratch(&c->exec, s));
        iso_cpu_conv2d_backward_bias(&c->exec, s, dy, db.actual);
    }
}

CASES(conv2d, 6) {
    iso_conv2d_shape s = random_shape();
    forward(c, &s);
}
CASES(conv2d_backward_input, 6) {
    iso_conv2d_shape s = random_shape();
    backward_input(c, &s);
}
CASES(conv2d_backward_weight, 6) {
    iso_conv2d_shape s = random_shape();
    backward_weight(c, &s);
}
CASES(conv2d_backward_bias, 3) {
    iso_conv2d_shape s = random_shape();
    backward_bias(c, &s);
}

/* The shapes that people use, and those that break kernels. */
ISO_TEST(conv2d_equals_reference_on_chosen_shapes) {
    enum { N, H, W, C, CO, KH, KW, SH, SW, PH, PW, DH, DW, GROUPS, NUMBERS };
    static const int64_t shapes[][NUMBERS] = {
        {3, 9, 17, 3, 16, 3, 3, 1, 1, 1, 1, 1, 1, 1},
        {5, 7, 7, 40, 33, 1, 1, 1, 1, 0, 0, 1, 1, 1},
        {1, 7, 7, 64, 10, 3, 3, 1, 1, 1, 1, 1, 1, 1},
        {2, 23, 21, 3, 20, 7, 7, 2, 2, 3, 3, 1, 1, 1},
        {5, 14, 14, 17, 18, 1, 1, 2, 2, 0, 0, 1, 1, 1},
        {2, 18, 40, 5, 6, 3, 3, 1, 1, 1, 1, 1, 1, 1},
        {3, 8, 8, 8, 8, 3, 3, 1, 1, 1, 1, 1, 1, 8},
        {1, 10, 11, 4, 6, 3, 2, 3, 1, 2, 4, 2, 3, 2},
        {33, 4, 4, 3, 4, 2, 2, 1, 1, 0, 0, 1, 1, 1},
        /* Weights that no instruction set takes in one pass. */
        {1, 3, 2, 1000, 9, 3, 3, 1, 1, 1, 1, 1, 1, 1},
        /* Winograd's tiles, of which the last ones of a row and of a column are cut. */
        {2, 5, 7, 66, 70, 3, 3, 1, 1, 1, 1, 1, 1, 1},
    };
    static void (*const functions[])(cases * c, const iso_conv2d_shape *s) = {forward, backward_input, backward_weight,
                                                                              backward_bias};
    cases c;
    CHECK(case_open(&c, "conv2d on a chosen shape"));
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const int64_t *of = shapes[i];
        iso_conv2d_shape s = {.n = of[N],
                              .h = of[H],
                              .w = of[W],
                              .c = of[C],
                              .co = of[CO],
                              .kh = of[KH],
                              .kw = of[KW],
                              .sh = of[SH],
                              .sw = of[SW],
                              .ph = of[PH],
                              .pw = of[PW],
                              .dh = of[DH],
                              .dw = of[DW],
                              .groups = of[GROUPS]};
        CHECK(fits(&s));
        for (int j = 0; j < 16; j++) {
            case_input(&c, iso_test_random());
            functions[j % 4](&c, &s);
        }
    }
    CHECK(case_close(&c));
}
