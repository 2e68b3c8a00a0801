/* Folders of PNG files with made pictures. */
#ifndef TESTS_DATA_FOLDER_H
#define TESTS_DATA_FOLDER_H

#include <png.h>
#include <stdio.h>
#include <sys/stat.h>

#include "image/made.h"

static inline bool write_bytes(const char *path, const void *data, size_t size) {
    FILE *file = fopen(path, "wb");
    bool ok = file && fwrite(data, 1, size, file) == size;
    return file && fclose(file) == 0 && ok;
}

static inline bool write_png(const char *path, const iso_image *image) {
    png_image info = {.version = PNG_IMAGE_VERSION,
                      .width = (unsigned)image->w,
                      .height = (unsigned)image->h,
                      .format = image->channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY};
    return png_image_write_to_file(&info, path, 0, image->pixels, 0, NULL);
}

/* The data set of tests/oracle/record_images.py: picture i is of class i % 3. Since a folder orders by class, order[k] is the i
 * of sample k. */
static inline bool write_made_folder(iso_context *ctx, const char *root, int count, int order[]) {
    char path[512];
    iso_image image = {0};
    bool ok = mkdir(root, 0777) == 0;
    int k = 0;
    for (int c = 0; c < 3; c++) {
        snprintf(path, sizeof path, "%s/%d", root, c);
        ok = ok && mkdir(path, 0777) == 0;
        for (int i = c; i < count; i += 3) {
            snprintf(path, sizeof path, "%s/%d/%04d.png", root, c, i);
            ok = ok && made_picture(ctx, 20 + i % 5, 24 + i % 3, 3, i % 4, &image) && write_png(path, &image);
            order[k++] = i;
        }
    }
    iso_image_free(ctx, &image);
    return ok;
}

#endif
