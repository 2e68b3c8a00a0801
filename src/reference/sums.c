#include "reference/sums.h"

#include <string.h>

/* lane[j] += lane[j + half] for half = lanes / 2, ..., 2, 1. */
static float fold(float *lane, int lanes) {
    for (int half = lanes / 2; half >= 1; half /= 2)
        for (int j = 0; j < half; j++)
            lane[j] = lane[j] + lane[j + half];
    return lane[0];
}

iso_row_sum iso_row_sum_new(void) {
    return (iso_row_sum){.position = 0};
}

static void close_block(iso_row_sum *row) {
    iso_tree_add(&row->blocks, fold(row->lane, ISO_ROW_LANES));
    memset(row->lane, 0, sizeof row->lane);
}

void iso_row_sum_add(iso_row_sum *row, float x) {
    float *lane = &row->lane[row->position++ % ISO_ROW_LANES];
    *lane = *lane + x;
    if (row->position % ISO_ROW_BLOCK == 0)
        close_block(row);
}

float iso_row_sum_total(iso_row_sum *row) {
    if (row->position % ISO_ROW_BLOCK != 0)
        close_block(row);
    return iso_tree_total(&row->blocks);
}

float iso_pixel_sum_total(iso_pixel_sum *s) {
    return fold(s->chain, ISO_PIXEL_CHAINS);
}
