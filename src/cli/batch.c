#include <stdio.h>

#include "cli/cli.h"

static void print_batch(const iso_tensor *x, const iso_tensor *labels) {
    printf("shape (%lld, %lld, %lld, %lld)\nlabels", (long long)x->shape[0], (long long)x->shape[1], (long long)x->shape[2],
           (long long)x->shape[3]);
    for (int64_t i = 0; i < labels->numel; i++)
        printf(" %lld", (long long)iso_tensor_i64(labels)[i]);
    printf("\n");
}

typedef struct batch_args {
    int64_t epoch, index, threads;
    const char *out, *png;
    cli_texts sets;
} batch_args;

static int run(int argc, char **argv) {
    batch_args a = {0};
    const char *recipe;
    size_t count = 0;
    int status = cli_parse(&iso_command_batch, argc, argv, &a, &recipe, &count);
    if (status >= 0)
        return status;
    if (!a.out && !a.png) {
        cli_error("--out FILE.npy or --png FILE.png is missing (see isobit batch --help)");
        return 2;
    }
    iso_context *ctx = cli_context(a.threads, NULL, &status);
    if (!ctx)
        return status;
    iso_tensor *x, *labels;
    iso_status outcome = iso_recipe_batch(ctx, recipe, a.sets.items, a.sets.count, a.epoch, a.index, &x, &labels);
    if (!outcome && a.out)
        outcome = iso_tensor_write_npy(ctx, x, a.out);
    if (!outcome && a.png)
        outcome = iso_recipe_batch_png(ctx, recipe, a.sets.items, a.sets.count, a.epoch, a.index, a.png);
    if (!outcome) {
        print_batch(x, labels);
        if (a.out)
            printf("written %s\n", a.out);
        if (a.png)
            printf("written %s\n", a.png);
    }
    iso_tensor_free(ctx, x);
    iso_tensor_free(ctx, labels);
    if (outcome)
        return cli_fail(ctx, outcome);
    iso_context_free(ctx);
    return 0;
}

static const cli_option options[] = {
    {"--epoch", CLI_INT, offsetof(batch_args, epoch), "E", "of which epoch (default: 0, the first)", 0, INT64_MAX},
    {"--index", CLI_INT, offsetof(batch_args, index), "I", "which batch of the epoch (default: 0, the first)", 0, INT64_MAX},
    {"--out", CLI_TEXT, offsetof(batch_args, out), "FILE.npy", "the numbers: float32, shape (n, c, h, w)", 0, 0, CLI_FILE},
    {"--png", CLI_TEXT, offsetof(batch_args, png), "FILE.png", "a picture of all images with their classes", 0, 0, CLI_FILE},
    CLI_SET(batch_args),
    CLI_THREADS(batch_args),
};

const iso_command iso_command_batch = {
    .name = "batch",
    .summary = "write the exact batch that training would see",
    .synopsis = (const char *const[]){"RECIPE.yaml --epoch E --index I [--out FILE.npy] [--png FILE.png] [options]", NULL},
    .text =
        "Batch I of epoch E (both from 0), augmented and normalised exactly as `isobit train` would see it. Prints the labels.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .low = 1,
    .high = 1,
    .operands = CLI_RECIPE,
    .examples =
        (const char *const[]){"isobit batch examples/tutorial.yaml --epoch 0 --index 0 --out batch.npy --png batch.png", NULL},
    .run = run,
};
