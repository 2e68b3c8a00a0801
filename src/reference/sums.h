/* The four ways in which the contract adds up: docs/contract.md#general-rules. Every reference operation sums through these. */
#ifndef ISO_REFERENCE_SUMS_H
#define ISO_REFERENCE_SUMS_H

#include "core/compiler.h"
#include "math/math.h"
#include "ops/gemm.h"

/* ---- Panel sum: products in sequence, cut into panels ---- */

typedef struct iso_panel_sum {
    float sum, panel;
    int64_t position, length; /* of the sequence; of a panel */
} iso_panel_sum;

static inline iso_panel_sum iso_panel_sum_new(int64_t panel_length) {
    return (iso_panel_sum){0, 0, 0, panel_length};
}

/* Moves on by one position; the panel is closed where it ends. */
static inline void iso_panel_next(iso_panel_sum *s) {
    if (++s->position % s->length == 0) {
        s->sum = s->sum + s->panel;
        s->panel = 0;
    }
}
static inline void iso_panel_product(iso_panel_sum *s, float a, float b) {
    s->panel = iso_fmaf(a, b, s->panel);
    iso_panel_next(s);
}
/* A position that is absent: a tap on padding. */
static inline void iso_panel_absent(iso_panel_sum *s) {
    iso_panel_next(s);
}
static inline float iso_panel_total(const iso_panel_sum *s) {
    return s->position % s->length ? s->sum + s->panel : s->sum;
}

/* ---- Batch tree: leaves in ascending order ---- */

typedef struct iso_tree {
    float partial[64]; /* partial[l]: a whole subtree of 2^l leaves, if bit l of count is set */
    uint64_t count;
} iso_tree;

static inline iso_tree iso_tree_new(void) {
    return (iso_tree){.count = 0};
}

static inline void iso_tree_add(iso_tree *tree, float leaf) {
    int level = 0;
    for (uint64_t count = tree->count++; count & 1; count >>= 1, level++)
        leaf = tree->partial[level] + leaf;
    tree->partial[level] = leaf;
}

/* The incomplete right edge: each subtree joins the next larger one to its left. */
static inline float iso_tree_total(const iso_tree *tree) {
    float sum = 0;
    bool any = false;
    for (int level = 0; level < 64; level++)
        if (tree->count >> level & 1) {
            sum = any ? tree->partial[level] + sum : tree->partial[level];
            any = true;
        }
    return sum;
}

/* ---- Row sum: blocks of 4096, 64 lanes ---- */

#define ISO_ROW_BLOCK 4096
#define ISO_ROW_LANES 64

typedef struct iso_row_sum {
    float lane[ISO_ROW_LANES];
    int64_t position;
    iso_tree blocks;
} iso_row_sum;

iso_row_sum iso_row_sum_new(void);
void iso_row_sum_add(iso_row_sum *row, float x);
float iso_row_sum_total(iso_row_sum *row);

/* ---- Pixel sum: eight interleaved chains ---- */

#define ISO_PIXEL_CHAINS 8

typedef struct iso_pixel_sum {
    float chain[ISO_PIXEL_CHAINS];
    int64_t position;
} iso_pixel_sum;

static inline iso_pixel_sum iso_pixel_sum_new(void) {
    return (iso_pixel_sum){.position = 0};
}
static inline void iso_pixel_sum_add(iso_pixel_sum *s, float x) {
    float *chain = &s->chain[s->position++ % ISO_PIXEL_CHAINS];
    *chain = *chain + x;
}
static inline void iso_pixel_sum_product(iso_pixel_sum *s, float a, float b) {
    float *chain = &s->chain[s->position++ % ISO_PIXEL_CHAINS];
    *chain = iso_fmaf(a, b, *chain);
}
float iso_pixel_sum_total(iso_pixel_sum *s);

#endif
