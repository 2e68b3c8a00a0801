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
    iso_status status = iso_call_value(c, i, value);
    if (!status && value->kind != ISO_VALUE_TENSOR) {
        iso_value_free(c->ctx, value);
        return iso_call_fail(c, i, "a tensor is expected");
    }
    return status;
}

iso_status iso_call_type(iso_call *c, size_t i, iso_type otherwise, iso_type *type) {
    iso_value value;
    *type = otherwise;
    if (!c->args[i].given || c->args[i].is_none)
        return ISO_OK;
    iso_status status = iso_call_value(c, i, &value);
    if (status)
        return status;
    bool is_type = value.kind == ISO_VALUE_TYPE;
    *type = value.type;
    iso_value_free(c->ctx, &value);
    return is_type ? ISO_OK : iso_call_fail(c, i, "dtype must be a type such as torch.float64");
}
