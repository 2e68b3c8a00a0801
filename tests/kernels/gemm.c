#include "ops/gemm.h"

#include "kernels/cases.h"

/* m, n and k with not too many products. Any strides: rows or columns side by side, with gaps, or neither. */
static iso_gemm_shape random_shape(cases *c) {
    int64_t most = case_once_in(50) ? 600000 : 40000;
    iso_gemm_shape s = {.k = case_once_in(3) ? iso_test_between(255, 258) : case_size(600)};
    s.n = case_size(iso_min64(90, most / s.k));
    s.m = case_size(iso_min64(90, most / s.k / s.n));
    s.k = case_once_in(200) ? 0 : s.k; /* sums of nothing */
    int64_t gap = iso_test_between(0, 3), step = case_once_in(8) ? iso_test_between(2, 3) : 1;
    bool a_transposed = iso_test_random() & 1, b_transposed = iso_test_random() & 1;
    s.a_row = a_transposed ? step : s.k * step + gap;
    s.a_col = a_transposed ? s.m * step + gap : step;
    s.b_row = b_transposed ? step : s.n * step + gap;
    s.b_col = b_transposed ? s.k * step + gap : step;
    if (!a_transposed && case_once_in(50)) /* rows that meet in the cache are packed */
        s.a_row = iso_ceil_div(s.a_row, 512) * 512;
    s.c_row = s.n + iso_test_between(0, 3);
    case_shape(c, "m %lld n %lld k %lld, a %lld %lld, b %lld %lld, c %lld", (long long)s.m, (long long)s.n, (long long)s.k,
               (long long)s.a_row, (long long)s.a_col, (long long)s.b_row, (long long)s.b_col, (long long)s.c_row);
    return s;
}

static int64_t extent(int64_t rows, int64_t row, int64_t columns, int64_t column) {
    return rows && columns ? (rows - 1) * row + (columns - 1) * column + 1 : 0;
}

/* What lies between the rows of C must stay. */
static void compare(cases *c, bool with_bias) {
    iso_gemm_shape s = random_shape(c);
    const float *a = case_operand(c, extent(s.m, s.a_row, s.k, s.a_col)),
                *b = case_operand(c, extent(s.k, s.b_row, s.n, s.b_col));
    const float *bias = with_bias ? case_operand(c, s.n) : NULL;
    case_output out = case_floats(c, "c", extent(s.m, s.c_row, s.n, 1));
    iso_ref_gemm(&s, a, b, out.expected);
    for (int64_t i = 0; bias && i < s.m; i++)
        for (int64_t j = 0; j < s.n; j++)
            out.expected[i * s.c_row + j] = out.expected[i * s.c_row + j] + bias[j];
    while (case_next(c)) {
        case_scratch(c, iso_cpu_gemm_scratch(&c->exec, &s));
        if (with_bias)
            iso_cpu_gemm_bias(&c->exec, &s, a, b, bias, out.actual);
        else
            iso_cpu_gemm(&c->exec, &s, a, b, out.actual);
    }
}

CASES(gemm, 6) {
    compare(c, false);
}
CASES(gemm_bias, 3) {
    compare(c, true);
}

/* Rows that meet in the cache are packed, by each thread into memory of its own: blocks that are long enough in the works that
 * threads meet. */
ISO_TEST(gemm_packs_for_each_thread) {
    enum { M = 260, N = 100, K = 512 };
    iso_gemm_shape s = {.m = M, .n = N, .k = K, .a_row = K, .a_col = 1, .b_row = N, .b_col = 1, .c_row = N};
    cases c;
    CHECK(case_open(&c, "gemm on three threads"));
    for (int round = 0; round < 10; round++) {
        case_input(&c, iso_test_random());
        for (int isa = 0; isa < ISO_ISA_COUNT; isa++)
            c.threads[isa] = 3;
        case_shape(&c, "m %d n %d k %d", M, N, K);
        const float *a = case_operand(&c, M * K), *b = case_operand(&c, K * N);
        case_output out = case_floats(&c, "c", M * N);
        iso_ref_gemm(&s, a, b, out.expected);
        while (case_next(&c)) {
            case_scratch(&c, iso_cpu_gemm_scratch(&c.exec, &s));
            iso_cpu_gemm(&c.exec, &s, a, b, out.actual);
        }
    }
    CHECK(case_close(&c));
}

/* c + a b with a product just below half of the smallest number: in binary64 the sum is a tie, whose rounding to binary32 would
 * be a second one. Where a multiply-add has to be emulated, that is the place. */
ISO_TEST(gemm_rounds_subnormals_once) {
    enum { M = 5, N = 19, K = 2 };
    iso_gemm_shape s = {.m = M, .n = N, .k = K, .a_row = K, .a_col = 1, .b_row = N, .b_col = 1, .c_row = N};
    float a[M * K], b[K * N];
    for (int i = 0; i < M; i++) {
        a[i * K] = 0x1p-127f + (float)(2 * iso_test_between(0, 1 << 20) + 1) * 0x1p-149f; /* odd: a tie would go up */
        a[i * K + 1] = 0x1.000002p-75f;
    }
    for (int j = 0; j < N; j++) {
        b[j] = 1;
        b[N + j] = 0x1.fffffcp-76f;
    }
    cases c;
    CHECK(case_open(&c, "gemm among subnormals"));
    case_input(&c, iso_test_random());
    case_shape(&c, "m %d n %d k %d", M, N, K);
    case_output out = case_floats(&c, "c", M * N);
    iso_ref_gemm(&s, a, b, out.expected);
    for (int i = 0; i < M * N; i++)
        CHECK(out.expected[i] == a[i / N * K]);
    while (case_next(&c)) {
        case_scratch(&c, iso_cpu_gemm_scratch(&c.exec, &s));
        iso_cpu_gemm(&c.exec, &s, a, b, out.actual);
    }
    CHECK(case_close(&c));
}
