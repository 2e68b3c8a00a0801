/* Where each formula of docs/contract.md rounds: the formulas once more, written out for few numbers, with the C library's fmaf,
 * exp and log. Accuracy would not tell `a * b + c` from fma(a, b, c); these do, to the bit. */
#include "near.h"
#include "ops/batch_norm2d.h"
#include "ops/conv2d.h"
#include "ops/loss.h"
#include "ops/optim.h"

#define ROUNDS 200 /* two ways of rounding agree in about half of the cases */

/* Four samples of one pixel: each sum is (0 + 1) + (2 + 3). */
static float four(const float *v) {
    return (v[0] + v[1]) + (v[2] + v[3]);
}

ISO_TEST(batch_norm2d_rounds_where_the_contract_says) {
    iso_batch_norm2d_shape s = {4, 1, 1, 1e-5};
    for (int round = 0; round < ROUNDS; round++) {
        float x[4], dy[4], w, b, m = 0.1f, old[2], run[2], mean, invstd, y[4], dw, db, dx[4], d[4], q[4], xhat[4];
        iso_test_tame_floats(x, 4);
        iso_test_tame_floats(dy, 4);
        iso_test_tame_floats(&w, 1);
        iso_test_tame_floats(&b, 1);
        iso_test_tame_floats(old, 2);
        memcpy(run, old, sizeof run);
        iso_ref_batch_norm2d(&s, x, &w, &b, m, &run[0], &run[1], &mean, &invstd, y);
        float mu = four(x) / 4;
        for (int i = 0; i < 4; i++) {
            d[i] = x[i] - mu;
            q[i] = d[i] * d[i];
        }
        float squares = four(q), inverse = 1 / sqrtf(squares / 4 + 1e-5f), keep = 1 - m;
        CHECK_BITS(&mu, &mean, 1);
        CHECK_BITS(&inverse, &invstd, 1);
        float running[] = {fmaf(m, mu, old[0] * keep), fmaf(m, squares / 3, old[1] * keep)};
        CHECK_BITS(running, run, 2);
        for (int i = 0; i < 4; i++) {
            xhat[i] = d[i] * inverse;
            float expected = fmaf(xhat[i], w, b);
            CHECK_BITS(&expected, &y[i], 1);
        }
        iso_ref_batch_norm2d_backward(&s, true, x, dy, &w, &mean, &invstd, &dw, &db, dx);
        float products[4], bias = four(dy);
        for (int i = 0; i < 4; i++)
            products[i] = dy[i] * xhat[i];
        float weight = four(products), k = w * inverse, a = bias / 4, c = weight / 4;
        CHECK_BITS(&bias, &db, 1);
        CHECK_BITS(&weight, &dw, 1);
        for (int i = 0; i < 4; i++) {
            float expected = k * fmaf(-xhat[i], c, dy[i] - a);
            CHECK_BITS(&expected, &dx[i], 1);
        }
        iso_ref_batch_norm2d_eval(&s, x, &w, &b, &old[0], &squares, &invstd, y);
        inverse = 1 / sqrtf(squares + 1e-5f);
        for (int i = 0; i < 4; i++) {
            float expected = fmaf((x[i] - old[0]) * inverse, w, b);
            CHECK_BITS(&expected, &y[i], 1);
        }
        iso_ref_batch_norm2d_backward(&s, false, x, dy, &w, &old[0], &invstd, &dw, &db, dx);
        for (int i = 0; i < 4; i++) {
            float expected = dy[i] * (w * inverse);
            CHECK_BITS(&expected, &dx[i], 1);
        }
    }
}

ISO_TEST(sgd_rounds_where_the_contract_says) {
    for (int round = 0; round < ROUNDS; round++) {
        float in[3], lr = 0.1f, momentum = 0.9f, damp = (float)(1 - 0.3), decay = 0.01f;
        bool nesterov = round & 1, maximize = round & 2, first = round % 8 < 2;
        iso_test_tame_floats(in, 3);
        float p = in[1], buffer = in[2], g = maximize ? -in[0] : in[0];
        iso_ref_sgd(&(iso_sgd_scalars){lr, momentum, damp, decay, nesterov, maximize, first}, 1, in, &buffer, &p);
        g = fmaf(decay, in[1], g);
        float buf = first ? g : fmaf(momentum, in[2], damp * g);
        CHECK_BITS(&buf, &buffer, 1);
        g = nesterov ? fmaf(momentum, buf, g) : buf;
        float expected = fmaf(-lr, g, in[1]);
        CHECK_BITS(&expected, &p, 1);
    }
}

ISO_TEST(adam_rounds_where_the_contract_says) {
    for (int round = 0; round < ROUNDS; round++) {
        float in[5], eps = 1e-3f;
        bool decoupled = round & 1, amsgrad = round & 2, maximize = round & 4;
        iso_test_tame_floats(in, 5);
        float p = in[1], m = in[2], v = fabsf(in[3]), most = fabsf(in[4]), g = maximize ? -in[0] : in[0];
        iso_adam_scalars s = iso_adam_scalars_at(3, 0.01, 0.9, 0.99, 1e-3, 0.1, decoupled, amsgrad, maximize);
        iso_ref_adam(&s, 1, in, &m, &v, amsgrad ? &most : NULL, &p);
        double power1 = (0.9 * 0.9) * 0.9, power2 = (0.99 * 0.99) * 0.99;
        float step = (float)(0.01 / (1 - power1)), c2 = (float)sqrt(1 - power2), q = in[1];
        if (decoupled)
            q = q * (float)(1 - 0.01 * 0.1);
        else
            g = fmaf(0.1f, q, g);
        float m1 = fmaf((float)(1 - 0.9), g - in[2], in[2]);
        float v1 = fmaf((float)(1 - 0.99) * g, g, 0.99f * fabsf(in[3])), u = amsgrad && !(v1 > fabsf(in[4])) ? fabsf(in[4]) : v1;
        float expected = fmaf(-step, m1 / (sqrtf(u) / c2 + eps), q);
        CHECK_BITS(&m1, &m, 1);
        CHECK_BITS(&v1, &v, 1);
        CHECK_BITS(&expected, &p, 1);
    }
}

/* Up to 64 logits: every lane of the row sum has one. */
static float lanes(const float *v, int count) {
    float lane[64] = {0};
    for (int i = 0; i < count; i++)
        lane[i] = v[i];
    for (int half = 32; half; half /= 2)
        for (int j = 0; j < half; j++)
            lane[j] = lane[j] + lane[half + j];
    return lane[0];
}

ISO_TEST(cross_entropy_rounds_where_the_contract_says) {
    for (int round = 0; round < ROUNDS; round++) {
        enum { K = 7 };
        double smoothing = round & 1 ? 0.1 : 0;
        iso_cross_entropy_shape s = {1, K, ISO_REDUCTION_MEAN, -100, smoothing};
        float x[K], e[K], rest[K], dx[K], loss, max = -INFINITY;
        iso_test_tame_floats(x, K);
        int64_t target = iso_test_between(0, K - 1);
        iso_ref_cross_entropy(&s, x, &target, &loss, dx);
        for (int i = 0; i < K; i++)
            max = x[i] > max ? x[i] : max;
        for (int i = 0; i < K; i++)
            e[i] = (float)exp((double)(x[i] - max)); /* in binary64 first: a second rounding shows in one of 2^29 */
        float total = lanes(e, K), logarithm = (float)log((double)total), nll = logarithm - (x[target] - max);
        for (int i = 0; i < K; i++)
            rest[i] = logarithm - (x[i] - max);
        float expected = smoothing != 0 ? fmaf((float)(1 - smoothing), nll, (float)(smoothing / K) * lanes(rest, K)) : nll;
        CHECK_BITS(&expected, &loss, 1);
        for (int i = 0; i < K; i++) {
            float share = (float)(smoothing / K), q = i == target ? (float)((1 - smoothing) + smoothing / K) : share;
            float gradient = e[i] / total - q;
            CHECK_BITS(&gradient, &dx[i], 1);
        }
    }
}

/* ---- Winograd's tiles ---- */

static void taps(const float t[3], float out[4]) {
    out[0] = t[0];
    out[1] = ((t[0] + t[2]) + t[1]) * 0.5f;
    out[2] = ((t[0] + t[2]) - t[1]) * 0.5f;
    out[3] = t[2];
}
static void pixels(const float p[4], float out[4]) {
    out[0] = p[0] - p[2];
    out[1] = p[1] + p[2];
    out[2] = p[2] - p[1];
    out[3] = p[1] - p[3];
}
static void sums(const float m[4], float out[2]) {
    out[0] = (m[0] + m[1]) + m[2];
    out[1] = (m[1] - m[2]) - m[3];
}

/* A `size` x `size` matrix becomes `to` x `to`: each column first, then each row. */
static void transform(void (*one)(const float *, float *), int size, int to, float in[4][4], float out[4][4]) {
    float down[4][4];
    for (int column = 0; column < size; column++) {
        float from[4], result[4];
        for (int i = 0; i < size; i++)
            from[i] = in[i][column];
        one(from, result);
        for (int i = 0; i < to; i++)
            down[i][column] = result[i];
    }
    for (int row = 0; row < to; row++)
        one(down[row], out[row]);
}

ISO_TEST(conv2d_by_tiles_rounds_where_the_contract_says) {
    enum { C = 65, SIZE = 5 };
    iso_conv2d_shape s = {1, SIZE, SIZE, C, C, SIZE, SIZE, 3, 3, 1, 1, 1, 1, 1, 1, 1};
    CHECK(iso_conv2d_is_winograd(&s, false) && iso_conv2d_is_winograd(&s, true));
    float *x = tame(SIZE * SIZE * C), *w = tame(C * C * 9), *y = tame(SIZE * SIZE * C), *dx = tame(SIZE * SIZE * C), bias[C];
    iso_test_tame_floats(bias, C);
    iso_ref_conv2d(&s, x, w, bias, y);
    iso_ref_conv2d_backward_input(&s, x, w, dx); /* x for dy: sizes and paddings are the same */
    for (int backward = 0; backward < 2; backward++)
        for (int co = 0; co < C; co += 8)
            for (int tile = 0; tile < 9; tile++) {
                int top = tile / 3 * 2, left = tile % 3 * 2;
                float m[4][4] = {{0}}, out[4][4];
                for (int ci = 0; ci < C; ci++) {
                    float g[4][4], d[4][4], u[4][4], v[4][4];
                    for (int i = 0; i < 3; i++)
                        for (int k = 0; k < 3; k++)
                            g[i][k] = backward ? w[(ci * C + co) * 9 + 3 * (2 - i) + 2 - k] : w[(co * C + ci) * 9 + 3 * i + k];
                    for (int i = 0; i < 4; i++)
                        for (int k = 0; k < 4; k++) {
                            int h = top - 1 + i, l = left - 1 + k;
                            d[i][k] = h < 0 || l < 0 || h >= SIZE || l >= SIZE ? 0 : x[(h * SIZE + l) * C + ci];
                        }
                    transform(taps, 3, 4, g, u);
                    transform(pixels, 4, 4, d, v);
                    for (int i = 0; i < 16; i++)
                        m[i / 4][i % 4] = fmaf(v[i / 4][i % 4], u[i / 4][i % 4], m[i / 4][i % 4]);
                }
                transform(sums, 4, 2, m, out);
                for (int i = 0; i < 4; i++) {
                    int h = top + i / 2, l = left + i % 2;
                    if (h >= SIZE || l >= SIZE)
                        continue;
                    float expected = backward ? out[i / 2][i % 2] : out[i / 2][i % 2] + bias[co];
                    CHECK_BITS(&expected, &(backward ? dx : y)[(h * SIZE + l) * C + co], 1);
                }
            }
    FREE_ALL(x, w, y, dx);
}
