/* The four ways to add up, against the contract's words written down a second time, without streaming. */
#include "reference/sums.h"

#include "near.h"

/* The left-complete tree from the top: the left child takes the largest power of two below n. */
static float tree_from_the_top(const float *leaf, int64_t n) {
    if (n == 1)
        return leaf[0];
    int64_t left = 1;
    while (2 * left < n)
        left *= 2;
    float a = tree_from_the_top(leaf, left), b = tree_from_the_top(leaf + left, n - left);
    return a + b;
}

/* Level by level, aligned pairs. */
static float tree_by_levels(const float *leaf, int64_t n) {
    float *level = zeroed(n, sizeof *level);
    memcpy(level, leaf, (size_t)n * sizeof *level);
    for (; n > 1; n = (n + 1) / 2)
        for (int64_t i = 0; i < (n + 1) / 2; i++)
            level[i] = 2 * i + 1 < n ? level[2 * i] + level[2 * i + 1] : level[2 * i];
    float sum = level[0];
    free(level);
    return sum;
}

static float streamed(const float *leaf, int64_t n) {
    iso_tree tree = iso_tree_new();
    for (int64_t i = 0; i < n; i++)
        iso_tree_add(&tree, leaf[i]);
    return iso_tree_total(&tree);
}

ISO_TEST(tree_is_the_left_complete_tree) {
    enum { MOST = 1100 };
    float leaf[MOST];
    for (int64_t n = 1; n <= MOST; n++) {
        iso_test_floats(leaf, n);
        float top = tree_from_the_top(leaf, n), levels = tree_by_levels(leaf, n), stream = streamed(leaf, n);
        CHECK_BITS(&top, &levels, 1);
        CHECK_BITS(&top, &stream, 1);
    }
    float minus_zero = -0.0f, one = streamed(&minus_zero, 1), none = streamed(NULL, 0);
    CHECK(bits_of(one) == 0x80000000);
    CHECK(bits_of(none) == 0);
}

/* A batch cut at aligned borders is whole subtrees, whose totals are leaves of the same tree. */
ISO_TEST(tree_may_be_cut_at_aligned_borders) {
    float leaf[200], part[200];
    for (int64_t size = 1; size <= 64; size *= 2)
        for (int64_t n = 1; n <= 200; n += 7) {
            iso_test_floats(leaf, n);
            int64_t parts = 0;
            for (int64_t first = 0; first < n; first += size)
                part[parts++] = streamed(leaf + first, iso_min64(size, n - first));
            float whole = streamed(leaf, n), joined = streamed(part, parts);
            CHECK_BITS(&whole, &joined, 1);
        }
}

static float panels(const float *a, const float *b, const bool *present, int64_t n, int64_t length) {
    float s = 0;
    for (int64_t first = 0; first < n; first += length) {
        float p = 0;
        for (int64_t i = first; i < n && i < first + length; i++)
            if (present[i])
                p = fmaf(a[i], b[i], p);
        s += p;
    }
    return s;
}

ISO_TEST(panel_sum_is_a_chain_per_panel) {
    enum { MOST = 1600 };
    static float a[MOST], b[MOST];
    static bool present[MOST];
    static const int64_t sizes[] = {0, 1, 2, 255, 256, 257, 511, 512, 513, 1024, 1600};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int64_t length = 256; length <= 270; length += 14) {
            int64_t n = sizes[i];
            iso_test_floats(a, n);
            iso_test_floats(b, n);
            iso_panel_sum s = iso_panel_sum_new(length), with_zeros = iso_panel_sum_new(length);
            for (int64_t j = 0; j < n; j++) {
                present[j] = iso_test_random() % 4 != 0;
                if (present[j])
                    iso_panel_product(&s, a[j], b[j]);
                else
                    iso_panel_absent(&s);
                iso_panel_product(&with_zeros, present[j] ? a[j] : 0.0f, b[j]);
            }
            float expected = panels(a, b, present, n, length), got = iso_panel_total(&s), zeros = iso_panel_total(&with_zeros);
            CHECK_BITS(&expected, &got, 1);
            CHECK_BITS(&expected, &zeros, 1); /* an absent position is as good as a product with zero */
        }
}

/* A panel that ends as -0 (an underflow) becomes +0 in the sum. */
ISO_TEST(panel_sum_is_never_minus_zero) {
    iso_panel_sum s = iso_panel_sum_new(ISO_PANEL);
    iso_panel_product(&s, -0x1p-100f, 0x1p-100f);
    CHECK(bits_of(s.panel) == 0x80000000);
    CHECK(bits_of(iso_panel_total(&s)) == 0);
}

static float row_by_definition(const float *x, int64_t n) {
    int64_t blocks = (n + 4095) / 4096;
    float *block = zeroed(blocks, sizeof *block);
    for (int64_t b = 0; b < blocks; b++) {
        float lane[64] = {0};
        for (int j = 0; j < 64; j++) /* lane by lane, where the reference goes element by element */
            for (int64_t i = b * 4096 + j; i < n && i < (b + 1) * 4096; i += 64)
                lane[j] += x[i];
        for (int h = 32; h; h >>= 1)
            for (int j = 0; j < h; j++)
                lane[j] += lane[j + h];
        block[b] = lane[0];
    }
    float sum = blocks ? tree_from_the_top(block, blocks) : 0;
    free(block);
    return sum;
}

ISO_TEST(row_sum_has_64_lanes_and_blocks_of_4096) {
    static const int64_t sizes[] = {0, 1, 2, 10, 63, 64, 65, 1000, 4095, 4096, 4097, 8192, 8193, 12288, 20481, 50000};
    float *x = zeroed(50000, sizeof *x);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        iso_test_floats(x, sizes[i]);
        iso_row_sum row = iso_row_sum_new();
        for (int64_t j = 0; j < sizes[i]; j++)
            iso_row_sum_add(&row, x[j]);
        float expected = row_by_definition(x, sizes[i]), got = iso_row_sum_total(&row);
        CHECK_BITS(&expected, &got, 1);
    }
    free(x);
}

ISO_TEST(pixel_sum_has_eight_chains) {
    float a[300], b[300];
    for (int64_t n = 0; n <= 300; n = n < 30 ? n + 1 : n + 27) {
        iso_test_floats(a, n);
        iso_test_floats(b, n);
        float sums[8] = {0}, products[8] = {0};
        for (int chain = 0; chain < 8; chain++)
            for (int64_t p = chain; p < n; p += 8) {
                sums[chain] += a[p];
                products[chain] = fmaf(a[p], b[p], products[chain]);
            }
        iso_pixel_sum s = iso_pixel_sum_new(), t = iso_pixel_sum_new();
        for (int64_t p = 0; p < n; p++) {
            iso_pixel_sum_add(&s, a[p]);
            iso_pixel_sum_product(&t, a[p], b[p]);
        }
#define FOLD(c) (((c[0] + c[4]) + (c[2] + c[6])) + ((c[1] + c[5]) + (c[3] + c[7])))
        float expected[2] = {FOLD(sums), FOLD(products)}, got[2] = {iso_pixel_sum_total(&s), iso_pixel_sum_total(&t)};
        CHECK_BITS(expected, got, 2);
    }
}
