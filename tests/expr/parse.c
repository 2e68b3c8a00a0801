#include <stdlib.h>
#include <string.h>

#include "expr/expr.h"
#include "harness/test.h"

/* Parses and writes out; "error COLUMN: message" on failure. To be freed with free(). */
static char *round_trip(const char *source) {
    iso_context *ctx;
    if (iso_context_new(&ctx, &(iso_context_options){.threads = 1}))
        return strdup("no context");
    iso_expr *expr = NULL;
    int column = -1;
    iso_text out = iso_text_new(ctx);
    if (iso_expr_parse(ctx, source, &expr, &column))
        iso_text_printf(&out, "error %d: %s", column, iso_error(ctx));
    else
        iso_expr_write(&out, expr);
    char *result = strdup(out.data ? out.data : "");
    iso_text_free(&out);
    iso_expr_free(ctx, expr);
    iso_context_free(ctx);
    return result;
}

static bool gives(const char *source, const char *expected) {
    char *actual = round_trip(source);
    bool same = strcmp(actual, expected) == 0;
    if (!same)
        iso_test_check(false, __FILE__, __LINE__, "%s gives %s, expected %s", source, actual, expected);
    free(actual);
    return same;
}

/* Left: source. Right: what Python's own parser makes of it, in canonical spelling. */
ISO_TEST(expr_values) {
    static const char *const cases[][2] = {
        {"1", "1"},
        {"1_000", "1000"},
        {"0xff", "255"},
        {"0Xf_F", "255"},
        {"0b101", "5"},
        {"0o17", "15"},
        {"0x_1f", "31"},
        {"00", "0"},
        {"2 .x", "(2).x"},
        {"(-2).x(1)", "(-2).x(1)"},
        {"(2.5)[0]", "(2.5)[0]"},
        {"-7", "-7"},
        {"--7", "7"},
        {"+7", "7"},
        {"1e-3", "0.001"},
        {"1.", "1.0"},
        {".5", "0.5"},
        {"1_0.2_5e1_0", "102500000000.0"},
        {"1E5", "100000.0"},
        {"1e16", "1e+16"},
        {"1e15", "1000000000000000.0"},
        {"0.0001", "0.0001"},
        {"0.00001", "1e-05"},
        {"1e400", "1e999"},
        {"5e-324", "5e-324"},
        {"-0.0", "-0.0"},
        {"18446744073709551615", "18446744073709551615"},
        {"-9223372036854775808", "-9223372036854775808"},
        {"True", "True"},
        {"False", "False"},
        {"b", "b"},
        {"None", "None"},
        {"'a'", "'a'"},
        {"\"a'b\"", "'a\\'b'"},
        {"'\\x41\\u00e9\\n'", "'A\u00e9\\n'"},
        {"'\\a'", "'\\x07'"},
        {"'\\U0001F600'", "'\U0001F600'"},
        {"[]", "[]"},
        {"()", "()"},
        {"(1)", "1"},
        {"(1,)", "(1,)"},
        {"[1, 2,]", "[1, 2]"},
        {" ( 1 , [ 2 ] ) ", "(1, [2])"},
        {"f()", "f()"},
        {"f(1, a=2,)", "f(1, a=2)"},
        {"a.b.c(x=[1])", "a.b.c(x=[1])"},
        {"f( 1 ).g( b = 2 ).h", "f(1).g(b=2).h"},
        {"torch.float64", "torch.float64"},
        {"18446744073709551616", "18446744073709551616"},
        {"-0x1_0000000000000000", "-18446744073709551616"},
        {"x [ 1 ]", "x[1]"},
        {"f(1)[ : 4 ].g()[2:][:]", "f(1)[:4].g()[2:][:]"},
        {"[1, 2][-1]", "[1, 2][-1]"},
        {"b'a\\x00\\xff'", "b'a\\x00\\xff'"},
        {"[ f(i) for i in range( 3 ) ]", "[f(i) for i in range(3)]"},
        {"1\t+\n2", "3"},
        {"b\"x\"", "b'x'"},
        {"'a\\tb\\r\\x7f\\\\'", "'a\\tb\\r\\x7f\\\\'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (!gives(cases[i][0], cases[i][1]))
            return;
}

ISO_TEST(expr_arithmetic) {
    static const char *const cases[][2] = {
        {"1+2*3", "7"},
        {"(1+2)*3", "9"},
        {"2**3**2", "512"},
        {"-2**2", "-4"},
        {"2**-1", "0.5"},
        {"7//2", "3"},
        {"0*-5", "0"},
        {"7.0//3.5", "2.0"},
        {"21.1//0.183", "115.0"}, /* the quotient comes out as little less than 115 */
        {"0.0**2.0", "0.0"},
        {"1e999**2", "1e999"},
        {"2.0**1e999", "1e999"},
        {"2**10239//2**10238", "2"},
        {"2**10239+2**10239", "error 8: the result has too many digits"},
        {"2**10240", "error 1: the result has too many digits"},
        {"2**(2**70)", "error 1: the result has too many digits"},
        {"1/2**10239", "0.0"},
        {"0/2**10239", "0.0"},
        {"7**3640/(2**10239-1)", "8.14216779970179e-07"},
        {"-(2**10239-1)/(2**10188+1)", "-2251799813685248.0"},
        {"-1/4", "-0.25"},
        {"-7//2", "-4"},
        {"7//-2", "-4"},
        {"-7%3", "2"},
        {"7%-3", "-2"},
        {"-6//2", "-3"},
        {"-6%3", "0"},
        {"1/3", "0.3333333333333333"},
        {"6/3", "2.0"},
        {"7.5//2", "3.0"},
        {"-7.5//2", "-4.0"},
        {"-7.5%2", "0.5"},
        {"7.5%-2", "-0.5"},
        {"1-2-3", "-4"},
        {"True+1", "2"},
        {"-True", "-1"},
        {"2**63", "9223372036854775808"},
        {"2**64-1", "18446744073709551615"},
        {"2**63*2-1", "18446744073709551615"},
        {"2**200", "1606938044258990275541962092341162602522202993782792835301376"},
        {"-10**30//7", "-142857142857142857142857142858"},
        {"-10**30%(2**70+1)", "880366771268600246900"},
        {"10**30-10**30", "0"},
        {"10**30/10**29", "10.0"},
        {"10**400/10**399", "10.0"},
        {"7**99999", "error 1: the result has too many digits"},
        {"10**25*1.0", "1e+25"},
        {"2**63+(2**63-1)", "18446744073709551615"},
        {"-2**63", "-9223372036854775808"},
        {"-2**63-1", "-9223372036854775809"},
        {"(-1)**99999999999", "-1"},
        {"0**0", "1"},
        {"9007199254740993/1", "9007199254740992.0"},
        {"9007199254740993/3", "3002399751580331.0"},
        {"18446744073709551615/18446744073709551614", "1.0"},
        {"10000000000000001/10000000000000000", "1.0"},
        {"5 // 0.3", "16.0"},
        {"1e300*1e10", "1e999"},
        {"-1e999", "-1e999"},
        {"1e999-1e999", "error 5: the result is not a number"},
        {"0.1+0.2", "0.30000000000000004"},
        {"2**0.5", "1.4142135623730951"},
        {"-4.0//0.1", "-40.0"},
        {"1%0.1", "0.09999999999999995"},
        {"-1e-20%3", "3.0"},
        {"2*-3", "-6"},
        {"1/0", "error 1: division by zero"},
        {"1//0.0", "error 1: division by zero"},
        {"5%0", "error 1: division by zero"},
        {"0**-1", "error 1: 0 cannot be raised to a negative power"},
        {"(-8)**0.5", "error 4: the power is no real number"},
        {"10.0**400", "error 4: the power is too large"},
        {"'a'+1", "error 3: arithmetic needs numbers on both sides"},
        {"-'a'", "error 0: a sign needs a number behind it"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (!gives(cases[i][0], cases[i][1]))
            return;
}

ISO_TEST(expr_errors_point_at_the_character) {
    static const char *const cases[][2] = {
        {"", "error 0: the expression ends where a value was expected"},
        {"f(1", "error 3: the expression ends where ',' or ')' was expected"},
        {"f(1 2)", "error 4: unexpected '2', expected ',' or ')'"},
        {"[1, 2", "error 5: the expression ends where ',' or ']' was expected"},
        {"1 2", "error 2: unexpected '2', expected the end of the expression"},
        {"f(a=1, 2)", "error 7: a positional argument follows a keyword argument, expected NAME=VALUE"},
        {"'abc", "error 4: the closing quote is missing"},
        {"'\\q'", "error 1: unknown escape; expected one of \\n \\t \\r \\\\ \\' \\\" \\xhh \\uhhhh"},
        {"'\\U00110000'", "error 1: unknown escape; expected one of \\n \\t \\r \\\\ \\' \\\" \\xhh \\uhhhh"},
        {"b'\\q'", "error 2: unknown escape; expected one of \\n \\t \\r \\\\ \\' \\\" \\xhh \\uhhhh"},
        {"'a\\", "error 2: unknown escape; expected one of \\n \\t \\r \\\\ \\' \\\" \\xhh \\uhhhh"},
        {"'\\ud800'", "error 1: unknown escape; expected one of \\n \\t \\r \\\\ \\' \\\" \\xhh \\uhhhh"},
        {"012", "error 0: not a number: no zeros may lead it"},
        {"1__0", "error 0: not a number: an underscore must stand between digits"},
        {"1e_5", "error 0: not a number: an underscore must stand between digits"},
        {"12._5", "error 0: not a number: an underscore must stand between digits"},
        {"1_", "error 0: not a number: an underscore must stand between digits"},
        {"0x", "error 0: not a number"},
        {"1.2.3", "error 0: not a number"},
        {"1e", "error 0: not a number"},
        {"3j", "error 0: not a number"},
        {"0x1p3", "error 0: not a number"},
        {"x[1", "error 3: the expression ends where ':' or ']' was expected"},
        {"x[1:2", "error 5: the expression ends where ']' was expected"},
        {"[x for 1 in y]", "error 7: unexpected '1', expected a name"},
        {"[x for y]", "error 8: unexpected ']', expected 'in'"},
        {"[x fork]", "error 3: unexpected 'f', expected ',' or ']'"},
        {"[x for a.b in y]", "error 7: unexpected 'a', expected a name"},
        {"[x for y in z", "error 13: the expression ends where ']' was expected"},
        {"b'\u00e9'", "error 2: bytes can only contain ASCII characters"},
        {"f(,)", "error 2: unexpected ',', expected a value"},
        {"a.", "error 1: unexpected '.', expected the end of the expression"},
        {"@", "error 0: unexpected '@', expected a value"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (!gives(cases[i][0], cases[i][1]))
            return;
}

/* A text of `count` copies of `unit` between `head` and `tail` must be refused, and quickly. */
static bool refused(const char *head, const char *unit, const char *tail, int count) {
    size_t size = strlen(head) + strlen(unit) * (size_t)count + strlen(tail) + 1;
    char *source = malloc(size), *at = source;
    if (!source)
        return false;
    at += strlen(strcpy(at, head));
    for (int i = 0; i < count; i++)
        at += strlen(strcpy(at, unit));
    strcpy(at, tail);
    char *result = round_trip(source);
    bool ok = strncmp(result, "error", 5) == 0;
    iso_test_check(ok, __FILE__, __LINE__, "%s%s... is accepted", head, unit);
    free(result);
    free(source);
    return ok;
}

ISO_TEST(expr_hostile_nesting_is_refused) {
    static const int counts[] = {65, 1000, 20000, 2000000};
    for (int i = 0; i < 4; i++) {
        CHECK(refused("", "(", "", counts[i]));
        CHECK(refused("", "[", "", counts[i]));
        CHECK(refused("", "-", "1", counts[i]));
        CHECK(refused("", "2**", "1", counts[i]));
        CHECK(refused("", "f(", "", counts[i]));
        CHECK(refused("f()", ".f()", "", counts[i]));
        CHECK(refused("", "f(a=-(", "1", counts[i]));
    }
    CHECK(refused("[", "1,", "]", 20000));
}

/* Chains of methods inside arguments of methods: the tree's height counts, not the parser's depth.
 */
ISO_TEST(expr_height_is_bounded) {
    char source[4096] = "";
    for (int i = 0; i < 20; i++)
        strcat(source, "f(");
    strcat(source, "1");
    for (int i = 0; i < 20; i++)
        strcat(source, ").a().b().c()");
    CHECK(gives(source, "error 298: nested deeper than 64 levels"));
}

ISO_TEST(expr_numbers_of_any_length_are_refused) {
    char digits[4000];
    static const struct {
        int count;
        const char *expected;
    } cases[] = {{3083, "error 0: the number has too many digits"}, {3200, "error 0: the number is too long"}};
    for (int i = 0; i < 2; i++) {
        memset(digits, '9', (size_t)cases[i].count);
        digits[cases[i].count] = 0;
        CHECK(gives(digits, cases[i].expected));
    }
}

/* Random damage to valid texts: any answer, but no crash and no leak. */
ISO_TEST(expr_survives_damage) {
    static const char *const seeds[] = {"torch.empty(3, 2).uniform_(-1, to=2.5)",
                                        "Conv2d(3, 16, kernel_size=(3, 1), padding='same')",
                                        "[1, -2.5e-3, (0x_ff,), \"a\\u00e9'\"] ", "2**-3//4%5.5 + True*(1-2)"};
    static const char alphabet[] = "()[],.'\"\\=+-*/%_ xeEu0189afFTN\n\xc3\xa9\xff";
    int rounds = iso_test_long() ? 200000 : 5000;
    for (int round = 0; round < rounds; round++) {
        char source[128];
        strcpy(source, seeds[iso_test_between(0, 3)]);
        for (int64_t change = iso_test_between(1, 4); change > 0; change--)
            source[iso_test_between(0, (int64_t)strlen(source) - 1)] =
                alphabet[iso_test_between(0, (int64_t)sizeof alphabet - 2)];
        char *once = round_trip(source);
        if (strncmp(once, "error", 5) != 0) { /* what is written reads back to the same */
            bool same = gives(once, once);
            if (!same) {
                free(once);
                return;
            }
        }
        free(once);
    }
}
