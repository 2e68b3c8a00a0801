#include <locale.h>
#include <math.h>
#include <string.h>

#include "expr/expr.h"
#include "harness/test.h"

/* Stands in for the C library's while memory for locales is out: see the Makefile. */
static bool no_locales;
locale_t __wrap_newlocale(int mask, const char *name, locale_t base);
locale_t __real_newlocale(int mask, const char *name, locale_t base);
locale_t __wrap_newlocale(int mask, const char *name, locale_t base) {
    return no_locales ? (locale_t)0 : __real_newlocale(mask, name, base);
}

/* Then the program's own locale has to do. */
ISO_TEST(numbers_without_memory_for_a_locale) {
    iso_context *ctx;
    CHECK(iso_context_new(&ctx, &(iso_context_options){.threads = 1}) == ISO_OK);
    iso_text out = iso_text_new(ctx);
    const char *end;
    no_locales = true;
    double value = iso_read_double("0.1x", &end);
    iso_write_repr(&out, value);
    no_locales = false;
    bool same = iso_test_string("0.1", out.data, __FILE__, __LINE__) && iso_test_string("x", end, __FILE__, __LINE__);
    iso_text_free(&out);
    iso_context_free(ctx);
    CHECK(same);
}

ISO_TEST(repr_known_answers) {
    static const struct {
        double value;
        const char *expected;
    } cases[] = {
        {0.0, "0.0"},
        {-0.0, "-0.0"},
        {1.0, "1.0"},
        {0.1, "0.1"},
        {1.0 / 3.0, "0.3333333333333333"},
        {1e15, "1000000000000000.0"},
        {9999999999999998.0, "9999999999999998.0"},
        {1e16, "1e+16"},
        {1.5e16, "1.5e+16"},
        {1e22, "1e+22"},
        {1e23, "1e+23"},
        {123456789012345680.0, "1.2345678901234568e+17"},
        {0.0001, "0.0001"},
        {0.00012, "0.00012"},
        {0.00001, "1e-05"},
        {1.5e-7, "1.5e-07"},
        {5e-324, "5e-324"},
        {2.2250738585072014e-308, "2.2250738585072014e-308"},
        {1.7976931348623157e308, "1.7976931348623157e+308"},
        {9007199254740993.0, "9007199254740992.0"},
        {1.5409960746765137, "1.5409960746765137"},
        {-2.5, "-2.5"},
        {100.0, "100.0"},
        {1e100, "1e+100"},
        {INFINITY, "inf"},
        {-INFINITY, "-inf"},
        {NAN, "nan"},
        {5e-5, "5e-05"},
        {4.35, "4.35"},
        {2e-3, "0.002"},
        {8.41e21, "8.41e+21"},
        {9.5367431640625e-07, "9.5367431640625e-07"},
        {0x1p-24, "5.960464477539063e-08"},
        {0x1p-44, "5.684341886080802e-14"},
        {0x1p977, "1.2773377981022207e+294"},
        {0x1p89, "6.189700196426902e+26"},
    };
    iso_context *ctx;
    CHECK(iso_context_new(&ctx, &(iso_context_options){.threads = 1}) == ISO_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        iso_text out = iso_text_new(ctx);
        iso_write_repr(&out, cases[i].value);
        bool same = iso_test_string(cases[i].expected, out.data, __FILE__, __LINE__);
        iso_text_free(&out);
        if (!same)
            break;
    }
    iso_text out = iso_text_new(ctx);
    iso_write_repr_f32(&out, 0.1f);
    iso_text_puts(&out, " ");
    iso_write_repr_f32(&out, 16777216.0f);
    bool same = iso_test_string("0.1 16777216.0", out.data, __FILE__, __LINE__);
    iso_text_free(&out);
    iso_context_free(ctx);
    CHECK(same);
}

/* Every double comes back, and no shorter digits would do. */
ISO_TEST(repr_reads_back) {
    iso_context *ctx;
    CHECK(iso_context_new(&ctx, &(iso_context_options){.threads = 1}) == ISO_OK);
    int rounds = iso_test_long() ? 300000 : 5000;
    for (int round = 0; round < rounds; round++) {
        uint64_t bits = iso_test_random();
        double value, again;
        memcpy(&value, &bits, sizeof value);
        if (round % 2)
            value = (double)(float)iso_test_uniform();
        if (!isfinite(value))
            continue;
        iso_text out = iso_text_new(ctx);
        iso_write_repr(&out, value);
        const char *end;
        again = iso_read_double(out.data, &end);
        bool same = memcmp(&value, &again, sizeof value) == 0 && *end == 0;
        iso_test_check(same, __FILE__, __LINE__, "%s does not read back", out.data);
        iso_text_free(&out);
        if (!same)
            break;
    }
    iso_context_free(ctx);
}
