#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

static int hex_digit(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The beacon's bytes; without one, random ones, which are printed: good enough for who verifies a run of their own. */
static bool read_beacon(const char *text, iso_verify_options *options, uint8_t bytes[64]) {
    size_t size = text ? strlen(text) : 0;
    if (text && !options->sample) {
        cli_error("--beacon says which segments are drawn; expected --sample N with it");
        return false;
    }
    bool ok = !text || (size >= 2 && size % 2 == 0 && size <= 128);
    for (size_t i = 0; ok && i < size; i++)
        ok = hex_digit(text[i]) >= 0;
    if (!ok) {
        cli_error("--beacon is '%.130s', expected 1 to 64 bytes as hex digits", text);
        return false;
    }
    for (size_t i = 0; i < size / 2; i++)
        bytes[i] = (uint8_t)(hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]));
    options->beacon = bytes;
    options->beacon_size = text ? size / 2 : 32;
    if (!text && options->sample && getentropy(bytes, 32) != 0) {
        cli_error("no random numbers for a beacon; give one with --beacon HEX");
        return false;
    }
    return true;
}

static void print_json(const iso_verify_options *o, const iso_verify_result *r, iso_status outcome) {
    printf("{\"verified\": %s, ", outcome ? "false" : "true");
    if (o->data)
        printf("\"files\": %lld, \"images\": %lld", (long long)r->files, (long long)r->images);
    else
        printf("\"steps\": %lld, \"lines\": %lld", (long long)r->steps, (long long)r->lines);
    if (o->sample) {
        printf(", \"segments\": %lld, \"sampled\": ", (long long)r->segments);
        cli_print_json_string(r->sampled);
        printf(", \"beacon\": \"");
        cli_print_hex(o->beacon, o->beacon_size);
        putchar('"');
    }
    if (r->step) {
        printf(", \"step\": %lld, \"tensor\": ", (long long)r->step);
        cli_print_json_string(r->tensor);
    }
    printf(", \"finding\": ");
    cli_print_json_string(outcome ? r->finding : "");
    printf("}\n");
}

typedef struct verify_args {
    int64_t from, to, sample, threads, workers, micro_batch;
    const char *root, *isa, *plan, *beacon;
    bool data, quiet, json;
} verify_args;

static int run(int argc, char **argv) {
    verify_args a = {.workers = -1};
    iso_verify_options options = {0};
    uint8_t bytes[64];
    size_t count = 0;
    int status = cli_parse(&iso_command_verify, argc, argv, &a, &options.directory, &count);
    if (status >= 0)
        return status;
    options.from = a.from;
    options.to = a.to;
    options.root = a.root;
    options.micro_batch = a.micro_batch;
    options.sample = a.sample;
    options.data = a.data;
    if (!read_beacon(a.beacon, &options, bytes))
        return 2;
    iso_context *ctx = cli_context_with((iso_context_options){.threads = (int)a.threads, .isa = a.isa}, a.plan, &status);
    if (!ctx)
        return status;
    cli_progress progress;
    cli_progress_init(&progress, a.quiet);
    options.workers = (int)a.workers;
    options.progress = cli_progress_show;
    options.user = &progress;
    iso_verify_result result;
    iso_status outcome = iso_verify(ctx, &options, &result);
    cli_progress_end(&progress);
    if (outcome != ISO_OK && outcome != ISO_DIFFER)
        return cli_fail(ctx, outcome);
    if (a.json)
        print_json(&options, &result, outcome);
    else {
        if (outcome == ISO_DIFFER)
            printf("differs: %s\n", result.finding);
        else if (a.data)
            printf("verified the data: %lld files, %lld images\n", (long long)result.files, (long long)result.images);
        else
            printf("verified %lld steps, %lld lines\n", (long long)result.steps, (long long)result.lines);
        if (result.sampled[0]) {
            printf("sample %s of %lld segments, beacon ", result.sampled, (long long)result.segments);
            cli_print_hex(options.beacon, options.beacon_size);
            putchar('\n');
        }
    }
    if (!a.json && !a.data && outcome == ISO_OK) {
        fputs("digest ", stdout);
        cli_print_hex(result.digest, sizeof result.digest);
        putchar('\n');
    }
    iso_context_free(ctx);
    return cli_exit_status(outcome);
}

static const cli_option options[] = {
    {"--from", CLI_INT, offsetof(verify_args, from), "STEP", "only from this step on, from the newest checkpoint before it", 0,
     INT64_MAX},
    {"--to", CLI_INT, offsetof(verify_args, to), "STEP", "only up to this step", 1, INT64_MAX},
    {"--sample", CLI_INT, offsetof(verify_args, sample), "N",
     "N of the segments between checkpoints, drawn by the run's head and a beacon", 1, INT64_MAX},
    {"--beacon", CLI_TEXT, offsetof(verify_args, beacon), "HEX",
     "1 to 64 bytes that were not known when the run ended (default: random ones, which are printed)"},
    {"--data", CLI_FLAG, offsetof(verify_args, data), NULL,
     "only the data: the bytes of every file and the pixels of every image, anew; executes no step"},
    {"--root", CLI_TEXT, offsetof(verify_args, root), "DIR",
     "the folder that the recipe's relative paths start from (default: as recorded)", 0, 0, CLI_FOLDER},
    CLI_THREADS(verify_args),
    CLI_WORKERS(verify_args),
    CLI_MICRO_BATCH(verify_args),
    CLI_ISA(verify_args),
    CLI_PLAN(verify_args),
    CLI_QUIET(verify_args),
    CLI_JSON(verify_args),
};

const iso_command iso_command_verify = {
    .name = "verify",
    .summary = "re-execute a run and compare every digest",
    .synopsis = (const char *const[]){"DIR [options]", NULL},
    .text = "Re-executes the run in DIR and compares every line of its ledger, every checkpoint and every data file. Says which "
            "file, step and tensor do not follow. Reads the run directory and the data only; writes nothing.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .low = 1,
    .high = 1,
    .operands = CLI_FOLDER,
    .exit_status =
        "0 all follows; 1 something does not; 3 all follows, but a checkpoint is missing; 2, 3, 4 as for every command",
    .examples = (const char *const[]){"isobit verify runs/tutorial --from 100 --to 200",
                                      "isobit verify runs/tutorial --sample 3 --beacon 5eed0123456789abcdef", NULL},
    .run = run,
};
