#include "ledger/line.h"

#include <string.h>

/* ---- Kinds and their members ---- */

enum member_type { INT, TEXT, HEX4, HEX8, DIGEST, VALUE };

struct member {
    const char *key;
    enum member_type type;
    bool optional;
};

#define MAX_MEMBERS 16

/* Each line begins with "kind" and ends with "prev". */
static const struct {
    const char *name;
    struct member members[MAX_MEMBERS];
} kinds[ISO_LINE_KINDS] = {
    [ISO_LINE_HEADER] = {"header",
                         {{"format", TEXT, false},
                          {"digest", TEXT, false},
                          {"contract", INT, false},
                          {"version", TEXT, false},
                          {"seed", TEXT, false},
                          {"stream", TEXT, false},
                          {"recipe", TEXT, false},
                          {"model", DIGEST, false},
                          {"weights", DIGEST, true},
                          {"train", VALUE, false},
                          {"test", VALUE, true},
                          {"steps", INT, false},
                          {"digest_every", INT, false},
                          {"checkpoint_every", INT, false}}},
    [ISO_LINE_STEP] = {"step",
                       {{"step", INT, false},
                        {"epoch", INT, false},
                        {"batch", DIGEST, true},
                        {"loss", HEX4, false},
                        {"lr", HEX8, false},
                        {"state", DIGEST, true}}},
    [ISO_LINE_CKPT] = {"ckpt",
                       {{"step", INT, false},
                        {"file", TEXT, false},
                        {"size", INT, false},
                        {"digest", DIGEST, false},
                        {"tensors", VALUE, false}}},
    [ISO_LINE_EVAL] =
        {"eval",
         {{"step", INT, false}, {"epoch", INT, false}, {"count", INT, false}, {"correct", INT, false}, {"loss", HEX4, false}}},
    [ISO_LINE_NAN_STOP] = {"nan-stop",
                           {{"step", INT, false}, {"tensor", TEXT, false}, {"index", INT, false}, {"batch", DIGEST, false}}},
    [ISO_LINE_END] = {"end", {{"step", INT, false}}},
};

const char *iso_line_kind_name(iso_line_kind kind) {
    return kinds[kind].name;
}

/* ---- Checking ---- */

struct cursor {
    const char *text;
    size_t at, size;
};

static bool literal(struct cursor *c, const char *text) {
    size_t size = strlen(text);
    if (c->size - c->at < size || memcmp(c->text + c->at, text, size) != 0)
        return false;
    c->at += size;
    return true;
}

static bool hex(struct cursor *c, size_t digits) {
    if (!literal(c, "\""))
        return false;
    for (; digits && c->at < c->size; digits--, c->at++) {
        char x = c->text[c->at];
        if (!((x >= '0' && x <= '9') || (x >= 'a' && x <= 'f')))
            return false;
    }
    return digits == 0 && literal(c, "\"");
}

/* Digits without a leading zero, of 64 bits at most. */
static bool integer(struct cursor *c, int64_t *value) {
    size_t first = c->at;
    uint64_t number = 0;
    bool negative = literal(c, "-");
    size_t digits = c->at;
    for (; c->at < c->size && c->text[c->at] >= '0' && c->text[c->at] <= '9'; c->at++)
        if (__builtin_mul_overflow(number, (uint64_t)10, &number) ||
            __builtin_add_overflow(number, (uint64_t)(c->text[c->at] - '0'), &number))
            return false;
    bool ok =
        c->at > digits && (c->text[digits] != '0' || c->at == digits + 1) && number <= INT64_MAX && !(negative && number == 0);
    if (!ok)
        c->at = first;
    *value = negative ? -(int64_t)number : (int64_t)number;
    return ok;
}

/* Printable ASCII; \" \\ \n \t, and \uXXXX in lower case for the rest. */
static bool string(struct cursor *c) {
    if (!literal(c, "\""))
        return false;
    while (c->at < c->size && c->text[c->at] != '"') {
        unsigned char x = (unsigned char)c->text[c->at++];
        if (x < 0x20 || x > 0x7e)
            return false;
        if (x != '\\')
            continue;
        char kind = c->at < c->size ? c->text[c->at++] : 0;
        for (int i = 0; kind == 'u' && i < 4; i++, c->at++) {
            char d = c->at < c->size ? c->text[c->at] : 0;
            if (!((d >= '0' && d <= '9') || (d >= 'a' && d <= 'f')))
                return false;
        }
        if (!kind || !strchr("\"\\ntu", kind))
            return false;
    }
    return literal(c, "\"");
}

/* Any value of integers, strings, arrays and objects. */
static bool value(struct cursor *c, int depth) {
    int64_t ignored;
    bool object = literal(c, "{");
    if (!object && !literal(c, "["))
        return string(c) || integer(c, &ignored);
    const char *close = object ? "}" : "]";
    if (depth > 6)
        return false;
    if (literal(c, close))
        return true;
    do {
        if (object && !(string(c) && literal(c, ":")))
            return false;
        if (!value(c, depth + 1))
            return false;
    } while (literal(c, ","));
    return literal(c, close);
}

static const char *const expectation[] = {
    [INT] = "a whole number", [TEXT] = "a string",        [HEX4] = "8 hex digits",
    [HEX8] = "16 hex digits", [DIGEST] = "64 hex digits", [VALUE] = "an array or object of strings and whole numbers",
};

static bool key(struct cursor *c, const char *name) {
    size_t start = c->at;
    if (literal(c, ",\"") && literal(c, name) && literal(c, "\":"))
        return true;
    c->at = start;
    return false;
}

static bool member_value(struct cursor *c, const struct member *member, int64_t *number) {
    switch (member->type) {
    case INT:
        return integer(c, number);
    case TEXT:
        return string(c);
    case HEX4:
        return hex(c, 8);
    case HEX8:
        return hex(c, 16);
    case DIGEST:
        return hex(c, 64);
    default:
        return value(c, 0);
    }
}

static bool find_kind(struct cursor *c, iso_line_kind *kind) {
    size_t start = c->at;
    for (int i = 0; i < ISO_LINE_KINDS; i++) {
        if (literal(c, kinds[i].name) && literal(c, "\"")) {
            *kind = (iso_line_kind)i;
            return true;
        }
        c->at = start;
    }
    return false;
}

static const char *check(struct cursor *c, iso_line_summary *summary) {
    int digests = 0;
    *summary = (iso_line_summary){.step = -1};
    if (!literal(c, "{\"kind\":\""))
        return "{\"kind\":";
    if (!find_kind(c, &summary->kind))
        return "a kind of line that this version knows";
    for (const struct member *m = kinds[summary->kind].members; m->key; m++) {
        int64_t number = -1;
        if (!key(c, m->key)) {
            if (m->optional)
                continue;
            return m->key;
        }
        size_t start = c->at;
        digests += m->optional;
        if (!member_value(c, m, &number))
            return expectation[m->type];
        if (strcmp(m->key, "step") == 0)
            summary->step = number;
        if ((strcmp(m->key, "format") == 0 && strncmp(c->text + start, "\"" ISO_LEDGER_FORMAT "\"", c->at - start) != 0))
            return "the format " ISO_LEDGER_FORMAT;
        if ((strcmp(m->key, "digest") == 0 && m->type == TEXT &&
             strncmp(c->text + start, "\"" ISO_LEDGER_DIGEST "\"", c->at - start) != 0))
            return "the digest " ISO_LEDGER_DIGEST;
    }
    char digits[2 * ISO_BLAKE3_SIZE + 1] = "";
    if (summary->kind == ISO_LINE_STEP && digests == 1)
        return "batch and state, or neither";
    if (!key(c, "prev"))
        return "prev";
    if (!hex(c, 64))
        return expectation[DIGEST];
    memcpy(digits, c->text + c->at - 65, 64);
    (void)iso_hex_bytes(digits, summary->prev, ISO_BLAKE3_SIZE);
    if (!literal(c, "}") || c->at != c->size)
        return "the end of the line";
    return NULL;
}

bool iso_line_check(const char *line, size_t size, iso_line_summary *summary, const char **problem, size_t *at) {
    struct cursor c = {line, 0, size};
    *problem = check(&c, summary);
    *at = c.at;
    return !*problem;
}

/* ---- Comparing ---- */

bool iso_json_equal(const iso_json *a, const iso_json *b) {
    if (a->kind != b->kind || a->boolean != b->boolean || a->integer != b->integer || a->size != b->size || a->count != b->count)
        return false;
    if (a->kind == ISO_JSON_STRING && memcmp(a->string, b->string, a->size) != 0)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!iso_json_equal(&a->items[i], &b->items[i]) || (a->keys && strcmp(a->keys[i], b->keys[i]) != 0))
            return false;
    return true;
}

const char *iso_ledger_first_difference(const iso_json *a, const iso_json *b) {
    for (size_t i = 0; i < a->count; i++) {
        if (strcmp(a->keys[i], "prev") == 0)
            continue;
        const iso_json *other = iso_json_get(b, a->keys[i]);
        if (!other || !iso_json_equal(&a->items[i], other))
            return a->keys[i];
    }
    for (size_t i = 0; i < b->count; i++)
        if (!iso_json_get(a, b->keys[i]))
            return b->keys[i];
    return NULL;
}

/* An element of "tensors": [name, digest, [tiles]]; NULL if it is none. */
static const char *tensor_name(const iso_json *tensor) {
    bool ok = tensor->kind == ISO_JSON_ARRAY && tensor->count == 3 && tensor->items[0].kind == ISO_JSON_STRING &&
              tensor->items[1].kind == ISO_JSON_STRING && tensor->items[2].kind == ISO_JSON_ARRAY;
    return ok ? tensor->items[0].string : NULL;
}

static int64_t first_tile(const iso_json *a, const iso_json *b) {
    if (a->count != b->count)
        return -1;
    for (size_t i = 0; i < a->count; i++)
        if (!iso_json_equal(&a->items[i], &b->items[i]))
            return (int64_t)i;
    return -1;
}

iso_tensors_difference iso_line_tensors_difference(const iso_json *a, const iso_json *b) {
    iso_tensors_difference d = {.tile = -1};
    const iso_json *left = iso_json_get(a, "tensors"), *right = iso_json_get(b, "tensors");
    size_t i = 0, j = 0, left_count = left ? left->count : 0, right_count = right ? right->count : 0;
    d.total = (int64_t)left_count;
    while (i < left_count || j < right_count) { /* both are sorted by name */
        const char *x = i < left_count ? tensor_name(&left->items[i]) : NULL;
        const char *y = j < right_count ? tensor_name(&right->items[j]) : NULL;
        int order = x && y ? strcmp(x, y) : x ? -1 : 1;
        if (!x && !y)
            break;
        bool same = order == 0 && iso_json_equal(&left->items[i], &right->items[j]);
        if (!same && !d.tensor) {
            d.tensor = order <= 0 ? x : y;
            d.missing_a = order > 0;
            d.missing_b = order < 0;
            d.tile = order == 0 ? first_tile(&left->items[i].items[2], &right->items[j].items[2]) : -1;
        }
        d.differing += !same;
        i += order <= 0;
        j += order >= 0;
    }
    return d;
}
