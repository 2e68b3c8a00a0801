/* The members of .npz files, which are zip files: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT. What counts is the
 * directory at the end; of its features those that numpy.savez and numpy.savez_compressed use. */
#include <string.h>

#include "core/text.h"
#include "data/inflate.h"
#include "data/npy.h"

#define END_SIZE   22 /* of the end of the directory, without its comment */
#define ENTRY_SIZE 46
#define LOCAL_SIZE 30
#define MAX_MEMBER ((uint64_t)1 << 36)

static uint64_t number(const uint8_t *p, int bytes) {
    uint64_t value = 0;
    for (int i = bytes; i-- > 0;)
        value = value << 8 | p[i];
    return value;
}

/* A member, as the directory describes it. */
struct member {
    const char *name;
    size_t name_size;
    int method;
    uint32_t crc;
    uint64_t packed, size, offset;
};

/* The end of the directory: where the comment behind it is as long as it says. */
static const uint8_t *find_end(const uint8_t *bytes, size_t size) {
    for (size_t back = END_SIZE; back <= size && back <= END_SIZE + 65535; back++) {
        const uint8_t *at = bytes + size - back;
        if (number(at, 4) == 0x06054b50 && number(at + 20, 2) == back - END_SIZE)
            return at;
    }
    return NULL;
}

/* Numbers that do not fit into 32 bits stand in an extra field of type 1, in this order, only those. */
static bool read_zip64(const uint8_t *extra, size_t size, struct member *m) {
    uint64_t *wanted[] = {&m->size, &m->packed, &m->offset};
    while (size >= 4) {
        size_t length = (size_t)number(extra + 2, 2), at = 4;
        if (length > size - 4)
            return false;
        for (size_t i = 0; number(extra, 2) == 1 && i < ISO_COUNTOF(wanted); i++)
            if (*wanted[i] == UINT32_MAX) {
                if (at + 8 > 4 + length)
                    return false;
                *wanted[i] = number(extra + at, 8);
                at += 8;
            }
        extra += 4 + length;
        size -= 4 + length;
    }
    return true;
}

/* The entry at *at, which moves behind it. */
static bool next_member(const uint8_t **at, const uint8_t *end, struct member *m) {
    const uint8_t *p = *at;
    if (end - p < ENTRY_SIZE || number(p, 4) != 0x02014b50)
        return false;
    size_t name = (size_t)number(p + 28, 2), extra = (size_t)number(p + 30, 2), comment = (size_t)number(p + 32, 2);
    if ((size_t)(end - p) < ENTRY_SIZE + name + extra + comment)
        return false;
    *m = (struct member){.name = (const char *)p + ENTRY_SIZE,
                         .name_size = name,
                         .method = (int)number(p + 10, 2),
                         .crc = (uint32_t)number(p + 16, 4),
                         .packed = number(p + 20, 4),
                         .size = number(p + 24, 4),
                         .offset = number(p + 42, 4)};
    *at = p + ENTRY_SIZE + name + extra + comment;
    return read_zip64(p + ENTRY_SIZE + name, extra, m);
}

/* ISO_OK, ISO_ENOMEM, or ISO_EINVAL without a message. */
static iso_status inflate_into(iso_context *ctx, const uint8_t *packed, uint64_t packed_size, uint8_t *out, uint64_t size) {
    z_stream stream = {.zalloc = NULL};
    if (iso_inflate_begin(ctx, &stream, -MAX_WBITS) != Z_OK)
        return ISO_ENOMEM;
    int result = Z_OK;
    uint64_t in_done = 0, out_done = 0;
    while (result == Z_OK) {
        uint64_t in = iso_min64((int64_t)(packed_size - in_done), 1 << 30), room = iso_min64((int64_t)(size - out_done), 1 << 30);
        stream.next_in = (uint8_t *)packed + in_done;
        stream.avail_in = (uInt)in;
        stream.next_out = out + out_done;
        stream.avail_out = (uInt)room;
        result = inflate(&stream, Z_NO_FLUSH);
        in_done += in - stream.avail_in;
        out_done += room - stream.avail_out;
    } /* without a way on: Z_BUF_ERROR */
    inflateEnd(&stream);
    if (result == Z_MEM_ERROR)
        return ISO_ENOMEM;
    return result == Z_STREAM_END && out_done == size && in_done == packed_size ? ISO_OK : ISO_EINVAL;
}

static iso_status unpack(iso_context *ctx, const char *name, const uint8_t *bytes, size_t size, const struct member *m,
                         const char *key, uint8_t **data) {
    iso_status unpacked = ISO_OK;
    const uint8_t *local = m->offset <= size && size - m->offset >= LOCAL_SIZE ? bytes + m->offset : NULL;
    bool ok = local && number(local, 4) == 0x04034b50 && m->size <= MAX_MEMBER;
    uint64_t start = ok ? m->offset + LOCAL_SIZE + number(local + 26, 2) + number(local + 28, 2) : 0;
    ok = ok && start <= size && m->packed <= size - start;
    /* deflate makes at most 1032 bytes of one: a promise of more is refused before memory is asked for */
    ok = ok && (m->method == 0 ? m->packed == m->size : m->method == 8 && m->size / 1032 <= m->packed);
    if (ok && !(*data = iso_alloc(ctx, m->size ? (size_t)m->size : 1)))
        return ISO_ENOMEM;
    if (ok && m->method == 0)
        memcpy(*data, bytes + start, (size_t)m->size);
    else if (ok)
        unpacked = inflate_into(ctx, bytes + start, m->packed, *data, m->size);
    if (ok && !unpacked && (uint32_t)crc32_z(0, *data, (size_t)m->size) == m->crc)
        return ISO_OK;
    iso_free(ctx, *data);
    *data = NULL;
    if (unpacked == ISO_ENOMEM)
        return unpacked;
    return iso_fail(ctx, ISO_EINVAL, "%s: its member '%s' is damaged, or packed in a way that NumPy does not use", name, key);
}

iso_status iso_npz_member(iso_context *ctx, const char *name, const uint8_t *bytes, size_t size, const char *key, uint8_t **data,
                          size_t *data_size) {
    const uint8_t *end = find_end(bytes, size);
    *data = NULL;
    uint64_t start = end ? number(end + 16, 4) : 0, length = end ? number(end + 12, 4) : 0, count = end ? number(end + 10, 2) : 0;
    if (!end || start > (uint64_t)(end - bytes) || length > (uint64_t)(end - bytes) - start)
        return iso_fail(ctx, ISO_EINVAL, "%s: is no .npz file, or is damaged", name);
    const uint8_t *at = bytes + start, *stop = at + length;
    size_t key_size = strlen(key);
    iso_text names = iso_text_new(ctx);
    for (uint64_t i = 0; i < count; i++) {
        struct member m;
        if (!next_member(&at, stop, &m)) {
            iso_text_free(&names);
            return iso_fail(ctx, ISO_EINVAL, "%s: its directory is damaged", name);
        }
        size_t plain = m.name_size > 4 && memcmp(m.name + m.name_size - 4, ".npy", 4) == 0 ? m.name_size - 4 : m.name_size;
        if (plain == key_size && memcmp(m.name, key, plain) == 0) {
            iso_text_free(&names);
            *data_size = (size_t)m.size;
            return unpack(ctx, name, bytes, size, &m, key, data);
        }
        if (i < 10)
            iso_text_printf(&names, "%s'%.*s'", i ? ", " : "", (int)iso_min64((int64_t)plain, 64), m.name);
    }
    iso_status status =
        iso_fail(ctx, ISO_EINVAL, "%s: has no array '%s'; it has %s", name, key, names.size ? names.data : "none");
    iso_text_free(&names);
    return status;
}
