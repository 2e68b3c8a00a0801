#include "stream/value.h"

#include <math.h>
#include <string.h>

#define TWO(n) ((int64_t)1 << (n))

static const iso_type_info types[] = {
    {"float64", 8, 53, -TWO(53), TWO(53)},  {"float32", 4, 24, -TWO(24), TWO(24)},
    {"float16", 2, 11, -TWO(11), TWO(11)},  {"bfloat16", 2, 8, -TWO(8), TWO(8)},
    {"int64", 8, 63, INT64_MIN, INT64_MAX}, {"int32", 4, 31, INT32_MIN, INT32_MAX},
    {"int16", 2, 15, INT16_MIN, INT16_MAX}, {"int8", 1, 7, INT8_MIN, INT8_MAX},
    {"uint8", 1, 8, 0, UINT8_MAX},          {"bool", 1, 1, 0, 1}};

const iso_type_info *iso_type_of(iso_type type) {
    return &types[type];
}

bool iso_type_from_name(const char *name, iso_type *type) {
    static const struct {
        const char *name;
        iso_type type;
    } second[] = {{"double", ISO_TYPE_F64}, {"float", ISO_TYPE_F32}, {"half", ISO_TYPE_F16},
                  {"long", ISO_TYPE_I64},   {"int", ISO_TYPE_I32},   {"short", ISO_TYPE_I16}};
    for (size_t i = 0; i < ISO_COUNTOF(types); i++)
        if (strcmp(name, types[i].name) == 0) {
            *type = (iso_type)i;
            return true;
        }
    for (size_t i = 0; i < ISO_COUNTOF(second); i++)
        if (strcmp(name, second[i].name) == 0) {
            *type = second[i].type;
            return true;
        }
    return false;
}

iso_status iso_value_tensor(iso_context *ctx, iso_value *value, iso_type type, int dims,
                            const int64_t *shape) {
    int64_t numel = 1;
    for (int i = 0; i < dims; i++) {
        if (shape[i] < 0)
            return iso_fail(ctx, ISO_EINVAL, "a size must not be negative, got %lld",
                            (long long)shape[i]);
        if (__builtin_mul_overflow(numel, shape[i], &numel) || numel > INT64_MAX / 16)
            return iso_fail(ctx, ISO_EINVAL, "the tensor has too many elements");
    }
    *value = (iso_value){.kind = ISO_VALUE_TENSOR, .type = type, .dims = dims, .numel = numel};
    if (dims > 0)
        memcpy(value->shape, shape, (size_t)dims * sizeof *shape);
    value->data = iso_calloc(ctx, (size_t)numel, types[type].size);
    if (!value->data) {
        *value = (iso_value){0};
        return ISO_ENOMEM;
    }
    return ISO_OK;
}

void iso_value_free(iso_context *ctx, iso_value *value) {
    for (size_t i = 0; i < value->count; i++)
        iso_value_free(ctx, &value->items[i]);
    iso_free(ctx, value->items);
    iso_free(ctx, value->data);
    *value = (iso_value){0};
}

/* ---- Half precision ---- */

static uint32_t to_bits(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static float from_bits(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* To nearest even. Adding 2^(exponent + 13), or 1.5 * 2^-1 * 2^-14 below the normal range, makes
 * the float unit round at a half's last place. */
static uint16_t float_to_half(float x) {
    uint32_t bits = to_bits(x), sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u)
        return (uint16_t)(sign | 0x7e00u);
    if (magnitude >= 0x477ff000u) /* 65520 and more round to infinity */
        return (uint16_t)(sign | 0x7c00u);
    if (magnitude < 0x38800000u) /* subnormal: multiples of 2^-24 */
        return (uint16_t)(sign | (to_bits(from_bits(magnitude) + 0.5f) - 0x3f000000u));
    uint32_t rounded = magnitude + 0xfffu + (magnitude >> 13 & 1);
    return (uint16_t)(sign | ((rounded - 0x38000000u) >> 13));
}

static float half_to_float(uint16_t half) {
    uint32_t sign = (uint32_t)(half & 0x8000u) << 16, exponent = half >> 10 & 31u,
             fraction = half & 1023u;
    if (exponent == 31)
        return from_bits(sign | 0x7f800000u | fraction << 13);
    float magnitude =
        exponent ? from_bits((exponent + 112) << 23 | fraction << 13) : (float)fraction * 0x1p-24f;
    return from_bits(sign | to_bits(magnitude));
}

static uint16_t float_to_bfloat(float x) {
    uint32_t bits = to_bits(x);
    if (x != x)
        return 0x7fc0;
    return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1)) >> 16);
}

/* ---- Elements ---- */

double iso_value_get(const iso_value *tensor, int64_t i) {
    switch (tensor->type) {
    case ISO_TYPE_F64:
        return ((const double *)tensor->data)[i];
    case ISO_TYPE_F32:
        return ((const float *)tensor->data)[i];
    case ISO_TYPE_F16:
        return half_to_float(((const uint16_t *)tensor->data)[i]);
    case ISO_TYPE_BF16:
        return from_bits((uint32_t)((const uint16_t *)tensor->data)[i] << 16);
    default:
        return (double)iso_value_get_int(tensor, i);
    }
}

void iso_value_set(iso_value *tensor, int64_t i, double number) {
    switch (tensor->type) {
    case ISO_TYPE_F64:
        ((double *)tensor->data)[i] = number;
        break;
    case ISO_TYPE_F32:
        ((float *)tensor->data)[i] = (float)number;
        break;
    case ISO_TYPE_F16:
        ((uint16_t *)tensor->data)[i] = float_to_half((float)number);
        break;
    case ISO_TYPE_BF16:
        ((uint16_t *)tensor->data)[i] = float_to_bfloat((float)number);
        break;
    case ISO_TYPE_BOOL:
        ((uint8_t *)tensor->data)[i] = number != 0;
        break;
    default: {
        bool fits = number >= -0x1p63 && number < 0x1p63;
        iso_value_set_int(tensor, i, fits ? (int64_t)number : INT64_MIN);
    }
    }
}

int64_t iso_value_get_int(const iso_value *tensor, int64_t i) {
    switch (tensor->type) {
    case ISO_TYPE_I64:
        return ((const int64_t *)tensor->data)[i];
    case ISO_TYPE_I32:
        return ((const int32_t *)tensor->data)[i];
    case ISO_TYPE_I16:
        return ((const int16_t *)tensor->data)[i];
    case ISO_TYPE_I8:
        return ((const int8_t *)tensor->data)[i];
    case ISO_TYPE_U8:
    case ISO_TYPE_BOOL:
        return ((const uint8_t *)tensor->data)[i];
    default:
        return (int64_t)iso_value_get(tensor, i);
    }
}

void iso_value_set_int(iso_value *tensor, int64_t i, int64_t number) {
    switch (tensor->type) {
    case ISO_TYPE_I64:
        ((int64_t *)tensor->data)[i] = number;
        break;
    case ISO_TYPE_I32:
        ((int32_t *)tensor->data)[i] = (int32_t)number;
        break;
    case ISO_TYPE_I16:
        ((int16_t *)tensor->data)[i] = (int16_t)number;
        break;
    case ISO_TYPE_I8:
        ((int8_t *)tensor->data)[i] = (int8_t)number;
        break;
    case ISO_TYPE_U8:
        ((uint8_t *)tensor->data)[i] = (uint8_t)number;
        break;
    case ISO_TYPE_BOOL:
        ((uint8_t *)tensor->data)[i] = number != 0;
        break;
    /* Not through double: one rounding. */
    case ISO_TYPE_F32:
        ((float *)tensor->data)[i] = (float)number;
        break;
    case ISO_TYPE_F16:
        ((uint16_t *)tensor->data)[i] = float_to_half((float)number);
        break;
    case ISO_TYPE_BF16:
        ((uint16_t *)tensor->data)[i] = float_to_bfloat((float)number);
        break;
    case ISO_TYPE_F64:
        ((double *)tensor->data)[i] = (double)number;
        break;
    }
}
