/* JPEG through libjpeg-turbo at its defaults. Complete files decode to the same bytes with every version since 2.0.3, damaged
 * ones do not, so everything that the library merely warns about is an error here. */
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

#include "image/image.h"

struct handler {
    struct jpeg_error_mgr manager; /* must come first */
    jmp_buf jump;
    iso_worker_error *error;
    bool damaged;
};

static void on_error(j_common_ptr info) {
    struct handler *handler = (struct handler *)info->err;
    char message[JMSG_LENGTH_MAX];
    info->err->format_message(info, message);
    if (info->err->msg_code == JERR_OUT_OF_MEMORY)
        iso_worker_fail(handler->error, ISO_ENOMEM, "out of memory");
    else
        iso_worker_fail(handler->error, ISO_EINVAL, "damaged JPEG: %.200s", message);
    longjmp(handler->jump, 1);
}

static void on_message(j_common_ptr info, int level) {
    struct handler *handler = (struct handler *)info->err;
    if (level >= 0 || handler->damaged)
        return;
    /* Real archives contain bytes between markers, and they decode equally everywhere. */
    if (info->err->msg_code == JWRN_EXTRANEOUS_DATA)
        return;
    char message[JMSG_LENGTH_MAX];
    info->err->format_message(info, message);
    handler->damaged = true;
    iso_worker_fail(handler->error, ISO_EINVAL, "damaged JPEG: %.200s", message);
}

#define MAX_SCANS 1000 /* a sound file has a dozen; each may cost a pass over the whole image and a few bytes of the file */

static void on_progress(j_common_ptr info) {
    struct handler *handler = (struct handler *)info->err;
    if (((j_decompress_ptr)info)->input_scan_number <= MAX_SCANS)
        return;
    iso_worker_fail(handler->error, ISO_EINVAL, "a JPEG of more than %d scans is not decoded", MAX_SCANS);
    longjmp(handler->jump, 1);
}

static uint8_t clip8(int v) {
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

/* CMYK as Pillow converts it: all bytes inverted (Adobe's polarity), then each colour scaled by what black leaves. */
static void cmyk_to_rgb(const uint8_t *in, uint8_t *out, int64_t w) {
    for (int64_t x = 0; x < w; x++, in += 4, out += 3) {
        int left = 255 - (255 - in[3]);
        for (int c = 0; c < 3; c++) {
            int t = (255 - in[c]) * left + 128;
            out[c] = clip8(left - ((t + (t >> 8)) >> 8));
        }
    }
}

static void gray_to_rgb(const uint8_t *in, uint8_t *out, int64_t w) {
    for (int64_t x = 0; x < w; x++, out += 3)
        out[0] = out[1] = out[2] = in[x];
}

/* Everything after the setjmp of the caller. `row` is the library's own memory. */
static bool decode(iso_context *ctx, struct jpeg_decompress_struct *info, struct handler *handler, int64_t rows,
                   iso_image *image) {
    jpeg_read_header(info, TRUE);
    int64_t w = info->image_width, h = info->image_height;
    if (!iso_image_allow(w, h, handler->error))
        return false;
    if (info->num_components == 2 || info->num_components > 4)
        return iso_worker_fail(handler->error, ISO_EINVAL, "a JPEG of %d components is not supported", info->num_components);
    info->out_color_space = info->num_components == 1 ? JCS_GRAYSCALE : info->num_components == 3 ? JCS_RGB : JCS_CMYK;
    if (!iso_image_resize(ctx, image, w, h, 3, handler->error)) /* before the library takes memory of such a size */
        return false;
    jpeg_start_decompress(info);
    JSAMPARRAY row = info->mem->alloc_sarray((j_common_ptr)info, JPOOL_IMAGE, (JDIMENSION)w * 4, 1);
    while (info->output_scanline < iso_min64(rows, h) && !handler->damaged) {
        uint8_t *out = iso_image_row(image, info->output_scanline);
        JSAMPROW direct = out;
        bool rgb = info->num_components == 3;
        jpeg_read_scanlines(info, rgb ? &direct : row, 1);
        if (info->num_components == 1)
            gray_to_rgb(row[0], out, w);
        else if (!rgb)
            cmyk_to_rgb(row[0], out, w);
    }
    if (!handler->damaged && rows >= h)
        jpeg_finish_decompress(info);
    return !handler->damaged;
}

bool iso_jpeg_decode(iso_context *ctx, const uint8_t *data, size_t size, iso_image *image, iso_worker_error *error) {
    return iso_jpeg_decode_rows(ctx, data, size, INT64_MAX, image, error);
}

bool iso_jpeg_decode_rows(iso_context *ctx, const uint8_t *data, size_t size, int64_t rows, iso_image *image,
                          iso_worker_error *error) {
    struct jpeg_decompress_struct info;
    struct handler handler = {.error = error, .damaged = false};
    struct jpeg_progress_mgr progress = {.progress_monitor = on_progress};
    volatile bool ok = false;
    memset(&info, 0, sizeof info);
    info.err = jpeg_std_error(&handler.manager);
    handler.manager.error_exit = on_error;
    handler.manager.emit_message = on_message;
    if (setjmp(handler.jump) == 0) {
        jpeg_create_decompress(&info);
        info.progress = &progress;
        jpeg_mem_src(&info, data, size);
        ok = decode(ctx, &info, &handler, rows, image);
    }
    jpeg_destroy_decompress(&info);
    return ok;
}
