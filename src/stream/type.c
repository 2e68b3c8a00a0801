#include "stream/type.h"

#include <string.h>

#include "random/half.h"

#define TWO(n) ((int64_t)1 << (n))

static const iso_type_info types[] = {{"float64", 8, 53, -TWO(53), TWO(53)},
                                      {"float32", 4, 24, -TWO(24), TWO(24)},
                                      {"float16", 2, 11, -TWO(11), TWO(11)},
                                      {"bfloat16", 2, 8, -TWO(8), TWO(8)},
                                      {"int64", 8, 63, INT64_MIN, INT64_MAX},
                                      {"int32", 4, 31, INT32_MIN, INT32_MAX},
                                      {"int16", 2, 15, INT16_MIN, INT16_MAX},
                                      {"int8", 1, 7, INT8_MIN, INT8_MAX},
                                      {"uint64", 8, 64, 0, INT64_MAX},
                                      {"uint32", 4, 32, 0, UINT32_MAX},
                                      {"uint16", 2, 16, 0, UINT16_MAX},
                                      {"uint8", 1, 8, 0, UINT8_MAX},
                                      {"bool", 1, 1, 0, 1}};

const iso_type_info *iso_type_of(iso_type type) {
    return &types[type];
}

struct second_name {
    const char *name;
    iso_type type;
};

static bool find(const char *name, const struct second_name *second, size_t count, iso_type *type) {
    for (size_t i = 0; i < ISO_COUNTOF(types); i++)
        if (strcmp(name, types[i].name) == 0) {
            *type = (iso_type)i;
            return true;
        }
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, second[i].name) == 0) {
            *type = second[i].type;
            return true;
        }
    return false;
}

bool iso_type_from_name(const char *name, iso_type *type) {
    static const struct second_name second[] = {{"double", ISO_TYPE_F64}, {"float", ISO_TYPE_F32}, {"half", ISO_TYPE_F16},
                                                {"long", ISO_TYPE_I64},   {"int", ISO_TYPE_I32},   {"short", ISO_TYPE_I16}};
    return find(name, second, ISO_COUNTOF(second), type);
}

bool iso_type_from_numpy_name(const char *name, iso_type *type) {
    static const struct second_name second[] = {{"float", ISO_TYPE_F64}, {"double", ISO_TYPE_F64}, {"single", ISO_TYPE_F32},
                                                {"half", ISO_TYPE_F16},  {"int", ISO_TYPE_I64},    {"int_", ISO_TYPE_I64},
                                                {"intp", ISO_TYPE_I64},  {"uint", ISO_TYPE_U64},   {"longlong", ISO_TYPE_I64},
                                                {"bool_", ISO_TYPE_BOOL}};
    return strcmp(name, "bfloat16") != 0 && find(name, second, ISO_COUNTOF(second), type);
}

/* ---- Elements ---- */

double iso_type_get(iso_type type, const void *data, int64_t i) {
    switch (type) {
    case ISO_TYPE_F64:
        return ((const double *)data)[i];
    case ISO_TYPE_F32:
        return ((const float *)data)[i];
    case ISO_TYPE_F16:
        return iso_half_to_float(((const uint16_t *)data)[i]);
    case ISO_TYPE_BF16:
        return iso_bfloat_to_float(((const uint16_t *)data)[i]);
    case ISO_TYPE_U64:
        return (double)((const uint64_t *)data)[i];
    default:
        return (double)iso_type_get_int(type, data, i);
    }
}

void iso_type_set(iso_type type, void *data, int64_t i, double number) {
    switch (type) {
    case ISO_TYPE_F64:
        ((double *)data)[i] = number;
        break;
    case ISO_TYPE_F32:
        ((float *)data)[i] = (float)number;
        break;
    case ISO_TYPE_F16:
        ((uint16_t *)data)[i] = iso_float_to_half((float)number);
        break;
    case ISO_TYPE_BF16:
        ((uint16_t *)data)[i] = iso_float_to_bfloat((float)number);
        break;
    case ISO_TYPE_BOOL:
        ((uint8_t *)data)[i] = number != 0;
        break;
    default: {
        bool fits = number >= -0x1p63 && number < 0x1p63;
        iso_type_set_int(type, data, i, fits ? (int64_t)number : INT64_MIN);
    }
    }
}

int64_t iso_type_get_int(iso_type type, const void *data, int64_t i) {
    switch (type) {
    case ISO_TYPE_I64:
    case ISO_TYPE_U64:
        return ((const int64_t *)data)[i];
    case ISO_TYPE_I32:
        return ((const int32_t *)data)[i];
    case ISO_TYPE_I16:
        return ((const int16_t *)data)[i];
    case ISO_TYPE_I8:
        return ((const int8_t *)data)[i];
    case ISO_TYPE_U32:
        return ((const uint32_t *)data)[i];
    case ISO_TYPE_U16:
        return ((const uint16_t *)data)[i];
    case ISO_TYPE_U8:
    case ISO_TYPE_BOOL:
        return ((const uint8_t *)data)[i];
    default:
        return (int64_t)iso_type_get(type, data, i);
    }
}

void iso_type_set_int(iso_type type, void *data, int64_t i, int64_t number) {
    switch (type) {
    case ISO_TYPE_I64:
    case ISO_TYPE_U64:
        ((int64_t *)data)[i] = number;
        break;
    case ISO_TYPE_I32:
    case ISO_TYPE_U32:
        ((uint32_t *)data)[i] = (uint32_t)number;
        break;
    case ISO_TYPE_I16:
    case ISO_TYPE_U16:
        ((uint16_t *)data)[i] = (uint16_t)number;
        break;
    case ISO_TYPE_I8:
    case ISO_TYPE_U8:
        ((uint8_t *)data)[i] = (uint8_t)number;
        break;
    case ISO_TYPE_BOOL:
        ((uint8_t *)data)[i] = number != 0;
        break;
    /* Not through double: one rounding. */
    case ISO_TYPE_F32:
        ((float *)data)[i] = (float)number;
        break;
    case ISO_TYPE_F16:
        ((uint16_t *)data)[i] = iso_float_to_half((float)number);
        break;
    case ISO_TYPE_BF16:
        ((uint16_t *)data)[i] = iso_float_to_bfloat((float)number);
        break;
    case ISO_TYPE_F64:
        ((double *)data)[i] = (double)number;
        break;
    }
}
