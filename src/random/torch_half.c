/* uniform_ and normal_ of float16 and bfloat16 tensors. */
#include <math.h>

#include "random/half.h"
#include "random/torch_variant.h"

#define PI 3.14159265358979323846

/* A half type: its bits to a float and back, and how many bits of a word its old uniform_ took. */
typedef struct half_type {
    float (*to_float)(uint16_t bits);
    uint16_t (*from_float)(float x);
    int digits;
} half_type;

static const half_type f16 = {iso_half_to_float, iso_float_to_half, 11}, bf16 = {iso_bfloat_to_float, iso_float_to_bfloat, 8};

static float round_to(const half_type *type, float x) {
    return type->to_float(type->from_float(x));
}

/* Before 2.13: as many bits as the type has, the width and each result rounded to it. */
static void uniform_old(iso_torch_generator *g, const half_type *type, uint16_t *out, size_t n, float low, float high) {
    float width = round_to(type, high - low), unit = type->digits == 11 ? 0x1p-11f : 0x1p-8f;
    uint32_t mask = (1u << type->digits) - 1;
    for (size_t i = 0; i < n; i++) {
        float u = (float)(int32_t)(iso_torch_random32(g) & mask) * unit;
        out[i] = type->from_float(g->variant & ISO_TORCH_SCALAR ? u * width + low : fmaf(u, width, low));
    }
}

static void uniform(iso_torch_generator *g, const half_type *type, uint16_t *out, size_t n, double low, double high) {
    float rounded_low = round_to(type, (float)low), rounded_high = round_to(type, (float)high), x;
    if (g->variant & ISO_TORCH_OLD) {
        uniform_old(g, type, out, n, rounded_low, rounded_high);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        iso_torch_uniform(g, &x, 1, low, high);
        x = round_to(type, x);
        out[i] = type->from_float(x == rounded_high ? rounded_low : x);
    }
}

/* Blocks of 16 in float32, rounded; the last 16 are drawn anew where n is no multiple. */
static void normal_blocks(iso_torch_generator *g, const half_type *type, uint16_t *out, size_t n, double mean, double std) {
    float block[16];
    for (size_t i = 0; i < n; i += 16) {
        uint16_t *to = out + (i + 16 <= n ? i : n - 16);
        iso_torch_normal(g, block, 16, mean, std);
        for (int j = 0; j < 16; j++)
            to[j] = type->from_float(block[j]);
    }
}

/* 16 uniforms to normals in place, every step rounded to the type. */
static void fill_stepwise(const half_type *type, uint16_t *data, float mean, float std) {
    for (int j = 0; j < 8; j++) {
        float u1 = round_to(type, 1.0f - type->to_float(data[j])), u2 = type->to_float(data[j + 8]);
        float radius = round_to(type, sqrtf(round_to(type, -2.0f * round_to(type, logf(u1)))));
        float theta = round_to(type, (float)(2.0 * PI * (double)u2));
        float c = round_to(type, radius * round_to(type, cosf(theta))), s = round_to(type, radius * round_to(type, sinf(theta)));
        data[j] = type->from_float(round_to(type, c * std) + mean);
        data[j + 8] = type->from_float(round_to(type, s * std) + mean);
    }
}

/* PyTorch 1.13 had no functions of float16: they went through float32, rounded where they were stored. */
static void fill_f16_of_1_13(bool fused, uint16_t *data, float mean, float std) {
    const half_type *type = &f16;
    for (int j = 0; j < 8; j++) {
        float u1 = round_to(type, 1.0f - type->to_float(data[j])), u2 = type->to_float(data[j + 8]);
        float radius = round_to(type, sqrtf(-2.0f * logf(u1))), theta = round_to(type, (float)(2.0 * PI * (double)u2));
        float c = radius * cosf(theta), s = radius * sinf(theta);
        data[j] = type->from_float(fused ? fmaf(c, std, mean) : c * std + mean);
        data[j + 8] = type->from_float(fused ? fmaf(s, std, mean) : s * std + mean);
    }
}

static void fill_old(const iso_torch_generator *g, const half_type *type, uint16_t *data, float mean, float std) {
    if (type == &f16 && g->variant & ISO_TORCH_1_13)
        fill_f16_of_1_13(!(g->variant & ISO_TORCH_SCALAR), data, mean, std);
    else
        fill_stepwise(type, data, mean, std);
}

static void normal_old(iso_torch_generator *g, const half_type *type, uint16_t *out, size_t n, double mean, double std) {
    float rounded_mean = round_to(type, (float)mean), rounded_std = round_to(type, (float)std);
    uniform_old(g, type, out, n, 0, 1);
    for (size_t i = 0; i + 16 <= n; i += 16)
        fill_old(g, type, out + i, rounded_mean, rounded_std);
    if (n % 16) {
        uniform_old(g, type, out + n - 16, 16, 0, 1);
        fill_old(g, type, out + n - 16, rounded_mean, rounded_std);
    }
}

static void normal(iso_torch_generator *g, const half_type *type, uint16_t *out, size_t n, double mean, double std) {
    if (n < 16)
        for (size_t i = 0; i < n; i++)
            out[i] = type->from_float((float)iso_torch_small_normal(g, mean, std));
    else if (g->variant & ISO_TORCH_OLD)
        normal_old(g, type, out, n, mean, std);
    else
        normal_blocks(g, type, out, n, mean, std);
}

void iso_torch_uniform_f16(iso_torch_generator *g, uint16_t *out, size_t n, double low, double high) {
    uniform(g, &f16, out, n, low, high);
}

void iso_torch_uniform_bf16(iso_torch_generator *g, uint16_t *out, size_t n, double low, double high) {
    uniform(g, &bf16, out, n, low, high);
}

void iso_torch_normal_f16(iso_torch_generator *g, uint16_t *out, size_t n, double mean, double std) {
    normal(g, &f16, out, n, mean, std);
}

void iso_torch_normal_bf16(iso_torch_generator *g, uint16_t *out, size_t n, double mean, double std) {
    normal(g, &bf16, out, n, mean, std);
}
