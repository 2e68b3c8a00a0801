/* relu, add, dropout: docs/contract.md */

static void ISA(relu)(int64_t count, const float *x, float *y) {
    for (int64_t i = 0; i < count; i++)
        y[i] = x[i] <= 0 ? 0 : x[i];
}

static void ISA(relu_backward)(int64_t count, const float *y, const float *dy, float *dx) {
    for (int64_t i = 0; i < count; i++) { /* a mask: compilers make a branch of the choice where loads may not be skipped */
        uint32_t bits;
        memcpy(&bits, &dy[i], sizeof bits);
        bits &= y[i] > 0 ? 0xffffffffu : 0;
        memcpy(&dx[i], &bits, sizeof bits);
    }
}

static void ISA(add)(int64_t count, const float *a, const float *b, float *y) {
    for (int64_t i = 0; i < count; i++)
        y[i] = a[i] + b[i];
}

static void ISA(dropout)(int64_t count, const float *x, const uint8_t *keep, float scale, float *y) {
    for (int64_t i = 0; i < count; i++)
        y[i] = x[i] * (keep[i] ? scale : 0.0f);
}
