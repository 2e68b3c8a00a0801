#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"

static iso_context *interruptible;

static void on_interrupt(int number) {
    (void)number;
    iso_context_interrupt(interruptible);
    signal(SIGINT, SIG_DFL); /* the second Ctrl-C stops at once */
}

static void print_text(const iso_train_result *r) {
    printf("steps %lld\nloss %.6f\n", (long long)r->steps, (double)r->loss);
    if (r->test_count)
        printf("test accuracy %.2f %% (%lld of %lld)\n", 100.0 * (double)r->test_correct / (double)r->test_count,
               (long long)r->test_correct, (long long)r->test_count);
    printf("run %s\ndigest ", r->directory);
    cli_print_hex(r->digest, sizeof r->digest);
    putchar('\n');
}

static void print_json(const iso_train_result *r) {
    printf("{\"steps\": %lld, \"loss\": %.9g, ", (long long)r->steps, (double)r->loss);
    if (r->test_count)
        printf("\"test_count\": %lld, \"test_correct\": %lld, ", (long long)r->test_count, (long long)r->test_correct);
    printf("\"run\": ");
    cli_print_json_string(r->directory);
    printf(", \"digest\": \"");
    cli_print_hex(r->digest, sizeof r->digest);
    printf("\"}\n");
}

/* "STEP" or "STEP:STEP". */
static bool parse_steps(const char *text, int64_t *from, int64_t *to) {
    char *end;
    *from = *to = strtoll(text, &end, 10);
    bool ok = end != text && text[0] >= '0' && text[0] <= '9' && (!*end || (*end == ':' && end[1] >= '0' && end[1] <= '9'));
    if (ok && *end == ':')
        *to = strtoll(end + 1, &end, 10);
    ok = ok && !*end && *from >= 1 && *to >= *from;
    if (!ok)
        cli_error("--trace is '%.60s', expected a step, or the first and the last of several: --trace 5, --trace 5:8", text);
    return ok;
}

static int run(int argc, char **argv) {
    int64_t threads = 0, workers = -1;
    const char *isa = NULL, *recipe = NULL, *trace = NULL;
    iso_train_options options = {0};
    cli_texts sets = {.count = 0};
    bool quiet = false, json = false;
    size_t count = 0;
    const cli_option list[] = {
        {"--out", CLI_TEXT, &options.out, 0, 0},         {"--threads", CLI_INT, &threads, 1, 1024},
        {"--workers", CLI_INT, &workers, 0, 256},        {"--isa", CLI_TEXT, &isa, 0, 0},
        {"--set", CLI_TEXTS, &sets, 0, 0},               {"--resume", CLI_FLAG, &options.resume, 0, 0},
        {"--quiet", CLI_FLAG, &quiet, 0, 0},             {"--json", CLI_FLAG, &json, 0, 0},
        {"--micro-batch", CLI_INT, &options.micro_batch, 1, 1 << 30}, {"--trace", CLI_TEXT, &trace, 0, 0},
    };
    int status = cli_parse(&iso_command_train, argc, argv, list, sizeof list / sizeof *list, &recipe, 0, 1, &count);
    if (status >= 0)
        return status;
    if (!recipe && !(options.resume && options.out)) {
        cli_error("a recipe is missing; expected isobit train RECIPE.yaml, or --resume with --out DIR");
        return 2;
    }
    if (trace && !parse_steps(trace, &options.trace_from, &options.trace_to))
        return 2;
    iso_context *ctx = cli_context(threads, isa, &status);
    if (!ctx)
        return status;
    cli_progress progress;
    cli_progress_init(&progress, quiet);
    options.recipe = recipe;
    options.sets = sets.items;
    options.set_count = sets.count;
    options.workers = (int)workers;
    options.progress = cli_progress_show;
    options.user = &progress;
    interruptible = ctx;
    signal(SIGINT, on_interrupt);
    signal(SIGTERM, on_interrupt);

    iso_train_result result;
    iso_status outcome = iso_train(ctx, &options, &result);
    cli_progress_end(&progress);
    if (outcome)
        return cli_fail(ctx, outcome);
    if (json)
        print_json(&result);
    else
        print_text(&result);
    iso_context_free(ctx);
    return 0;
}

const iso_command iso_command_train = {
    "train", "train a recipe into a run directory; prints the run's digest",
    "usage: isobit train RECIPE.yaml [options]\n"
    "\n"
    "Trains the experiment that the recipe describes. The last line is `digest <64 hex>`, the head of the run's ledger:\n"
    "equal runs print equal lines, whatever the threads, workers and instruction set.\n"
    "\n"
    "  --out DIR          the run directory (default: runs/NAME, runs/NAME-2, ...)\n"
    "  --resume           go on with the run in --out (or the newest of runs/NAME); lines that exist are compared\n"
    "  --set key=value    change the recipe: --set epochs=1 --set 'optimizer=SGD(lr=0.1)' (may be repeated)\n"
    "  --threads N        compute threads (default: all CPUs); never changes a bit\n"
    "  --workers N        threads that prepare batches ahead; never changes a bit\n"
    "  --micro-batch N    compute batches in blocks of N samples, for less memory; never changes a bit\n"
    "  --isa NAME         scalar, avx2, avx512 or neon (default: the fastest); never changes a bit\n"
    "  --trace STEP[:STEP]   write the digest of every tensor of these steps, forward and backward, to RUN/trace, which\n"
    "                     isobit diff compares; never changes a bit\n"
    "  --quiet            no progress\n"
    "  --json             the result as one JSON object\n"
    "\n"
    "example: isobit train examples/tutorial.yaml --out runs/first --set epochs=2\n",
    run};
