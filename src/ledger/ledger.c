#include "ledger/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/file.h"

#define MAX_LEDGER ISO_BYTES(40)

static const uint8_t no_digest[ISO_BLAKE3_SIZE];

/* ---- Opening ---- */

/* A line that is synced before anything else is written: a crash cannot have torn it, nor what stands before it. */
static bool is_synced(iso_line_kind kind) {
    return kind != ISO_LINE_STEP && kind != ISO_LINE_EVAL;
}

static iso_status line_is_bad(iso_ledger *l, const char *what) {
    return iso_fail(l->ctx, ISO_DIFFER, "%s:%zu: %s", l->path, l->count + 1, what);
}

/* Does the line follow from the lines before it? */
static iso_status check_order(iso_ledger *l, const iso_line_summary *line) {
    const iso_ledger_line *before = l->count ? &l->lines[l->count - 1] : NULL;
    int64_t last = before && before->step > 0 ? before->step : 0;
    if (memcmp(line->prev, before ? before->digest : no_digest, sizeof line->prev) != 0)
        return line_is_bad(l, "the line does not follow from the one before: one of the two was changed");
    if ((line->kind == ISO_LINE_HEADER) != !before)
        return line_is_bad(l, before ? "a second header" : "expected a header");
    if (before && (before->kind == ISO_LINE_END || before->kind == ISO_LINE_NAN_STOP))
        return line_is_bad(l, "a line behind the end");
    bool next = line->kind == ISO_LINE_STEP || line->kind == ISO_LINE_NAN_STOP;
    if (before && (line->step < last + next || (line->kind == ISO_LINE_END && line->step != last)))
        return line_is_bad(l, "the step's number does not follow from the line before");
    return ISO_OK;
}

/* Checks and takes over the line at `at`. *malformed: it is no line at all. */
static iso_status read_line(iso_ledger *l, size_t at, size_t size, bool *malformed) {
    iso_line_summary summary;
    const char *problem, *text = (const char *)l->bytes + at;
    size_t where;
    *malformed = !iso_line_check(text, size, &summary, &problem, &where);
    if (*malformed)
        return iso_fail(l->ctx, ISO_DIFFER, "%s:%zu: damaged at byte %zu: expected %s", l->path, l->count + 1, where + 1,
                        problem);
    iso_status status = check_order(l, &summary);
    if (!status)
        status = iso_grow(l->ctx, &l->lines, &l->capacity, l->count, l->count + 1, sizeof *l->lines);
    if (status)
        return status;
    iso_ledger_line *line = &l->lines[l->count++];
    *line = (iso_ledger_line){.at = at, .size = size, .kind = summary.kind, .step = summary.step};
    iso_blake3(text, size, line->digest);
    return ISO_OK;
}

/* A crash of the machine, unlike one of the program, may leave wrong bytes behind the last synced line. True if what is bad from
 * `at` on can be that: then it is given up, and a resumed run writes it again. */
static bool drop_unsynced(iso_ledger *l, size_t at, size_t size, bool malformed) {
    for (int kind = 0; kind < ISO_LINE_KINDS; kind++) {
        char start[40];
        int length = snprintf(start, sizeof start, "{\"kind\":\"%s\"", iso_line_kind_name((iso_line_kind)kind));
        if (is_synced((iso_line_kind)kind) && memmem(l->bytes + at, size - at, start, (size_t)length))
            return false;
    }
    if (!malformed) { /* of two lines that do not fit together either may be the bad one */
        if (l->count == 0 || is_synced(l->lines[l->count - 1].kind))
            return false;
        l->count--;
    }
    return true;
}

static iso_status no_run(iso_ledger *l) {
    return iso_fail(l->ctx, ISO_EIO, "%s: could not be read: there is no such file, so this is no run's directory", l->path);
}

static iso_status read_lines(iso_ledger *l, iso_ledger_mode mode) {
    size_t size, at = 0;
    iso_status status = iso_file_read(l->ctx, l->path, MAX_LEDGER, &l->bytes, &size);
    if (status == ISO_EIO && (errno == ENOENT || errno == ENOTDIR))
        status = no_run(l);
    const uint8_t *end;
    while (!status && at < size && (end = memchr(l->bytes + at, '\n', size - at))) {
        bool malformed;
        size_t line_size = (size_t)(end - l->bytes) - at;
        status = read_line(l, at, line_size, &malformed);
        if (status == ISO_DIFFER && mode == ISO_LEDGER_RESUME && drop_unsynced(l, at, size, malformed)) {
            status = ISO_OK;
            break;
        }
        at += line_size + 1;
    }
    if (status)
        return status;
    const iso_ledger_line *last = l->count ? &l->lines[l->count - 1] : NULL;
    l->end = last ? last->at + last->size + 1 : 0;
    l->torn = size - l->end;
    l->finished = last && (last->kind == ISO_LINE_END || last->kind == ISO_LINE_NAN_STOP);
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
    if (l->fd < 0 && mode == ISO_LEDGER_RESUME && (errno == ENOENT || errno == ENOTDIR))
        return no_run(l);
    if (l->fd < 0)
        return io_error(l, mode == ISO_LEDGER_CREATE ? "could not be created" : "could not be opened");
    if (l->ctx->files.flock(l->ctx->files.user, l->fd, LOCK_EX | LOCK_NB) == 0)
        return ISO_OK;
    if (errno == EWOULDBLOCK)
        return iso_fail(l->ctx, ISO_EINVAL, "%s: another process is working on this run", l->path);
    return io_error(l, "could not be locked");
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
        status = read_lines(l, mode);
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
    iso_free(l->ctx, l->spare.data);
    iso_free(l->ctx, l->path);
    iso_free(l->ctx, l);
}

/* Reads the file's last `size` bytes. */
static iso_status read_end(iso_context *ctx, int fd, const char *path, int64_t end, uint8_t *to, size_t size) {
    size_t got = 0;
    if (ctx->files.lseek(ctx->files.user, fd, end - (int64_t)size, SEEK_SET) < 0)
        return iso_fail(ctx, ISO_EIO, "%s: could not be read: %s", path, strerror(errno));
    while (got < size) {
        int64_t n = ctx->files.read(ctx->files.user, fd, to + got, size - got);
        if (n <= 0 && !(n < 0 && errno == EINTR))
            return iso_fail(ctx, ISO_EIO, "%s: could not be read: %s", path, n ? strerror(errno) : "it became shorter");
        got += n > 0 ? (size_t)n : 0;
    }
    return ISO_OK;
}

/* The last line, from ever longer pieces of the end. */
static iso_status digest_last_line(iso_context *ctx, int fd, const char *path, int64_t end, uint8_t head[ISO_BLAKE3_SIZE]) {
    for (size_t size = 4096;; size *= 16) {
        size = (int64_t)size < end ? size : (size_t)end;
        uint8_t *bytes = iso_alloc(ctx, size);
        iso_status status = bytes ? read_end(ctx, fd, path, end, bytes, size) : ISO_ENOMEM;
        if (!status && (size == 0 || bytes[size - 1] != '\n'))
            status = iso_fail(ctx, ISO_DIFFER, "%s ends in the middle of a line", path);
        const uint8_t *before = status ? NULL : memrchr(bytes, '\n', size - 1);
        bool whole = before || (int64_t)size == end;
        if (!status && whole) {
            const uint8_t *line = before ? before + 1 : bytes;
            iso_blake3(line, (size_t)(bytes + size - 1 - line), head);
        }
        iso_free(ctx, bytes);
        if (status || whole)
            return status;
    }
}

iso_status iso_ledger_head(iso_context *ctx, const char *directory, uint8_t head[ISO_BLAKE3_SIZE], int64_t *size) {
    char *path = iso_path_join(ctx, directory, "run.ledger");
    if (!path)
        return ISO_ENOMEM;
    int fd = ctx->files.open(ctx->files.user, path, O_RDONLY, 0);
    *size = fd < 0 ? -1 : ctx->files.lseek(ctx->files.user, fd, 0, SEEK_END);
    iso_status status = *size < 0 ? iso_fail(ctx, ISO_EIO, "%s: could not be read: %s", path, strerror(errno))
                                  : digest_last_line(ctx, fd, path, *size, head);
    if (fd >= 0)
        ctx->files.close(ctx->files.user, fd);
    iso_free(ctx, path);
    return status;
}

/* ---- Lines ---- */

iso_text iso_ledger_begin(iso_ledger *l, const char *kind) {
    iso_text line = l->spare.ctx ? l->spare : iso_text_new(l->ctx);
    l->spare = iso_text_new(l->ctx);
    iso_text_clear(&line);
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

/* What differs between two lines of a kind, in words. */
static void describe_difference(const iso_json *recorded, const iso_json *computed, char *out, size_t size) {
    iso_tensors_difference tensors = iso_line_tensors_difference(recorded, computed);
    const char *member = iso_ledger_first_difference(recorded, computed);
    const char *a = member ? iso_json_string(recorded, member) : NULL, *b = member ? iso_json_string(computed, member) : NULL;
    if (tensors.tensor && tensors.tile >= 0)
        snprintf(out, size, "tensor '%.200s' (tile %lld) is not what its own inputs give", tensors.tensor,
                 (long long)tensors.tile);
    else if (tensors.tensor)
        snprintf(out, size, "tensor '%.200s' is not what its own inputs give", tensors.tensor);
    else if (a && b && strlen(a) <= 64 && strlen(b) <= 64)
        snprintf(out, size, "%s is recorded as %s, which is not what its own inputs give: %s", member, a, b);
    else
        snprintf(out, size, "%s is not what its own inputs give", member ? member : "the line");
}

/* Says what differs between the existing line at `position` and the one that was computed. */
static iso_status line_differs(iso_ledger *l, const iso_text *line) {
    iso_json existing, computed;
    char difference[400];
    iso_status status = iso_ledger_parse(l, l->position, &existing);
    if (status)
        return status;
    if ((status = iso_json_parse(l->ctx, line->data, line->size, &computed))) {
        iso_json_free(l->ctx, &existing);
        return status;
    }
    const iso_ledger_line *at = &l->lines[l->position];
    describe_difference(&existing, &computed, difference, sizeof difference);
    const char *member = iso_ledger_first_difference(&existing, &computed);
    snprintf(l->differing, sizeof l->differing, "%s", member ? member : "");
    if (at->step < 0)
        status = iso_fail(l->ctx, ISO_DIFFER, "line %zu (%s): %s", l->position + 1, iso_line_kind_name(at->kind), difference);
    else
        status = iso_fail(l->ctx, ISO_DIFFER, "line %zu (%s, step %lld): %s", l->position + 1, iso_line_kind_name(at->kind),
                          (long long)at->step, difference);
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
    if (l->spare.data) /* two lines were under construction: one memory is enough */
        iso_text_free(line);
    else
        l->spare = *line;
    *line = iso_text_new(l->ctx);
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
    return strcmp(iso_line_kind_name(l->lines[index].kind), kind) == 0;
}

int64_t iso_ledger_step(const iso_ledger *l, size_t index) {
    return l->lines[index].step;
}

size_t iso_ledger_find(const iso_ledger *l, size_t from, const char *kind, int64_t step) {
    while (from < l->count && !(l->lines[from].step == step && iso_ledger_is(l, from, kind)))
        from++;
    return from;
}
