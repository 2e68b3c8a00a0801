/* Files of NumPy's arrays, made byte by byte. */
#ifndef TESTS_DATA_NPY_MADE_H
#define TESTS_DATA_NPY_MADE_H

#include <stdint.h>
#include <string.h>
#include <zlib.h>

/* A file of this version with this header and so many bytes of data: 0, 1, 2, ... Returns its size. */
static inline size_t make_npy(uint8_t *out, int version, const char *header, size_t data) {
    size_t length = strlen(header), start = version == 1 ? 10 : 12;
    memcpy(out, "\x93NUMPY", 6);
    out[6] = (uint8_t)version;
    memset(out + 7, 0, 5);
    out[8] = (uint8_t)length;
    memcpy(out + start, header, length);
    for (size_t i = 0; i < data; i++)
        out[start + length + i] = (uint8_t)i;
    return start + length + data;
}

static inline size_t put(uint8_t *out, size_t at, int bytes, uint64_t value) {
    for (int i = 0; i < bytes; i++)
        out[at++] = i < 8 ? (uint8_t)(value >> 8 * i) : 0;
    return at;
}

struct member {
    const char *name;
    const uint8_t *data;
    size_t size;
    bool deflate, zip64;
};

/* A zip file of these members; returns its size. */
static inline size_t make_npz(uint8_t *out, const struct member *members, size_t count) {
    size_t at = 0, directory_size = 0;
    uint8_t directory[1024];
    for (size_t i = 0; i < count; i++) {
        const struct member *m = &members[i];
        uint8_t packed[1024];
        z_stream z = {.next_in = (uint8_t *)m->data, .avail_in = (uInt)m->size, .next_out = packed, .avail_out = sizeof packed};
        deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
        deflate(&z, Z_FINISH);
        deflateEnd(&z);
        size_t offset = at, name = strlen(m->name), size = m->deflate ? z.total_out : m->size;
        uint32_t crc = (uint32_t)crc32(0, m->data, (uInt)m->size);
        at = put(out, at, 4, 0x04034b50);
        at = put(out, at, 4, 20);
        at = put(out, at, 2, m->deflate ? 8 : 0);
        at = put(out, at, 16, 0); /* time, crc and sizes: the directory counts */
        at = put(out, at, 2, name);
        at = put(out, at, 2, 5);
        memcpy(out + at, m->name, name);
        memcpy(out + at + name, "extra", 5);
        memcpy(out + at + name + 5, m->deflate ? packed : m->data, size);
        at += name + 5 + size;

        size_t d = directory_size;
        d = put(directory, d, 4, 0x02014b50);
        d = put(directory, d, 6, 20);
        d = put(directory, d, 2, m->deflate ? 8 : 0);
        d = put(directory, d, 4, 0);
        d = put(directory, d, 4, crc);
        d = put(directory, d, 4, m->zip64 ? UINT32_MAX : size);
        d = put(directory, d, 4, m->zip64 ? UINT32_MAX : m->size);
        d = put(directory, d, 2, name);
        d = put(directory, d, 2, m->zip64 ? 28 : 0);
        d = put(directory, d, 10, 0);
        d = put(directory, d, 4, m->zip64 ? UINT32_MAX : offset);
        memcpy(directory + d, m->name, name);
        d += name;
        if (m->zip64) {
            d = put(directory, d, 2, 1);
            d = put(directory, d, 2, 24);
            d = put(directory, d, 8, m->size);
            d = put(directory, d, 8, size);
            d = put(directory, d, 8, offset);
        }
        directory_size = d;
    }
    memcpy(out + at, directory, directory_size);
    size_t end = at + directory_size;
    end = put(out, end, 4, 0x06054b50);
    end = put(out, end, 4, 0);
    end = put(out, end, 2, count);
    end = put(out, end, 2, count);
    end = put(out, end, 4, directory_size);
    end = put(out, end, 4, at);
    return put(out, end, 2, 0);
}

#endif
