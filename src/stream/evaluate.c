/* Expressions to values: arguments are evaluated from left to right, bound, and the function is called. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "stream/call.h"

typedef struct evaluation {
    iso_context *ctx;
    iso_stream *state;
    int *column;
} evaluation;

static iso_status evaluate(const evaluation *e, const iso_expr *expr, iso_value *value);

static iso_status fail_at(const evaluation *e, int column, const char *message) {
    *e->column = column;
    return iso_fail(e->ctx, ISO_EINVAL, "%s", message);
}

/* ---- Variables ---- */

static iso_value *find_variable(const iso_stream *state, const char *name, size_t size) {
    for (size_t i = 0; i < state->count; i++)
        if (strncmp(state->names[i], name, size) == 0 && !state->names[i][size])
            return &state->values[i];
    return NULL;
}

/* Takes the value over. */
static iso_status set_variable(const evaluation *e, const char *name, size_t size, iso_value *value) {
    iso_stream *s = e->state;
    iso_value *variable = find_variable(s, name, size);
    if (!variable) {
        iso_status status = iso_grow(e->ctx, &s->values, &s->capacity, s->count, s->count + 1, sizeof *s->values);
        if (!status)
            status = iso_grow(e->ctx, &s->names, &s->name_capacity, s->count, s->count + 1, sizeof *s->names);
        if (!status && !(s->names[s->count] = iso_strndup(e->ctx, name, size)))
            status = ISO_ENOMEM;
        if (status)
            return status;
        variable = &s->values[s->count++];
        *variable = (iso_value){0};
    }
    iso_value_free(e->ctx, variable);
    *variable = *value;
    *value = (iso_value){0};
    return ISO_OK;
}

/* ---- Calls ---- */

/* The evaluated arguments of a call, and each as the literal that the binding knows. */
typedef struct arguments {
    iso_value *values;
    iso_expr *literals, **items;
    size_t count;
} arguments;

static iso_expr literal_of(const iso_value *value, int column) {
    iso_expr literal = {.kind = ISO_EXPR_CALL, .column = column}; /* what no parameter of numbers accepts */
    double number;
    int64_t integer;
    if (value->kind == ISO_VALUE_NONE)
        literal.kind = ISO_EXPR_NONE;
    else if (value->kind == ISO_VALUE_STRING) {
        literal.kind = ISO_EXPR_STRING;
        literal.text = value->text;
    } else if (iso_value_to_double(value, &number)) {
        literal.number = number;
        literal.kind = ISO_EXPR_FLOAT;
        if (value->kind == ISO_VALUE_BOOL) {
            literal.kind = ISO_EXPR_BOOL;
            literal.boolean = value->integer != 0;
        } else if (value->kind == ISO_VALUE_INT || (value->kind != ISO_VALUE_FLOAT && iso_value_to_int64(value, &integer))) {
            literal.kind = ISO_EXPR_INT;
            literal.is_unsigned = !iso_value_to_int64(value, &integer);
            literal.integer = literal.is_unsigned ? 0 : integer;
        }
    }
    return literal;
}

static void free_arguments(iso_context *ctx, arguments *a) {
    for (size_t i = 0; a->values && i < a->count; i++)
        iso_value_free(ctx, &a->values[i]);
    iso_free(ctx, a->values);
    iso_free(ctx, a->literals);
    iso_free(ctx, a->items);
}

static iso_status evaluate_arguments(const evaluation *e, const iso_expr *expr, arguments *a) {
    size_t count = expr->kind == ISO_EXPR_CALL ? expr->count : 0;
    *a = (arguments){.count = count};
    if (count == 0)
        return ISO_OK;
    a->values = iso_calloc(e->ctx, count, sizeof *a->values);
    a->literals = iso_calloc(e->ctx, count, sizeof *a->literals);
    a->items = iso_calloc(e->ctx, count, sizeof *a->items);
    iso_status status = a->values && a->literals && a->items ? ISO_OK : ISO_ENOMEM;
    for (size_t i = 0; !status && i < count; i++) {
        status = evaluate(e, expr->items[i], &a->values[i]);
        if (!status) {
            a->literals[i] = literal_of(&a->values[i], expr->items[i]->column);
            a->items[i] = &a->literals[i];
        }
    }
    return status;
}

/* One size; the column is where it stands. */
static iso_status read_size(const evaluation *e, const char *name, int column, const iso_value *value, int64_t *size) {
    *e->column = column;
    if (value->kind == ISO_VALUE_BOOL || !iso_value_to_int64(value, size))
        return iso_fail(e->ctx, ISO_EINVAL, "%s: a size must be a whole number", name);
    return *size >= 0 ? ISO_OK : iso_fail(e->ctx, ISO_EINVAL, "%s: a size must not be negative", name);
}

/* The shape that the positional arguments give: numbers, or (of torch) one list of them. */
static iso_status take_sizes(const evaluation *e, const iso_expr *expr, const arguments *a, bool lists, iso_call *call) {
    const iso_value *values = a->values;
    size_t count = expr->positional;
    bool list = lists && count == 1 && (values[0].kind == ISO_VALUE_LIST || values[0].kind == ISO_VALUE_TUPLE);
    const iso_expr *source = list ? expr->items[0] : expr;
    if (list) {
        count = values[0].count;
        values = values[0].items;
    }
    bool located = source->count == count && (source->kind != ISO_EXPR_CALL || !list);
    if (count > ISO_MAX_DIMS) {
        *e->column = located ? source->items[ISO_MAX_DIMS]->column : source->column;
        return iso_fail(e->ctx, ISO_EINVAL, "%s: at most %d dimensions are supported", call->name, ISO_MAX_DIMS);
    }
    call->dims = (int)count;
    iso_status status = ISO_OK;
    for (size_t i = 0; !status && i < count; i++)
        status = read_size(e, call->name, located ? source->items[i]->column : source->column, &values[i], &call->shape[i]);
    return status;
}

/* device=: the one that the stream is of. */
static iso_status check_device(iso_call *call, size_t i, const iso_value *device) {
    const char *own = call->state->cuda.sms ? "cuda" : "cpu";
    if (device->kind == ISO_VALUE_STRING && strcmp(device->text, own) == 0)
        return ISO_OK;
    return iso_call_fail(call, i, "this stream is of device='%s' alone; --stream names another", own);
}

/* Which generator a function of torch draws on, and on what device. */
static iso_status take_generator(const evaluation *e, const iso_signature *signature, iso_call *call) {
    iso_status status = ISO_OK;
    call->torch = e->state->torch.data;
    for (size_t i = 0; !status && i < signature->count; i++) {
        const iso_value *value = call->values[i];
        if (!value || value->kind == ISO_VALUE_NONE)
            continue;
        if (strcmp(signature->params[i].name, "device") == 0)
            status = check_device(call, i, value);
        else if (strcmp(signature->params[i].name, "generator") == 0) {
            if (value->kind != ISO_VALUE_TORCH_GENERATOR)
                return iso_call_fail(call, i, "generator must be a torch.Generator");
            call->torch = value->data;
        }
    }
    return status;
}

/* The part of a full name that messages show: of methods without their class. */
static const char *shown_name(const iso_entry *entry, const iso_value *self) {
    const char *prefix = self ? iso_stream_methods_of(self->kind) : NULL, *name = entry->signature.name;
    return prefix && strncmp(name, prefix, strlen(prefix)) == 0 ? name + strlen(prefix) : name;
}

static iso_status bind(const evaluation *e, const iso_entry *entry, const iso_expr *expr, const arguments *a, iso_call *call) {
    iso_signature signature = entry->signature;
    signature.name = call->name;
    size_t skipped = entry->sizes == ISO_SIZES_NONE || expr->kind != ISO_EXPR_CALL ? 0 : expr->positional;
    bool found = entry->sizes == ISO_SIZES_ALL || skipped > 0;
    iso_expr rest = *expr;
    if (expr->kind == ISO_EXPR_CALL && expr->count > 0) {
        rest.items = a->items + skipped;
        rest.keywords += skipped;
        rest.keyword_columns += skipped;
        rest.count -= skipped;
        rest.positional -= skipped;
    }
    iso_status status = skipped ? take_sizes(e, expr, a, entry->sizes == ISO_SIZES_FIRST, call) : ISO_OK;
    if (!status)
        status = iso_bind(e->ctx, &signature, &rest, call->args, e->column);
    for (size_t i = 0; !status && i < signature.count; i++)
        if (call->args[i].expr)
            call->values[i] = &a->values[call->args[i].expr - a->literals];
    if (!status && entry->sizes == ISO_SIZES_FIRST) {
        bool given = call->args[0].given; /* size= is the first parameter of such functions */
        if (found == given)
            return iso_fail(e->ctx, ISO_EINVAL, found ? "%s: size is given twice" : "%s: the size is missing", call->name);
        if (given)
            status = iso_call_shape(call, 0, &call->dims, call->shape);
    }
    return status ? status : take_generator(e, &signature, call);
}

static iso_status make_call(const evaluation *e, const iso_entry *entry, const iso_expr *expr, iso_value *self,
                            iso_value *result) {
    iso_call call = {.ctx = e->ctx, .state = e->state, .expr = expr, .self = self, .result = result, .column = e->column};
    arguments a;
    call.name = shown_name(entry, self);
    iso_status status = evaluate_arguments(e, expr, &a);
    *e->column = status ? *e->column : expr->column;
    if (!status)
        status = bind(e, entry, expr, &a, &call);
    if (!status) {
        *e->column = expr->column;
        status = entry->call(&call);
    }
    free_arguments(e->ctx, &a);
    return status;
}

/* ---- Names ---- */

/* value.name, where the value is replaced by its attribute. */
static iso_status attribute(const evaluation *e, iso_value *value, const char *name, size_t size) {
    for (size_t i = 0; value->kind == ISO_VALUE_MODULE && i < value->count; i++)
        if (value->items[value->count + i].size == size && memcmp(value->items[value->count + i].text, name, size) == 0) {
            iso_value part;
            iso_value_share(&part, &value->items[i]);
            iso_value_free(e->ctx, value);
            *value = part;
            return ISO_OK;
        }
    if (value->kind == ISO_VALUE_TENSOR && size == 4 && memcmp(name, "data", 4) == 0)
        return ISO_OK;
    char full[ISO_MAX_NAME];
    const char *prefix = iso_stream_methods_of(value->kind);
    snprintf(full, sizeof full, "%s%.*s", prefix ? prefix : "", (int)size, name);
    if (prefix && iso_stream_find(full))
        return iso_fail(e->ctx, ISO_EINVAL, "%.*s is a method: call it, %.*s(...)", (int)size, name, (int)size, name);
    const char *what = value->kind == ISO_VALUE_MODULE   ? "the module"
                       : value->kind == ISO_VALUE_TENSOR ? "a tensor"
                                                         : "this value";
    return iso_fail(e->ctx, ISO_EINVAL, "%s has no attribute %.*s", what, (int)size, name);
}

/* value.path, or value.path(...): attributes, the last of them a method if the expression is a call. `self` is freed. */
static iso_status follow_path(const evaluation *e, const iso_expr *expr, const char *path, iso_value *self, iso_value *value) {
    iso_status status = ISO_OK;
    for (const char *dot; !status && (dot = strchr(path, '.')); path = dot + 1)
        status = attribute(e, self, path, (size_t)(dot - path));
    if (!status && expr->kind == ISO_EXPR_CALL) {
        char full[ISO_MAX_NAME];
        const char *prefix = iso_stream_methods_of(self->kind);
        snprintf(full, sizeof full, "%s%s", prefix ? prefix : "", path);
        const iso_entry *entry = prefix ? iso_stream_find(full) : NULL;
        if (!prefix)
            status = iso_fail(e->ctx, ISO_EINVAL, "%s(): only tensors, arrays and generators have methods here", path);
        else if (!entry)
            status = iso_stream_unknown(e->ctx, full, path);
        else
            status = make_call(e, entry, expr, self, value);
    } else if (!status) {
        status = attribute(e, self, path, strlen(path));
        if (!status)
            iso_value_share(value, self);
    }
    iso_value_free(e->ctx, self);
    return status;
}

/* numpy.random.rand and random.random are methods of the global generators. */
static const iso_entry *find_function(const evaluation *e, const char *full, iso_value **self) {
    static const struct {
        const char *module;
        size_t offset;
    } modules[] = {{"numpy.random.", offsetof(iso_stream, numpy)}, {"random.", offsetof(iso_stream, python)}};
    *self = NULL;
    const iso_entry *entry = iso_stream_find(full);
    for (size_t i = 0; !entry && i < ISO_COUNTOF(modules); i++) {
        size_t size = strlen(modules[i].module);
        if (strncmp(full, modules[i].module, size) != 0)
            continue;
        char method[ISO_MAX_NAME];
        iso_value *object = (iso_value *)(void *)((char *)e->state + modules[i].offset);
        snprintf(method, sizeof method, "%s%s", iso_stream_methods_of(object->kind), full + size);
        *self = object;
        entry = iso_stream_find(method);
        if (!entry)
            iso_stream_unknown(e->ctx, method, full);
    }
    return entry;
}

static iso_status evaluate_function(const evaluation *e, const iso_expr *expr, iso_value *value) {
    char full[ISO_MAX_NAME];
    iso_stream_full_name(expr->text, full);
    if (expr->kind == ISO_EXPR_NAME) {
        bool torch = strncmp(full, "torch.", 6) == 0 && iso_type_from_name(full + 6, &value->type),
             numpy = strncmp(full, "numpy.", 6) == 0 && iso_type_from_numpy_name(full + 6, &value->type),
             python = (strcmp(full, "int") == 0 || strcmp(full, "float") == 0 || strcmp(full, "bool") == 0) &&
                      iso_type_from_numpy_name(full, &value->type);
        if (torch || numpy || python) {
            value->kind = ISO_VALUE_TYPE;
            value->integer = python;
            return ISO_OK;
        }
        if (strcmp(full, "torch.default_generator") == 0) {
            iso_value_share(value, &e->state->torch);
            return ISO_OK;
        }
    }
    iso_value *self;
    const iso_entry *entry = find_function(e, full, &self);
    if (!entry)
        return self ? iso_failure(e->ctx) : iso_stream_unknown(e->ctx, full, expr->text);
    if (expr->kind == ISO_EXPR_NAME)
        return iso_fail(e->ctx, ISO_EINVAL, "%s is a function: call it, %s(...)", expr->text, expr->text);
    return make_call(e, entry, expr, self, value);
}

/* A name or a call: of a variable's method, of an object's, or of a function. */
static iso_status evaluate_name(const evaluation *e, const iso_expr *expr, iso_value *value) {
    iso_value self = {0};
    if (expr->object) {
        iso_status status = evaluate(e, expr->object, &self);
        if (status) {
            iso_value_free(e->ctx, &self);
            return status;
        }
        *e->column = expr->column;
        return follow_path(e, expr, expr->text, &self, value);
    }
    size_t first = strcspn(expr->text, ".");
    const iso_value *variable = find_variable(e->state, expr->text, first);
    if (!variable)
        return evaluate_function(e, expr, value);
    if (!expr->text[first]) {
        if (expr->kind == ISO_EXPR_CALL)
            return iso_fail(e->ctx, ISO_EINVAL, "%s is a value, not a function", expr->text);
        iso_value_share(value, variable);
        return ISO_OK;
    }
    iso_value_share(&self, variable);
    return follow_path(e, expr, expr->text + first + 1, &self, value);
}

/* ---- Items, slices, sequences ---- */

static iso_status evaluate_part(const evaluation *e, const iso_expr *expr, iso_value *value) {
    iso_value object = {0}, at[2] = {{0}, {0}};
    int64_t index[2] = {0, 0}, length = 0;
    iso_status status = evaluate(e, expr->object, &object);
    if (!status && (length = iso_value_length(&object)) < 0)
        status = fail_at(e, expr->column, "this value has no items, expected a list, a tuple, a tensor or an array");
    index[1] = length;
    for (size_t i = 0; !status && i < expr->count; i++) {
        status = evaluate(e, expr->items[i], &at[i]);
        if (!status && at[i].kind != ISO_VALUE_NONE && !iso_value_to_int64(&at[i], &index[i]))
            status = fail_at(e, expr->items[i]->column, "an index must be a whole number");
        if (at[i].kind != ISO_VALUE_NONE && index[i] < 0)
            index[i] += length;
    }
    if (!status && expr->kind == ISO_EXPR_ITEM) {
        if (at[0].kind == ISO_VALUE_NONE || index[0] < 0 || index[0] >= length)
            status = fail_at(e, expr->items[0]->column, "the index is out of range, expected one of the items");
        else
            status = iso_value_item(e->ctx, &object, index[0], value);
    } else if (!status) {
        for (int i = 0; i < 2; i++)
            index[i] = index[i] < 0 ? 0 : index[i] > length ? length : index[i];
        status = iso_value_slice(e->ctx, &object, index[0], index[1], value);
    }
    iso_value_free(e->ctx, &object);
    iso_value_free(e->ctx, &at[0]);
    iso_value_free(e->ctx, &at[1]);
    return status;
}

static iso_status evaluate_items(const evaluation *e, const iso_expr *expr, iso_value *value) {
    iso_status status =
        iso_value_items(e->ctx, value, expr->kind == ISO_EXPR_LIST ? ISO_VALUE_LIST : ISO_VALUE_TUPLE, expr->count);
    for (size_t i = 0; !status && i < expr->count; i++)
        status = evaluate(e, expr->items[i], &value->items[i]);
    return status;
}

/* [item for name in sequence]; the name keeps its last value, unlike Python's. */
static iso_status evaluate_comprehension(const evaluation *e, const iso_expr *expr, iso_value *value) {
    iso_value sequence = {0}, item = {0};
    iso_status status = evaluate(e, expr->items[1], &sequence);
    int64_t length = status ? 0 : iso_value_length(&sequence);
    if (length < 0)
        status = fail_at(e, expr->items[1]->column, "this value has no items, expected a list, a tuple, a tensor or an array");
    if (!status)
        status = iso_value_items(e->ctx, value, ISO_VALUE_LIST, (size_t)length);
    for (int64_t i = 0; !status && i < length; i++) {
        status = iso_value_item(e->ctx, &sequence, i, &item);
        if (!status)
            status = set_variable(e, expr->text, strlen(expr->text), &item);
        if (!status)
            status = evaluate(e, expr->items[0], &value->items[i]);
    }
    iso_value_free(e->ctx, &sequence);
    iso_value_free(e->ctx, &item);
    return status;
}

/* *value is empty before; on failure the caller frees it all the same. */
static iso_status evaluate(const evaluation *e, const iso_expr *expr, iso_value *value) {
    iso_integer n;
    *e->column = expr->column;
    switch (expr->kind) {
    case ISO_EXPR_NONE:
        return ISO_OK;
    case ISO_EXPR_BOOL:
        iso_value_bool(value, expr->boolean);
        return ISO_OK;
    case ISO_EXPR_INT:
        if (expr->big)
            n = *expr->big;
        else
            iso_value_to_integer(&(iso_value){.kind = ISO_VALUE_INT, .integer = expr->integer, .is_unsigned = expr->is_unsigned},
                                 &n);
        return iso_value_integer(e->ctx, value, &n);
    case ISO_EXPR_FLOAT:
        iso_value_float(value, expr->number);
        return ISO_OK;
    case ISO_EXPR_STRING:
        return iso_value_text(e->ctx, value, ISO_VALUE_STRING, expr->text, strlen(expr->text));
    case ISO_EXPR_BYTES:
        return iso_value_text(e->ctx, value, ISO_VALUE_BYTES, expr->text, expr->size);
    case ISO_EXPR_LIST:
    case ISO_EXPR_TUPLE:
        return evaluate_items(e, expr, value);
    case ISO_EXPR_ITEM:
    case ISO_EXPR_SLICE:
        return evaluate_part(e, expr, value);
    case ISO_EXPR_COMPREHENSION:
        return evaluate_comprehension(e, expr, value);
    case ISO_EXPR_NAME:
    case ISO_EXPR_CALL:
        return evaluate_name(e, expr, value);
    }
    return ISO_OK;
}

/* ---- The interface ---- */

#define WINDOW 100

/* The message that has just been set, then the part of the expression around `column`, then a caret
 * below it. */
static iso_status point_at(iso_context *ctx, iso_status status, const char *expression, int column) {
    int size = (int)strlen(expression), start = column > WINDOW / 2 ? column - WINDOW / 2 : 0, blanks = 0;
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

/* Behind `name =`, if the source starts so: where the expression starts; otherwise 0. */
static int read_assignment(const char *source, int *name, int *size) {
    int at = 0;
    while (source[at] == ' ')
        at++;
    *name = at;
    while (isalpha((unsigned char)source[at]) || source[at] == '_' || (at > *name && isdigit((unsigned char)source[at])))
        at++;
    *size = at - *name;
    while (source[at] == ' ')
        at++;
    return *size > 0 && source[at] == '=' && source[at + 1] != '=' ? at + 1 : 0;
}

iso_status iso_stream_evaluate(iso_context *ctx, iso_stream *state, const char *expression, bool hex, iso_text *out) {
    iso_expr *expr = NULL;
    iso_value value = {0};
    int column = 0, name, size, start = read_assignment(expression, &name, &size);
    iso_status status = iso_expr_parse(ctx, expression + start, &expr, &column);
    evaluation e = {ctx, state, &column};
    if (!status)
        status = evaluate(&e, expr, &value);
    if (status == ISO_EINVAL)
        point_at(ctx, status, expression, start + column);
    if (!status && start)
        status = set_variable(&e, expression + name, (size_t)size, &value);
    else if (!status) {
        if (hex)
            iso_value_print_hex(out, &value);
        else
            iso_value_print(out, &value);
        iso_text_puts(out, "\n");
        if (!iso_text_ok(out))
            status = ISO_ENOMEM;
    }
    iso_value_free(ctx, &value);
    iso_expr_free(ctx, expr);
    return status;
}
