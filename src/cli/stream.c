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

static int run(int argc, char **argv) {
    const char *seed_text = NULL, **expressions = calloc((size_t)argc, sizeof *expressions);
    iso_stream_options options = {0};
    size_t count = 0;
    const cli_option list[] = {{"--seed", CLI_TEXT, &seed_text, 0, 0},
                               {"--hex", CLI_FLAG, &options.hex, 0, 0},
                               {"--stream", CLI_TEXT, &options.torch, 0, 0},
                               {"--python", CLI_TEXT, &options.python, 0, 0},
                               {"--numpy", CLI_TEXT, &options.numpy, 0, 0}};
    int status = expressions ? cli_parse(&iso_command_stream, argc, argv, list, sizeof list / sizeof *list, expressions, 1,
                                         (size_t)argc, &count)
                             : 3;
    if (status < 0 && (!seed_text || !read_seed(seed_text, &options.seed))) {
        cli_error(seed_text ? "--seed is '%s', expected a whole number from -2^63 to 2^64 - 1" : "--seed S is missing%s",
                  seed_text ? seed_text : "");
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

const iso_command iso_command_stream = {
    "stream", "the random numbers of PyTorch, NumPy and Python, in Python's spelling",
    "usage: isobit stream --seed S [--hex] [--stream NAME] [--python VERSION] [--numpy VERSION] EXPR...\n"
    "\n"
    "Seeds torch, numpy.random and random with S, then evaluates the expressions in order, each drawing on where the one before\n"
    "stopped, exactly as Python would. One line per expression; `name = EXPR` gives a value a name and prints nothing.\n"
    "\n"
    "  --hex             the raw bits instead of numbers\n"
    "  --stream NAME     which PyTorch: torch (the default), torch==1.13, torch==2.6, torch+mkl, torch/scalar, "
    "torch==1.13/scalar, ...;\n"
    "                    torch-cuda/SMSxTHREADS draws as on a GPU with so many multiprocessors and threads on each: 132x2048 is "
    "an H100\n"
    "  --python VERSION  whose random module: 3.8 to 3.13 (the default)\n"
    "  --numpy VERSION   which NumPy: 1.21 to 2.5 (the default), which differ in np.random.multinomial only\n"
    "\n"
    "example: isobit stream --seed 0 'torch.randn(16)' 'np.random.rand(3)' 'random.random()' 'F.dropout(torch.ones(8), 0.5)'\n",
    run};
