/* Decoding: every kind of PNG and JPEG against a conversion written out here, and damage of every kind. */
#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <zlib.h>

#include "harness/memory.h"
#include "harness/test.h"
#include "image/image.h"

struct bytes {
    uint8_t *data;
    size_t size, capacity;
};

static void append(struct bytes *b, const void *data, size_t size) {
    if (b->size + size > b->capacity) {
        b->capacity = 2 * (b->size + size);
        b->data = realloc(b->data, b->capacity);
    }
    memcpy(b->data + b->size, data, size);
    b->size += size;
}

static void write_png_bytes(png_structp png, png_bytep data, size_t size) {
    append(png_get_io_ptr(png), data, size);
}

/* A PNG of the given raw rows. */
static struct bytes encode_png(int w, int h, int type, int depth, int interlace, const uint8_t *raw, size_t rowbytes,
                               const png_color *palette, int colours) {
    struct bytes out = {NULL, 0, 0};
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_set_write_fn(png, &out, write_png_bytes, NULL);
    png_set_IHDR(png, info, (unsigned)w, (unsigned)h, depth, type, interlace, 0, 0);
    if (type == PNG_COLOR_TYPE_PALETTE)
        png_set_PLTE(png, info, palette, colours);
    png_set_filter(png, 0, PNG_ALL_FILTERS);
    png_write_info(png, info);
    int passes = png_set_interlace_handling(png);
    for (int pass = 0; pass < passes; pass++)
        for (int y = 0; y < h; y++)
            png_write_row(png, raw + (size_t)y * rowbytes);
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    return out;
}

static iso_context *new_context(void) {
    iso_context *ctx;
    return iso_context_new(&ctx, &(iso_context_options){.threads = 1}) ? NULL : ctx;
}

/* Sample i of a row of raw samples. */
static int sample_at(const uint8_t *row, int i, int depth) {
    if (depth == 16)
        return row[2 * i] << 8 | row[2 * i + 1];
    int bit = i * depth;
    return row[bit / 8] >> (8 - depth - bit % 8) & ((1 << depth) - 1);
}

/* The colour that a pixel must have, from its raw samples. */
static void expected_pixel(const uint8_t *row, int x, int type, int depth, const png_color *palette, uint8_t rgb[3]) {
    int channels = type == PNG_COLOR_TYPE_RGB          ? 3
                   : type == PNG_COLOR_TYPE_RGB_ALPHA  ? 4
                   : type == PNG_COLOR_TYPE_GRAY_ALPHA ? 2
                                                       : 1;
    int first = sample_at(row, x * channels, depth);
    for (int c = 0; c < 3; c++) {
        int v = channels >= 3 ? sample_at(row, x * channels + c, depth) : first;
        if (type == PNG_COLOR_TYPE_PALETTE)
            v = c == 0 ? palette[first].red : c == 1 ? palette[first].green : palette[first].blue;
        else if (depth == 16 && type == PNG_COLOR_TYPE_GRAY)
            v = v > 255 ? 255 : v;
        else if (depth == 16)
            v >>= 8;
        else
            v = v * 255 / ((1 << depth) - 1);
        rgb[c] = (uint8_t)v;
    }
}

static const struct {
    int type, depth;
} png_kinds[] = {
    {PNG_COLOR_TYPE_GRAY, 1},        {PNG_COLOR_TYPE_GRAY, 2},      {PNG_COLOR_TYPE_GRAY, 4},
    {PNG_COLOR_TYPE_GRAY, 8},        {PNG_COLOR_TYPE_GRAY, 16},     {PNG_COLOR_TYPE_RGB, 8},
    {PNG_COLOR_TYPE_RGB, 16},        {PNG_COLOR_TYPE_PALETTE, 1},   {PNG_COLOR_TYPE_PALETTE, 2},
    {PNG_COLOR_TYPE_PALETTE, 4},     {PNG_COLOR_TYPE_PALETTE, 8},   {PNG_COLOR_TYPE_GRAY_ALPHA, 8},
    {PNG_COLOR_TYPE_GRAY_ALPHA, 16}, {PNG_COLOR_TYPE_RGB_ALPHA, 8}, {PNG_COLOR_TYPE_RGB_ALPHA, 16},
};

static struct bytes random_png(size_t kind, int w, int h, int interlace, uint8_t raw[], size_t *rowbytes,
                               png_color palette[256]) {
    int type = png_kinds[kind].type, depth = png_kinds[kind].depth;
    int channels = type == PNG_COLOR_TYPE_RGB          ? 3
                   : type == PNG_COLOR_TYPE_RGB_ALPHA  ? 4
                   : type == PNG_COLOR_TYPE_GRAY_ALPHA ? 2
                                                       : 1;
    *rowbytes = ((size_t)w * (size_t)channels * (size_t)depth + 7) / 8;
    for (size_t i = 0; i < *rowbytes * (size_t)h; i++)
        raw[i] = (uint8_t)iso_test_random();
    for (size_t i = 0; i < *rowbytes * (size_t)h && depth == 16 && type == PNG_COLOR_TYPE_GRAY; i += 2)
        raw[i] = (uint8_t)(raw[i] & 1); /* so that some stay below 256 */
    for (int i = 0; i < 256; i++)
        palette[i] = (png_color){(uint8_t)iso_test_random(), (uint8_t)iso_test_random(), (uint8_t)iso_test_random()};
    return encode_png(w, h, type, depth, interlace, raw, *rowbytes, palette, 1 << (depth > 8 ? 8 : depth));
}

ISO_TEST(decode_every_kind_of_png) {
    iso_context *ctx = new_context();
    static uint8_t raw[40 * 40 * 8];
    png_color palette[256];
    iso_image image = {0};
    iso_worker_error error = {.status = ISO_OK};
    for (int repeat = 0; repeat < (iso_test_long() ? 100 : 8); repeat++)
        for (size_t kind = 0; kind < 2 * ISO_COUNTOF(png_kinds); kind++) {
            size_t rowbytes, k = kind / 2;
            int w = (int)iso_test_between(1, 40), h = (int)iso_test_between(1, 40);
            struct bytes file = random_png(k, w, h, kind % 2, raw, &rowbytes, palette);
            bool ok = iso_image_decode(ctx, file.data, file.size, &image, &error);
            free(file.data);
            CHECK_MSG(ok, "type %d depth %d: %s", png_kinds[k].type, png_kinds[k].depth, error.message);
            CHECK(image.w == w && image.h == h && image.channels == 3);
            for (int y = 0; y < h; y++)
                for (int x = 0; x < w; x++) {
                    uint8_t rgb[3];
                    expected_pixel(raw + (size_t)y * rowbytes, x, png_kinds[k].type, png_kinds[k].depth, palette, rgb);
                    CHECK_MSG(memcmp(rgb, iso_image_row(&image, y) + 3 * x, 3) == 0, "type %d depth %d at (%d, %d)",
                              png_kinds[k].type, png_kinds[k].depth, y, x);
                }
        }
    iso_image_free(ctx, &image);
    iso_context_free(ctx);
}

/* Encodes noise of 1 (gray), 3 (RGB to YCbCr) or 4 (CMYK, or YCCK) components. */
/* `progressive`: 1 as the library does it by itself, 2 in two scans of full precision, of the means and of the rest. */
static struct bytes encode_jpeg(int w, int h, int components, int ycck, int progressive, int quality) {
    struct jpeg_compress_struct info;
    struct jpeg_error_mgr manager;
    unsigned char *data = NULL;
    unsigned long size = 0;
    uint8_t *row = malloc((size_t)(w * components));
    info.err = jpeg_std_error(&manager);
    jpeg_create_compress(&info);
    jpeg_mem_dest(&info, &data, &size);
    info.image_width = (JDIMENSION)w;
    info.image_height = (JDIMENSION)h;
    info.input_components = components;
    info.in_color_space = components == 1 ? JCS_GRAYSCALE : components == 3 ? JCS_RGB : JCS_CMYK;
    jpeg_set_defaults(&info);
    if (ycck)
        jpeg_set_colorspace(&info, JCS_YCCK);
    jpeg_set_quality(&info, quality, TRUE);
    static const jpeg_scan_info two_scans[] = {{1, {0}, 0, 0, 0, 0}, {1, {0}, 1, 63, 0, 0}};
    if (progressive == 2) {
        info.scan_info = two_scans;
        info.num_scans = 2;
    } else if (progressive)
        jpeg_simple_progression(&info);
    jpeg_start_compress(&info, TRUE);
    for (int y = 0; y < h; y++) {
        for (int x = 0; x < w * components; x++)
            row[x] = (uint8_t)(iso_test_random() % 64 + (unsigned)(x * 3 + y * 5) % 190);
        jpeg_write_scanlines(&info, &row, 1);
    }
    jpeg_finish_compress(&info);
    struct bytes out = {malloc(size), size, size};
    memcpy(out.data, data, size);
    free(data);
    jpeg_destroy_compress(&info);
    free(row);
    return out;
}

/* The library's own answer, in its own colour space. */
static uint8_t *decode_plainly(const struct bytes *file, J_COLOR_SPACE space, int components) {
    struct jpeg_decompress_struct info;
    struct jpeg_error_mgr manager;
    info.err = jpeg_std_error(&manager);
    jpeg_create_decompress(&info);
    jpeg_mem_src(&info, file->data, file->size);
    jpeg_read_header(&info, TRUE);
    info.out_color_space = space;
    jpeg_start_decompress(&info);
    uint8_t *out = malloc((size_t)info.output_width * info.output_height * (size_t)components);
    while (info.output_scanline < info.output_height) {
        uint8_t *row = out + (size_t)info.output_scanline * info.output_width * (size_t)components;
        jpeg_read_scanlines(&info, &row, 1);
    }
    jpeg_finish_decompress(&info);
    jpeg_destroy_decompress(&info);
    return out;
}

static void jpeg_expected(const uint8_t *from, int components, uint8_t rgb[3]) {
    for (int c = 0; c < 3; c++) {
        int v = components == 1 ? from[0] : from[c];
        if (components == 4) {
            int ink = 255 - from[c], black = 255 - from[3], t = ink * (255 - black) + 128;
            v = 255 - black - ((t + (t >> 8)) >> 8);
            v = v < 0 ? 0 : v;
        }
        rgb[c] = (uint8_t)v;
    }
}

ISO_TEST(decode_gray_colour_and_cmyk_jpeg) {
    iso_context *ctx = new_context();
    iso_image image = {0};
    iso_worker_error error = {.status = ISO_OK};
    for (int i = 0; i < (iso_test_long() ? 400 : 48); i++) {
        int w = (int)iso_test_between(1, 50), h = (int)iso_test_between(1, 50);
        int components = i % 4 == 0 ? 1 : i % 4 == 1 ? 3 : 4;
        struct bytes file = encode_jpeg(w, h, components, i % 4 == 3, i & 4, (int)iso_test_between(1, 100));
        bool ok = iso_image_decode(ctx, file.data, file.size, &image, &error);
        CHECK_MSG(ok, "%s", error.message);
        CHECK(image.w == w && image.h == h && image.channels == 3);
        uint8_t *plain = decode_plainly(&file,
                                        components == 1   ? JCS_GRAYSCALE
                                        : components == 3 ? JCS_RGB
                                                          : JCS_CMYK,
                                        components);
        for (int p = 0; p < w * h; p++) {
            uint8_t rgb[3];
            jpeg_expected(plain + p * components, components, rgb);
            CHECK_MSG(memcmp(rgb, image.pixels + 3 * p, 3) == 0, "%d components, pixel %d", components, p);
        }
        free(plain);
        free(file.data);
    }
    iso_image_free(ctx, &image);
    iso_context_free(ctx);
}

/* Every cut is damage, but for a PNG whose IEND is missing as a whole. */
ISO_TEST(decode_refuses_files_that_end_early) {
    iso_context *ctx = new_context();
    static uint8_t raw[40 * 40 * 8];
    png_color palette[256];
    iso_image image = {0};
    for (int i = 0; i < 6; i++) {
        size_t rowbytes;
        struct bytes file = i < 3 ? random_png((size_t)iso_test_between(0, 14), 9, 7, i % 2, raw, &rowbytes, palette)
                                  : encode_jpeg(17, 9, i == 5 ? 4 : 3, 0, i == 4, 80);
        for (size_t size = 0; size < file.size; size++) {
            iso_worker_error error = {.status = ISO_OK};
            uint8_t *exact = malloc(size ? size : 1); /* so that a sanitizer sees reads past the end */
            memcpy(exact, file.data, size);
            bool ok = iso_image_decode(ctx, exact, size, &image, &error), forgiven = i < 3 && size == file.size - 12;
            free(exact);
            CHECK_MSG(ok == forgiven, "kind %d cut to %zu of %zu bytes: %s", i, size, file.size, ok ? "accepted" : error.message);
            CHECK(ok || (error.status == ISO_EINVAL && error.message[0]));
        }
        free(file.data);
    }
    iso_image_free(ctx, &image);
    iso_context_free(ctx);
}

/* Flipped bits in a PNG are always found; in a JPEG not, but nothing breaks. */
ISO_TEST(decode_survives_flipped_bits) {
    iso_context *ctx = new_context();
    static uint8_t raw[40 * 40 * 8];
    png_color palette[256];
    iso_image image = {0};
    for (int i = 0; i < (iso_test_long() ? 20000 : 1500); i++) {
        size_t rowbytes;
        bool png = i % 2;
        struct bytes file = png ? random_png((size_t)iso_test_between(0, 14), 11, 9, i % 3 == 0, raw, &rowbytes, palette)
                                : encode_jpeg(20, 14,
                                              i % 8 == 0   ? 4
                                              : i % 8 == 2 ? 1
                                                           : 3,
                                              0, i % 6 == 0, 70);
        size_t at = (size_t)iso_test_between(0, (int64_t)file.size - 1);
        file.data[at] ^= (uint8_t)(1u << (iso_test_random() % 8));
        iso_worker_error error = {.status = ISO_OK};
        bool ok = iso_image_decode(ctx, file.data, file.size, &image, &error);
        free(file.data);
        CHECK_MSG(!(png && ok), "byte %zu of a PNG was changed and nobody noticed", at);
        CHECK(ok || error.message[0]);
    }
    iso_image_free(ctx, &image);
    iso_context_free(ctx);
}

static void put_chunk(struct bytes *out, const char *name, const void *data, size_t size) {
    uint8_t length[4] = {(uint8_t)(size >> 24), (uint8_t)(size >> 16), (uint8_t)(size >> 8), (uint8_t)size};
    uLong crc = crc32(crc32(0, (const Bytef *)name, 4), data, (uInt)size);
    uint8_t tail[4] = {(uint8_t)(crc >> 24), (uint8_t)(crc >> 16), (uint8_t)(crc >> 8), (uint8_t)crc};
    append(out, length, 4);
    append(out, name, 4);
    append(out, data, size);
    append(out, tail, 4);
}

/* A PNG of 1 x 1 pixels, gray (or of a palette of one colour), from its scanline; checksum is added to that of the pixels. */
static struct bytes tiny_png(uint32_t w, uint32_t h, int type, const uint8_t *scanline, size_t size, unsigned checksum) {
    struct bytes out = {NULL, 0, 0};
    uint8_t header[13] = {(uint8_t)(w >> 24), (uint8_t)(w >> 16), (uint8_t)(w >> 8), (uint8_t)w, (uint8_t)(h >> 24),
                          (uint8_t)(h >> 16), (uint8_t)(h >> 8),  (uint8_t)h,        8,          (uint8_t)type};
    uint8_t packed[256], palette[3] = {1, 2, 3};
    uLongf packed_size = sizeof packed;
    compress(packed, &packed_size, scanline, (uLong)size);
    packed[packed_size - 1] = (uint8_t)(packed[packed_size - 1] + checksum);
    append(&out, "\x89PNG\r\n\x1a\n", 8);
    put_chunk(&out, "IHDR", header, sizeof header);
    if (type == 3)
        put_chunk(&out, "PLTE", palette, 3);
    put_chunk(&out, "IDAT", packed, packed_size);
    put_chunk(&out, "IEND", "", 0);
    return out;
}

/* Memory enough for the libraries and small images. */
static void *alloc_little(void *user, size_t size, size_t alignment) {
    void *pointer;
    (void)user;
    return size <= 1 << 20 && posix_memalign(&pointer, alignment, size) == 0 ? pointer : NULL;
}
static void free_little(void *user, void *pointer) {
    (void)user;
    free(pointer);
}

ISO_TEST(decode_names_the_damage) {
    iso_context *ctx;
    const iso_allocator little = {alloc_little, free_little, NULL};
    CHECK(iso_context_new(&ctx, &(iso_context_options){.threads = 1, .allocator = &little}) == ISO_OK);
    iso_image image = {0};
    const struct {
        struct bytes file;
        const char *part; /* NULL: is fine */
    } cases[] = {
        {tiny_png(1, 1, 0, (const uint8_t *)"\0\x7f", 2, 0), NULL},
        {tiny_png(1, 1, 0, (const uint8_t *)"\0\x7f", 2, 1), "incorrect data check"},
        {tiny_png(1, 1, 3, (const uint8_t *)"\0\0", 2, 0), NULL},
        {tiny_png(1, 1, 3, (const uint8_t *)"\0\1", 2, 0), "outside of the palette"},
        {tiny_png(2, 1, 0, (const uint8_t *)"\0\x7f", 2, 0), "damaged PNG"},
        {tiny_png(1, 1, 0, (const uint8_t *)"\0\x7fmore", 6, 0), NULL},
        {tiny_png(1, 1, 0, (const uint8_t *)"\7\x7f", 2, 0), "damaged PNG"},
        {tiny_png(20000, 20000, 0, (const uint8_t *)"\0\x7f", 2, 0), "more than the limit"},
        {tiny_png(0x7fffffff, 0x7fffffff, 0, (const uint8_t *)"\0\x7f", 2, 0), "limit"},
        {tiny_png(0, 1, 0, (const uint8_t *)"\0\x7f", 2, 0), "damaged PNG"},
    };
    for (size_t i = 0; i < ISO_COUNTOF(cases); i++) {
        iso_worker_error error = {.status = ISO_OK};
        bool ok = iso_image_decode(ctx, cases[i].file.data, cases[i].file.size, &image, &error);
        free(cases[i].file.data);
        CHECK_MSG(ok == !cases[i].part, "case %zu: %s", i, ok ? "accepted" : error.message);
        CHECK_MSG(ok || strstr(error.message, cases[i].part), "case %zu: %s", i, error.message);
    }
    iso_image_free(ctx, &image);
    iso_context_free(ctx);
}

/* A PNG of one pixel with another chunk behind its header; `wrong` is added to the chunk's checksum. */
static struct bytes png_with(const char *name, const uint8_t *data, size_t size, int wrong) {
    struct bytes plain = tiny_png(1, 1, 0, (const uint8_t *)"\0\x7f", 2, 0), out = {NULL, 0, 0};
    append(&out, plain.data, 33); /* the signature and IHDR */
    put_chunk(&out, name, data, size);
    out.data[out.size - 1] = (uint8_t)(out.data[out.size - 1] + wrong);
    append(&out, plain.data + 33, plain.size - 33);
    free(plain.data);
    return out;
}

/* Chunks that unpack to 64 MB, or promise more than there is: what changes no pixel is not unpacked, and a wrong checksum is
 * damage. */
ISO_TEST(decode_hostile_png_chunks) {
    iso_context *ctx = new_context();
    iso_image image = {0};
    uLong plain_size = 64 << 20, size = compressBound(plain_size);
    uint8_t *plain = calloc(1, plain_size), *chunk = malloc(size + 16);
    CHECK(plain && chunk && compress2(chunk + 3, &size, plain, plain_size, 9) == Z_OK);
    memcpy(chunk, "p\0\0", 3); /* a name, and the method of compression */
    const struct {
        struct bytes file;
        const char *part; /* NULL: is fine */
    } cases[] = {
        {png_with("iCCP", chunk, size + 3, 0), NULL},
        {png_with("zTXt", chunk, size + 3, 0), NULL},
        {png_with("iTXt", (const uint8_t *)"k\0\1\0\0\0x", 7, 0), NULL},
        {png_with("tEXt", (const uint8_t *)"k\0v", 3, 1), "CRC"},
        {png_with("iCCP", chunk, size + 3, 1), "CRC"},
        {png_with("abcd", (const uint8_t *)"", 0, 0), NULL},
        {png_with("ABCD", (const uint8_t *)"", 0, 0), "damaged PNG"}, /* critical and unknown */
    };
    for (size_t i = 0; i < ISO_COUNTOF(cases); i++) {
        iso_worker_error error = {.status = ISO_OK};
        bool ok = iso_image_decode(ctx, cases[i].file.data, cases[i].file.size, &image, &error);
        CHECK_MSG(ok == !cases[i].part, "case %zu: %s", i, ok ? "accepted" : error.message);
        CHECK_MSG(ok || strstr(error.message, cases[i].part), "case %zu: %s", i, error.message);
        cases[i].file.data[33] = 0x7f; /* the chunk is longer than the file */
        CHECK(!iso_image_decode(ctx, cases[i].file.data, cases[i].file.size, &image, &error));
        free(cases[i].file.data);
    }
    free(plain);
    free(chunk);
    iso_image_free(ctx, &image);
    iso_context_free(ctx);
}

ISO_TEST(decode_names_other_formats) {
    static const struct {
        const char *data;
        size_t size;
        const char *part;
    } cases[] = {
        {"", 0, "empty"},
        {"GIF89a....", 10, "GIF file; PNG"},
        {"RIFF....WEBPVP8 ", 16, "WebP"},
        {"BM..........", 12, "BMP"},
        {"II*\0....", 8, "TIFF"},
        {"hello, world", 12, "neither PNG"},
        {"\xff\xd8", 2, "neither"},
        {"\x89PNG", 4, "neither"},
    };
    iso_context *ctx = new_context();
    iso_image image = {0};
    for (size_t i = 0; i < ISO_COUNTOF(cases); i++) {
        iso_worker_error error = {.status = ISO_OK};
        CHECK(!iso_image_decode(ctx, (const uint8_t *)cases[i].data, cases[i].size, &image, &error));
        CHECK_MSG(error.status == ISO_EINVAL && strstr(error.message, cases[i].part), "case %zu: %s", i, error.message);
    }
    iso_context_free(ctx);
}

/* Bytes behind the end of a JPEG are no damage. */
ISO_TEST(decode_ignores_bytes_behind_a_jpeg) {
    iso_context *ctx = new_context();
    iso_image a = {0}, b = {0};
    iso_worker_error error = {.status = ISO_OK};
    struct bytes file = encode_jpeg(20, 10, 3, 0, 0, 90);
    CHECK(iso_image_decode(ctx, file.data, file.size, &a, &error));
    append(&file, "trailing", 8);
    CHECK_MSG(iso_image_decode(ctx, file.data, file.size, &b, &error), "%s", error.message);
    CHECK(memcmp(a.pixels, b.pixels, 20 * 10 * 3) == 0);
    free(file.data);
    iso_image_free(ctx, &a);
    iso_image_free(ctx, &b);
    iso_context_free(ctx);
}

/* The rows that are asked for are those of the whole image, whatever else is there. */
ISO_TEST(decode_some_rows_of_a_jpeg) {
    iso_context *ctx = new_context();
    iso_image whole = {0}, part = {0};
    iso_worker_error error = {.status = ISO_OK};
    for (int64_t number = 0; number < 40; number++) {
        int w = 1 + (int)(number * 37 % 90), h = 1 + (int)(number * 23 % 70);
        struct bytes file = encode_jpeg(w, h, 3, 0, (int)(number % 2), 70);
        CHECK(iso_image_decode(ctx, file.data, file.size, &whole, &error));
        for (int64_t rows = 1; rows <= h + 1; rows += 1 + number % 7) {
            iso_image_free(ctx, &part);
            CHECK(iso_image_decode_rows(ctx, file.data, file.size, rows, &part, &error) && part.w == w && part.h == h);
            CHECK(memcmp(part.pixels, whole.pixels, (size_t)(3 * w * (rows < h ? rows : h))) == 0);
        }
        free(file.data);
    }
    iso_image_free(ctx, &whole);
    iso_image_free(ctx, &part);
    iso_context_free(ctx);
}

/* A progressive file whose last scan, which a decoder may not refuse, is there again and again: a few bytes each, and a pass over
 * the whole image. */
ISO_TEST(decode_refuses_a_jpeg_of_more_than_1000_scans) {
    iso_context *ctx = new_context();
    iso_image once = {0}, often = {0};
    iso_worker_error error = {.status = ISO_OK};
    struct bytes file = encode_jpeg(16, 16, 1, 0, 2, 60), many = {0};
    CHECK_MSG(iso_image_decode(ctx, file.data, file.size, &once, &error), "%s", error.message);
    size_t scan = file.size - 2, end = file.size - 2; /* behind it: the marker of the file's end */
    while (scan > 0 && !(file.data[scan] == 0xff && file.data[scan + 1] == 0xda))
        scan--;
    append(&many, file.data, end);
    for (int scans = 2; scans < 1000; scans++)
        append(&many, file.data + scan, end - scan);
    append(&many, file.data + end, 2);
    CHECK_MSG(iso_image_decode(ctx, many.data, many.size, &often, &error), "%s", error.message);
    CHECK(memcmp(once.pixels, often.pixels, 16 * 16 * 3) == 0);
    many.size -= 2;
    append(&many, file.data + scan, file.size - scan);
    CHECK(!iso_image_decode(ctx, many.data, many.size, &often, &error));
    CHECK_MSG(error.status == ISO_EINVAL && strcmp(error.message, "a JPEG of more than 1000 scans is not decoded") == 0, "%s",
              error.message);
    free(file.data);
    free(many.data);
    iso_image_free(ctx, &once);
    iso_image_free(ctx, &often);
    iso_context_free(ctx);
}

/* ---- Memory that runs out ---- */

ISO_TEST(decode_without_memory_fails_and_leaks_nothing) {
    static uint8_t raw[40 * 40 * 8];
    png_color palette[256];
    size_t rowbytes;
    for (int i = 0; i < 2; i++) {
        struct bytes file = i ? encode_jpeg(20, 10, 3, 0, 0, 90) : random_png(3, 20, 10, 0, raw, &rowbytes, palette);
        bool ok = false;
        for (int fail = 0; !ok && fail < 20; fail++) {
            iso_test_memory f = {.left = ISO_TEST_PLENTY, .once = true};
            iso_allocator allocator = iso_test_allocator(&f);
            iso_context *ctx;
            CHECK(iso_context_new(&ctx, &(iso_context_options){.threads = 1, .allocator = &allocator}) == ISO_OK);
            iso_image image = {0};
            iso_worker_error error = {.status = ISO_OK};
            long long live = f.live;
            f.left = fail;
            ok = iso_image_decode(ctx, file.data, file.size, &image, &error);
            CHECK(ok || error.status == ISO_ENOMEM);
            iso_image_free(ctx, &image);
            CHECK(f.live == live);
            f.left = ISO_TEST_PLENTY;
            iso_context_free(ctx);
            CHECK(fail > 0 || !ok);
        }
        CHECK(ok);
        free(file.data);
    }
}
