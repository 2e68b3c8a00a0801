/* Values as text: as Python prints them, and as bits. */
#include <inttypes.h>
#include <string.h>

#include "expr/expr.h"
#include "stream/value.h"

static void print_element(iso_text *out, const iso_value *tensor, int64_t i) {
    if (tensor->type == ISO_TYPE_BOOL)
        iso_text_puts(out, iso_value_get_int(tensor, i) ? "True" : "False");
    else if (iso_type_is_float(tensor->type))
        iso_write_repr(out, iso_value_get(tensor, i));
    else
        iso_text_printf(out, tensor->type == ISO_TYPE_U64 ? "%" PRIu64 : "%" PRId64, iso_value_get_int(tensor, i));
}

/* The part of a tensor that starts at element *i, from dimension `axis` on. */
static void print_tensor(iso_text *out, const iso_value *tensor, int axis, int64_t *i) {
    if (axis == tensor->dims) {
        print_element(out, tensor, (*i)++);
        return;
    }
    iso_text_puts(out, "[");
    for (int64_t k = 0; k < tensor->shape[axis] && iso_text_ok(out); k++) {
        if (k)
            iso_text_puts(out, ", ");
        print_tensor(out, tensor, axis + 1, i);
    }
    iso_text_puts(out, "]");
}

static void print(iso_text *out, const iso_value *value);

static void print_items(iso_text *out, const iso_value *value, const char *open, const char *close) {
    iso_text_puts(out, open);
    for (size_t i = 0; i < value->count; i++) {
        if (i)
            iso_text_puts(out, ", ");
        print(out, &value->items[i]);
    }
    iso_text_puts(out, close);
}

static void print_literal(iso_text *out, const iso_value *value) {
    iso_expr literal = {
        .kind = value->kind == ISO_VALUE_STRING ? ISO_EXPR_STRING : ISO_EXPR_BYTES, .text = value->text, .size = value->size};
    iso_expr_write(out, &literal);
}

/* As repr() shows it. */
static void print(iso_text *out, const iso_value *value) {
    int64_t first = 0;
    switch (value->kind) {
    case ISO_VALUE_BOOL:
        iso_text_puts(out, value->integer ? "True" : "False");
        break;
    case ISO_VALUE_INT:
        if (value->big)
            iso_integer_write(out, value->big);
        else if (value->is_unsigned)
            iso_text_printf(out, "%" PRIu64, (uint64_t)value->integer);
        else
            iso_text_printf(out, "%" PRId64, value->integer);
        break;
    case ISO_VALUE_FLOAT:
        iso_write_repr(out, value->number);
        break;
    case ISO_VALUE_STRING:
    case ISO_VALUE_BYTES:
        print_literal(out, value);
        break;
    case ISO_VALUE_TYPE:
        iso_text_printf(out, "torch.%s", iso_type_of(value->type)->name);
        break;
    case ISO_VALUE_LIST:
        print_items(out, value, "[", "]");
        break;
    case ISO_VALUE_TUPLE:
    case ISO_VALUE_MODULE:
        print_items(out, value, "(", value->count == 1 ? ",)" : ")");
        break;
    case ISO_VALUE_RANGE:
        iso_text_printf(out, "range(%" PRId64 ", %" PRId64, value->start, value->stop);
        iso_text_printf(out, value->step == 1 ? ")" : ", %" PRId64 ")", value->step);
        break;
    case ISO_VALUE_TENSOR:
    case ISO_VALUE_ARRAY:
        print_tensor(out, value, 0, &first);
        break;
    case ISO_VALUE_NONE: /* and generators, of which Python shows where they lie in memory */
    case ISO_VALUE_TORCH_GENERATOR:
    case ISO_VALUE_NP_RANDOM_STATE:
    case ISO_VALUE_NP_GENERATOR:
    case ISO_VALUE_NP_BIT_GENERATOR:
    case ISO_VALUE_NP_SEED_SEQUENCE:
    case ISO_VALUE_PY_RANDOM:
        iso_text_puts(out, "None");
        break;
    }
}

void iso_value_print(iso_text *out, const iso_value *value) {
    if (value->kind == ISO_VALUE_STRING)
        iso_text_append(out, value->text, value->size);
    else
        print(out, value);
}

static void print_bits(iso_text *out, const void *element, size_t size, bool *first) {
    uint8_t byte;
    uint16_t half;
    uint32_t word;
    uint64_t bits;
    switch (size) {
    case 1:
        memcpy(&byte, element, 1);
        bits = byte;
        break;
    case 2:
        memcpy(&half, element, 2);
        bits = half;
        break;
    case 4:
        memcpy(&word, element, 4);
        bits = word;
        break;
    default:
        memcpy(&bits, element, 8);
        break;
    }
    iso_text_printf(out, "%s%0*" PRIx64, *first ? "" : " ", (int)(2 * size), bits);
    *first = false;
}

static void print_hex(iso_text *out, const iso_value *value, bool *first) {
    switch (value->kind) {
    case ISO_VALUE_FLOAT:
        print_bits(out, &value->number, sizeof value->number, first);
        break;
    case ISO_VALUE_TENSOR:
    case ISO_VALUE_ARRAY: {
        size_t size = iso_type_of(value->type)->size;
        for (int64_t i = 0; i < value->numel && iso_text_ok(out); i++)
            print_bits(out, (const char *)value->data + (size_t)i * size, size, first);
        break;
    }
    case ISO_VALUE_LIST:
    case ISO_VALUE_TUPLE:
    case ISO_VALUE_MODULE:
        for (size_t i = 0; i < value->count; i++)
            print_hex(out, &value->items[i], first);
        break;
    case ISO_VALUE_BYTES:
        for (size_t i = 0; i < value->size; i++)
            print_bits(out, &value->text[i], 1, first);
        break;
    default:
        if (!*first)
            iso_text_puts(out, " ");
        print(out, value);
        *first = false;
    }
}

void iso_value_print_hex(iso_text *out, const iso_value *value) {
    bool first = true;
    print_hex(out, value, &first);
}
