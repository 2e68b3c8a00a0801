#include "expr/signature.h"

#include <string.h>

const char *iso_arg_kind_text(iso_arg_kind kind) {
    switch (kind) {
    case ISO_ARG_INT:
        return "a whole number";
    case ISO_ARG_FLOAT:
        return "a number";
    case ISO_ARG_BOOL:
        return "True or False";
    case ISO_ARG_STRING:
        return "a 'text'";
    case ISO_ARG_INT2:
        return "a whole number or a pair of them";
    case ISO_ARG_FLOAT2:
        return "a number or a pair of them";
    case ISO_ARG_FLOATS:
        return "a number or a list of at most 16 numbers";
    default:
        return "a value";
    }
}

static bool read_int(const iso_expr *e, int64_t *out) {
    if (e->kind != ISO_EXPR_INT || e->is_unsigned || e->big)
        return false;
    *out = e->integer;
    return true;
}

static bool read_float(const iso_expr *e, double *out) {
    if (e->kind != ISO_EXPR_INT && e->kind != ISO_EXPR_FLOAT)
        return false;
    *out = e->number;
    return true;
}

static bool is_sequence(const iso_expr *e) {
    return e->kind == ISO_EXPR_LIST || e->kind == ISO_EXPR_TUPLE;
}

/* Reads e as the kind; false if it is something else. */
static bool read_value(iso_arg_kind kind, const iso_expr *e, iso_arg *arg) {
    switch (kind) {
    case ISO_ARG_INT:
        return read_int(e, &arg->i[0]);
    case ISO_ARG_FLOAT:
        return read_float(e, &arg->f[0]);
    case ISO_ARG_BOOL:
        arg->i[0] = e->boolean;
        return e->kind == ISO_EXPR_BOOL;
    case ISO_ARG_STRING:
        arg->text = e->text;
        return e->kind == ISO_EXPR_STRING;
    case ISO_ARG_INT2:
    case ISO_ARG_FLOAT2:
        arg->count = 2;
        if (is_sequence(e) && e->count != 2)
            return false;
        for (int j = 0; j < 2; j++) {
            const iso_expr *item = is_sequence(e) ? e->items[j] : e;
            if (kind == ISO_ARG_INT2 ? !read_int(item, &arg->i[j]) : !read_float(item, &arg->f[j]))
                return false;
        }
        return true;
    case ISO_ARG_FLOATS:
        arg->count = is_sequence(e) ? e->count : 1;
        if (arg->count > ISO_MAX_FLOATS)
            return false;
        for (size_t j = 0; j < arg->count; j++)
            if (!read_float(is_sequence(e) ? e->items[j] : e, &arg->f[j]))
                return false;
        return true;
    default:
        return true;
    }
}

static bool in_bounds(const iso_param *param, const iso_arg *arg) {
    if (param->low == 0 && param->high == 0)
        return true;
    bool integers = param->kind == ISO_ARG_INT || param->kind == ISO_ARG_INT2;
    size_t count = param->kind == ISO_ARG_INT || param->kind == ISO_ARG_FLOAT ? 1 : arg->count;
    for (size_t j = 0; j < count; j++) {
        double value = integers ? (double)arg->i[j] : arg->f[j];
        if (!(value >= param->low && value <= param->high))
            return false;
    }
    return true;
}

static iso_status bind_value(iso_context *ctx, const iso_signature *signature, const iso_param *param, const iso_expr *e,
                             iso_arg *arg, int *column) {
    *column = e->column;
    arg->given = true;
    arg->expr = e;
    bool none_is_default = param->fallback && strcmp(param->fallback, "None") == 0;
    if (e->kind == ISO_EXPR_NONE && (none_is_default || param->optional)) {
        arg->is_none = true;
        return ISO_OK;
    }
    if (!read_value(param->kind, e, arg))
        return iso_fail(ctx, ISO_EINVAL, "%s: %s must be %s", signature->name, param->name, iso_arg_kind_text(param->kind));
    if (!in_bounds(param, arg))
        return iso_fail(ctx, ISO_EINVAL, "%s: %s must be between %.15g and %.15g", signature->name, param->name, param->low,
                        param->high);
    return ISO_OK;
}

/* Defaults are literals of our own tables: numbers, pairs, words and None. */
static void bind_default(const iso_param *param, iso_arg *arg) {
    const char *text = param->fallback, *end;
    if (strcmp(text, "None") == 0) {
        arg->is_none = true;
        return;
    }
    if (text[0] == '(') {
        arg->count = 2;
        arg->f[0] = iso_read_double(text + 1, &end);
        arg->f[1] = iso_read_double(end + 1, &end);
        arg->i[0] = (int64_t)arg->f[0];
        arg->i[1] = (int64_t)arg->f[1];
    } else if (param->kind == ISO_ARG_STRING)
        arg->text = text;
    else if (text[0] == 'T' || text[0] == 'F')
        arg->i[0] = text[0] == 'T';
    else {
        arg->count = param->kind == ISO_ARG_FLOATS ? 1 : 2;
        arg->f[0] = arg->f[1] = iso_read_double(text, &end);
        arg->i[0] = arg->i[1] = (int64_t)arg->f[0];
    }
}

static iso_status unknown_keyword(iso_context *ctx, const iso_signature *signature, const char *keyword) {
    const char *names[ISO_MAX_PARAMS];
    for (size_t i = 0; i < signature->count; i++)
        names[i] = signature->params[i].name;
    const char *nearest = iso_nearest(keyword, names, signature->count);
    if (nearest)
        return iso_fail(ctx, ISO_EINVAL, "%s has no argument '%s'; did you mean '%s'?", signature->name, keyword, nearest);
    return iso_fail(ctx, ISO_EINVAL, "%s has no argument '%s'", signature->name, keyword);
}

iso_status iso_bind(iso_context *ctx, const iso_signature *signature, const iso_expr *call, iso_arg args[ISO_MAX_PARAMS],
                    int *column) {
    memset(args, 0, sizeof *args * ISO_MAX_PARAMS);
    size_t count = call->kind == ISO_EXPR_CALL ? call->count : 0;
    for (size_t i = 0; i < count; i++) {
        size_t which = i;
        *column = call->items[i]->column;
        if (call->keywords[i]) {
            *column = call->keyword_columns[i];
            for (which = 0; which < signature->count && strcmp(signature->params[which].name, call->keywords[i]) != 0;)
                which++;
            if (which == signature->count)
                return unknown_keyword(ctx, signature, call->keywords[i]);
        } else if (which >= signature->count)
            return iso_fail(ctx, ISO_EINVAL, "%s takes at most %zu argument%s", signature->name, signature->count,
                            signature->count == 1 ? "" : "s");
        if (args[which].given)
            return iso_fail(ctx, ISO_EINVAL, "%s: %s is given twice", signature->name, signature->params[which].name);
        iso_status status = bind_value(ctx, signature, &signature->params[which], call->items[i], &args[which], column);
        if (status)
            return status;
    }
    for (size_t i = 0; i < signature->count; i++) {
        if (args[i].given)
            continue;
        if (!signature->params[i].fallback) {
            *column = call->column;
            return iso_fail(ctx, ISO_EINVAL, "%s: the argument %s is missing", signature->name, signature->params[i].name);
        }
        bind_default(&signature->params[i], &args[i]);
    }
    *column = call->column;
    return ISO_OK;
}
