#include "kernels/tile.h"

void iso_pack_panel(const iso_kernels *k, int64_t n, int64_t j, int64_t rows, const float *b, int64_t row, int64_t col,
                    float *to) {
    int64_t first = j * iso_full_columns(k), columns = (int64_t)iso_panel_vectors(k, n, j) * k->width;
    int64_t valid = iso_min64(columns, n - first);
    b += first * col;
    if (col == 1 && valid == columns &&
        columns % 16 == 0) { /* nearly always; rows are too far apart for the machine to foresee them */
        for (int64_t i = 0; i < rows; i++, b += row, to += columns)
            for (int64_t c = 0; c < columns; c += 16) {
                __builtin_prefetch(b + 16 * row + c);
                memcpy(to + c, b + c, 16 * sizeof *to);
            }
        return;
    }
    if (col == 1) {
        for (int64_t i = 0; i < rows; i++, b += row, to += columns) {
            memcpy(to, b, sizeof *to * (size_t)valid);
            if (valid < columns)
                memset(to + valid, 0, sizeof *to * (size_t)(columns - valid));
        }
        return;
    }
    /* Along the rows of the source, in blocks that stay in cache on both sides. */
    for (int64_t i0 = 0; i0 < rows; i0 += 64)
        for (int64_t c = 0; c < columns; c++)
            for (int64_t i = i0; i < iso_min64(i0 + 64, rows); i++)
                to[i * columns + c] = c < valid ? b[i * row + c * col] : 0;
}

void iso_tile_tree_push(iso_tile_tree *tree, const float *leaf) {
    int level = 0;
    uint64_t count = tree->leaves++;
    if (!(count & 1)) {
        memcpy(tree->levels, leaf, sizeof *leaf * (size_t)tree->count);
        return;
    }
    /* levels[0] + leaf, then upwards: the sum goes to the first free level. */
    float *sum = tree->levels;
    tree->k->add(tree->count, sum, leaf, sum);
    for (count >>= 1, level = 1; count & 1; count >>= 1, level++) {
        float *left = tree->levels + level * tree->count;
        tree->k->add(tree->count, left, sum, left);
        sum = left;
    }
    memcpy(tree->levels + level * tree->count, sum, sizeof *sum * (size_t)tree->count);
}

const float *iso_tile_tree_total(iso_tile_tree *tree) {
    float *sum = NULL;
    for (int level = 0; level < 64 && tree->leaves >> level; level++) {
        if (!(tree->leaves >> level & 1))
            continue;
        float *left = tree->levels + level * tree->count;
        if (sum)
            tree->k->add(tree->count, left, sum, left);
        sum = left;
    }
    return sum;
}

int64_t iso_tile_tree_levels(int64_t leaves) {
    int64_t levels = 1;
    while (leaves >> levels)
        levels++;
    return levels + 1;
}

void iso_tree_rows(const iso_kernels *k, int64_t n, int64_t c, float *rows) {
    for (int64_t stride = 1; stride < n; stride *= 2)
        for (int64_t i = 0; i + stride < n; i += 2 * stride)
            k->add(c, rows + i * c, rows + (i + stride) * c, rows + i * c);
}

/* An exponent of all ones overflows into the sign. */
bool iso_all_finite(int64_t count, const float *x) {
    for (int64_t i0 = 0; i0 < count; i0 += 4096) {
        uint32_t bad = 0;
        for (int64_t i = i0; i < iso_min64(i0 + 4096, count); i++) {
            uint32_t bits;
            memcpy(&bits, &x[i], sizeof bits);
            bad |= (bits & 0x7fffffffu) + 0x00800000u;
        }
        if (bad >> 31)
            return false;
    }
    return true;
}
