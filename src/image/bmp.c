/* BMP of every depth, with bit fields and run lengths, as Pillow reads it. Where Pillow is known to read a file wrongly, or
 * accepts what the format does not allow, the file is refused. */
#include "image/image.h"

enum { RAW, RLE8, RLE4, BITFIELDS };

struct bmp {
    const uint8_t *data;
    size_t size;
    iso_worker_error *error;
    int64_t w, h;
    bool top_down;
    unsigned bits, compression, header_size, colours, entry; /* entry: bytes of a colour in the palette */
    uint32_t mask[4];                                        /* red, green, blue, alpha */
    size_t palette, pixels;                                  /* where they begin */
};

static bool damaged(const struct bmp *b, const char *what) {
    return iso_worker_fail(b->error, ISO_EINVAL, "damaged BMP: %s", what);
}

static bool unsupported(const struct bmp *b, const char *what, unsigned number) {
    return iso_worker_fail(b->error, ISO_EINVAL, "BMP: %s %u is not supported", what, number);
}

static unsigned u16(const struct bmp *b, size_t at) {
    return (unsigned)(b->data[at] | b->data[at + 1] << 8);
}
static uint32_t u32(const struct bmp *b, size_t at) {
    return u16(b, at) | (uint32_t)u16(b, at + 2) << 16;
}

static void read_sizes(struct bmp *b) {
    if (b->header_size == 12) {
        b->w = u16(b, 18);
        b->h = u16(b, 20);
        b->bits = u16(b, 24);
        b->entry = 3;
        return;
    }
    b->top_down = b->data[25] == 0xff; /* the height is negative */
    b->w = u32(b, 18);
    b->h = b->top_down ? ((int64_t)1 << 32) - u32(b, 22) : u32(b, 22);
    b->bits = u16(b, 28);
    b->compression = u32(b, 30);
    b->colours = u32(b, 46);
    b->entry = 4;
}

/* The masks stand in the longer headers, or behind the header of 40 bytes. */
static bool read_masks(struct bmp *b) {
    int count = b->header_size >= 56 ? 4 : 3;
    if (b->size < 54 + 4 * (size_t)count)
        return damaged(b, "the file ends early");
    for (int i = 0; i < count; i++)
        b->mask[i] = u32(b, 54 + 4 * (size_t)i);
    return true;
}

static bool read_header(struct bmp *b) {
    static const unsigned sizes[] = {12, 40, 52, 56, 64, 108, 124}, depths[] = {1, 4, 8, 16, 24, 32};
    bool known = false, depth = false;
    if (b->size < 26)
        return damaged(b, "the file ends early");
    b->header_size = u32(b, 14);
    for (size_t i = 0; i < ISO_COUNTOF(sizes); i++)
        known = known || b->header_size == sizes[i];
    if (!known)
        return unsupported(b, "a header of size", b->header_size);
    if (b->size < 14 + (size_t)b->header_size)
        return damaged(b, "the file ends early");
    read_sizes(b);
    for (size_t i = 0; i < ISO_COUNTOF(depths); i++)
        depth = depth || b->bits == depths[i];
    if (!depth)
        return unsupported(b, "a depth of", b->bits);
    if (b->compression > BITFIELDS || (b->compression == BITFIELDS && b->bits <= 8))
        return unsupported(b, "compression", b->compression);
    if ((b->compression == RLE8 && b->bits != 8) || (b->compression == RLE4 && b->bits != 4))
        return damaged(b, "the run lengths are of another depth");
    b->palette = 14 + b->header_size;
    b->pixels = u32(b, 10);
    if (b->compression == BITFIELDS && !read_masks(b))
        return false;
    return iso_image_allow(b->w, b->h, b->error);
}

/* ---- Palette: 1, 4 and 8 bits ---- */

/* The colours of all indices. A palette whose colours are their own indices is none to Pillow, which then reads gray of another
 * depth: with 8 bits as they are; in the remaining cases, but for black and white of 1 bit, not what is in the file. */
static bool read_palette(struct bmp *b, uint8_t colours[256][3]) {
    bool gray = true;
    b->colours = b->colours ? b->colours : 1u << b->bits;
    if (b->colours > 256)
        return unsupported(b, "a palette of size", b->colours);
    if (b->pixels == b->palette)
        b->pixels += b->entry * b->colours;
    if (b->size < b->palette + (size_t)b->entry * b->colours)
        return damaged(b, "the file ends early");
    for (unsigned i = 0; i < b->colours; i++) {
        const uint8_t *bgr = b->data + b->palette + b->entry * i;
        unsigned own = b->colours == 2 ? 255 * i : i;
        for (int c = 0; c < 3; c++)
            colours[i][c] = bgr[2 - c];
        gray = gray && bgr[0] == own && bgr[1] == own && bgr[2] == own;
    }
    if (!gray)
        return true;
    bool as_indices = b->colours > 2 && (b->bits == 8 || b->compression == RLE4);
    if (!as_indices && !(b->bits == 1 && b->colours == 2))
        return unsupported(b, "a palette that is a ramp of gray, of size", b->colours);
    for (unsigned i = b->colours; i < 256 && as_indices; i++)
        colours[i][0] = colours[i][1] = colours[i][2] = (uint8_t)i;
    b->colours = as_indices ? 256 : b->colours;
    return true;
}

static bool put_index(const struct bmp *b, uint8_t colours[256][3], unsigned index, uint8_t *to) {
    if (index >= b->colours)
        return damaged(b, "a pixel names a colour outside of the palette");
    for (int c = 0; c < 3; c++)
        to[c] = colours[index][c];
    return true;
}

/* ---- Run lengths ---- */

struct runs {
    const struct bmp *b;
    uint8_t (*colours)[3];
    iso_image *image;
    size_t at;      /* in the file */
    int64_t x, row; /* rows in the file's order */
};

static bool put_run_pixel(struct runs *r, unsigned index) {
    const struct bmp *b = r->b;
    int64_t y = b->top_down ? r->row : b->h - 1 - r->row;
    if (r->x >= b->w || r->row >= b->h)
        return damaged(b, "a run leaves the image");
    return put_index(b, r->colours, index, iso_image_row(r->image, y) + 3 * r->x++);
}

/* Index 0 up to a place ahead. */
static bool skip_to(struct runs *r, int64_t x, int64_t row) {
    if (x > r->b->w || row > r->b->h || (row == r->b->h && x > 0))
        return damaged(r->b, "a run leaves the image");
    while (r->row < row || r->x < x) {
        if (r->x == r->b->w) {
            r->row++;
            r->x = 0;
        } else if (!put_run_pixel(r, 0))
            return false;
    }
    return true;
}

static unsigned nibble(unsigned byte, int i) {
    return i % 2 ? byte & 15 : byte >> 4;
}

static bool read_absolute(struct runs *r, int count) {
    const struct bmp *b = r->b;
    bool four = b->compression == RLE4;
    size_t bytes = (size_t)(four ? (count + 1) / 2 : count);
    if (b->size - r->at < bytes)
        return damaged(b, "the file ends early");
    for (int i = 0; i < count; i++)
        if (!put_run_pixel(r, four ? nibble(b->data[r->at + (size_t)i / 2], i) : b->data[r->at + (size_t)i]))
            return false;
    r->at += bytes;
    r->at += r->at % 2; /* to an even place in the file */
    return true;
}

/* One code of two bytes and what belongs to it; *end behind the last pixel. */
static bool read_run(struct runs *r, bool *end) {
    const struct bmp *b = r->b;
    if (r->at > b->size || b->size - r->at < 2)
        return damaged(b, "the file ends early");
    unsigned count = b->data[r->at], value = b->data[r->at + 1];
    r->at += 2;
    for (unsigned i = 0; i < count; i++)
        if (!put_run_pixel(r, b->compression == RLE4 ? nibble(value, (int)i) : value))
            return false;
    if (count == 0 && value > 2 && !read_absolute(r, (int)value))
        return false;
    if (count == 0 && value == 0) {
        if (r->x == 0)
            return damaged(b, "a row without pixels");
        if (!skip_to(r, b->w, r->row))
            return false;
        r->row++;
        r->x = 0;
    }
    if (count == 0 && value == 2) {
        if (b->size - r->at < 2)
            return damaged(b, "the file ends early");
        unsigned right = b->data[r->at], up = b->data[r->at + 1];
        r->at += 2;
        if (!skip_to(r, r->x + right, r->row + up))
            return false;
    }
    if (count == 0 && value == 1)
        return damaged(b, "the runs end before the image does");
    *end = r->row == b->h || (r->row == b->h - 1 && r->x == b->w);
    return true;
}

static bool read_runs(const struct bmp *b, uint8_t colours[256][3], iso_image *image) {
    struct runs r = {.b = b, .colours = colours, .image = image, .at = b->pixels};
    bool end = false;
    while (!end)
        if (!read_run(&r, &end))
            return false;
    return true;
}

/* ---- Rows ---- */

/* The byte of a pixel of 24 or 32 bits that holds a colour. */
static int byte_of(uint32_t mask) {
    return mask == 0xff ? 0 : mask == 0xff00 ? 1 : mask == 0xff0000 ? 2 : 3;
}

/* The layouts that Pillow knows: bytes in any of these orders, 5-6-5 and 5-5-5 bits. */
static bool check_masks(struct bmp *b) {
    static const uint32_t layouts[][5] = {
        {32, 0xff0000, 0xff00, 0xff, 0},
        {32, 0xff000000, 0xff0000, 0xff00, 0},
        {32, 0xff000000, 0xff00, 0xff, 0},
        {32, 0xff000000, 0xff0000, 0xff00, 0xff},
        {32, 0xff, 0xff00, 0xff0000, 0xff000000},
        {32, 0xff0000, 0xff00, 0xff, 0xff000000},
        {32, 0xff000000, 0xff00, 0xff, 0xff0000},
        {24, 0xff0000, 0xff00, 0xff, 0},
        {16, 0xf800, 0x7e0, 0x1f, 0},
        {16, 0x7c00, 0x3e0, 0x1f, 0},
    };
    bool given = b->compression == BITFIELDS, none = b->bits == 32 && !(b->mask[0] | b->mask[1] | b->mask[2] | b->mask[3]);
    if (!given || none) {
        b->mask[0] = b->bits == 16 ? 0x7c00 : 0xff0000;
        b->mask[1] = b->bits == 16 ? 0x3e0 : 0xff00;
        b->mask[2] = b->bits == 16 ? 0x1f : 0xff;
        return true;
    }
    for (size_t i = 0; i < ISO_COUNTOF(layouts); i++)
        if (b->bits == layouts[i][0] && b->mask[0] == layouts[i][1] && b->mask[1] == layouts[i][2] &&
            b->mask[2] == layouts[i][3] && (b->bits != 32 || b->mask[3] == layouts[i][4]))
            return true;
    return unsupported(b, "this layout of bit fields of depth", b->bits);
}

static void read_colours(const struct bmp *b, const uint8_t *row, uint8_t *to) {
    int bytes = (int)b->bits / 8;
    for (int64_t x = 0; x < b->w; x++, row += bytes, to += 3)
        for (int c = 0; c < 3; c++) {
            if (b->bits != 16) {
                to[c] = row[byte_of(b->mask[c])];
                continue;
            }
            unsigned pixel = (unsigned)(row[0] | row[1] << 8) & b->mask[c], low = b->mask[c] & (0 - b->mask[c]);
            to[c] = (uint8_t)(pixel / low * 255 / (b->mask[c] / low));
        }
}

static bool read_indices(const struct bmp *b, uint8_t colours[256][3], const uint8_t *row, uint8_t *to) {
    for (int64_t x = 0; x < b->w; x++, to += 3) {
        int64_t bit = x * b->bits;
        if (!put_index(b, colours, row[bit / 8] >> (8 - b->bits - bit % 8) & ((1u << b->bits) - 1), to))
            return false;
    }
    return true;
}

static bool read_rows(const struct bmp *b, uint8_t colours[256][3], iso_image *image) {
    int64_t stride = (b->w * b->bits + 31) / 32 * 4;
    for (int64_t i = 0; i < b->h; i++) {
        const uint8_t *row = b->data + b->pixels + (size_t)(i * stride);
        uint8_t *to = iso_image_row(image, b->top_down ? i : b->h - 1 - i);
        if (b->bits > 8)
            read_colours(b, row, to);
        else if (!read_indices(b, colours, row, to))
            return false;
    }
    return true;
}

/* Padding behind the last row may be missing. */
static bool has_rows(const struct bmp *b) {
    size_t stride = (size_t)((b->w * b->bits + 31) / 32 * 4), last = (size_t)((b->w * b->bits + 7) / 8);
    return b->pixels <= b->size && b->size - b->pixels >= stride * (size_t)(b->h - 1) + last;
}

bool iso_bmp_decode(iso_context *ctx, const uint8_t *data, size_t size, iso_image *image, iso_worker_error *error) {
    struct bmp b = {.data = data, .size = size, .error = error};
    uint8_t colours[256][3] = {{0}};
    if (!read_header(&b) || (b.bits <= 8 ? !read_palette(&b, colours) : !check_masks(&b)))
        return false;
    if (b.pixels == 0)
        b.pixels = b.palette + (b.bits <= 8                                         ? (size_t)b.entry * b.colours
                                : b.compression == BITFIELDS && b.header_size == 40 ? 12
                                                                                    : 0);
    bool runs = b.compression == RLE8 || b.compression == RLE4;
    /* Two bytes make 255 pixels at most, four a jump of 256 rows. */
    double most = 256.0 * (double)size * (1.0 + (double)b.w / 4.0);
    if (runs ? b.pixels > size || most < (double)(b.w * b.h) : !has_rows(&b))
        return damaged(&b, "the file ends early");
    if (!iso_image_resize(ctx, image, b.w, b.h, 3, error))
        return false;
    return runs ? read_runs(&b, colours, image) : read_rows(&b, colours, image);
}
