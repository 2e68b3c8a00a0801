#include "image/sheet.h"

#include <math.h>
#include <png.h>
#include <string.h>

#include "core/file.h"
#include "core/text.h"

#define CELL_LEAST 96 /* pixels that an image takes up in width, unless it has more */
#define MARGIN     8
#define LINE       14 /* height of a label */
#define MAX_SHEET  ((int64_t)1 << 28)

/* ---- Letters ---- */

/* ' ' to '~' as lines on a grid of 5 x 9: a word is a line through points, each x and y; y = 6 is what letters stand on. */
static const char *const letters[] = {
    "",
    "2024 2626",
    "1012 3032",
    "1016 3036 0242 0444",
    "413010010213334445361605 2026",
    "0640 0010110100 3545463635",
    "4602011020310405162644",
    "2022",
    "30212536",
    "10212516",
    "2125 0244 4204",
    "2125 0343",
    "2517",
    "1333",
    "2626",
    "0640",
    "103041453616050110",
    "112026 1636",
    "01103041420646",
    "0110304142334445361605 1333",
    "36300444",
    "400002324345361605",
    "4130100105163645443303",
    "004016",
    "103041423313020110 1304051636454433",
    "0516364541301001021343",
    "2222 2525",
    "2222 2517",
    "411345",
    "0242 0444",
    "013305",
    "01103041422324 2626",
    "343212144441301001051646",
    "0602204246 0444",
    "00063645443303 0030414233",
    "4130100105163645",
    "00063645413000",
    "40000646 0333",
    "400006 0333",
    "41301001051636454323",
    "0006 4046 0343",
    "1030 2026 1636",
    "4045361605",
    "0006 400346",
    "000646",
    "0600234046",
    "06004640",
    "103041453616050110",
    "06003041423303",
    "103041453616050110 2446",
    "06003041423303 2346",
    "413010010213334445361605",
    "0040 2026",
    "000516364540",
    "002640",
    "0016233640",
    "0046 4006",
    "002340 2326",
    "00400646",
    "30101636",
    "0046",
    "10303616",
    "022042",
    "0646",
    "1021",
    "12324346 4414051646",
    "00063645433202",
    "4332120305163645",
    "40461605031242",
    "044443321203051646",
    "40302126 1333",
    "42473808 461605031242",
    "0006 02324346",
    "2020 122226 1636",
    "3030 32372808",
    "0006 420446",
    "102026 1636",
    "0602324346 2226",
    "0602324346",
    "123243453616050312",
    "08023243453606",
    "48421203051646",
    "0206 04223243",
    "4212031434453606",
    "20253646 1242",
    "02051646 4246",
    "022642",
    "0216243642",
    "0246 4206",
    "0226 4218",
    "02420646",
    "30212213242536",
    "2026",
    "10212233242516",
    "03123443",
};

struct sheet {
    uint8_t *pixels; /* RGB */
    int64_t w, h;
};

static void ink(const struct sheet *s, int64_t x, int64_t y) {
    if (x >= 0 && y >= 0 && x < s->w && y < s->h)
        memset(s->pixels + 3 * (y * s->w + x), 0, 3);
}

static int64_t between(int from, int to, int64_t i, int64_t steps) {
    return steps ? (2 * (from * (steps - i) + to * i) + steps) / (2 * steps) : from;
}

static void draw_line(const struct sheet *s, int64_t x, int64_t y, const char *from, const char *to) {
    int dx = to[0] - from[0], dy = to[1] - from[1];
    int64_t steps = iso_max64(dx < 0 ? -dx : dx, dy < 0 ? -dy : dy);
    for (int64_t i = 0; i <= steps; i++)
        ink(s, x + between(from[0] - '0', to[0] - '0', i, steps), y + between(from[1] - '0', to[1] - '0', i, steps));
}

/* As much of the text as fits into `width`, "?" for what is not ASCII. */
static void draw_text(const struct sheet *s, int64_t x, int64_t y, int64_t width, const char *text) {
    for (int64_t end = x + width; *text && x + 5 <= end; text++) {
        if (((uint8_t)*text & 0xc0) == 0x80) /* inside of a character of several bytes */
            continue;
        const char *line = letters[*text >= ' ' && *text <= '~' ? *text - ' ' : '?' - ' '];
        for (; *line; line += line[2] == ' ' ? 3 : 2)
            if (line[2] && line[2] != ' ')
                draw_line(s, x, y, line, line + 2);
        x += 6;
    }
}

/* ---- Images ---- */

static uint8_t shade(const iso_transforms *transforms, float value, int channel) {
    const iso_transform *last = transforms->count ? &transforms->items[transforms->count - 1] : NULL;
    if (last && last->class_ == &iso_normalize_class)
        value = value * last->std[channel] + last->mean[channel];
    value = rintf(value * 255);
    return value >= 255 ? 255 : value > 0 ? (uint8_t)value : 0; /* NaN: black */
}

static void draw_image(const struct sheet *s, const iso_tensor *x, const iso_transforms *transforms, int64_t image, int64_t scale,
                       int64_t left, int64_t top) {
    int64_t c = x->shape[1], h = x->shape[2], w = x->shape[3];
    const float *from = iso_tensor_f32(x) + image * c * h * w;
    for (int64_t i = 0; i < h * scale; i++)
        for (int64_t j = 0; j < w * scale; j++) {
            uint8_t *to = s->pixels + 3 * ((top + i) * s->w + left + j);
            for (int channel = 0; channel < 3; channel++) {
                int plane = c == 3 ? channel : 0;
                to[channel] = shade(transforms, from[(plane * h + i / scale) * w + j / scale], plane);
            }
        }
}

static iso_status write_png(iso_context *ctx, const char *path, const struct sheet *s) {
    png_image info = {
        .version = PNG_IMAGE_VERSION, .width = (png_uint_32)s->w, .height = (png_uint_32)s->h, .format = PNG_FORMAT_RGB};
    png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(info);
    void *file = iso_alloc(ctx, size);
    if (!file)
        return ISO_ENOMEM;
    iso_status status = png_image_write_to_memory(&info, file, &size, 0, s->pixels, 0, NULL)
                            ? iso_file_write_atomic(ctx, path, &(iso_slice){file, size}, 1)
                            : iso_fail(ctx, ISO_EINVAL, "%s: could not be packed: %s", path, info.message);
    png_image_free(&info);
    iso_free(ctx, file);
    return status;
}

iso_status iso_sheet_write(iso_context *ctx, const char *path, const iso_tensor *x, const iso_transforms *transforms,
                           const char *const *labels) {
    int64_t n = x->shape[0], h = x->shape[2], w = x->shape[3], scale = iso_max64(1, CELL_LEAST / w), columns = 1;
    int64_t cell_w = w * scale + MARGIN, cell_h = h * scale + LINE + MARGIN;
    while (columns * columns * cell_w < n * cell_h) /* about as wide as high */
        columns++;
    columns = iso_min64(columns, n);
    struct sheet s = {.w = columns * cell_w + MARGIN, .h = iso_ceil_div(n, columns) * cell_h + MARGIN};
    if (s.w > MAX_SHEET / s.h)
        return iso_fail(ctx, ISO_EINVAL, "%s: a sheet of %lld x %lld pixels is too large; take a smaller batch_size", path,
                        (long long)s.w, (long long)s.h);
    if (!(s.pixels = iso_alloc_array(ctx, (size_t)(s.w * s.h), 3)))
        return ISO_ENOMEM;
    memset(s.pixels, 255, (size_t)(s.w * s.h * 3));
    for (int64_t i = 0; i < n; i++) {
        int64_t left = MARGIN + i % columns * cell_w, top = MARGIN + i / columns * cell_h;
        draw_image(&s, x, transforms, i, scale, left, top);
        draw_text(&s, left, top + h * scale + 3, w * scale, labels[i]);
    }
    iso_status status = write_png(ctx, path, &s);
    iso_free(ctx, s.pixels);
    return status;
}
