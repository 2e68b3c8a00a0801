#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

/* To a file, or for "-" to stdout. */
static iso_status export_metrics(iso_context *ctx, const char *directory, iso_export_format format, const char *path) {
    char *text;
    if (strcmp(path, "-") != 0)
        return iso_export_metrics_write(ctx, directory, format, path);
    iso_status status = iso_export_metrics(ctx, directory, format, &text);
    if (!status)
        fputs(text, stdout);
    iso_string_free(ctx, status ? NULL : text);
    return status;
}

typedef struct export_args {
    const char *csv, *jsonl, *tensorboard, *safetensors;
    int64_t step;
} export_args;

static int run(int argc, char **argv) {
    const char *directory;
    export_args a = {.step = -1};
    size_t count = 0;
    int status = cli_parse(&iso_command_export, argc, argv, &a, &directory, &count);
    if (status >= 0)
        return status;
    if (!a.csv && !a.jsonl && !a.tensorboard && !a.safetensors) {
        cli_error("nothing to export; expected --csv FILE, --jsonl FILE, --tensorboard DIR or --safetensors FILE");
        return 2;
    }
    if (a.step >= 0 && !a.safetensors) {
        cli_error("--step chooses a checkpoint; expected --safetensors FILE with it");
        return 2;
    }
    iso_context *ctx = cli_context(1, NULL, &status);
    if (!ctx)
        return status;
    iso_status outcome = a.csv ? export_metrics(ctx, directory, ISO_EXPORT_CSV, a.csv) : ISO_OK;
    if (!outcome && a.jsonl)
        outcome = export_metrics(ctx, directory, ISO_EXPORT_JSONL, a.jsonl);
    if (!outcome && a.tensorboard)
        outcome = iso_export_tensorboard(ctx, directory, a.tensorboard);
    if (!outcome && a.safetensors)
        outcome = iso_export_safetensors(ctx, directory, a.step, a.safetensors);
    if (outcome)
        return cli_fail(ctx, outcome);
    iso_context_free(ctx);
    return 0;
}

static const cli_option options[] = {
    {"--csv", CLI_TEXT, offsetof(export_args, csv), "FILE",
     "a line per step: loss, learning rate, gradient norm, images, seconds, results of tests; - prints it", 0, 0, CLI_FILE},
    {"--jsonl", CLI_TEXT, offsetof(export_args, jsonl), "FILE", "the same, a JSON object per line; - prints it", 0, 0, CLI_FILE},
    {"--tensorboard", CLI_TEXT, offsetof(export_args, tensorboard), "DIR", "the same, as an event file of TensorBoard", 0, 0,
     CLI_FOLDER},
    {"--safetensors", CLI_TEXT, offsetof(export_args, safetensors), "FILE",
     "the parameters and buffers of the newest checkpoint under PyTorch's names, for load_state_dict", 0, 0, CLI_FILE},
    {"--step", CLI_INT, offsetof(export_args, step), "N", "of the checkpoint behind step N instead", 0, INT64_MAX},
};

const iso_command iso_command_export = {
    .name = "export",
    .summary = "a run for other tools: CSV, JSON lines, TensorBoard, safetensors",
    .synopsis =
        (const char *const[]){"DIR [--csv FILE] [--jsonl FILE] [--tensorboard DIR] [--safetensors FILE [--step N]]", NULL},
    .text = "Writes what a run recorded in the forms that other tools read; several at once, if asked for. Files are written "
            "whole or not at "
            "all.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .low = 1,
    .high = 1,
    .operands = CLI_FOLDER,
    .examples = (const char *const[]){"isobit export runs/tutorial --csv metrics.csv",
                                      "isobit export runs/tutorial --safetensors weights.safetensors", NULL},
    .run = run,
};
