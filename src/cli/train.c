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

typedef struct train_args {
    const char *out, *isa, *plan, *trace, *tensorboard;
    int64_t threads, workers, micro_batch;
    cli_texts sets;
    bool resume, no_metrics, quiet, json;
} train_args;

static int run(int argc, char **argv) {
    train_args a = {.workers = -1};
    const char *recipe = NULL;
    iso_train_options options = {0};
    size_t count = 0;
    int status = cli_parse(&iso_command_train, argc, argv, &a, &recipe, &count);
    if (status >= 0)
        return status;
    if (!recipe && !(a.resume && a.out)) {
        cli_error("a recipe is missing; expected isobit train RECIPE.yaml, or --resume with --out DIR");
        return 2;
    }
    if (a.trace && !parse_steps(a.trace, &options.trace_from, &options.trace_to))
        return 2;
    iso_context *ctx = cli_context_with((iso_context_options){.threads = (int)a.threads, .isa = a.isa}, a.plan, &status);
    if (!ctx)
        return status;
    cli_progress progress;
    cli_progress_init(&progress, a.quiet);
    options.recipe = recipe;
    options.sets = a.sets.items;
    options.set_count = a.sets.count;
    options.workers = (int)a.workers;
    options.out = a.out;
    options.resume = a.resume;
    options.micro_batch = a.micro_batch;
    options.no_metrics = a.no_metrics;
    options.tensorboard = a.tensorboard;
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
    if (a.json)
        print_json(&result);
    else
        print_text(&result);
    iso_context_free(ctx);
    return 0;
}

static const cli_option options[] = {
    {"--out", CLI_TEXT, offsetof(train_args, out), "DIR", "the run directory (default: runs/NAME, runs/NAME-2, ...)", 0, 0,
     CLI_FOLDER},
    {"--resume", CLI_FLAG, offsetof(train_args, resume), NULL,
     "go on with the run in --out (or the newest of runs/NAME); lines that exist are compared"},
    CLI_SET(train_args),
    CLI_THREADS(train_args),
    CLI_WORKERS(train_args),
    CLI_MICRO_BATCH(train_args),
    CLI_ISA(train_args),
    CLI_PLAN(train_args),
    {"--trace", CLI_TEXT, offsetof(train_args, trace), "STEP[:STEP]",
     "write the digest of every tensor of these steps, forward and backward, to RUN/trace, which isobit diff compares; never "
     "changes a bit"},
    {"--tensorboard", CLI_TEXT, offsetof(train_args, tensorboard), "DIR",
     "write loss, accuracy, learning rate, gradient norm and throughput as TensorBoard's events, too", 0, 0, CLI_FOLDER},
    {"--no-metrics", CLI_FLAG, offsetof(train_args, no_metrics), NULL,
     "do not write RUN/metrics.jsonl, from which isobit report has gradient norms and throughput"},
    CLI_QUIET(train_args),
    CLI_JSON(train_args),
};

const iso_command iso_command_train = {
    .name = "train",
    .summary = "train a recipe into a run directory; prints the run's digest",
    .synopsis = (const char *const[]){"RECIPE.yaml [options]", "--resume --out DIR [options]", NULL},
    .text = "Trains the experiment that the recipe describes. The last line is `digest <64 hex>`, the head of the run's ledger: "
            "equal runs print equal lines, whatever the threads, workers and instruction set.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .low = 0,
    .high = 1,
    .operands = CLI_RECIPE,
    .examples = (const char *const[]){"isobit train examples/tutorial.yaml --out runs/first --set epochs=2",
                                      "isobit train --resume --out runs/first", NULL},
    .run = run,
};
