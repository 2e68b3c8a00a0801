#include <stdio.h>

#include "cli/cli.h"

typedef struct diff_args {
    bool json, quiet;
    int64_t threads;
} diff_args;

static int run(int argc, char **argv) {
    const char *directories[2];
    diff_args a = {0};
    size_t count = 0;
    int status = cli_parse(&iso_command_diff, argc, argv, &a, directories, &count);
    if (status >= 0)
        return status;
    iso_context *ctx = cli_context(a.threads, NULL, &status);
    if (!ctx)
        return status;
    char *report = NULL;
    iso_status outcome = iso_diff(ctx, directories[0], directories[1], a.json, &report);
    if (outcome != ISO_OK && outcome != ISO_DIFFER)
        return cli_fail(ctx, outcome);
    if (!a.quiet)
        fputs(report, stdout);
    iso_string_free(ctx, report);
    iso_context_free(ctx);
    return cli_exit_status(outcome);
}

static const cli_option options[] = {
    CLI_JSON(diff_args),
    {"--quiet", CLI_FLAG, offsetof(diff_args, quiet), NULL, "print nothing; the exit status tells"},
    CLI_THREADS(diff_args),
};

const iso_command iso_command_diff = {
    .name = "diff",
    .summary = "compare two runs: equal, or where and why they part",
    .synopsis = (const char *const[]){"DIR_A DIR_B [options]", "DIR_A/trace DIR_B/trace [--json] [--quiet]", NULL},
    .text = "Equal in one line; otherwise the first cause (recipe, seed, data, program), then the first step at which the runs "
            "part. That step is taken again, from the checkpoints before it, to name the operation, the tensor and the element, "
            "with both values and their distance in ULP. A file that does not agree with its own ledger is named, in runs that "
            "are small (see isobit verify).\n"
            "Two traces (isobit train --trace) are compared as they are, without executing anything.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .low = 2,
    .high = 2,
    .operands = CLI_FOLDER,
    .exit_status = "0 equal; 1 they differ; 2, 3 as for every command",
    .examples = (const char *const[]){"isobit diff runs/tutorial runs/tutorial-2", NULL},
    .run = run,
};
