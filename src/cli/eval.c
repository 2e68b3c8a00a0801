#include <stdio.h>

#include "cli/cli.h"

static void print_result(const iso_evaluate_result *r, bool json) {
    double accuracy = (double)r->correct / (double)r->count;
    if (json) {
        printf("{\"count\": %lld, \"correct\": %lld, \"accuracy\": %.6g, \"loss\": %.9g, \"digest\": \"", (long long)r->count,
               (long long)r->correct, accuracy, (double)r->loss);
        cli_print_hex(r->digest, sizeof r->digest);
        printf("\"}\n");
        return;
    }
    printf("loss %.6f\ntest accuracy %.2f %% (%lld of %lld)\ndigest ", (double)r->loss, 100 * accuracy, (long long)r->correct,
           (long long)r->count);
    cli_print_hex(r->digest, sizeof r->digest);
    putchar('\n');
}

static int run(int argc, char **argv) {
    int64_t threads = 0, workers = -1;
    const char *isa = NULL, *out = NULL;
    iso_evaluate_options options = {0};
    cli_texts sets = {.count = 0};
    bool quiet = false, json = false;
    size_t count = 0;
    const cli_option list[] = {
        {"--out", CLI_TEXT, &out, 0, 0},          {"--set", CLI_TEXTS, &sets, 0, 0}, {"--threads", CLI_INT, &threads, 1, 1024},
        {"--workers", CLI_INT, &workers, 0, 256}, {"--isa", CLI_TEXT, &isa, 0, 0},   {"--quiet", CLI_FLAG, &quiet, 0, 0},
        {"--json", CLI_FLAG, &json, 0, 0},
    };
    int status = cli_parse(&iso_command_eval, argc, argv, list, sizeof list / sizeof *list, &options.recipe, 1, 1, &count);
    if (status >= 0)
        return status;
    iso_context *ctx = cli_context(threads, isa, &status);
    if (!ctx)
        return status;
    cli_progress progress;
    cli_progress_init(&progress, quiet);
    options.sets = sets.items;
    options.set_count = sets.count;
    options.workers = (int)workers;
    options.progress = cli_progress_show;
    options.user = &progress;
    iso_evaluate_result result;
    iso_status outcome = iso_evaluate(ctx, &options, &result);
    cli_progress_end(&progress);
    if (!outcome && out)
        outcome = iso_tensor_write_npy(ctx, result.logits, out);
    if (!outcome)
        print_result(&result, json);
    iso_tensor_free(ctx, result.logits);
    if (outcome)
        return cli_fail(ctx, outcome);
    iso_context_free(ctx);
    return 0;
}

const iso_command iso_command_eval = {
    "eval", "evaluate a recipe's weights on its test images",
    "usage: isobit eval RECIPE.yaml [options]\n"
    "\n"
    "Evaluates the model that RECIPE starts from, with the file that its key `weights` names, on its test images. Trains "
    "nothing.\n"
    "The digest is that of the logits.\n"
    "\n"
    "  --set weights=FILE      these weights: a safetensors file, or a run's checkpoint\n"
    "  --out FILE.npy          the logits as a NumPy file of shape (images, classes)\n"
    "  --set key=value         changes the recipe\n"
    "  --threads N --workers N --isa NAME   as for train: they never change a bit\n"
    "  --quiet --json\n"
    "\n"
    "A relative FILE starts where the recipe lies.\n"
    "\n"
    "example: isobit eval examples/tutorial.yaml --set weights=../runs/tutorial/checkpoint-000096.safetensors --out logits.npy\n",
    run};
