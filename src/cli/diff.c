#include <stdio.h>

#include "cli/cli.h"

static int run(int argc, char **argv) {
    const char *directories[2];
    bool json = false, quiet = false;
    int64_t threads = 0;
    size_t count = 0;
    const cli_option list[] = {{"--json", CLI_FLAG, &json, 0, 0},
                               {"--quiet", CLI_FLAG, &quiet, 0, 0},
                               {"--threads", CLI_INT, &threads, 1, 1024}};
    int status = cli_parse(&iso_command_diff, argc, argv, list, sizeof list / sizeof *list, directories, 2, 2, &count);
    if (status >= 0)
        return status;
    iso_context *ctx = cli_context(threads, NULL, &status);
    if (!ctx)
        return status;
    char *report = NULL;
    iso_status outcome = iso_diff(ctx, directories[0], directories[1], json, &report);
    if (outcome != ISO_OK && outcome != ISO_DIFFER)
        return cli_fail(ctx, outcome);
    if (!quiet)
        fputs(report, stdout);
    iso_string_free(ctx, report);
    iso_context_free(ctx);
    return cli_exit_status(outcome);
}

const iso_command iso_command_diff = {
    "diff", "compare two runs: equal, or where and why they part",
    "usage: isobit diff DIR_A DIR_B [--json] [--quiet] [--threads N]\n"
    "       isobit diff DIR_A/trace DIR_B/trace [--json] [--quiet]\n"
    "\n"
    "Equal in one line; otherwise the first cause (recipe, seed, data, program), then the first step at which the runs part. That\n"
    "step is taken again, from the checkpoints before it, to name the operation, the tensor and the element, with both values and\n"
    "their distance in ULP. A file that does not agree with its own ledger is named, in runs that are small (see isobit verify).\n"
    "Two traces (isobit train --trace) are compared as they are, without executing anything.\n"
    "\n"
    "exit status: 0 equal; 1 they differ; 2, 3 as for every command\n"
    "\n"
    "example: isobit diff runs/tutorial runs/tutorial-2\n",
    run};
