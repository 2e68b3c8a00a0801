#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

/* torch.manual_seed's range; negative numbers are reinterpreted. */
static bool read_seed(const char *text, uint64_t *seed) {
    const char *digits = text + (*text == '-');
    uint64_t value = 0;
    if (!*digits || strspn(digits, "0123456789") != strlen(digits))
        return false;
    for (; *digits; digits++)
        if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*digits - '0'), &value))
            return false;
    if (*text == '-' && value > (uint64_t)1 << 63)
        return false;
    *seed = *text == '-' ? 0 - value : value;
    return true;
}

typedef struct stream_args {
    const char *seed, *torch, *python, *numpy;
    bool hex;
} stream_args;

static int run(int argc, char **argv) {
    stream_args a = {0};
    const char **expressions = calloc((size_t)argc, sizeof *expressions);
    size_t count = 0;
    int status = expressions ? cli_parse(&iso_command_stream, argc, argv, &a, expressions, &count) : 3;
    iso_stream_options options = {.hex = a.hex, .torch = a.torch, .python = a.python, .numpy = a.numpy};
    if (status < 0 && (!a.seed || !read_seed(a.seed, &options.seed))) {
        cli_error(a.seed ? "--seed is '%s', expected a whole number from -2^63 to 2^64 - 1" : "--seed S is missing%s",
                  a.seed ? a.seed : "");
        status = 2;
    }
    iso_context *ctx = status < 0 ? cli_context(1, NULL, &status) : NULL;
    if (ctx) {
        char *output = NULL;
        iso_status outcome = iso_stream_text(ctx, &options, expressions, count, &output);
        if (output)
            fputs(output, stdout);
        iso_string_free(ctx, output);
        if (outcome)
            status = cli_fail(ctx, outcome);
        else {
            iso_context_free(ctx);
            status = 0;
        }
    }
    free(expressions);
    return status;
}

static const cli_option options[] = {
    {"--seed", CLI_TEXT, offsetof(stream_args, seed), "S", "the seed of all three libraries, -2^63 to 2^64 - 1; required"},
    {"--hex", CLI_FLAG, offsetof(stream_args, hex), NULL, "the raw bits instead of numbers"},
    {"--stream", CLI_TEXT, offsetof(stream_args, torch), "NAME",
     "which PyTorch: torch (the default), torch==1.13, torch==2.6, torch+mkl, torch/scalar, torch==1.13/scalar, ...; "
     "torch-cuda/SMSxTHREADS draws as on a GPU with so many multiprocessors and threads on each: 132x2048 is an H100",
     0, 0, CLI_WORDS, "torch torch==1.13 torch==2.6 torch+mkl torch/scalar torch-cuda/132x2048"},
    {"--python", CLI_TEXT, offsetof(stream_args, python), "VERSION", "whose random module: 3.8 to 3.13 (the default)", 0, 0,
     CLI_WORDS, "3.8 3.9 3.10 3.11 3.12 3.13"},
    {"--numpy", CLI_TEXT, offsetof(stream_args, numpy), "VERSION",
     "which NumPy: 1.21 to 2.5 (the default), which differ in np.random.multinomial only"},
};

const iso_command iso_command_stream = {
    .name = "stream",
    .summary = "the random numbers of PyTorch, NumPy and Python, in Python's spelling",
    .synopsis = (const char *const[]){"--seed S [options] EXPR...", NULL},
    .text = "Seeds torch, numpy.random and random with S, then evaluates the expressions in order, each drawing on where the one "
            "before stopped, exactly as Python would. One line per expression; `name = EXPR` gives a value a name and prints "
            "nothing.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .low = 1,
    .high = SIZE_MAX,
    .examples = (const char *const[]){"isobit stream --seed 0 'torch.randn(16)' 'np.random.rand(3)' 'random.random()' "
                                      "'F.dropout(torch.ones(8), 0.5)'",
                                      NULL},
    .run = run,
};
