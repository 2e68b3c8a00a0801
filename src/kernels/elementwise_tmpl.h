/* relu, add, dropout: docs/contract.md */

static void ISA(relu)(int64_t count, const float *x, float *y) {
    for (int64_t i = 0; i < count; i++)
        y[i] = x[i] <= 0 ? 0 : x[i];
}

static void ISA(relu_backward)(int64_t count, const float *y, const float *dy, float *dx) {
    for (int64_t i = 0; i < count; i++)
        dx[i] = y[i] > 0 ? dy[i] : 0;
}

static void ISA(add)(int64_t count, const float *a, const float *b, float *y) {
    for (int64_t i = 0; i < count; i++)
        y[i] = a[i] + b[i];
}

static void ISA(dropout)(int64_t count, const float *x, const uint8_t *keep, float scale, float *y) {
    for (int64_t i = 0; i < count; i++)
        y[i] = x[i] * (keep[i] ? scale : 0.0f);
}
