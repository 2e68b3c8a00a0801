/* PyTorch's normal_(): one algorithm below 16 elements, another from 16 on, and each in two
 * variants. */
#include <math.h>
#include <string.h>

#include "isobit/random/torch.h"
#include "random/fill.h"
#include "random/mt19937.h"

#define PI 3.14159265358979323846

static double unit(iso_torch_generator *g) {
    double u;
    iso_torch_uniform_f64(g, &u, 1, 0, 1);
    return u;
}

/* One number by Box and Muller in binary64; every second call returns what the one before has left.
 */
static double small_normal(iso_torch_generator *g, double mean, double std) {
    double value = g->next_normal;
    if (g->has_next_normal)
        g->has_next_normal = false;
    else {
        double u1 = unit(g), u2 = unit(g), radius = sqrt(-2.0 * log1p(-u2)), theta = 2.0 * PI * u1;
        g->next_normal = radius * sin(theta);
        g->has_next_normal = true;
        value = radius * cos(theta);
    }
    return g->variant == ISO_TORCH_SCALAR ? value * std + mean : fma(value, std, mean);
}

/* Blocks of 16 uniforms to normals in place, with the C library's float functions. */
static void fill_scalar(float *data, size_t blocks, float mean, float std) {
    for (size_t block = 0; block < blocks; block++, data += 16)
        for (int j = 0; j < 8; j++) {
            float u1 = 1.0f - data[j], radius = sqrtf(-2.0f * logf(u1)),
                  theta = (float)(2.0 * PI * (double)data[j + 8]);
            data[j] = fmaf(radius * cosf(theta), std, mean);
            data[j + 8] = fmaf(radius * sinf(theta), std, mean);
        }
}

static void fill(const iso_torch_generator *g, float *data, size_t blocks, float mean, float std) {
    if (g->variant == ISO_TORCH_SCALAR)
        fill_scalar(data, blocks, mean, std);
    else
        iso_fill_normal(data, blocks, mean, std);
}

/* Blocks that are drawn and transformed together, while they are in cache. */
#define BLOCKS 32

void iso_torch_normal(iso_torch_generator *g, float *out, size_t n, double mean, double std) {
    if (n < 16) {
        for (size_t i = 0; i < n; i++)
            out[i] = (float)small_normal(g, mean, std);
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

static void fill_f64(double *data, double mean, double std) {
    for (int j = 0; j < 8; j++) {
        double u1 = 1.0 - data[j], radius = sqrt(-2.0 * log(u1)), theta = 2.0 * PI * data[j + 8];
        data[j] = fma(radius * cos(theta), std, mean);
        data[j + 8] = fma(radius * sin(theta), std, mean);
    }
}

void iso_torch_normal_f64(iso_torch_generator *g, double *out, size_t n, double mean, double std) {
    if (n < 16) {
        for (size_t i = 0; i < n; i++)
            out[i] = small_normal(g, mean, std);
        return;
    }
    size_t whole = n / 16 * 16;
    iso_torch_uniform_f64(g, out, n, 0, 1);
    for (size_t i = 0; i < whole; i += 16)
        fill_f64(out + i, mean, std);
    if (whole < n) {
        iso_torch_uniform_f64(g, out + n - 16, 16, 0, 1);
        fill_f64(out + n - 16, mean, std);
    }
}
