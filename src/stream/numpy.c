#include "stream/numpy.h"

#include <string.h>

iso_status iso_np_result(iso_call *c, size_t i, iso_type type, bool *scalar) {
    const iso_value *size = c->values[i];
    *scalar = !size || size->kind == ISO_VALUE_NONE;
    c->dims = 0;
    iso_status status = *scalar ? ISO_OK : iso_call_shape(c, i, &c->dims, c->shape);
    return status ? status : iso_value_array(c->ctx, c->result, ISO_VALUE_ARRAY, type, c->dims, c->shape);
}

void iso_np_to_scalar(iso_call *c) {
    iso_value *array = c->result, number = {0};
    iso_integer n;
    if (iso_type_is_float(array->type))
        iso_value_float(&number, iso_value_get(array, 0));
    else if (array->type == ISO_TYPE_BOOL)
        iso_value_bool(&number, iso_value_get_int(array, 0) != 0);
    else if (array->type == ISO_TYPE_U64) {
        iso_integer_set(&n, false, (uint64_t)iso_value_get_int(array, 0));
        iso_value_integer(c->ctx, &number, &n); /* of 64 bits: needs no memory */
    } else
        iso_value_int(&number, iso_value_get_int(array, 0));
    iso_value_free(c->ctx, array);
    *array = number;
}

iso_status iso_np_array(iso_call *c, size_t i, iso_value *array) {
    if (c->values[i]->kind == ISO_VALUE_ARRAY) {
        iso_value_share(array, c->values[i]);
        return ISO_OK;
    }
    return iso_call_nested(c, i, ISO_VALUE_ARRAY, ISO_TYPE_F64, ISO_NO_ARGUMENT, array);
}

iso_status iso_np_doubles(iso_call *c, size_t i, double **out, size_t *count) {
    iso_value array = {0};
    *out = NULL;
    iso_status status = iso_np_array(c, i, &array);
    if (!status && array.dims != 1)
        status = iso_call_fail(c, i, "numbers in a row are expected");
    *count = status ? 0 : (size_t)array.numel;
    if (!status && !(*out = iso_calloc(c->ctx, *count + 1, sizeof **out)))
        status = ISO_ENOMEM;
    for (size_t k = 0; !status && k < *count; k++)
        (*out)[k] = iso_value_get(&array, (int64_t)k);
    iso_value_free(c->ctx, &array);
    return status;
}

/* The words of one int, 0 being one word. */
static bool add_words(const iso_value *value, uint32_t *words, size_t room, size_t *count) {
    iso_integer n;
    if (!iso_value_to_integer(value, &n) || n.negative || *count + n.count + 1 > room)
        return false;
    memcpy(words + *count, n.words, n.count * sizeof *words);
    if (n.count == 0)
        words[*count] = 0;
    *count += n.count ? n.count : 1;
    return true;
}

iso_status iso_np_seed_words(iso_call *c, size_t i, uint32_t *words, size_t room, size_t *count) {
    const iso_value *seed = c->values[i];
    int64_t length = seed ? iso_value_length(seed) : -1;
    *count = 0;
    if (!seed || seed->kind == ISO_VALUE_NONE)
        return iso_call_fail(c, i, "a seed is needed: without one NumPy takes the machine's own randomness");
    if (length < 0 && add_words(seed, words, room, count))
        return ISO_OK;
    for (int64_t k = 0; k < length; k++) {
        iso_value item = {0};
        iso_status status = iso_value_item(c->ctx, seed, k, &item);
        bool fits = !status && add_words(&item, words, room, count);
        iso_value_free(c->ctx, &item);
        if (status || !fits)
            return status ? status : iso_call_fail(c, i, "whole numbers of at least 0 are expected, and not too many");
    }
    return length < 0 ? iso_call_fail(c, i, "the seed must be a whole number of at least 0, or a list of them") : ISO_OK;
}

/* ---- Numbers ---- */

iso_status iso_np_refused(iso_call *c) {
    return iso_call_fail(c, ISO_NO_ARGUMENT, "NumPy refuses these arguments");
}

iso_status iso_np_draw_real(iso_call *c, size_t count, iso_np_real draw) {
    double parameters[4];
    bool scalar;
    for (size_t i = 0; i < count; i++)
        parameters[i] = c->args[i].f[0];
    iso_status status = iso_np_result(c, count, ISO_TYPE_F64, &scalar);
    if (!status && !draw(c->self->data, c->result->data, (size_t)c->result->numel, parameters))
        status = iso_np_refused(c);
    if (!status && scalar)
        iso_np_to_scalar(c);
    return status;
}

iso_status iso_np_draw_counts(iso_call *c, size_t count, iso_np_counts draw) {
    bool scalar;
    iso_status status = iso_np_result(c, count, ISO_TYPE_I64, &scalar);
    if (!status && !draw(c->self->data, c->result->data, (size_t)c->result->numel, c->args))
        status = iso_np_refused(c);
    if (!status && scalar)
        iso_np_to_scalar(c);
    return status;
}

iso_status iso_np_draw_bytes(iso_call *c, iso_np_byte_fill draw) {
    size_t n = (size_t)c->args[0].i[0];
    char *bytes = iso_calloc(c->ctx, n + 4, 1);
    if (!bytes)
        return ISO_ENOMEM;
    draw(c->self->data, (uint8_t *)bytes, n);
    iso_status status = iso_value_text(c->ctx, c->result, ISO_VALUE_BYTES, bytes, n);
    iso_free(c->ctx, bytes);
    return status;
}

/* ---- Items by index ---- */

static bool has_numbers(const iso_value *sequence) {
    for (size_t k = 0; (sequence->kind == ISO_VALUE_LIST || sequence->kind == ISO_VALUE_TUPLE) && k < sequence->count; k++)
        if (sequence->items[k].kind == ISO_VALUE_STRING)
            return false;
    return true;
}

iso_status iso_np_take(iso_call *c, size_t i, size_t size, const int64_t *indices) {
    bool scalar = !c->values[size] || c->values[size]->kind == ISO_VALUE_NONE;
    int64_t count = 1;
    iso_value source = {0};
    for (int axis = 0; axis < c->dims; axis++)
        count *= c->shape[axis];
    if (!has_numbers(c->values[i])) {
        if (scalar)
            return iso_value_item(c->ctx, c->values[i], indices[0], c->result);
        iso_status status = iso_value_items(c->ctx, c->result, ISO_VALUE_LIST, (size_t)count);
        for (int64_t k = 0; !status && k < count; k++)
            status = iso_value_item(c->ctx, c->values[i], indices[k], &c->result->items[k]);
        return status;
    }
    int64_t shape[ISO_MAX_DIMS];
    int dims = c->dims;
    memcpy(shape, c->shape, sizeof shape);
    iso_status status = iso_np_array(c, i, &source);
    if (!status && source.dims != 1)
        status = iso_call_fail(c, i, "a must be a number or 1-dimensional");
    if (!status)
        status = iso_value_array(c->ctx, c->result, ISO_VALUE_ARRAY, source.type, scalar ? 0 : dims, shape);
    size_t bytes = status ? 0 : iso_type_of(source.type)->size;
    for (int64_t k = 0; !status && k < count; k++)
        memcpy((char *)c->result->data + (size_t)k * bytes, (const char *)source.data + (size_t)indices[k] * bytes, bytes);
    iso_value_free(c->ctx, &source);
    return status;
}

/* ---- Shuffles ---- */

iso_status iso_np_shuffle_argument(iso_call *c, iso_np_shuffler shuffle) {
    const iso_value *x = c->values[0];
    if (x->kind == ISO_VALUE_LIST)
        shuffle(c->self->data, x->items, x->count, sizeof *x->items);
    else if (x->kind == ISO_VALUE_ARRAY && x->dims > 0) {
        size_t rows = (size_t)x->shape[0], bytes = (size_t)x->numel * iso_type_of(x->type)->size;
        shuffle(c->self->data, x->data, rows, rows ? bytes / rows : 0);
    } else
        return iso_call_fail(c, 0, "a list or an array is expected");
    return ISO_OK;
}

iso_status iso_np_permute_argument(iso_call *c, iso_np_shuffler shuffle) {
    iso_value x = {0};
    int64_t n;
    iso_status status;
    if (iso_value_to_int64(c->values[0], &n)) {
        if (n < 0)
            return iso_call_fail(c, 0, "must not be negative");
        status = iso_value_array(c->ctx, c->result, ISO_VALUE_ARRAY, ISO_TYPE_I64, 1, &n);
        for (int64_t i = 0; !status && i < n; i++)
            iso_value_set_int(c->result, i, i);
    } else {
        status = iso_np_array(c, 0, &x);
        if (!status && x.dims == 0)
            status = iso_call_fail(c, 0, "a whole number, a list or an array is expected");
        if (!status)
            status = iso_value_clone(c->ctx, c->result, &x);
    }
    iso_value_free(c->ctx, &x);
    if (status)
        return status;
    size_t rows = (size_t)c->result->shape[0], bytes = (size_t)c->result->numel * iso_type_of(c->result->type)->size;
    shuffle(c->self->data, c->result->data, rows, rows ? bytes / rows : 0);
    return ISO_OK;
}

/* ---- Ranges ---- */

/* Whole numbers of 64 bits that a type holds; uint64 as its bits. */
static bool fits(iso_type type, const iso_integer *n, int64_t *out) {
    uint64_t bits;
    if (type == ISO_TYPE_U64) {
        bool ok = iso_integer_to_uint64(n, &bits);
        *out = (int64_t)bits;
        return ok;
    }
    return iso_integer_to_int64(n, out) && *out >= iso_type_of(type)->low && *out <= iso_type_of(type)->high;
}

iso_status iso_np_read_range(iso_call *c, bool endpoint, iso_np_range *range) {
    iso_integer low, high, one;
    bool single = c->args[1].is_none;
    const iso_value *dtype = c->values[3];
    iso_integer_set(&one, false, 1);
    range->python = dtype && dtype->kind == ISO_VALUE_TYPE && dtype->integer;
    iso_status status = iso_call_type(c, 3, ISO_TYPE_I64, &range->type);
    if (status)
        return status;
    if (iso_type_is_float(range->type))
        return iso_call_fail(c, 3, "dtype must be a type of whole numbers");
    if (!iso_value_to_integer(c->values[0], &low) || (!single && !iso_value_to_integer(c->values[1], &high)))
        return iso_call_fail(c, 0, "low and high must be whole numbers");
    if (single) {
        high = low;
        iso_integer_set(&low, false, 0);
    }
    if (!endpoint)
        iso_integer_subtract(&high, &one, &high);
    if (iso_integer_compare(&low, &high) > 0)
        return iso_call_fail(c, 0, endpoint ? "low must not be above high" : "low must be below high");
    if (!fits(range->type, &low, &range->low) || !fits(range->type, &high, &range->last))
        return iso_call_fail(c, 0, "the numbers do not fit into the type %s", iso_type_of(range->type)->name);
    return ISO_OK;
}

/* ---- choice ---- */

#define MOST (1 << 28)

/* What is chosen from and how much: the size of a number or sequence, the shape of size=, the probabilities. */
static iso_status read_choice(iso_call *c, int64_t *population, int64_t *n, double **p) {
    bool scalar = !c->values[1] || c->values[1]->kind == ISO_VALUE_NONE;
    size_t count;
    *n = 1;
    c->dims = 0;
    iso_status status = scalar ? ISO_OK : iso_call_shape(c, 1, &c->dims, c->shape);
    if (!iso_value_to_int64(c->values[0], population))
        *population = iso_value_length(c->values[0]);
    for (int axis = 0; !status && axis < c->dims; axis++)
        if (__builtin_mul_overflow(*n, c->shape[axis], n) || *n > MOST)
            status = iso_call_fail(c, 1, "more than %d elements", MOST);
    if (!status && (*population < 0 || *population > MOST))
        status = iso_call_fail(c, 0, "a number from 0 to %d, a list or an array is expected", MOST);
    if (status || c->args[3].is_none)
        return status;
    int dims = c->dims;
    int64_t shape[ISO_MAX_DIMS];
    memcpy(shape, c->shape, sizeof shape);
    status = iso_np_doubles(c, 3, p, &count);
    c->dims = dims;
    memcpy(c->shape, shape, sizeof shape);
    if (!status && count != (size_t)*population)
        status = iso_call_fail(c, 3, "a and p must have as many elements");
    return status;
}

iso_status iso_np_choose(iso_call *c, const iso_np_chooser *chooser) {
    bool scalar = !c->values[1] || c->values[1]->kind == ISO_VALUE_NONE, number = iso_value_length(c->values[0]) < 0;
    int64_t population = 0, n = 0, *indices = NULL;
    double *p = NULL;
    void *scratch = NULL;
    iso_status status = read_choice(c, &population, &n, &p);
    if (!status) {
        indices = iso_calloc(c->ctx, (size_t)n + 1, sizeof *indices);
        scratch = iso_calloc(c->ctx, chooser->scratch(c, (size_t)n, population) + 1, sizeof(double));
        status = indices && scratch ? ISO_OK : ISO_ENOMEM;
    }
    if (!status && !chooser->choose(c, indices, (size_t)n, population, p, scratch))
        status = iso_np_refused(c);
    if (!status && !number)
        status = iso_np_take(c, 0, 1, indices);
    else if (!status) {
        status = iso_value_array(c->ctx, c->result, ISO_VALUE_ARRAY, ISO_TYPE_I64, c->dims, c->shape);
        if (!status)
            memcpy(c->result->data, indices, (size_t)n * sizeof *indices);
        if (!status && scalar)
            iso_np_to_scalar(c);
    }
    iso_free(c->ctx, p);
    iso_free(c->ctx, indices);
    iso_free(c->ctx, scratch);
    return status;
}
