#include "expr/integer.h"

#include "harness/test.h"

static iso_integer number(int64_t value) {
    iso_integer n;
    iso_integer_set(&n, value < 0, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
    return n;
}

ISO_TEST(integers_are_ordered) {
    static const int64_t ordered[] = {INT64_MIN, -4294967296, -4294967295, -2, -1, 0, 1, 2, 4294967295, 4294967296, INT64_MAX};
    for (size_t i = 0; i < ISO_COUNTOF(ordered); i++)
        for (size_t j = 0; j < ISO_COUNTOF(ordered); j++) {
            iso_integer a = number(ordered[i]), b = number(ordered[j]);
            int order = iso_integer_compare(&a, &b);
            CHECK_MSG(i < j   ? order < 0
                      : i > j ? order > 0
                              : order == 0,
                      "%lld and %lld: %d", (long long)ordered[i], (long long)ordered[j], order);
        }
}

ISO_TEST(integers_are_written) {
    static const struct {
        int64_t value;
        const char *text;
    } cases[] = {{0, "0"},
                 {7, "7"},
                 {-1000000000, "-1000000000"},
                 {1000000000000000000, "1000000000000000000"},
                 {INT64_MIN, "-9223372036854775808"}};
    iso_context *ctx;
    CHECK(iso_context_new(&ctx, &(iso_context_options){.threads = 1}) == ISO_OK);
    for (size_t i = 0; i < ISO_COUNTOF(cases); i++) {
        iso_text out = iso_text_new(ctx);
        iso_integer n = number(cases[i].value);
        iso_integer_write(&out, &n);
        bool same = iso_test_string(cases[i].text, out.data, __FILE__, __LINE__);
        iso_text_free(&out);
        if (!same)
            break;
    }
    iso_context_free(ctx);
}
