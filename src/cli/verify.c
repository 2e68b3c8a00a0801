#include <stdio.h>

#include "cli/cli.h"

static int run(int argc, char **argv) {
    int64_t threads = 0, workers = -1;
    const char *isa = NULL;
    iso_verify_options options = {0};
    bool quiet = false, json = false;
    size_t count = 0;
    const cli_option list[] = {
        {"--from", CLI_INT, &options.from, 0, INT64_MAX}, {"--to", CLI_INT, &options.to, 1, INT64_MAX},
        {"--root", CLI_TEXT, &options.root, 0, 0},        {"--threads", CLI_INT, &threads, 1, 1024},
        {"--workers", CLI_INT, &workers, 0, 256},         {"--isa", CLI_TEXT, &isa, 0, 0},
        {"--quiet", CLI_FLAG, &quiet, 0, 0},              {"--json", CLI_FLAG, &json, 0, 0},
        {"--micro-batch", CLI_INT, &options.micro_batch, 1, 1 << 30},
    };
    int status = cli_parse(&iso_command_verify, argc, argv, list, sizeof list / sizeof *list, &options.directory, 1, 1, &count);
    if (status >= 0)
        return status;
    iso_context *ctx = cli_context(threads, isa, &status);
    if (!ctx)
        return status;
    cli_progress progress;
    cli_progress_init(&progress, quiet);
    options.workers = (int)workers;
    options.progress = cli_progress_show;
    options.user = &progress;
    iso_verify_result result;
    iso_status outcome = iso_verify(ctx, &options, &result);
    cli_progress_end(&progress);
    if (outcome != ISO_OK && outcome != ISO_DIFFER)
        return cli_fail(ctx, outcome);
    if (json) {
        printf("{\"verified\": %s, \"steps\": %lld, \"lines\": %lld, \"finding\": ", outcome ? "false" : "true",
               (long long)result.steps, (long long)result.lines);
        cli_print_json_string(outcome ? result.finding : "");
        printf("}\n");
    } else if (outcome == ISO_DIFFER)
        printf("differs: %s\n", result.finding);
    else {
        printf("verified %lld steps, %lld lines\ndigest ", (long long)result.steps, (long long)result.lines);
        cli_print_hex(result.digest, sizeof result.digest);
        putchar('\n');
    }
    iso_context_free(ctx);
    return cli_exit_status(outcome);
}

const iso_command iso_command_verify = {
    "verify", "re-execute a run and compare every digest",
    "usage: isobit verify DIR [options]\n"
    "\n"
    "Re-executes the run in DIR and compares every line of its ledger, every checkpoint and every data file. Says which file,\n"
    "step and tensor do not follow. Writes nothing.\n"
    "\n"
    "  --from STEP --to STEP   only these steps, from the newest checkpoint before them\n"
    "  --root DIR              the folder that the recipe's relative paths start from (default: as recorded)\n"
    "  --threads N --workers N --micro-batch N --isa NAME   as for train: they never change a bit\n"
    "  --quiet --json\n"
    "\n"
    "exit status: 0 all follows; 1 something does not; 2, 3, 4 as for every command\n"
    "\n"
    "example: isobit verify runs/tutorial --from 100 --to 200\n",
    run};
