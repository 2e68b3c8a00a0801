/* PyTorch's normal_(): one algorithm below 16 elements, another from 16 on, and each in two
 * variants. */
#include <math.h>
#include <string.h>

#include "isobit/random/torch.h"
#include "random/fill.h"
#include "random/mt19937.h"
#include "random/torch_variant.h"

#define PI 3.14159265358979323846

static double unit(iso_torch_generator *g) {
    double u;
    iso_torch_uniform_f64(g, &u, 1, 0, 1);
    return u;
}

/* One number by Box and Muller in binary64; every second call returns what the one before has left.
 */
double iso_torch_small_normal(iso_torch_generator *g, double mean, double std) {
    double value = g->next_normal;
    if (g->has_next_normal)
        g->has_next_normal = false;
    else {
        double u1 = unit(g), u2 = unit(g), theta = 2.0 * PI * u1;
        double radius = sqrt(-2.0 * (g->variant & ISO_TORCH_1_13 ? log(1.0 - u2) : log1p(-u2)));
        g->next_normal = radius * sin(theta);
        g->has_next_normal = true;
        value = radius * cos(theta);
    }
    return g->variant & ISO_TORCH_SCALAR ? value * std + mean : fma(value, std, mean);
}

/* The last step of the scalar fills: one rounding since 2.13, two before. */
static float scale_scalar(const iso_torch_generator *g, float normal, float mean, float std) {
    return g->variant & ISO_TORCH_OLD ? normal * std + mean : fmaf(normal, std, mean);
}

/* Blocks of 16 uniforms to normals in place, with the C library's float functions. */
static void fill_scalar(const iso_torch_generator *g, float *data, size_t blocks, float mean, float std) {
    for (size_t block = 0; block < blocks; block++, data += 16)
        for (int j = 0; j < 8; j++) {
            float u1 = 1.0f - data[j], radius = sqrtf(-2.0f * logf(u1)), theta = (float)(2.0 * PI * (double)data[j + 8]);
            data[j] = scale_scalar(g, radius * cosf(theta), mean, std);
            data[j + 8] = scale_scalar(g, radius * sinf(theta), mean, std);
        }
}

static void fill(const iso_torch_generator *g, float *data, size_t blocks, float mean, float std) {
    if (g->variant & ISO_TORCH_SCALAR)
        fill_scalar(g, data, blocks, mean, std);
    else
        iso_fill_normal(data, blocks, mean, std);
}

/* Blocks that are drawn and transformed together, while they are in cache. */
#define BLOCKS 32

void iso_torch_normal(iso_torch_generator *g, float *out, size_t n, double mean, double std) {
    if (n < 16) {
        for (size_t i = 0; i < n; i++)
            out[i] = (float)iso_torch_small_normal(g, mean, std);
        return;
    }
    size_t blocks = n / 16, rest = n % 16;
    for (size_t done = 0, run; done < blocks; done += run) {
        run = blocks - done < BLOCKS ? blocks - done : BLOCKS;
        iso_torch_uniform(g, out + 16 * done, 16 * run, 0, 1);
        fill(g, out + 16 * done, run, (float)mean, (float)std);
    }
    if (rest) { /* drawn, dropped, and the last 16 drawn anew */
        iso_torch_uniform(g, out + 16 * blocks, rest, 0, 1);
        iso_torch_uniform(g, out + n - 16, 16, 0, 1);
        fill(g, out + n - 16, 1, (float)mean, (float)std);
    }
}

void iso_torch_skip_normal(iso_torch_generator *g, size_t n) {
    float few[16];
    if (n < 16)
        iso_torch_normal(g, few, n, 0, 1);
    else
        for (size_t words = n + (n % 16 ? 16 : 0); words > 0; words--)
            iso_torch_random32(g);
}

static void fill_f64(const iso_torch_generator *g, double *data, double mean, double std) {
    bool twice = g->variant & ISO_TORCH_OLD && g->variant & ISO_TORCH_SCALAR;
    for (int j = 0; j < 8; j++) {
        double u1 = 1.0 - data[j], radius = sqrt(-2.0 * log(u1)), theta = 2.0 * PI * data[j + 8];
        double first = radius * cos(theta), second = radius * sin(theta);
        data[j] = twice ? first * std + mean : fma(first, std, mean);
        data[j + 8] = twice ? second * std + mean : fma(second, std, mean);
    }
}

void iso_torch_normal_f64(iso_torch_generator *g, double *out, size_t n, double mean, double std) {
    if (n < 16) {
        for (size_t i = 0; i < n; i++)
            out[i] = iso_torch_small_normal(g, mean, std);
        return;
    }
    size_t whole = n / 16 * 16;
    iso_torch_uniform_f64(g, out, n, 0, 1);
    for (size_t i = 0; i < whole; i += 16)
        fill_f64(g, out + i, mean, std);
    if (whole < n) {
        iso_torch_uniform_f64(g, out + n - 16, 16, 0, 1);
        fill_f64(g, out + n - 16, mean, std);
    }
}
