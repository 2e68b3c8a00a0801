/* Which code decodes: Isobit's own, and the libraries under it. */
#define _GNU_SOURCE 1
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <jpeglib.h>
#include <png.h>
#ifdef ISO_WEBP
#include <webp/decode.h>
#endif

#include "core/blake3.h"
#include "image/image.h"

/* The file that holds a function, as text: a library that was replaced has another size, time or inode. */
static size_t describe(void (*function)(void), char *text, size_t size) {
    Dl_info info;
    struct stat s;
    void *address;
    memcpy(&address, &function, sizeof address); /* ISO C has no cast for this */
    if (!dladdr(address, &info) || !info.dli_fname || stat(info.dli_fname, &s) != 0)
        return 0;
    int length = snprintf(text, size, "%s %llu %llu %lld %lld\n", info.dli_fname, (unsigned long long)s.st_ino,
                          (unsigned long long)s.st_size, (long long)s.st_mtim.tv_sec, (long long)s.st_mtim.tv_nsec);
    return length < 0 ? 0 : (size_t)length < size ? (size_t)length : size - 1;
}

void iso_image_decoders(uint8_t digest[ISO_BLAKE3_SIZE]) {
    void (*const functions[])(void) = {
        (void (*)(void))iso_image_decode,
        (void (*)(void))png_read_info,
        (void (*)(void))jpeg_read_scanlines,
#ifdef ISO_WEBP
        (void (*)(void))WebPDecode,
#endif
    };
    char text[4096];
    size_t used = 0;
    for (size_t i = 0; i < ISO_COUNTOF(functions); i++)
        used += describe(functions[i], text + used, sizeof text - used);
    iso_blake3(text, used, digest);
}
