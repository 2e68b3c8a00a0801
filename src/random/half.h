/* float16 and bfloat16 as their bits. */
#ifndef ISO_RANDOM_HALF_H
#define ISO_RANDOM_HALF_H

#include <string.h>

#include "core/compiler.h"

static inline uint32_t iso_float_bits(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float iso_bits_float(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* To nearest even. Adding 0.5 below the normal range makes the float unit round at a half's last place. */
static inline uint16_t iso_float_to_half(float x) {
    uint32_t bits = iso_float_bits(x), sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u)
        return (uint16_t)(sign | 0x7e00u);
    if (magnitude >= 0x477ff000u) /* 65520 and more round to infinity */
        return (uint16_t)(sign | 0x7c00u);
    if (magnitude < 0x38800000u) /* subnormal: multiples of 2^-24 */
        return (uint16_t)(sign | (iso_float_bits(iso_bits_float(magnitude) + 0.5f) - 0x3f000000u));
    uint32_t rounded = magnitude + 0xfffu + (magnitude >> 13 & 1);
    return (uint16_t)(sign | ((rounded - 0x38000000u) >> 13));
}

static inline float iso_half_to_float(uint16_t half) {
    uint32_t sign = (uint32_t)(half & 0x8000u) << 16, exponent = half >> 10 & 31u, fraction = half & 1023u;
    if (exponent == 31)
        return iso_bits_float(sign | 0x7f800000u | fraction << 13);
    float magnitude = exponent ? iso_bits_float((exponent + 112) << 23 | fraction << 13) : (float)fraction * 0x1p-24f;
    return iso_bits_float(sign | iso_float_bits(magnitude));
}

static inline uint16_t iso_float_to_bfloat(float x) {
    uint32_t bits = iso_float_bits(x);
    if (x != x)
        return 0x7fc0;
    return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1)) >> 16);
}

static inline float iso_bfloat_to_float(uint16_t bfloat) {
    return iso_bits_float((uint32_t)bfloat << 16);
}

#endif
