#include <stdarg.h>
#include <stdio.h>

#include "stream/call.h"

iso_status iso_call_fail(iso_call *c, size_t i, const char *format, ...) {
    char message[512];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    *c->column = i < ISO_MAX_PARAMS && c->args[i].expr ? c->args[i].expr->column : c->expr->column;
    return iso_fail(c->ctx, ISO_EINVAL, "%s: %s", c->name, message);
}

iso_status iso_call_tensor(iso_call *c, size_t i, iso_value *value) {
    if (!c->values[i] || c->values[i]->kind != ISO_VALUE_TENSOR)
        return iso_call_fail(c, i, "a tensor is expected");
    iso_value_share(value, c->values[i]);
    return ISO_OK;
}

iso_status iso_call_type(iso_call *c, size_t i, iso_type otherwise, iso_type *type) {
    const iso_value *value = c->values[i];
    *type = otherwise;
    if (!value || value->kind == ISO_VALUE_NONE)
        return ISO_OK;
    if (value->kind == ISO_VALUE_STRING && iso_type_from_numpy_name(value->text, type))
        return ISO_OK;
    *type = value->type;
    return value->kind == ISO_VALUE_TYPE ? ISO_OK : iso_call_fail(c, i, "dtype must be a type such as torch.float64");
}

iso_status iso_call_shape(iso_call *c, size_t i, int *dims, int64_t *shape) {
    const iso_value *value = c->values[i];
    bool list = value && (value->kind == ISO_VALUE_LIST || value->kind == ISO_VALUE_TUPLE);
    size_t count = list ? value->count : 1;
    if (count > ISO_MAX_DIMS)
        return iso_call_fail(c, i, "at most %d dimensions are supported", ISO_MAX_DIMS);
    *dims = (int)count;
    for (size_t j = 0; j < count; j++) {
        const iso_value *item = list ? &value->items[j] : value;
        if (!item || item->kind == ISO_VALUE_BOOL || !iso_value_to_int64(item, &shape[j]))
            return iso_call_fail(c, i, "a size must be a whole number");
        if (shape[j] < 0)
            return iso_call_fail(c, i, "a size must not be negative");
    }
    return ISO_OK;
}
