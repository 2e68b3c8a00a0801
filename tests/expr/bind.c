#include <stdlib.h>
#include <string.h>

#include "expr/signature.h"
#include "harness/test.h"

static const iso_param params[] = {
    {.name = "in_channels", .kind = ISO_ARG_INT, .low = 1, .high = 100},
    {.name = "kernel_size", .kind = ISO_ARG_INT2, .low = 1, .high = 50},
    {.name = "bias", .kind = ISO_ARG_BOOL, .fallback = "True"},
    {.name = "momentum", .kind = ISO_ARG_FLOAT, .fallback = "0.1", .optional = true},
    {.name = "mode", .kind = ISO_ARG_STRING, .fallback = "zeros"},
    {.name = "mean", .kind = ISO_ARG_FLOATS, .fallback = "0"},
    {.name = "dtype", .kind = ISO_ARG_ANY, .fallback = "None"},
    {.name = "betas", .kind = ISO_ARG_FLOAT2, .fallback = "(0.9, 0.999)"},
};
static const iso_signature signatures[] = {{"Conv", params, sizeof params / sizeof *params}, {"Linear", params, 1}};

typedef struct bound {
    iso_status status;
    int column;
    char message[200];
    iso_arg args[ISO_MAX_PARAMS]; /* texts and expressions in them are gone */
} bound;

static bound bind(const char *source) {
    bound b = {.status = ISO_ENOMEM};
    iso_context *ctx;
    iso_expr *expr = NULL;
    if (iso_context_new(&ctx, &(iso_context_options){.threads = 1}))
        return b;
    b.status = iso_expr_parse(ctx, source, &expr, &b.column);
    if (!b.status)
        b.status = iso_bind(ctx, &signatures[strncmp(source, "Linear", 6) == 0], expr, b.args, &b.column);
    strncpy(b.message, iso_error(ctx), sizeof b.message - 1);
    iso_expr_free(ctx, expr);
    iso_context_free(ctx);
    return b;
}

ISO_TEST(bind_positions_keywords_and_defaults) {
    bound b = bind("Conv(3, (5, 7), momentum=2, mean=[0.5, 1])");
    CHECK(b.status == ISO_OK);
    CHECK(b.args[0].i[0] == 3 && b.args[0].given);
    CHECK(b.args[1].i[0] == 5 && b.args[1].i[1] == 7);
    CHECK(b.args[2].i[0] == 1 && !b.args[2].given);
    CHECK(b.args[3].f[0] == 2.0);
    CHECK(b.args[5].count == 2 && b.args[5].f[0] == 0.5 && b.args[5].f[1] == 1);
    CHECK(b.args[6].is_none);
    CHECK(b.args[7].count == 2 && b.args[7].f[0] == 0.9 && b.args[7].f[1] == 0.999);
    b = bind("Conv(3, 5, momentum=None)");
    CHECK(b.status == ISO_OK && b.args[1].i[0] == 5 && b.args[1].i[1] == 5 && b.args[3].is_none);
    b = bind("Conv(kernel_size=1, in_channels=100)");
    CHECK(b.status == ISO_OK && b.args[0].i[0] == 100);
}

ISO_TEST(bind_errors_name_the_argument) {
    CHECK_STRING("a value", iso_arg_kind_text(ISO_ARG_ANY)); /* which no value fails to be */
    static const struct {
        const char *source, *message;
        int column;
    } cases[] = {
        {"Conv(3)", "Conv: the argument kernel_size is missing", 0},
        {"Conv", "Conv: the argument in_channels is missing", 0},
        {"Conv(3, 5, biass=True)", "Conv has no argument 'biass'; did you mean 'bias'?", 11},
        {"Conv(3, 5, zzzzzz=True)", "Conv has no argument 'zzzzzz'", 11},
        {"Conv(3, 5, in_channels=4)", "Conv: in_channels is given twice", 11},
        {"Conv(3, 5, bias=1)", "Conv: bias must be True or False", 16},
        {"Conv(3.5, 5)", "Conv: in_channels must be a whole number", 5},
        {"Conv(0, 5)", "Conv: in_channels must be between 1 and 100", 5},
        {"Conv(101, 5)", "Conv: in_channels must be between 1 and 100", 5},
        {"Conv(3, (1, 2, 3))", "Conv: kernel_size must be a whole number or a pair of them", 8},
        {"Conv(3, 5, mode=7)", "Conv: mode must be a 'text'", 16},
        {"Conv(None, 5)", "Conv: in_channels must be a whole number", 5},
        {"Conv(18446744073709551615, 5)", "Conv: in_channels must be a whole number", 5},
        {"Conv(18446744073709551616, 5)", "Conv: in_channels must be a whole number", 5},
        {"Conv(3, 5, momentum='a')", "Conv: momentum must be a number", 20},
        {"Conv(3, 5, mean=[1, 'a'])", "Conv: mean must be a number or a list of at most 16 numbers", 16},
        {"Conv(3, (1, 51))", "Conv: kernel_size must be between 1 and 50", 8},
        {"Conv(3, (1, 'a'))", "Conv: kernel_size must be a whole number or a pair of them", 8},
        {"Conv(3, 5, betas=(1, 'a'))", "Conv: betas must be a number or a pair of them", 17},
        {"Conv(3, 5, True, 0.1, 'a', 0, None, 8, 9)", "Conv takes at most 8 arguments", 39},
        {"Linear(3, 5)", "Linear takes at most 1 argument", 10},
        {"Conv(3, 5, mean=[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17])",
         "Conv: mean must be a number or a list of at most 16 numbers", 16},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bound b = bind(cases[i].source);
        CHECK(b.status == ISO_EINVAL);
        CHECK_STRING(cases[i].message, b.message);
        CHECK_MSG(b.column == cases[i].column, "%s: column %d, expected %d", cases[i].source, b.column, cases[i].column);
    }
}
