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

typedef struct eval_args {
    int64_t threads, workers;
    const char *isa, *out;
    cli_texts sets;
    bool quiet, json;
} eval_args;

static int run(int argc, char **argv) {
    eval_args a = {.workers = -1};
    iso_evaluate_options options = {0};
    size_t count = 0;
    int status = cli_parse(&iso_command_eval, argc, argv, &a, &options.recipe, &count);
    if (status >= 0)
        return status;
    iso_context *ctx = cli_context(a.threads, a.isa, &status);
    if (!ctx)
        return status;
    cli_progress progress;
    cli_progress_init(&progress, a.quiet);
    options.sets = a.sets.items;
    options.set_count = a.sets.count;
    options.workers = (int)a.workers;
    options.progress = cli_progress_show;
    options.user = &progress;
    iso_evaluate_result result;
    iso_status outcome = iso_evaluate(ctx, &options, &result);
    cli_progress_end(&progress);
    if (!outcome && a.out)
        outcome = iso_tensor_write_npy(ctx, result.logits, a.out);
    if (!outcome)
        print_result(&result, a.json);
    iso_tensor_free(ctx, result.logits);
    if (outcome)
        return cli_fail(ctx, outcome);
    iso_context_free(ctx);
    return 0;
}

static const cli_option options[] = {
    CLI_SET(eval_args),
    {"--out", CLI_TEXT, offsetof(eval_args, out), "FILE.npy", "the logits as a NumPy file of shape (images, classes)", 0, 0,
     CLI_FILE},
    CLI_THREADS(eval_args),
    CLI_WORKERS(eval_args),
    CLI_ISA(eval_args),
    CLI_QUIET(eval_args),
    CLI_JSON(eval_args),
};

const iso_command iso_command_eval = {
    .name = "eval",
    .summary = "evaluate a recipe's weights on its test images",
    .synopsis = (const char *const[]){"RECIPE.yaml [--set weights=FILE] [options]", NULL},
    .text = "Evaluates the model that RECIPE starts from, with the file that its key `weights` names, on its test images. Trains "
            "nothing. The digest is that of the logits.\n"
            "FILE is a safetensors file, or a run's checkpoint; a relative FILE starts where the recipe lies.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .low = 1,
    .high = 1,
    .operands = CLI_RECIPE,
    .examples =
        (const char *const[]){"isobit eval examples/tutorial.yaml --set weights=../runs/tutorial/checkpoint-000096.safetensors "
                              "--out logits.npy",
                              NULL},
    .run = run,
};
