#include <stdio.h>

#include "cli/cli.h"

static void print_batch(const iso_tensor *x, const iso_tensor *labels) {
    printf("shape (%lld, %lld, %lld, %lld)\nlabels", (long long)x->shape[0], (long long)x->shape[1], (long long)x->shape[2],
           (long long)x->shape[3]);
    for (int64_t i = 0; i < labels->numel; i++)
        printf(" %lld", (long long)iso_tensor_i64(labels)[i]);
    printf("\n");
}

static int run(int argc, char **argv) {
    int64_t epoch = 0, index = 0, threads = 0;
    const char *recipe, *out = NULL, *png = NULL;
    cli_texts sets = {.count = 0};
    size_t count = 0;
    const cli_option list[] = {
        {"--epoch", CLI_INT, &epoch, 0, INT64_MAX},
        {"--index", CLI_INT, &index, 0, INT64_MAX},
        {"--out", CLI_TEXT, &out, 0, 0},
        {"--png", CLI_TEXT, &png, 0, 0},
        {"--set", CLI_TEXTS, &sets, 0, 0},
        {"--threads", CLI_INT, &threads, 1, 1024},
    };
    int status = cli_parse(&iso_command_batch, argc, argv, list, sizeof list / sizeof *list, &recipe, 1, 1, &count);
    if (status >= 0)
        return status;
    if (!out && !png) {
        cli_error("--out FILE.npy or --png FILE.png is missing (see isobit batch --help)");
        return 2;
    }
    iso_context *ctx = cli_context(threads, NULL, &status);
    if (!ctx)
        return status;
    iso_tensor *x, *labels;
    iso_status outcome = iso_recipe_batch(ctx, recipe, sets.items, sets.count, epoch, index, &x, &labels);
    if (!outcome && out)
        outcome = iso_tensor_write_npy(ctx, x, out);
    if (!outcome && png)
        outcome = iso_recipe_batch_png(ctx, recipe, sets.items, sets.count, epoch, index, png);
    if (!outcome) {
        print_batch(x, labels);
        if (out)
            printf("written %s\n", out);
        if (png)
            printf("written %s\n", png);
    }
    iso_tensor_free(ctx, x);
    iso_tensor_free(ctx, labels);
    if (outcome)
        return cli_fail(ctx, outcome);
    iso_context_free(ctx);
    return 0;
}

const iso_command iso_command_batch = {
    "batch", "write the exact batch that training would see",
    "usage: isobit batch RECIPE.yaml --epoch E --index I [--out FILE.npy] [--png FILE.png] [--set key=value]... [--threads N]\n"
    "\n"
    "Batch I of epoch E (both from 0), augmented and normalised exactly as `isobit train` would see it: --out writes a float32\n"
    "NumPy file of shape (n, c, h, w), --png a picture of all images with their classes. Prints the labels.\n"
    "\n"
    "example: isobit batch examples/tutorial.yaml --epoch 0 --index 0 --out batch.npy --png batch.png\n",
    run};
