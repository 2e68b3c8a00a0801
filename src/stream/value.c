#include "stream/value.h"

#include <string.h>

/* What values share: how many name it, and in front of its bytes, how many values those are. */
struct iso_block {
    size_t uses, values;
    max_align_t bytes[];
};

static void *new_block(iso_context *ctx, iso_value *value, size_t bytes, size_t values) {
    struct iso_block *block = bytes > SIZE_MAX / 2 ? NULL : iso_calloc(ctx, 1, sizeof *block + bytes);
    if (!block)
        return NULL;
    block->uses = 1;
    block->values = values;
    value->block = block;
    return block->bytes;
}

void iso_value_share(iso_value *to, const iso_value *from) {
    *to = *from;
    if (to->block)
        to->block->uses++;
}

void iso_value_free(iso_context *ctx, iso_value *value) {
    struct iso_block *block = value->block;
    if (block && --block->uses == 0) {
        iso_value *items = (iso_value *)(void *)block->bytes;
        for (size_t i = 0; i < block->values; i++)
            iso_value_free(ctx, &items[i]);
        iso_free(ctx, block);
    }
    *value = (iso_value){0};
}

/* ---- New values ---- */

void iso_value_int(iso_value *value, int64_t number) {
    *value = (iso_value){.kind = ISO_VALUE_INT, .integer = number, .number = (double)number};
}

void iso_value_bool(iso_value *value, bool truth) {
    *value = (iso_value){.kind = ISO_VALUE_BOOL, .integer = truth, .number = truth};
}

void iso_value_float(iso_value *value, double number) {
    *value = (iso_value){.kind = ISO_VALUE_FLOAT, .number = number};
}

iso_status iso_value_integer(iso_context *ctx, iso_value *value, const iso_integer *number) {
    uint64_t magnitude;
    int64_t integer;
    if (iso_integer_to_int64(number, &integer)) {
        iso_value_int(value, integer);
        return ISO_OK;
    }
    *value = (iso_value){.kind = ISO_VALUE_INT, .number = iso_integer_to_double(number)};
    if (iso_integer_to_uint64(number, &magnitude)) {
        value->integer = (int64_t)magnitude;
        value->is_unsigned = true;
        return ISO_OK;
    }
    if (!(value->big = new_block(ctx, value, sizeof *number, 0)))
        return ISO_ENOMEM;
    *value->big = *number;
    return ISO_OK;
}

iso_status iso_value_text(iso_context *ctx, iso_value *value, iso_value_kind kind, const char *text, size_t size) {
    *value = (iso_value){.kind = kind};
    if (!(value->text = new_block(ctx, value, size + 1, 0)))
        return ISO_ENOMEM;
    memcpy(value->text, text, size);
    value->size = size;
    return ISO_OK;
}

iso_status iso_value_items(iso_context *ctx, iso_value *value, iso_value_kind kind, size_t count) {
    *value = (iso_value){.kind = kind};
    if (count > SIZE_MAX / 4 / sizeof *value->items ||
        !(value->items = new_block(ctx, value, count * sizeof *value->items, count)))
        return ISO_ENOMEM;
    value->count = count;
    return ISO_OK;
}

iso_status iso_value_module(iso_context *ctx, iso_value *value, size_t count) {
    iso_status status = iso_value_items(ctx, value, ISO_VALUE_MODULE, 2 * count);
    value->count = status ? 0 : count;
    return status;
}

iso_status iso_value_array(iso_context *ctx, iso_value *value, iso_value_kind kind, iso_type type, int dims,
                           const int64_t *shape) {
    int64_t numel = 1;
    *value = (iso_value){0};
    for (int i = 0; i < dims; i++) {
        if (shape[i] < 0)
            return iso_fail(ctx, ISO_EINVAL, "a size must not be negative, got %lld", (long long)shape[i]);
        if (__builtin_mul_overflow(numel, shape[i], &numel) || numel > INT64_MAX / 16)
            return iso_fail(ctx, ISO_EINVAL, "the tensor has more than 2^59 elements");
    }
    *value = (iso_value){.kind = kind, .type = type, .dims = dims, .numel = numel};
    if (dims > 0)
        memmove(value->shape, shape, (size_t)dims * sizeof *shape);
    value->data = new_block(ctx, value, (size_t)numel * iso_type_of(type)->size, 0);
    if (value->data)
        return ISO_OK;
    *value = (iso_value){0};
    return ISO_ENOMEM;
}

iso_status iso_value_tensor(iso_context *ctx, iso_value *value, iso_type type, int dims, const int64_t *shape) {
    return iso_value_array(ctx, value, ISO_VALUE_TENSOR, type, dims, shape);
}

iso_status iso_value_object(iso_context *ctx, iso_value *value, iso_value_kind kind, size_t size) {
    *value = (iso_value){.kind = kind};
    return (value->data = new_block(ctx, value, size, 0)) ? ISO_OK : ISO_ENOMEM;
}

iso_status iso_value_clone(iso_context *ctx, iso_value *to, const iso_value *from) {
    iso_status status = iso_value_array(ctx, to, from->kind, from->type, from->dims, from->shape);
    if (!status)
        memcpy(to->data, from->data, (size_t)from->numel * iso_type_of(from->type)->size);
    return status;
}

/* ---- Numbers ---- */

static bool is_array_scalar(const iso_value *value) {
    return (value->kind == ISO_VALUE_ARRAY || value->kind == ISO_VALUE_TENSOR) && value->dims == 0;
}

bool iso_value_to_integer(const iso_value *value, iso_integer *out) {
    int64_t integer;
    bool is_unsigned;
    if (is_array_scalar(value) && !iso_type_is_float(value->type)) {
        integer = iso_value_get_int(value, 0);
        is_unsigned = value->type == ISO_TYPE_U64;
    } else if (value->kind != ISO_VALUE_INT && value->kind != ISO_VALUE_BOOL) {
        return false;
    } else if (value->big) {
        *out = *value->big;
        return true;
    } else {
        integer = value->integer;
        is_unsigned = value->is_unsigned;
    }
    bool negative = integer < 0 && !is_unsigned;
    iso_integer_set(out, negative, negative ? 0 - (uint64_t)integer : (uint64_t)integer);
    return true;
}

bool iso_value_to_int64(const iso_value *value, int64_t *out) {
    iso_integer n;
    return iso_value_to_integer(value, &n) && iso_integer_to_int64(&n, out);
}

bool iso_value_to_double(const iso_value *value, double *out) {
    bool scalar = is_array_scalar(value);
    if (!scalar && value->kind != ISO_VALUE_INT && value->kind != ISO_VALUE_BOOL && value->kind != ISO_VALUE_FLOAT)
        return false;
    *out = scalar ? iso_value_get(value, 0) : value->number;
    return true;
}

/* ---- Sequences ---- */

int64_t iso_value_length(const iso_value *value) {
    switch (value->kind) {
    case ISO_VALUE_LIST:
    case ISO_VALUE_TUPLE:
        return (int64_t)value->count;
    case ISO_VALUE_RANGE:
        return value->length;
    case ISO_VALUE_STRING: {
        int64_t characters = 0;
        for (size_t i = 0; i < value->size; i++)
            characters += (value->text[i] & 0xc0) != 0x80;
        return characters;
    }
    case ISO_VALUE_BYTES:
        return (int64_t)value->size;
    case ISO_VALUE_TENSOR:
    case ISO_VALUE_ARRAY:
        return value->dims > 0 ? value->shape[0] : -1;
    default:
        return -1;
    }
}

/* Where character i of a UTF-8 text starts. */
static size_t character(const iso_value *value, int64_t i) {
    size_t at = 0;
    for (; at < value->size && ((value->text[at] & 0xc0) == 0x80 || i-- > 0); at++)
        ;
    return at;
}

/* Elements first .. first + numel - 1 as a view with the shape from dimension `axis` on. */
static void view(const iso_value *array, int64_t first, int64_t numel, int axis, iso_value *part) {
    iso_value_share(part, array);
    part->data = (char *)array->data + (size_t)first * iso_type_of(array->type)->size;
    part->numel = numel;
    part->dims = array->dims - axis;
    memmove(part->shape, part->shape + axis, (size_t)part->dims * sizeof *part->shape);
}

iso_status iso_value_item(iso_context *ctx, const iso_value *value, int64_t i, iso_value *item) {
    switch (value->kind) {
    case ISO_VALUE_LIST:
    case ISO_VALUE_TUPLE:
        iso_value_share(item, &value->items[i]);
        return ISO_OK;
    case ISO_VALUE_RANGE:
        iso_value_int(item, (int64_t)((uint64_t)value->start + (uint64_t)i * (uint64_t)value->step));
        return ISO_OK;
    case ISO_VALUE_STRING: {
        size_t from = character(value, i), to = character(value, i + 1);
        return iso_value_text(ctx, item, ISO_VALUE_STRING, value->text + from, to - from);
    }
    case ISO_VALUE_BYTES:
        iso_value_int(item, (unsigned char)value->text[i]);
        return ISO_OK;
    default: {
        int64_t each = value->numel / value->shape[0];
        iso_value part;
        view(value, i * each, each, 1, &part);
        if (value->kind == ISO_VALUE_TENSOR || value->dims > 1) {
            *item = part;
            return ISO_OK;
        }
        iso_status status = iso_value_clone(ctx, item, &part); /* NumPy's scalars do not share */
        iso_value_free(ctx, &part);
        return status;
    }
    }
}

iso_status iso_value_slice(iso_context *ctx, const iso_value *value, int64_t from, int64_t to, iso_value *part) {
    to = to < from ? from : to;
    switch (value->kind) {
    case ISO_VALUE_LIST:
    case ISO_VALUE_TUPLE: {
        iso_status status = iso_value_items(ctx, part, value->kind, (size_t)(to - from));
        for (int64_t i = from; !status && i < to; i++)
            iso_value_share(&part->items[i - from], &value->items[i]);
        return status;
    }
    case ISO_VALUE_RANGE:
        *part = *value;
        part->start = (int64_t)((uint64_t)value->start + (uint64_t)from * (uint64_t)value->step);
        part->length = to - from;
        return ISO_OK;
    case ISO_VALUE_STRING: {
        size_t first = character(value, from), last = character(value, to);
        return iso_value_text(ctx, part, value->kind, value->text + first, last - first);
    }
    case ISO_VALUE_BYTES:
        return iso_value_text(ctx, part, value->kind, value->text + from, (size_t)(to - from));
    default: {
        int64_t each = value->shape[0] ? value->numel / value->shape[0] : 0;
        view(value, from * each, (to - from) * each, 0, part);
        part->shape[0] = to - from;
        return ISO_OK;
    }
    }
}

#define MAX_LIST (1 << 22)

iso_status iso_value_list_of(iso_context *ctx, const iso_value *value, iso_value *list) {
    int64_t length = iso_value_length(value);
    if (length > MAX_LIST)
        return iso_fail(ctx, ISO_EINVAL, "a list of more than %d items", MAX_LIST);
    iso_status status = iso_value_items(ctx, list, ISO_VALUE_LIST, (size_t)length);
    for (int64_t i = 0; !status && i < length; i++)
        status = iso_value_item(ctx, value, i, &list->items[i]);
    return status;
}

/* ---- Elements ---- */

double iso_value_get(const iso_value *array, int64_t i) {
    return iso_type_get(array->type, array->data, i);
}

void iso_value_set(iso_value *array, int64_t i, double number) {
    iso_type_set(array->type, array->data, i, number);
}

int64_t iso_value_get_int(const iso_value *array, int64_t i) {
    return iso_type_get_int(array->type, array->data, i);
}

void iso_value_set_int(iso_value *array, int64_t i, int64_t number) {
    iso_type_set_int(array->type, array->data, i, number);
}
