#include "ledger/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/file.h"

#define MAX_LEDGER ((size_t)1 << 40)

static const uint8_t no_digest[ISO_BLAKE3_SIZE];

/* ---- Opening ---- */

/* The chain: every line's "prev" is the digest of the line before. */
static iso_status check_chain(iso_ledger *l, size_t index) {
    const iso_ledger_line *line = &l->lines[index];
    char expected[16 + 2 * ISO_BLAKE3_SIZE];
    static const char digits[] = "0123456789abcdef";
    const uint8_t *before = index ? l->lines[index - 1].digest : no_digest;
    size_t used = 0;
    memcpy(expected, ",\"prev\":\"", 9);
    used = 9;
    for (int i = 0; i < ISO_BLAKE3_SIZE; i++) {
        expected[used++] = digits[before[i] >> 4];
        expected[used++] = digits[before[i] & 15];
    }
    memcpy(expected + used, "\"}", 2);
    used += 2;
    if (line->size < used || memcmp(l->bytes + line->at + line->size - used, expected, used) != 0)
        return iso_fail(l->ctx, ISO_DIFFER, "%s:%zu: the line does not follow from the one before: one of the two was changed",
                        l->path, index + 1);
    return ISO_OK;
}

static iso_status read_lines(iso_ledger *l) {
    size_t size;
    iso_status status = iso_file_read(l->ctx, l->path, MAX_LEDGER, &l->bytes, &size);
    if (status)
        return status;
    size_t at = 0;
    while (at < size) {
        const uint8_t *end = memchr(l->bytes + at, '\n', size - at);
        if (!end)
            break;
        status = iso_grow(l->ctx, &l->lines, &l->capacity, l->count, l->count + 1, sizeof *l->lines);
        if (status)
            return status;
        iso_ledger_line *line = &l->lines[l->count];
        *line = (iso_ledger_line){.at = at, .size = (size_t)(end - l->bytes) - at};
        iso_blake3(l->bytes + at, line->size, line->digest);
        if ((status = check_chain(l, l->count)))
            return status;
        l->count++;
        at += line->size + 1;
    }
    l->torn = size - at;
    l->end = at;
    l->finished = l->count && (iso_ledger_is(l, l->count - 1, "end") || iso_ledger_is(l, l->count - 1, "nan-stop"));
    return ISO_OK;
}

static iso_status io_error(iso_ledger *l, const char *what) {
    int error = errno;
    return iso_fail(l->ctx, ISO_EIO, "%s: %s: %s", l->path, what, strerror(error));
}

static iso_status open_for_writing(iso_ledger *l, iso_ledger_mode mode) {
    int flags = O_WRONLY | O_APPEND | (mode == ISO_LEDGER_CREATE ? O_CREAT | O_EXCL : 0);
    l->fd = l->ctx->files.open(l->ctx->files.user, l->path, flags, 0644);
    if (l->fd < 0 && errno == EEXIST)
        return iso_fail(l->ctx, ISO_EINVAL, "%s: exists already; use --resume to go on with that run, or another --out", l->path);
    if (l->fd < 0)
        return io_error(l, mode == ISO_LEDGER_CREATE ? "could not be created" : "could not be opened");
    if (flock(l->fd, LOCK_EX | LOCK_NB) != 0)
        return iso_fail(l->ctx, ISO_EINVAL, "%s: another process is working on this run", l->path);
    return ISO_OK;
}

static iso_status drop_torn_tail(iso_ledger *l) {
    if (l->torn == 0)
        return ISO_OK;
    return l->ctx->files.ftruncate(l->ctx->files.user, l->fd, (int64_t)l->end) == 0 ? ISO_OK : io_error(l, "could not be cut");
}

iso_status iso_ledger_open(iso_context *ctx, const char *directory, iso_ledger_mode mode, iso_ledger **out) {
    *out = NULL;
    iso_ledger *l = iso_calloc(ctx, 1, sizeof *l);
    if (!l)
        return ISO_ENOMEM;
    l->ctx = ctx;
    l->fd = -1;
    l->path = iso_path_join(ctx, directory, "run.ledger");
    iso_status status = l->path ? ISO_OK : ISO_ENOMEM;
    if (!status && mode != ISO_LEDGER_READ)
        status = open_for_writing(l, mode);
    if (!status && mode != ISO_LEDGER_CREATE)
        status = read_lines(l);
    if (!status && mode == ISO_LEDGER_RESUME)
        status = drop_torn_tail(l);
    if (status) {
        iso_ledger_close(l);
        return status;
    }
    *out = l;
    return ISO_OK;
}

void iso_ledger_close(iso_ledger *l) {
    if (!l)
        return;
    if (l->fd >= 0)
        l->ctx->files.close(l->ctx->files.user, l->fd);
    iso_free(l->ctx, l->bytes);
    iso_free(l->ctx, l->lines);
    iso_free(l->ctx, l->path);
    iso_free(l->ctx, l);
}

/* ---- Lines ---- */

iso_text iso_ledger_begin(iso_ledger *l, const char *kind) {
    iso_text line = iso_text_new(l->ctx);
    iso_text_printf(&line, "{\"kind\":\"%s\"", kind);
    return line;
}

void iso_ledger_int(iso_text *line, const char *key, int64_t value) {
    iso_text_printf(line, ",\"%s\":%lld", key, (long long)value);
}

void iso_ledger_text(iso_text *line, const char *key, const char *value) {
    iso_text_printf(line, ",\"%s\":", key);
    iso_text_json(line, value, strlen(value));
}

void iso_ledger_hex(iso_text *line, const char *key, const uint8_t *bytes, size_t size) {
    iso_text_printf(line, ",\"%s\":\"", key);
    iso_text_hex(line, bytes, size);
    iso_text_puts(line, "\"");
}

void iso_ledger_f32(iso_text *line, const char *key, float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    iso_text_printf(line, ",\"%s\":\"%08x\"", key, value != value ? 0x7fc00000u : bits);
}

void iso_ledger_f64(iso_text *line, const char *key, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    iso_text_printf(line, ",\"%s\":\"%016llx\"", key, (unsigned long long)bits);
}

static void put_hex(iso_text *line, const char *before, const uint8_t digest[ISO_BLAKE3_SIZE]) {
    iso_text_puts(line, before);
    iso_text_hex(line, digest, ISO_BLAKE3_SIZE);
    iso_text_puts(line, "\"");
}

iso_status iso_ledger_tensors(iso_text *line, iso_state *state) {
    iso_status status = iso_state_tiles(state);
    if (status)
        return status;
    iso_text_puts(line, ",\"tensors\":[");
    for (size_t i = 0; i < state->count; i++) {
        const iso_state_entry *entry = &state->entries[i];
        iso_text_puts(line, i ? ",[" : "[");
        iso_text_json(line, entry->name, strlen(entry->name));
        put_hex(line, ",\"", entry->digest);
        iso_text_puts(line, ",[");
        for (size_t j = 0; j < entry->tile_count; j++)
            put_hex(line, j ? ",\"" : "\"", entry->tiles[j]);
        iso_text_puts(line, "]]");
    }
    iso_text_puts(line, "]");
    return ISO_OK;
}

static bool same_value(const iso_json *a, const iso_json *b) {
    if (a->kind != b->kind || a->boolean != b->boolean || a->integer != b->integer || a->size != b->size || a->count != b->count)
        return false;
    if (a->kind == ISO_JSON_STRING && memcmp(a->string, b->string, a->size) != 0)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!same_value(&a->items[i], &b->items[i]) || (a->keys && strcmp(a->keys[i], b->keys[i]) != 0))
            return false;
    return true;
}

const char *iso_ledger_first_difference(const iso_json *expected, const iso_json *actual) {
    for (size_t i = 0; i < expected->count; i++) {
        const iso_json *other = iso_json_get(actual, expected->keys[i]);
        if (!other || !same_value(&expected->items[i], other))
            return expected->keys[i];
    }
    return NULL;
}

/* Says what differs between the existing line at `position` and the one that was computed. */
static iso_status line_differs(iso_ledger *l, const iso_text *line) {
    iso_json existing, computed;
    iso_status status = iso_ledger_parse(l, l->position, &existing);
    if (status)
        return status;
    if ((status = iso_json_parse(l->ctx, line->data, line->size, &computed))) {
        iso_json_free(l->ctx, &existing);
        return status;
    }
    const char *kind = iso_json_string(&existing, "kind"), *computed_kind = iso_json_string(&computed, "kind");
    const char *member = iso_ledger_first_difference(&existing, &computed);
    if (!member)
        member = "a member";
    int64_t step = iso_json_int(&existing, "step", 0);
    const char *recorded = iso_json_string(&existing, member), *now = iso_json_string(&computed, member);
    if (recorded && now && strlen(recorded) <= 64 && strlen(now) <= 64)
        status = iso_fail(l->ctx, ISO_DIFFER, "line %zu (%s, step %lld): %s is recorded as %s, but what came before gives %s",
                          l->position + 1, kind ? kind : computed_kind, (long long)step, member, recorded, now);
    else
        status = iso_fail(l->ctx, ISO_DIFFER, "line %zu (%s, step %lld): %s is not what came before gives", l->position + 1,
                          kind ? kind : computed_kind, (long long)step, member);
    iso_json_free(l->ctx, &existing);
    iso_json_free(l->ctx, &computed);
    return status;
}

static iso_status append(iso_ledger *l, const iso_text *line) {
    if (l->fd < 0)
        return iso_fail(l->ctx, ISO_DIFFER, "the ledger ends at line %zu, where re-execution gives another line", l->position);
    iso_status status = iso_file_write_all(l->ctx, l->fd, l->path, line->data, line->size + 1);
    if (!status)
        l->end += line->size + 1;
    else /* a full disk: nothing half-written stays */
        (void)l->ctx->files.ftruncate(l->ctx->files.user, l->fd, (int64_t)l->end);
    return status;
}

iso_status iso_ledger_put(iso_ledger *l, iso_text *line) {
    iso_ledger_hex(line, "prev", l->head, sizeof l->head);
    iso_text_puts(line, "}\n");
    iso_status status = ISO_ENOMEM;
    if (iso_text_ok(line)) {
        line->size--; /* the newline is not part of the line */
        const iso_ledger_line *existing = l->position < l->count ? &l->lines[l->position] : NULL;
        if (!existing)
            status = append(l, line);
        else if (existing->size == line->size && memcmp(l->bytes + existing->at, line->data, line->size) == 0)
            status = ISO_OK;
        else
            status = line_differs(l, line);
        if (!status) {
            iso_blake3(line->data, line->size, l->head);
            l->position++;
        }
    }
    iso_text_free(line);
    return status;
}

iso_status iso_ledger_sync(iso_ledger *l) {
    if (l->fd >= 0 && l->ctx->files.fsync(l->ctx->files.user, l->fd) != 0)
        return io_error(l, "fsync failed");
    return ISO_OK;
}

/* ---- Reading ---- */

iso_status iso_ledger_parse(const iso_ledger *l, size_t index, iso_json *line) {
    iso_status status = iso_json_parse(l->ctx, (const char *)l->bytes + l->lines[index].at, l->lines[index].size, line);
    return status == ISO_EINVAL ? iso_fail_at(l->ctx, ISO_DIFFER, "%s:%zu: not a ledger line", l->path, index + 1) : status;
}

void iso_ledger_seek(iso_ledger *l, size_t index) {
    l->position = index;
    memcpy(l->head, index ? l->lines[index - 1].digest : no_digest, sizeof l->head);
}

bool iso_ledger_is(const iso_ledger *l, size_t index, const char *kind) {
    const char *line = (const char *)l->bytes + l->lines[index].at;
    size_t size = strlen(kind);
    return l->lines[index].size > 10 + size && memcmp(line, "{\"kind\":\"", 9) == 0 && memcmp(line + 9, kind, size) == 0 &&
           line[9 + size] == '"';
}

int64_t iso_ledger_step(const iso_ledger *l, size_t index) {
    static const char key[] = "\",\"step\":";
    const char *line = (const char *)l->bytes + l->lines[index].at, *quote;
    if (l->lines[index].size < 40 || !(quote = memchr(line + 9, '"', 24)) || memcmp(quote, key, sizeof key - 1) != 0)
        return -1;
    return strtoll(quote + sizeof key - 1, NULL, 10);
}

size_t iso_ledger_find(const iso_ledger *l, size_t from, const char *kind, int64_t step) {
    while (from < l->count && !(iso_ledger_is(l, from, kind) && iso_ledger_step(l, from) == step))
        from++;
    return from;
}
