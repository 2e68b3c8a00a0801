/* PNG through libpng, which only unpacks; the conversion to RGB is Pillow's, which is not libpng's: alpha is dropped and not
 * composited, transparency and gamma are ignored, 16-bit gray is clipped and not scaled. */
#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include "image/image.h"

struct source {
    const uint8_t *data;
    size_t at, size;
    bool complete; /* all rows are there: from here on the file may end, a missing IEND is forgiven as Pillow does */
    bool forgiven;
    bool no_memory; /* which libpng may report as damage */
    iso_context *ctx;
    iso_worker_error *error;
};

static png_voidp take_memory(png_structp png, png_alloc_size_t size) {
    struct source *source = png_get_mem_ptr(png);
    void *memory = iso_try_alloc(source->ctx, size);
    source->no_memory = source->no_memory || !memory;
    return memory;
}
static void give_memory(png_structp png, png_voidp memory) {
    struct source *source = png_get_mem_ptr(png);
    iso_free(source->ctx, memory);
}

static void on_error(png_structp png, png_const_charp message) {
    struct source *source = png_get_error_ptr(png);
    if (source->no_memory)
        iso_worker_fail(source->error, ISO_ENOMEM, "out of memory");
    else if (!source->forgiven)
        iso_worker_fail(source->error, ISO_EINVAL, "damaged PNG: %s", message);
    png_longjmp(png, 1);
}

/* libpng only warns of a wrong checksum of the pixels (zlib's words follow "IDAT: "); too many of them are harmless. */
static void on_warning(png_structp png, png_const_charp message) {
    if (strncmp(message, "IDAT: ", 6) == 0 && !strstr(message, "xtra compressed data") && !strstr(message, "oo much"))
        png_error(png, message);
}

static void read_bytes(png_structp png, png_bytep out, size_t count) {
    struct source *source = png_get_io_ptr(png);
    if (source->size - source->at < count) {
        source->forgiven = source->complete && source->at == source->size && count == 8; /* between two chunks */
        png_error(png, "the file ends early");
    }
    memcpy(out, source->data + source->at, count);
    source->at += count;
}

/* One row of raw samples to RGB; false for a palette index past the palette. */
static bool convert_row(const uint8_t *row, uint8_t *out, int64_t w, int type, int depth, const png_color *palette, int colours) {
    static const int scale[] = {0, 255, 85, 0, 17};
    int channels = type == PNG_COLOR_TYPE_RGB          ? 3
                   : type == PNG_COLOR_TYPE_RGB_ALPHA  ? 4
                   : type == PNG_COLOR_TYPE_GRAY_ALPHA ? 2
                                                       : 1;
    for (int64_t x = 0; x < w; x++, out += 3) {
        int64_t first = x * channels;
        if (type == PNG_COLOR_TYPE_RGB || type == PNG_COLOR_TYPE_RGB_ALPHA) {
            for (int c = 0; c < 3; c++)
                out[c] = depth == 16 ? row[2 * (first + c)] : row[first + c];
            continue;
        }
        int v;
        if (depth < 8)
            v = row[x * depth / 8] >> (8 - depth - x * depth % 8) & ((1 << depth) - 1);
        else if (depth == 8)
            v = row[first];
        else if (type == PNG_COLOR_TYPE_GRAY) /* 16 bits: clipped to 255 */
            v = row[2 * first] ? 255 : row[2 * first + 1];
        else
            v = row[2 * first];
        if (type == PNG_COLOR_TYPE_PALETTE) {
            if (v >= colours)
                return false;
            out[0] = palette[v].red;
            out[1] = palette[v].green;
            out[2] = palette[v].blue;
        } else
            out[0] = out[1] = out[2] = (uint8_t)(depth < 8 ? v * scale[depth] : v);
    }
    return true;
}

/* Reads the whole image into `raw`, rows of rowbytes; interlaced files need all of it at once. */
static bool read_rows(png_structp png, png_infop info, struct source *source, uint8_t *raw, size_t rowbytes, int64_t h) {
    if (setjmp(png_jmpbuf(png)))
        return source->forgiven && !source->no_memory;
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, info);
    for (int pass = 0; pass < passes; pass++)
        for (int64_t y = 0; y < h; y++)
            png_read_row(png, raw + (size_t)y * rowbytes, NULL);
    source->complete = true;
    png_read_end(png, NULL);
    return true;
}

static bool read_header(png_structp png, png_infop info, struct source *source) {
    if (setjmp(png_jmpbuf(png))) /* from here on the library may call on_error */
        return false;
    png_set_read_fn(png, source, read_bytes);
    png_set_user_limits(png, 0x7fffffff, 0x7fffffff);
    png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    /* Nothing in them changes a pixel, and what does not reach the library cannot be refused by it. */
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_read_info(png, info);
    return true;
}

static bool decode(iso_context *ctx, png_structp png, png_infop info, struct source *source, iso_image *image) {
    if (!read_header(png, info, source))
        return false;
    int64_t w = png_get_image_width(png, info), h = png_get_image_height(png, info);
    int type = png_get_color_type(png, info), depth = png_get_bit_depth(png, info), colours = 0;
    if (!iso_image_allow(w, h, source->error))
        return false;
    png_color *palette = NULL;
    if (type == PNG_COLOR_TYPE_PALETTE)
        png_get_PLTE(png, info, &palette, &colours);
    size_t rowbytes = png_get_rowbytes(png, info);
    uint8_t *raw = iso_try_alloc(ctx, rowbytes * (size_t)h);
    if (!raw)
        return iso_worker_fail(source->error, ISO_ENOMEM, "out of memory");
    memset(raw, 0, rowbytes * (size_t)h);
    bool ok = iso_image_resize(ctx, image, w, h, 3, source->error) && read_rows(png, info, source, raw, rowbytes, h);
    for (int64_t y = 0; y < h && ok; y++)
        if (!convert_row(raw + (size_t)y * rowbytes, iso_image_row(image, y), w, type, depth, palette, colours))
            ok = iso_worker_fail(source->error, ISO_EINVAL, "damaged PNG: a pixel names a colour outside of the palette");
    iso_free(ctx, raw);
    return ok;
}

bool iso_png_decode(iso_context *ctx, const uint8_t *data, size_t size, iso_image *image, iso_worker_error *error) {
    struct source source = {.data = data, .size = size, .ctx = ctx, .error = error};
    png_structp png =
        png_create_read_struct_2(PNG_LIBPNG_VER_STRING, &source, on_error, on_warning, &source, take_memory, give_memory);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    bool ok = false;
    if (info) {
        ok = decode(ctx, png, info, &source, image);
    } else
        iso_worker_fail(error, ISO_ENOMEM, "out of memory");
    if (png)
        png_destroy_read_struct(&png, info ? &info : NULL, NULL);
    return ok;
}
