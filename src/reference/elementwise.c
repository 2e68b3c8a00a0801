/* ReLU, addition, Dropout: https://pytorch.org/docs/stable/generated/torch.nn.ReLU.html and torch.nn.Dropout.html */
#include "ops/elementwise.h"

void iso_ref_relu(int64_t count, const float *x, float *y) {
    for (int64_t i = 0; i < count; i++)
        y[i] = x[i] <= 0 ? 0 : x[i];
}

void iso_ref_relu_backward(int64_t count, const float *y, const float *dy, float *dx) {
    for (int64_t i = 0; i < count; i++)
        dx[i] = y[i] > 0 ? dy[i] : 0;
}

void iso_ref_add(int64_t count, const float *a, const float *b, float *y) {
    for (int64_t i = 0; i < count; i++)
        y[i] = a[i] + b[i];
}

void iso_ref_dropout(int64_t count, const float *x, const uint8_t *keep, double p, float *y) {
    float scale = 1.0f / (float)(1 - p);
    for (int64_t i = 0; i < count; i++)
        y[i] = x[i] * (keep[i] ? scale : 0);
}
