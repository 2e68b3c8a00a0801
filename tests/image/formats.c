/* PPM, BMP and WebP: what Pillow makes of them, and damage. tests/oracle/images.py compares with Pillow itself. */
#include <stdlib.h>
#include <string.h>

#include "harness/test.h"
#include "image/image.h"

#ifdef ISO_WEBP
#include <webp/decode.h>
#include <webp/encode.h>
#endif

static iso_context *new_context(void) {
    iso_context *ctx;
    return iso_context_new(&ctx, &(iso_context_options){.threads = 1}) ? NULL : ctx;
}

/* Decodes from memory that ends where the file does, so that a sanitizer sees reads past the end. */
static bool decode(iso_context *ctx, const void *data, size_t size, iso_image *image, iso_worker_error *error) {
    uint8_t *exact = malloc(size ? size : 1);
    memcpy(exact, data, size);
    *error = (iso_worker_error){.status = ISO_OK};
    bool ok = iso_image_decode(ctx, exact, size, image, error);
    free(exact);
    return ok;
}

/* A file, and its pixels in hex (gray of three equal bytes as one), or a part of the message. */
struct example {
    const char *file;
    size_t size;
    int h, w;
    const char *pixels;
};
#define FILE_OF(text) text, sizeof(text) - 1

static void check_example(iso_context *ctx, const struct example *e, size_t number) {
    iso_image image = {0};
    iso_worker_error error;
    bool ok = decode(ctx, e->file, e->size, &image, &error);
    if (e->h == 0) {
        CHECK_MSG(!ok && error.status == ISO_EINVAL && strstr(error.message, e->pixels), "example %zu: %s", number,
                  error.message);
        iso_image_free(ctx, &image);
        return;
    }
    CHECK_MSG(ok, "example %zu: %s", number, error.message);
    CHECK_MSG(image.h == e->h && image.w == e->w && image.channels == 3, "example %zu: another size", number);
    bool gray = strlen(e->pixels) == (size_t)(2 * e->h * e->w);
    for (int i = 0; i < 3 * e->h * e->w; i++) {
        char hex[3] = {e->pixels[2 * (gray ? i / 3 : i)], e->pixels[2 * (gray ? i / 3 : i) + 1], 0};
        CHECK_MSG(image.pixels[i] == strtoul(hex, NULL, 16), "example %zu: byte %d is %02x, expected %s", number, i,
                  image.pixels[i], hex);
    }
    iso_image_free(ctx, &image);
}

ISO_TEST(decode_ppm) {
    static const struct example examples[] = {
        {FILE_OF("P1\n3 2\n0 1 0\n101"), 2, 3, "ff00ff00ff00"},
        {FILE_OF("P1 # one\n3\n#\n2 0#x\n10 1 0 1\n"), 2, 3, "ff00ff00ff00"},
        {FILE_OF("P2 2 2 15 0 1 8 15"), 2, 2, "001188ff"},
        {FILE_OF("P2 3 1 1000 0 3 1000"), 1, 3, "00c5ff"}, /* 3 of 1000 is 197 of 65535 */
        {FILE_OF("P3\v1\f2\r255\t1 2 3 254 255 0 # end"), 2, 1, "010203feff00"},
        {FILE_OF("P3 1 1 3 1 2 3"), 1, 1, "55aaff"},
        {FILE_OF("P3 1 1 65535 128 129 65535"), 1, 1, "0001ff"},
        {FILE_OF("P4 10 2\n\xaa\x80\x00\x7f"), 2, 10, "00ff00ff00ff00ff00ffffffffffffffffffff00"},
        {FILE_OF("P5 2 2 255\n\x00\x01\xfe\xff"), 2, 2, "0001feff"},
        {FILE_OF("P5 2 1 100\n\x64\x65"), 1, 2, "ffff"}, /* above the maximum: clipped */
        {FILE_OF("P5 3 1 65535\n\x00\x07\x01\x00\xff\xff"), 1, 3, "07ffff"},
        {FILE_OF("P6 1 2 255\n#ab\x01\x02\x03more"), 2, 1, "236162010203"},
        {FILE_OF("P6 1 1 511\n\x00\xff\x01\x00\x01\xff"), 1, 1, "7f80ff"},
        {FILE_OF("P5 2 2 255\n\x00\x01\xfe"), 0, 0, "ends early"},
        {FILE_OF("P4 10 2\n\xaa\x80\x00"), 0, 0, "ends early"},
        {FILE_OF("P2 2 2 15 0 1 8"), 0, 0, "ends early"},
        {FILE_OF("P2 2 2 15 0 1 8 "), 0, 0, "ends early"},
        {FILE_OF("P2 2 2 15 0 1 8 16"), 0, 0, "above the maximum"},
        {FILE_OF("P2 2 2 15 0 1 8 -1"), 0, 0, "a number was expected"},
        {FILE_OF("P2 2 2 15 0 1 8 9 10"), 0, 0, "behind the last number"},
        {FILE_OF("P1 2 2 0 1 2 1"), 0, 0, "0 or 1"},
        {FILE_OF("P1 2 2 0 1 1"), 0, 0, "ends early"},
        {FILE_OF("P5 2 2 0\n...."), 0, 0, "maximum"},
        {FILE_OF("P5 2 2 65536\n........"), 0, 0, "maximum"},
        {FILE_OF("P5 2 2 +5\n...."), 0, 0, "a number was expected"},
        {FILE_OF("P5 0 2 255\n...."), 0, 0, "holds nothing"},
        {FILE_OF("P5 9999999999 9999999999 255\n...."), 0, 0, "more than the limit"},
        {FILE_OF("P5 00000000002 2 255\n...."), 0, 0, "too long"},
        {FILE_OF("P5 10000 10000 255\n...."), 0, 0, "ends early"},
        {FILE_OF("P6 "), 0, 0, "ends early"},
        {FILE_OF("P7 1 1 255\n..."), 0, 0, "is no image"},
        {FILE_OF("P6#"), 0, 0, "is no image"},
    };
    iso_context *ctx = new_context();
    for (size_t i = 0; i < ISO_COUNTOF(examples); i++)
        check_example(ctx, &examples[i], i);
    iso_context_free(ctx);
}

/* 14 bytes of the file's header, then 40: width and height below 256, bits, compression, colours. */
#define BMP(offset, width, height, bits, compression, colours)                                                                   \
    "BM\0\0\0\0\0\0\0\0" offset "\0\0\0(\0\0\0" width "\0\0\0" height "\1\0" bits "\0" compression                               \
    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" colours "\0\0\0\0\0\0\0"

ISO_TEST(decode_bmp) {
    static const struct example examples[] = {
        /* 24 bits, bottom up and top down, rows padded to 4 bytes; the last padding may be missing */
        {FILE_OF(BMP("6", "\1", "\2\0\0\0", "\x18", "\0", "\0") "\1\2\3.\4\5\6."), 2, 1, "060504030201"},
        {FILE_OF(BMP("6", "\1", "\xfe\xff\xff\xff", "\x18", "\0", "\0") "\1\2\3.\4\5\6"), 2, 1, "030201060504"},
        {FILE_OF(BMP("6", "\1", "\1\0\0\0", "\x20", "\0", "\0") "\1\2\3\4"), 1, 1, "030201"},
        /* 5-5-5 and 5-6-5 bits */
        {FILE_OF(BMP("6", "\2", "\1\0\0\0", "\x10", "\0", "\0") "\x01\x84\xff\x7f"), 1, 2, "080008ffffff"},
        {FILE_OF(BMP("B", "\2", "\1\0\0\0", "\x10", "\3", "\0") "\0\xf8\0\0\xe0\7\0\0\x1f\0\0\0\x21\x08\xff\xff"), 1, 2,
         "080408ffffff"},
        /* 1 and 4 bits */
        {FILE_OF(BMP(">", "\3", "\1\0\0\0", "\1", "\0", "\2") "\1\2\3.\4\5\6.\x40..."), 1, 3, "030201060504030201"},
        {FILE_OF(BMP(">", "\3", "\1\0\0\0", "\1", "\0", "\2") "\0\0\0.\xff\xff\xff.\x40..."), 1, 3, "00ff00"},
        {FILE_OF(BMP("B", "\3", "\1\0\0\0", "\4", "\0", "\3") "\1\2\3.\4\5\6.\7\x8\x9.\x21\x0f.."), 1, 3, "090807060504030201"},
        {FILE_OF(BMP("6", "\3", "\1\0\0\0", "\4", "\0", "\3") "\1\2\3.\4\5\6.\7\x8\x9.\x21\x0f.."), 1, 3, "090807060504030201"},
        {FILE_OF(BMP("B", "\2", "\1\0\0\0", "\x8", "\0", "\3") "\0\0\0.\1\1\1.\2\2\2.\xf0\1"), 1, 2, "f001"},
        /* runs: a run, the end of the row, three as they are, padded */
        {FILE_OF(BMP("B", "\3", "\2\0\0\0", "\x8", "\1", "\3") "\1\1\1.\4\4\4.\x9\x9\x9.\2\1\0\0\0\3\2\1\0.\0\1"), 2, 3,
         "090401040401"},
        {FILE_OF(BMP("B", "\3", "\2\0\0\0", "\x8", "\1", "\3") "\1\1\1.\4\4\4.\x9\x9\x9.\0\2\1\1\1\2\1\1"), 2, 3, "010904010101"},
        {FILE_OF(BMP("B", "\3", "\1\0\0\0", "\4", "\2", "\3") "\1\1\1.\4\4\4.\x9\x9\x9.\3\x12"), 1, 3, "040904"},
        {FILE_OF(BMP("B", "\3", "\2\0\0\0", "\x8", "\1", "\3") "\1\1\1.\4\4\4.\x9\x9\x9.\2\1\0\1"), 0, 0, "runs end before"},
        {FILE_OF(BMP("B", "\3", "\2\0\0\0", "\x8", "\1", "\3") "\1\1\1.\4\4\4.\x9\x9\x9.\4\1\0\1"), 0, 0, "leaves the image"},
        {FILE_OF(BMP("B", "\3", "\2\0\0\0", "\x8", "\1", "\3") "\1\1\1.\4\4\4.\x9\x9\x9.\0\2\1\2"), 0, 0, "leaves the image"},
        {FILE_OF(BMP("B", "\3", "\2\0\0\0", "\x8", "\1", "\3") "\1\1\1.\4\4\4.\x9\x9\x9.\0\0"), 0, 0, "row without pixels"},
        {FILE_OF(BMP("B", "\3", "\2\0\0\0", "\x8", "\1", "\3") "\1\1\1.\4\4\4.\x9\x9\x9.\2\1\0"), 0, 0, "ends early"},
        {FILE_OF(BMP("B", "\3", "\2\0\0\0", "\x8", "\1", "\3") "\1\1\1.\4\4\4.\x9\x9\x9.\0\4\1"), 0, 0, "ends early"},
        {FILE_OF(BMP("B", "\3", "\1\0\0\0", "\x8", "\0", "\3") "\1\1\1.\4\4\4.\x9\x9\x9.\1\2\3"), 0, 0, "outside of the palette"},
        {FILE_OF(BMP(">", "\2", "\1\0\0\0", "\x8", "\0", "\2") "\0\0\0.\xff\xff\xff.\0\1"), 0, 0, "ramp of gray"},
        {FILE_OF(BMP("6", "\1", "\2\0\0\0", "\x18", "\0", "\0") "\1\2\3.\4\5"), 0, 0, "ends early"},
        {FILE_OF(BMP("6", "\0", "\2\0\0\0", "\x18", "\0", "\0") "\1\2\3.\4\5"), 0, 0, "holds nothing"},
        {FILE_OF(BMP("6", "\1", "\2\0\0\x7f", "\x18", "\0", "\0") "\1\2\3.\4\5"), 0, 0, "more than the limit"},
        {FILE_OF(BMP("6", "\1", "\2\0\0\1", "\x18", "\0", "\0") "\1\2\3.\4\5"), 0, 0, "ends early"},
        {FILE_OF(BMP("6", "\1", "\2\0\0\0", "\7", "\0", "\0") "......."), 0, 0, "depth of 7"},
        {FILE_OF(BMP("6", "\1", "\2\0\0\0", "\x18", "\4", "\0") "......."), 0, 0, "compression 4"},
        {FILE_OF(BMP("6", "\1", "\2\0\0\0", "\x8", "\3", "\0") "......."), 0, 0, "compression 3"},
        {FILE_OF(BMP("6", "\1", "\2\0\0\0", "\x18", "\1", "\0") "......."), 0, 0, "another depth"},
        {FILE_OF(BMP("B", "\1", "\1\0\0\0", "\x10", "\3", "\0") "\0\xff\0\0\xe0\7\0\0\x1f\0\0\0\x21\x08"), 0, 0, "bit fields"},
        {FILE_OF(BMP("6", "\1", "\2\0\0\0", "\x8", "\0", "\0") "......."), 0, 0, "ends early"},
        {FILE_OF("BM"), 0, 0, "ends early"},
        {FILE_OF("BM\0\0\0\0\0\0\0\0\0\0\0\0\x10\0\0\0............"), 0, 0, "header of size 16"},
        /* OS/2: 16-bit sizes, colours of 3 bytes */
        {FILE_OF("BM\0\0\0\0\0\0\0\0\x20\0\0\0\x0c\0\0\0\2\0\1\0\1\0\1\0\1\2\3\4\5\6\x80..."), 1, 2, "060504030201"},
    };
    iso_context *ctx = new_context();
    for (size_t i = 0; i < ISO_COUNTOF(examples); i++)
        check_example(ctx, &examples[i], i);
    iso_context_free(ctx);
}

/* Nothing is allocated for a file that promises more pixels than it can hold. */
ISO_TEST(decode_allocates_nothing_for_promises) {
    static const struct example examples[] = {
        {FILE_OF("P6 13000 13000 255\n..."), 0, 0, "ends early"},
        {FILE_OF("P1 13000 13000\n01"), 0, 0, "ends early"},
        {FILE_OF(BMP("6", "\xff", "\xff\xff\7\0", "\x20", "\0", "\0") "...."), 0, 0, "ends early"},
        {FILE_OF(BMP("B", "\xff", "\xff\xff\7\0", "\x8", "\1", "\3") "\1\1\1.\4\4\4.\x9\x9\x9.\2\1\0\1"), 0, 0, "ends early"},
    };
    iso_context *ctx = new_context();
    uint64_t before = iso_context_allocations(ctx);
    for (size_t i = 0; i < ISO_COUNTOF(examples); i++)
        check_example(ctx, &examples[i], i);
    CHECK(iso_context_allocations(ctx) == before);
    iso_context_free(ctx);
}

/* Flipped bits and cuts break nothing. */
ISO_TEST(decode_survives_damaged_bmp_and_ppm) {
    static const struct example files[] = {
        {FILE_OF(BMP("B", "\3", "\2\0\0\0", "\x8", "\1", "\3") "\1\1\1.\4\4\4.\x9\x9\x9.\2\1\0\0\0\3\2\1\0.\0\1"), 0, 0, NULL},
        {FILE_OF(BMP("B", "\3", "\1\0\0\0", "\4", "\0", "\3") "\1\2\3.\4\5\6.\7\x8\x9.\x21\x0f.."), 0, 0, NULL},
        {FILE_OF(BMP("B", "\2", "\1\0\0\0", "\x10", "\3", "\0") "\0\xf8\0\0\xe0\7\0\0\x1f\0\0\0\x21\x08\xff\xff"), 0, 0, NULL},
        {FILE_OF("P3 2 2 255 0 1 2 3 4 5 # six\n 6 7 8 9 10 11"), 0, 0, NULL},
        {FILE_OF("P6 1 2 255\n#ab\x01\x02\x03more"), 0, 0, NULL},
        {FILE_OF("P1 # one\n3\n#\n2 0#x\n10 1 0 1\n"), 0, 0, NULL},
    };
    iso_context *ctx = new_context();
    iso_image image = {0};
    iso_worker_error error;
    for (size_t i = 0; i < ISO_COUNTOF(files); i++) {
        char copy[256];
        for (size_t size = 0; size <= files[i].size; size++)
            CHECK(decode(ctx, files[i].file, size, &image, &error) || error.message[0]);
        for (int repeat = 0; repeat < (iso_test_long() ? 20000 : 2000); repeat++) {
            memcpy(copy, files[i].file, files[i].size);
            for (int flips = 1 + repeat % 3; flips > 0; flips--)
                copy[iso_test_between(0, (int64_t)files[i].size - 1)] ^= (char)(1u << (iso_test_random() % 8));
            CHECK(decode(ctx, copy, files[i].size, &image, &error) || error.message[0]);
        }
    }
    iso_image_free(ctx, &image);
    iso_context_free(ctx);
}

#ifdef ISO_WEBP
ISO_TEST(decode_webp) {
    iso_context *ctx = new_context();
    iso_image image = {0};
    iso_worker_error error;
    static uint8_t rgba[20 * 13 * 4];
    for (size_t i = 0; i < sizeof rgba; i++)
        rgba[i] = (uint8_t)(i % 4 == 3 ? 255 : iso_test_random());
    for (int kind = 0; kind < 2; kind++) { /* lossless: the bytes themselves; lossy: what the library says */
        uint8_t *file = NULL;
        size_t size =
            kind ? WebPEncodeRGBA(rgba, 13, 20, 13 * 4, 70, &file) : WebPEncodeLosslessRGBA(rgba, 13, 20, 13 * 4, &file);
        int w, h;
        uint8_t *expected = WebPDecodeRGBA(file, size, &w, &h);
        CHECK_MSG(decode(ctx, file, size, &image, &error), "%s", error.message);
        CHECK(image.w == 13 && image.h == 20 && image.channels == 3);
        for (int p = 0; p < 13 * 20; p++)
            CHECK(memcmp(image.pixels + 3 * p, (kind ? expected : rgba) + 4 * p, 3) == 0);
        for (size_t cut = 0; cut < size; cut++) {
            CHECK_MSG(!decode(ctx, file, cut, &image, &error), "cut to %zu of %zu bytes", cut, size);
            CHECK(error.status == ISO_EINVAL && error.message[0]);
        }
        WebPFree(expected);
        WebPFree(file);
    }
    iso_image_free(ctx, &image);
    iso_context_free(ctx);
}
#else
ISO_TEST(decode_webp_without_the_library) {
    static const struct example webp = {FILE_OF("RIFF....WEBPVP8 ...."), 0, 0, "install libwebp-dev"};
    iso_context *ctx = new_context();
    check_example(ctx, &webp, 0);
    iso_context_free(ctx);
}
#endif
