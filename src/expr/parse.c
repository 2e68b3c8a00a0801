/* A recursive-descent parser over the source text; arithmetic on numbers is done while parsing. */
#include <ctype.h>
#include <string.h>

#include "expr/arithmetic.h"
#include "expr/literal.h"

#define MAX_DEPTH  64
#define MAX_SOURCE 65536
#define MAX_ITEMS  16384

struct parser {
    iso_context *ctx;
    const char *source;
    int at, depth;
    iso_status status;
    int column; /* of the error */
};

static iso_expr *parse_sum(struct parser *p);

/* ---- Errors and nodes ---- */

/* An error is set once: whoever gets NULL from a function hands it on. */
static iso_expr *syntax_error(struct parser *p, int column, const char *expected) {
    char found = p->source[column];
    p->column = column;
    if (!found)
        p->status = iso_fail(p->ctx, ISO_EINVAL, "the expression ends where %s was expected", expected);
    else
        p->status =
            iso_fail(p->ctx, ISO_EINVAL, "unexpected '%c', expected %s", isprint((unsigned char)found) ? found : '?', expected);
    return NULL;
}

static iso_expr *value_error(struct parser *p, int column, const char *message) {
    p->column = column;
    p->status = iso_fail(p->ctx, message == iso_expr_no_memory ? ISO_ENOMEM : ISO_EINVAL, "%s", message);
    return NULL;
}

static iso_expr *too_deep(struct parser *p, int column) {
    return value_error(p, column, "nested deeper than 64 levels");
}

static iso_expr *new_expr(struct parser *p, iso_expr_kind kind, int column) {
    iso_expr *e = iso_calloc(p->ctx, 1, sizeof *e);
    if (!e) {
        p->status = ISO_ENOMEM;
        return NULL;
    }
    e->kind = kind;
    e->column = column;
    return e;
}

void iso_expr_free(iso_context *ctx, iso_expr *e) {
    if (!e)
        return;
    for (size_t i = 0; i < e->count; i++) {
        iso_expr_free(ctx, e->items[i]);
        if (e->keywords)
            iso_free(ctx, e->keywords[i]);
    }
    iso_expr_free(ctx, e->object);
    iso_free(ctx, e->items);
    iso_free(ctx, e->keywords);
    iso_free(ctx, e->keyword_columns);
    iso_free(ctx, e->text);
    iso_free(ctx, e->big);
    iso_free(ctx, e);
}

/* Frees e and returns NULL, so that a failing function can end in it. */
static iso_expr *drop(struct parser *p, iso_expr *e) {
    iso_expr_free(p->ctx, e);
    return NULL;
}

static void skip_spaces(struct parser *p) {
    while (p->source[p->at] == ' ' || p->source[p->at] == '\t' || p->source[p->at] == '\n')
        p->at++;
}

static char peek(struct parser *p) {
    skip_spaces(p);
    return p->source[p->at];
}

static bool accept(struct parser *p, const char *token) {
    skip_spaces(p);
    size_t size = strlen(token);
    if (strncmp(p->source + p->at, token, size) != 0)
        return false;
    p->at += (int)size;
    return true;
}

/* Adds an item (taken over, also on failure); for calls with its keyword (taken over) or NULL. */
static bool append(struct parser *p, iso_expr *list, iso_expr *item, char *keyword, int keyword_column) {
    bool call = list->kind == ISO_EXPR_CALL;
    size_t capacity = list->capacity, keyword_capacity = list->capacity, column_capacity = list->capacity;
    if (item && list->count == MAX_ITEMS)
        value_error(p, item->column, "more than 16384 items");
    if (item && !p->status) {
        size_t n = list->count;
        p->status = iso_grow(p->ctx, &list->items, &capacity, n, n + 1, sizeof *list->items);
        if (!p->status && call)
            p->status = iso_grow(p->ctx, &list->keywords, &keyword_capacity, n, n + 1, sizeof *list->keywords);
        if (!p->status && call)
            p->status = iso_grow(p->ctx, &list->keyword_columns, &column_capacity, n, n + 1, sizeof *list->keyword_columns);
        list->capacity = capacity; /* of all three; what fails is not appended to again */
    }
    if (!item || p->status) {
        iso_expr_free(p->ctx, item);
        iso_free(p->ctx, keyword);
        return false;
    }
    list->items[list->count] = item;
    if (call) {
        list->keywords[list->count] = keyword;
        list->keyword_columns[list->count] = keyword_column;
        list->positional += keyword == NULL;
    }
    list->count++;
    return true;
}

/* ---- Numbers ---- */

static iso_expr *make_float(struct parser *p, int column, double value) {
    iso_expr *e = new_expr(p, ISO_EXPR_FLOAT, column);
    if (e)
        e->number = value;
    return e;
}

static iso_expr *parse_number(struct parser *p) {
    int column = p->at, length;
    iso_expr *e = new_expr(p, ISO_EXPR_INT, column);
    const char *wrong = e ? iso_expr_read_number(p->ctx, p->source + column, &length, e) : NULL;
    if (!e)
        return NULL;
    if (wrong)
        return drop(p, (value_error(p, column, wrong), e));
    p->at += length;
    return e;
}

/* ---- Strings and names ---- */

static iso_expr *parse_string(struct parser *p, bool bytes) {
    int length;
    iso_expr *e = new_expr(p, bytes ? ISO_EXPR_BYTES : ISO_EXPR_STRING, p->at);
    p->at += bytes;
    const char *wrong = e ? iso_expr_read_string(p->ctx, bytes, p->source + p->at, &length, &e->text, &e->size) : NULL;
    if (!e)
        return NULL;
    if (wrong)
        value_error(p, p->at + length, wrong);
    else if (!e->text)
        p->status = ISO_ENOMEM;
    p->at += length;
    return p->status ? drop(p, e) : e;
}

static bool starts_name(char c) {
    return isalpha((unsigned char)c) || c == '_';
}

/* The extent of a dotted name from p->at. */
static int name_length(struct parser *p) {
    int length = 0;
    const char *s = p->source + p->at;
    while (starts_name(s[length])) {
        while (isalnum((unsigned char)s[length]) || s[length] == '_')
            length++;
        if (s[length] != '.' || !starts_name(s[length + 1]))
            break;
        length++;
    }
    return length;
}

/* The arguments behind the opening parenthesis, which has been read. */
static bool parse_arguments(struct parser *p, iso_expr *call) {
    while (!accept(p, ")")) {
        char *keyword = NULL;
        skip_spaces(p);
        int column = p->at, length = name_length(p);
        if (length > 0 && !memchr(p->source + p->at, '.', (size_t)length)) {
            int after = p->at + length;
            while (p->source[after] == ' ')
                after++;
            if (p->source[after] == '=' && p->source[after + 1] != '=') {
                if (!(keyword = iso_strndup(p->ctx, p->source + p->at, (size_t)length))) {
                    p->status = ISO_ENOMEM;
                    return false;
                }
                p->at = after + 1;
            }
        }
        iso_expr *item = parse_sum(p);
        if (item && !keyword && call->positional < call->count)
            item = drop(
                p, (value_error(p, item->column, "a positional argument follows a keyword argument, expected NAME=VALUE"), item));
        if (!append(p, call, item, keyword, column))
            return false;
        if (!accept(p, ",") && peek(p) != ')') {
            syntax_error(p, p->at, "',' or ')'");
            return false;
        }
    }
    return true;
}

static iso_expr *parse_name(struct parser *p) {
    int column = p->at, length = name_length(p);
    const char *start = p->source + p->at;
    p->at += length;
    if (length == 4 && strncmp(start, "None", 4) == 0)
        return new_expr(p, ISO_EXPR_NONE, column);
    bool is_true = length == 4 && strncmp(start, "True", 4) == 0;
    if (is_true || (length == 5 && strncmp(start, "False", 5) == 0)) {
        iso_expr *e = new_expr(p, ISO_EXPR_BOOL, column);
        if (e) {
            e->boolean = is_true;
            e->integer = is_true;
            e->number = is_true;
        }
        return e;
    }
    iso_expr *e = new_expr(p, ISO_EXPR_NAME, column);
    if (e && !(e->text = iso_strndup(p->ctx, start, (size_t)length)))
        p->status = ISO_ENOMEM;
    if (p->status)
        return drop(p, e);
    if (accept(p, "(")) {
        e->kind = ISO_EXPR_CALL;
        if (!parse_arguments(p, e))
            return drop(p, e);
    }
    return e;
}

/* ---- What stands behind a value: .name, .method(...), [item], [from:to] ---- */

/* Behind the point. */
static iso_expr *parse_attribute(struct parser *p, iso_expr *object) {
    iso_expr *e = new_expr(p, ISO_EXPR_NAME, p->at);
    int length = name_length(p);
    if (!e)
        return drop(p, object);
    e->object = object;
    if (!(e->text = iso_strndup(p->ctx, p->source + p->at, (size_t)length))) {
        p->status = ISO_ENOMEM;
        return drop(p, e);
    }
    p->at += length;
    if (accept(p, "(")) {
        e->kind = ISO_EXPR_CALL;
        if (!parse_arguments(p, e))
            return drop(p, e);
    }
    return e;
}

/* Behind the bracket. */
static iso_expr *parse_subscript(struct parser *p, int column, iso_expr *object) {
    iso_expr *e = new_expr(p, ISO_EXPR_ITEM, column);
    if (!e)
        return drop(p, object);
    e->object = object;
    for (int i = 0; i < 2; i++) {
        char c = peek(p);
        bool empty = c == ':' || (i == 1 && c == ']');
        if (!append(p, e, empty ? new_expr(p, ISO_EXPR_NONE, p->at) : parse_sum(p), NULL, 0))
            return drop(p, e);
        if (i == 0 && !accept(p, ":"))
            break;
        e->kind = ISO_EXPR_SLICE;
    }
    if (!accept(p, "]"))
        return drop(p, (syntax_error(p, p->at, e->kind == ISO_EXPR_ITEM ? "':' or ']'" : "']'"), e));
    return e;
}

static iso_expr *parse_trailers(struct parser *p, iso_expr *e) {
    for (int chain = 0; e; chain++) {
        char c = peek(p);
        int column = p->at;
        bool attribute = c == '.' && starts_name(p->source[p->at + 1]);
        if (!attribute && c != '[')
            break;
        if (chain == MAX_DEPTH)
            return drop(p, (too_deep(p, p->at), e));
        p->at++;
        e = attribute ? parse_attribute(p, e) : parse_subscript(p, column, e);
    }
    return e;
}

/* ---- Lists, tuples, parentheses ---- */

/* A keyword of the language at this place. */
static bool accept_word(struct parser *p, const char *word) {
    skip_spaces(p);
    size_t size = strlen(word);
    char behind = strncmp(p->source + p->at, word, size) == 0 ? p->source[p->at + (int)size] : '_';
    if (isalnum((unsigned char)behind) || behind == '_')
        return false;
    p->at += (int)size;
    return true;
}

/* [list->items[0] for name in ...], behind the `for`. */
static iso_expr *parse_comprehension(struct parser *p, iso_expr *list) {
    list->kind = ISO_EXPR_COMPREHENSION;
    skip_spaces(p);
    int length = name_length(p);
    if (length == 0 || memchr(p->source + p->at, '.', (size_t)length))
        return drop(p, (syntax_error(p, p->at, "a name"), list));
    if (!(list->text = iso_strndup(p->ctx, p->source + p->at, (size_t)length))) {
        p->status = ISO_ENOMEM;
        return drop(p, list);
    }
    p->at += length;
    if (!accept_word(p, "in"))
        return drop(p, (syntax_error(p, p->at, "'in'"), list));
    if (!append(p, list, parse_sum(p), NULL, 0))
        return drop(p, list);
    if (!accept(p, "]"))
        return drop(p, (syntax_error(p, p->at, "']'"), list));
    return list;
}

static iso_expr *parse_items(struct parser *p, char open) {
    int column = p->at++;
    const char *close = open == '[' ? "]" : ")";
    iso_expr *list = new_expr(p, open == '[' ? ISO_EXPR_LIST : ISO_EXPR_TUPLE, column);
    bool comma = false;
    while (list && !accept(p, close)) {
        iso_expr *item = parse_sum(p);
        if (!append(p, list, item, NULL, 0))
            return drop(p, list);
        if (open == '[' && list->count == 1 && accept_word(p, "for"))
            return parse_comprehension(p, list);
        if (accept(p, ","))
            comma = true;
        else if (peek(p) != *close) {
            syntax_error(p, p->at, open == '[' ? "',' or ']'" : "',' or ')'");
            return drop(p, list);
        }
    }
    if (list && open == '(' && list->count == 1 && !comma) { /* parentheses around one expression */
        iso_expr *inner = list->items[0];
        list->count = 0;
        drop(p, list);
        return inner;
    }
    return list;
}

static iso_expr *parse_atom(struct parser *p) {
    char c = peek(p), next = c ? p->source[p->at + 1] : 0;
    if (c == '(' || c == '[')
        return parse_items(p, c);
    if (c == '"' || c == '\'')
        return parse_string(p, false);
    if (c == 'b' && (next == '"' || next == '\''))
        return parse_string(p, true);
    if (isdigit((unsigned char)c) || (c == '.' && isdigit((unsigned char)next)))
        return parse_number(p);
    if (starts_name(c))
        return parse_name(p);
    return syntax_error(p, p->at, "a value");
}

/* ---- Arithmetic ---- */

/* a op b, both freed; b may be NULL. op: + - * / | (//) % ^ (**) */
static iso_expr *apply(struct parser *p, char op, int column, iso_expr *a, iso_expr *b) {
    iso_expr *result = b ? new_expr(p, ISO_EXPR_INT, a->column) : NULL;
    if (result) {
        const char *wrong = iso_expr_is_number(a) && iso_expr_is_number(b) ? iso_expr_apply(p->ctx, op, a, b, result)
                                                                           : "arithmetic needs numbers on both sides";
        if (wrong)
            result = drop(p, (value_error(p, column, wrong), result));
    }
    drop(p, a);
    drop(p, b);
    return result;
}

static iso_expr *parse_sign(struct parser *p);

static iso_expr *parse_power(struct parser *p) {
    iso_expr *base = parse_trailers(p, parse_atom(p));
    if (base && accept(p, "**")) {
        int column = p->at - 2;
        if (++p->depth > MAX_DEPTH)
            return drop(p, (too_deep(p, column), base));
        iso_expr *exponent = parse_sign(p);
        p->depth--;
        return apply(p, '^', column, base, exponent);
    }
    return base;
}

static iso_expr *parse_sign(struct parser *p) {
    char c = peek(p);
    if (c != '-' && c != '+')
        return parse_power(p);
    int column = p->at++;
    if (++p->depth > MAX_DEPTH)
        return too_deep(p, column);
    iso_expr *e = parse_sign(p);
    p->depth--;
    if (!e)
        return NULL;
    if (!iso_expr_is_number(e)) {
        value_error(p, column, "a sign needs a number behind it");
        return drop(p, e);
    }
    iso_expr *result = NULL;
    if (e->kind == ISO_EXPR_FLOAT)
        result = make_float(p, column, c == '-' ? -e->number : e->number);
    else if ((result = new_expr(p, ISO_EXPR_INT, column))) {
        iso_integer n;
        iso_expr_get_int(e, &n);
        n.negative = n.negative != (c == '-') && n.count > 0;
        if (!iso_expr_set_int(p->ctx, result, &n)) {
            p->status = ISO_ENOMEM;
            result = drop(p, result);
        }
    }
    drop(p, e);
    return result;
}

static iso_expr *parse_product(struct parser *p) {
    iso_expr *e = parse_sign(p);
    while (e) {
        char c = peek(p), op = c == '*' ? '*' : c == '%' ? '%' : c == '/' ? (p->source[p->at + 1] == '/' ? '|' : '/') : 0;
        if (!op)
            break;
        int column = p->at;
        p->at += op == '|' ? 2 : 1;
        iso_expr *right = parse_sign(p);
        e = apply(p, op, column, e, right);
    }
    return e;
}

static iso_expr *parse_sum(struct parser *p) {
    skip_spaces(p);
    if (++p->depth > MAX_DEPTH)
        return too_deep(p, p->at);
    iso_expr *e = parse_product(p);
    while (e && (peek(p) == '+' || peek(p) == '-')) {
        int column = p->at;
        char op = p->source[p->at++];
        iso_expr *right = parse_product(p);
        e = apply(p, op, column, e, right);
    }
    p->depth--;
    return e;
}

/* Levels of the tree; the parser's own depth does not see chains of methods within arguments. */
static int height(const iso_expr *e) {
    int highest = e->object ? height(e->object) : 0;
    for (size_t i = 0; i < e->count; i++) {
        int h = height(e->items[i]);
        highest = h > highest ? h : highest;
    }
    return highest + 1;
}

iso_status iso_expr_parse(iso_context *ctx, const char *source, iso_expr **expr, int *column) {
    struct parser p = {.ctx = ctx, .source = source};
    *expr = NULL;
    if (strlen(source) > MAX_SOURCE)
        value_error(&p, 0, "the expression is longer than 65536 bytes");
    iso_expr *e = p.status ? NULL : parse_sum(&p);
    if (e && peek(&p) != 0)
        e = drop(&p, (syntax_error(&p, p.at, "the end of the expression"), e));
    if (e && height(e) > MAX_DEPTH)
        e = drop(&p, (too_deep(&p, e->column), e));
    if (!e) {
        *column = p.column;
        return p.status;
    }
    *expr = e;
    return ISO_OK;
}
