#include "data/npy.h"

#include <stdio.h>
#include <string.h>

#include "core/file.h"

/* Magic, version, and the header as a Python literal, padded with spaces to a multiple of 64 and closed by a newline. */
iso_status iso_npy_write(iso_context *ctx, const char *path, const iso_tensor *tensor) {
    static const char *const types[] = {[ISO_FLOAT32] = "<f4", [ISO_INT64] = "<i8", [ISO_UINT8] = "|u1"};
    char shape[32 * ISO_MAX_DIMS] = "", header[512];
    size_t used = 0;
    for (int i = 0; i < tensor->dims; i++)
        used += (size_t)snprintf(shape + used, sizeof shape - used, "%s%lld%s", i ? ", " : "", (long long)tensor->shape[i],
                                 tensor->dims == 1 ? "," : "");
    int length = snprintf(header + 10, sizeof header - 10, "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }",
                          types[tensor->dtype], shape);
    size_t total = (10 + (size_t)length + 1 + 63) / 64 * 64, rest = total - 10;
    memcpy(header, "\x93NUMPY\x01\x00", 8);
    header[8] = (char)(rest & 255);
    header[9] = (char)(rest >> 8);
    memset(header + 10 + length, ' ', rest - (size_t)length - 1);
    header[total - 1] = '\n';
    const iso_slice slices[] = {{header, total}, {tensor->data, (size_t)tensor->numel * iso_dtype_size(tensor->dtype)}};
    return iso_file_write_atomic(ctx, path, slices, 2);
}

/* ---- Reading: the header is a dict of three entries, in any order ---- */

struct scanner {
    const char *at, *end;
};

static void skip_space(struct scanner *s) {
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\t'))
        s->at++;
}

static bool next_is(struct scanner *s, char c) {
    skip_space(s);
    if (s->at == s->end || *s->at != c)
        return false;
    s->at++;
    return true;
}

/* A string without escapes, in either quotes. */
static bool next_string(struct scanner *s, char *text, size_t size) {
    char quote = next_is(s, '\'') ? '\'' : next_is(s, '"') ? '"' : 0;
    size_t length = 0;
    while (quote && s->at < s->end && *s->at != quote && length + 1 < size)
        text[length++] = *s->at++;
    text[length] = 0;
    return quote && s->at < s->end && *s->at++ == quote;
}

static bool next_number(struct scanner *s, int64_t *value) {
    skip_space(s);
    const char *start = s->at;
    for (*value = 0; s->at < s->end && *s->at >= '0' && *s->at <= '9'; s->at++)
        if (__builtin_mul_overflow(*value, 10, value) || __builtin_add_overflow(*value, *s->at - '0', value))
            return false;
    return s->at > start;
}

static bool next_word(struct scanner *s, const char *word) {
    skip_space(s);
    size_t length = strlen(word);
    if ((size_t)(s->end - s->at) < length || memcmp(s->at, word, length) != 0)
        return false;
    s->at += length;
    return true;
}

static bool read_shape(struct scanner *s, iso_npy *array) {
    if (!next_is(s, '('))
        return false;
    while (!next_is(s, ')')) {
        if (array->dims == ISO_MAX_DIMS || !next_number(s, &array->shape[array->dims++]))
            return false;
        if (!next_is(s, ','))
            return next_is(s, ')');
    }
    return true;
}

static bool read_entry(struct scanner *s, const char *key, iso_npy *array, char type[32], int *seen) {
    *seen |= strcmp(key, "descr") == 0 ? 1 : strcmp(key, "fortran_order") == 0 ? 2 : 4;
    if (strcmp(key, "descr") == 0)
        return next_string(s, type, 32);
    if (strcmp(key, "fortran_order") == 0)
        return (array->fortran_order = next_word(s, "True")) || next_word(s, "False");
    return strcmp(key, "shape") == 0 && read_shape(s, array);
}

static bool read_header(struct scanner *s, iso_npy *array, char type[32]) {
    char key[32];
    int seen = 0;
    bool more = next_is(s, '{');
    while (more && !next_is(s, '}')) {
        if (!next_string(s, key, sizeof key) || !next_is(s, ':') || !read_entry(s, key, array, type, &seen))
            return false;
        more = next_is(s, ',');
        if (!more && !next_is(s, '}'))
            return false;
    }
    return seen == 7;
}

/* '<f4', '|u1', '>i8' */
static bool read_type(const char *type, iso_npy *array) {
    bool order = type[0] && strchr("<>|=", type[0]), digit = order && type[1] && strchr("buif", type[1]);
    array->big_endian = type[0] == '>';
    array->kind = order ? type[1] : 0;
    array->width = digit && strchr("1248", type[2]) && type[2] && !type[3] ? type[2] - '0' : 0;
    return array->width != 0;
}

iso_status iso_npy_parse(iso_context *ctx, const char *name, const uint8_t *bytes, size_t size, iso_npy *array) {
    *array = (iso_npy){.dims = 0};
    if (size < 10 || memcmp(bytes, "\x93NUMPY", 6) != 0)
        return iso_fail(ctx, ISO_EINVAL, "%s: is no .npy file", name);
    if (bytes[6] < 1 || bytes[6] > 3 || bytes[7] != 0)
        return iso_fail(ctx, ISO_EINVAL, "%s: is a .npy file of version %d.%d, expected 1.0 to 3.0", name, bytes[6], bytes[7]);
    size_t start = bytes[6] == 1 ? 10 : 12, length = bytes[8] | (size_t)bytes[9] << 8;
    if (start == 12 && size >= 12)
        length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
    char type[32] = "";
    if (size < start || size - start < length)
        return iso_fail(ctx, ISO_EINVAL, "%s: the file ends in its header", name);
    struct scanner s = {(const char *)bytes + start, (const char *)bytes + start + length};
    if (!read_header(&s, array, type))
        return iso_fail(ctx, ISO_EINVAL, "%s: the header is no dict of descr, fortran_order and shape of at most %d dimensions",
                        name, ISO_MAX_DIMS);
    if (!read_type(type, array))
        return iso_fail(ctx, ISO_EINVAL, "%s: its elements are '%s', expected numbers of 1, 2, 4 or 8 bytes", name, type);
    array->count = 1;
    int64_t total = 0;
    bool fits = true;
    for (int i = 0; i < array->dims && fits; i++)
        fits = !__builtin_mul_overflow(array->count, array->shape[i], &array->count);
    fits = fits && !__builtin_mul_overflow(array->count, (int64_t)array->width, &total);
    size_t there = size - start - length;
    if (!fits || (uint64_t)total != there)
        return iso_fail(ctx, ISO_EINVAL, "%s: has %zu bytes of data, its header promises %s%lld", name, there,
                        fits ? "" : "more than ", (long long)(fits ? total : INT64_MAX));
    array->data = bytes + start + length;
    return ISO_OK;
}
