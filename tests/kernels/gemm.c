#include "ops/gemm.h"

#include "kernels/each.h"

static void compare(each *it, const iso_gemm_shape *s, bool tame) {
    int64_t a_count = (s->m - 1) * s->a_row + (s->k - 1) * s->a_col + 1, b_count = (s->k - 1) * s->b_row + (s->n - 1) * s->b_col + 1;
    float *a = random_floats(a_count, tame), *b = random_floats(b_count, tame), *expected = floats(s->m * s->c_row),
          *actual = floats(s->m * s->c_row);
    iso_ref_gemm(s, a, b, expected);
    for (it->next = 0; each_next(it);) {
        each_scratch(it, iso_cpu_gemm_scratch(&it->exec, s));
        memset(actual, 0, sizeof *actual * (size_t)(s->m * s->c_row));
        iso_cpu_gemm(&it->exec, s, a, b, actual);
        if (!iso_test_bits(expected, actual, s->m * s->c_row, __FILE__, __LINE__))
            fprintf(stderr, "  gemm %lld x %lld x %lld, %s, %d threads\n", (long long)s->m, (long long)s->n, (long long)s->k, EACH_CONTEXT(*it));
    }
    free(a);
    free(b);
    free(expected);
    free(actual);
}

ISO_TEST(gemm_equals_reference) {
    static const int64_t depths[] = {1, 2, 27, 64, 255, 256, 257, 512, 513};
    each it;
    CHECK(each_start(&it));
    for (int i = 0; i < (iso_test_long() ? 2000 : 60); i++) {
        iso_gemm_shape s = {.m = iso_test_between(1, 70), .n = iso_test_between(1, 70),
                            .k = i % 3 ? depths[iso_test_between(0, 8)] : iso_test_between(1, 600)};
        bool a_transposed = i % 2, b_transposed = i / 2 % 2;
        int64_t gap = iso_test_between(0, 3);
        s.a_row = a_transposed ? 1 : s.k + gap;
        s.a_col = a_transposed ? s.m + gap : 1;
        s.b_row = b_transposed ? 1 : s.n + gap;
        s.b_col = b_transposed ? s.k + gap : 1;
        s.c_row = s.n + gap;
        compare(&it, &s, i % 4 == 0);
    }
    each_end(&it);
}
