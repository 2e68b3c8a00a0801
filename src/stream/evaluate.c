/* Expressions to values: names are looked up in the tables, calls bound and made. */
#include <stdio.h>
#include <string.h>

#include "stream/call.h"

typedef struct evaluation {
    iso_context *ctx;
    iso_stream *state;
    int *column;
} evaluation;

static iso_status evaluate(const evaluation *e, const iso_expr *expr, iso_value *value);

static const iso_entry *const tables[] = {iso_stream_torch_create, iso_stream_torch_draw,
                                          iso_stream_torch_methods, iso_stream_torch_nn};

/* ---- Names ---- */

#define MAX_NAME 128

/* The customary short names, longest first where one begins another. */
static const char *const aliases[][2] = {
    {"np.", "numpy."},
    {"F.", "torch.nn.functional."},
    {"nn.functional.", "torch.nn.functional."},
    {"nn.", "torch.nn."},
    {"init.", "torch.nn.init."},
};

/* The full name of a function, in `buffer`; cut off where it is longer than any that exists. */
static const char *full_name(const char *name, char buffer[MAX_NAME]) {
    const char *prefix = "", *rest = name;
    for (size_t i = 0; i < ISO_COUNTOF(aliases); i++) {
        size_t size = strlen(aliases[i][0]);
        if (strncmp(name, aliases[i][0], size) == 0) {
            prefix = aliases[i][1];
            rest = name + size;
            break;
        }
    }
    size_t used = strlen(prefix), size = strlen(rest);
    memcpy(buffer, prefix, used);
    if (size > MAX_NAME - 1 - used)
        size = MAX_NAME - 1 - used;
    memcpy(buffer + used, rest, size);
    buffer[used + size] = 0;
    return buffer;
}

static const iso_entry *find(const char *name) {
    for (size_t t = 0; t < ISO_COUNTOF(tables); t++)
        for (const iso_entry *entry = tables[t]; entry->signature.name; entry++)
            if (strcmp(entry->signature.name, name) == 0)
                return entry;
    return NULL;
}

/* "unknown function", with the nearest known name of the same kind. */
static iso_status unknown(const evaluation *e, const char *name, const char *shown) {
    const char *names[256];
    size_t count = 0;
    bool method = strncmp(name, "Tensor.", 7) == 0;
    for (size_t t = 0; t < ISO_COUNTOF(tables); t++)
        for (const iso_entry *entry = tables[t];
             entry->signature.name && count < ISO_COUNTOF(names); entry++)
            if ((strncmp(entry->signature.name, "Tensor.", 7) == 0) == method)
                names[count++] = entry->signature.name;
    if (strncmp(name, "numpy.", 6) == 0 || strncmp(name, "random.", 7) == 0)
        return iso_fail(e->ctx, ISO_EINVAL,
                        "%s is not supported: this version knows the streams of torch only", shown);
    const char *nearest = iso_nearest(name, names, count);
    const char *what = method ? "method of a tensor" : "function";
    if (nearest)
        return iso_fail(e->ctx, ISO_EINVAL, "%s is no known %s; did you mean %s?", shown, what,
                        nearest + (method ? 7 : 0));
    return iso_fail(e->ctx, ISO_EINVAL, "%s is no known %s (docs/streams.md lists them)", shown,
                    what);
}

/* ---- Calls ---- */

static bool is_sequence(const iso_expr *e) {
    return e->kind == ISO_EXPR_LIST || e->kind == ISO_EXPR_TUPLE;
}

static iso_status read_shape(const evaluation *e, const char *name, iso_expr *const *items,
                             size_t count, int *dims, int64_t *shape) {
    if (count > ISO_MAX_DIMS) {
        *e->column = items[ISO_MAX_DIMS]->column;
        return iso_fail(e->ctx, ISO_EINVAL, "%s: at most %d dimensions are supported", name,
                        ISO_MAX_DIMS);
    }
    *dims = (int)count;
    for (size_t i = 0; i < count; i++) {
        *e->column = items[i]->column;
        if (items[i]->kind != ISO_EXPR_INT || items[i]->is_unsigned)
            return iso_fail(e->ctx, ISO_EINVAL, "%s: a size must be a whole number", name);
        if (items[i]->integer < 0)
            return iso_fail(e->ctx, ISO_EINVAL, "%s: a size must not be negative", name);
        shape[i] = items[i]->integer;
    }
    return ISO_OK;
}

/* Reads the shape that stands first, or in size=; `rest` becomes a view of the other arguments. */
static iso_status take_sizes(const evaluation *e, const iso_expr *expr, iso_call *call,
                             iso_expr *rest, bool *found) {
    size_t positional = expr->positional;
    *found = positional > 0;
    bool list = positional == 1 && is_sequence(expr->items[0]);
    iso_status status =
        list ? read_shape(e, call->name, expr->items[0]->items, expr->items[0]->count, &call->dims,
                          call->shape)
             : read_shape(e, call->name, expr->items, positional, &call->dims, call->shape);
    if (positional) {
        rest->items += positional;
        rest->keywords += positional;
        rest->keyword_columns += positional;
    }
    rest->count -= positional;
    rest->positional = 0;
    return status;
}

/* Arguments that are calls, where the parameter is a plain number: the call is made and its value
 * takes the argument's place. `items` and `literals` hold what `rest` then points to. */
static iso_status make_literals(const evaluation *e, const iso_signature *signature, iso_expr *rest,
                                iso_expr *items[ISO_MAX_PARAMS],
                                iso_expr literals[ISO_MAX_PARAMS]) {
    if (rest->kind != ISO_EXPR_CALL || rest->count > ISO_MAX_PARAMS)
        return ISO_OK;
    for (size_t i = 0; i < rest->count; i++) {
        const iso_expr *item = items[i] = rest->items[i];
        size_t which = i;
        if (rest->keywords[i])
            for (which = 0; which < signature->count; which++)
                if (strcmp(signature->params[which].name, rest->keywords[i]) == 0)
                    break;
        if (item->kind != ISO_EXPR_CALL || which >= signature->count ||
            signature->params[which].kind == ISO_ARG_ANY)
            continue;
        iso_value value = {0};
        iso_status status = evaluate(e, item, &value);
        literals[i] = (iso_expr){.column = item->column,
                                 .boolean = value.integer != 0,
                                 .integer = value.integer,
                                 .is_unsigned = value.is_unsigned,
                                 .number = value.number};
        literals[i].kind = value.kind == ISO_VALUE_INT     ? ISO_EXPR_INT
                           : value.kind == ISO_VALUE_FLOAT ? ISO_EXPR_FLOAT
                           : value.kind == ISO_VALUE_BOOL
                               ? ISO_EXPR_BOOL
                               : ISO_EXPR_LIST; /* refused by the binding */
        iso_value_free(e->ctx, &value);
        if (status)
            return status;
        items[i] = &literals[i];
    }
    rest->items = items;
    return ISO_OK;
}

static iso_status make_call(const evaluation *e, const iso_entry *entry, const iso_expr *expr,
                            iso_value *self, iso_value *result) {
    const char *name = entry->signature.name;
    if (self && strncmp(name, "Tensor.", 7) == 0)
        name += 7;
    iso_call call = {.ctx = e->ctx,
                     .state = e->state,
                     .expr = expr,
                     .name = name,
                     .self = self,
                     .result = result,
                     .column = e->column};
    iso_signature signature = entry->signature;
    signature.name = name;
    iso_expr rest = *expr, *items[ISO_MAX_PARAMS], literals[ISO_MAX_PARAMS];
    bool found = false;
    iso_status status = ISO_OK;
    if (entry->sizes == ISO_SIZES_FIRST && expr->kind == ISO_EXPR_CALL)
        status = take_sizes(e, expr, &call, &rest, &found);
    if (!status)
        status = make_literals(e, &signature, &rest, items, literals);
    if (!status)
        status = iso_bind(e->ctx, &signature, &rest, call.args, e->column);
    if (!status && entry->sizes == ISO_SIZES_FIRST) {
        const iso_arg *size = &call.args[0]; /* size= is the first parameter of such functions */
        if (found == size->given)
            status = iso_fail(e->ctx, ISO_EINVAL,
                              found ? "%s: size is given twice" : "%s: the size is missing", name);
        else if (size->given)
            status = iso_call_shape(&call, 0, &call.dims, call.shape);
    }
    return status ? status : entry->call(&call);
}

/* ---- Attributes and methods ---- */

/* value.name, where the value is replaced by its attribute. */
static iso_status attribute(const evaluation *e, iso_value *value, const char *name, size_t size) {
    for (size_t i = 0; value->kind == ISO_VALUE_MODULE && i < value->count; i++)
        if (strlen(value->names[i]) == size && memcmp(value->names[i], name, size) == 0) {
            iso_value part = value->items[i];
            value->items[i] = (iso_value){0};
            iso_value_free(e->ctx, value);
            *value = part;
            return ISO_OK;
        }
    if (value->kind == ISO_VALUE_TENSOR && size == 4 && memcmp(name, "data", 4) == 0)
        return ISO_OK;
    return iso_fail(e->ctx, ISO_EINVAL, "%s has no attribute %.*s",
                    value->kind == ISO_VALUE_MODULE   ? "the module"
                    : value->kind == ISO_VALUE_TENSOR ? "a tensor"
                                                      : "this value",
                    (int)size, name);
}

/* What stands behind a call: .a.b or .a.method(...). */
static iso_status follow(const evaluation *e, const iso_expr *expr, iso_value *value) {
    iso_value self = {0};
    iso_status status = evaluate(e, expr->object, &self);
    const char *name = expr->text;
    *e->column = status ? *e->column : expr->column;
    for (const char *dot; !status && (expr->kind == ISO_EXPR_NAME || strchr(name, '.'));
         name = dot + 1) {
        dot = strchr(name, '.');
        status = attribute(e, &self, name, dot ? (size_t)(dot - name) : strlen(name));
        if (!dot)
            break;
    }
    if (!status && expr->kind == ISO_EXPR_CALL) {
        char full[MAX_NAME];
        snprintf(full, sizeof full, "Tensor.%s", name);
        const iso_entry *entry = find(full);
        if (self.kind != ISO_VALUE_TENSOR)
            status = iso_fail(e->ctx, ISO_EINVAL, "%s(): only tensors have methods here", name);
        else if (!entry)
            status = unknown(e, full, name);
        else
            status = make_call(e, entry, expr, &self, value);
    } else if (!status) {
        *value = self;
        self = (iso_value){0};
    }
    iso_value_free(e->ctx, &self);
    return status;
}

/* ---- Everything else ---- */

static iso_status evaluate_items(const evaluation *e, const iso_expr *expr, iso_value *value) {
    value->kind = expr->kind == ISO_EXPR_LIST ? ISO_VALUE_LIST : ISO_VALUE_TUPLE;
    value->items = iso_calloc(e->ctx, expr->count, sizeof *value->items);
    if (!value->items)
        return ISO_ENOMEM;
    for (size_t i = 0; i < expr->count; i++) {
        value->count = i + 1;
        iso_status status = evaluate(e, expr->items[i], &value->items[i]);
        if (status)
            return status;
    }
    return ISO_OK;
}

static iso_status evaluate_name(const evaluation *e, const iso_expr *expr, iso_value *value) {
    char full[MAX_NAME];
    full_name(expr->text, full);
    if (strncmp(full, "torch.", 6) == 0 && iso_type_from_name(full + 6, &value->type)) {
        value->kind = ISO_VALUE_TYPE;
        return ISO_OK;
    }
    if (find(full))
        return iso_fail(e->ctx, ISO_EINVAL, "%s is a function: call it, %s(...)", expr->text,
                        expr->text);
    return unknown(e, full, expr->text);
}

/* *value is empty before; on failure the caller frees it all the same. */
static iso_status evaluate(const evaluation *e, const iso_expr *expr, iso_value *value) {
    if (expr->object)
        return follow(e, expr, value);
    *e->column = expr->column;
    switch (expr->kind) {
    case ISO_EXPR_NONE:
        value->kind = ISO_VALUE_NONE;
        break;
    case ISO_EXPR_BOOL:
        *value =
            (iso_value){.kind = ISO_VALUE_BOOL, .integer = expr->boolean, .number = expr->boolean};
        break;
    case ISO_EXPR_INT:
        *value = (iso_value){.kind = ISO_VALUE_INT,
                             .integer = expr->integer,
                             .is_unsigned = expr->is_unsigned,
                             .number = expr->number};
        break;
    case ISO_EXPR_FLOAT:
        *value = (iso_value){.kind = ISO_VALUE_FLOAT, .number = expr->number};
        break;
    case ISO_EXPR_STRING:
        *value = (iso_value){.kind = ISO_VALUE_STRING, .text = expr->text};
        break;
    case ISO_EXPR_LIST:
    case ISO_EXPR_TUPLE:
        return evaluate_items(e, expr, value);
    case ISO_EXPR_NAME:
        return evaluate_name(e, expr, value);
    case ISO_EXPR_CALL: {
        char full[MAX_NAME];
        const iso_entry *entry = find(full_name(expr->text, full));
        if (!entry || strncmp(full, "Tensor.", 7) == 0)
            return unknown(e, full, expr->text);
        return make_call(e, entry, expr, NULL, value);
    }
    }
    return ISO_OK;
}

iso_status iso_call_value(iso_call *c, size_t i, iso_value *value) {
    evaluation e = {c->ctx, c->state, c->column};
    *value = (iso_value){0};
    if (!c->args[i].expr)
        return ISO_OK;
    iso_status status = evaluate(&e, c->args[i].expr, value);
    if (status)
        iso_value_free(c->ctx, value);
    else
        *c->column = c->expr->column;
    return status;
}

iso_status iso_call_shape(iso_call *c, size_t i, int *dims, int64_t *shape) {
    evaluation e = {c->ctx, c->state, c->column};
    const iso_expr *expr = c->args[i].expr;
    iso_status status =
        is_sequence(expr)
            ? read_shape(&e, c->name, expr->items, expr->count, dims, shape)
            : read_shape(&e, c->name, (iso_expr *[]){(iso_expr *)(uintptr_t)expr}, 1, dims, shape);
    if (!status)
        *c->column = c->expr->column;
    return status;
}

/* ---- The interface ---- */

iso_status iso_stream_new(iso_context *ctx, uint64_t seed, iso_torch_variant variant,
                          iso_stream **state) {
    *state = iso_calloc(ctx, 1, sizeof **state);
    if (!*state)
        return ISO_ENOMEM;
    (*state)->torch.variant = variant;
    iso_torch_manual_seed(&(*state)->torch, seed);
    return ISO_OK;
}

void iso_stream_free(iso_context *ctx, iso_stream *state) {
    iso_free(ctx, state);
}

#define WINDOW 100

/* The message that has just been set, then the part of the expression around `column`, then a caret
 * below it. */
static iso_status point_at(iso_context *ctx, iso_status status, const char *expression,
                           int column) {
    int size = (int)strlen(expression), start = column > WINDOW / 2 ? column - WINDOW / 2 : 0,
        blanks = 0;
    while ((expression[start] & 0xc0) == 0x80) /* not in the middle of a character */
        start++;
    int shown = size - start < WINDOW ? size - start : WINDOW;
    char line[WINDOW + 1], message[1024];
    for (int i = 0; i < shown; i++) {
        unsigned char c = (unsigned char)expression[start + i];
        line[i] = (char)(c < ' ' || c == 127 ? ' ' : c);
        blanks += start + i < column && (c & 0xc0) != 0x80;
    }
    line[shown] = 0;
    snprintf(message, sizeof message, "%s", iso_error(ctx));
    return iso_fail(ctx, status, "%s\n  %s\n  %*s^", message, line, blanks, "");
}

iso_status iso_stream_evaluate(iso_context *ctx, iso_stream *state, const char *expression,
                               bool hex, iso_text *out) {
    iso_expr *expr = NULL;
    iso_value value = {0};
    int column = 0;
    iso_status status = iso_expr_parse(ctx, expression, &expr, &column);
    evaluation e = {ctx, state, &column};
    if (!status)
        status = evaluate(&e, expr, &value);
    if (status == ISO_EINVAL)
        point_at(ctx, status, expression, column);
    if (!status) {
        if (hex)
            iso_value_print_hex(out, &value);
        else
            iso_value_print(out, &value);
        if (!iso_text_ok(out))
            status = ISO_ENOMEM;
    }
    iso_value_free(ctx, &value);
    iso_expr_free(ctx, expr);
    return status;
}
