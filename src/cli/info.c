#include <stdio.h>

#include "cli/cli.h"
#include "core/cpu.h"
#include "kernels/isa.h"

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

static void print_isas(const char *separator, const char *quote) {
    const char *before = "";
    for (int isa = 0; isa < ISO_ISA_COUNT; isa++)
        if (iso_isa_available((iso_isa)isa)) {
            printf("%s%s%s%s", before, quote, iso_isa_name((iso_isa)isa), quote);
            before = separator;
        }
}

/* What each instruction set works with, or why it does not. */
static void print_kernels(void) {
    for (int isa = 0; isa < ISO_ISA_COUNT; isa++) {
        const char *missing = iso_isa_missing((iso_isa)isa);
        const iso_kernels *k = missing ? NULL : iso_kernels_of((iso_isa)isa);
        if (missing)
            printf("         %-7s not available: %s\n", iso_isa_name((iso_isa)isa), missing);
        else
            printf("         %-7s %d floats at a time; matrix products in tiles of %d x %d\n", iso_isa_name((iso_isa)isa),
                   k->width, k->rows, k->width * ISO_MAX_VECTORS);
    }
}

typedef struct info_args {
    bool json;
    const char *isa;
    int64_t threads;
} info_args;

static int run(int argc, char **argv) {
    info_args a = {0};
    size_t count = 0;
    int status = cli_parse(&iso_command_info, argc, argv, &a, NULL, &count);
    if (status >= 0)
        return status;
    iso_context *ctx = cli_context(a.threads, a.isa, &status);
    if (!ctx)
        return status;
    uint8_t digest[ISO_DIGEST_SIZE];
    iso_status outcome = iso_selftest(ctx, digest);
    if (outcome)
        return cli_fail(ctx, outcome);
    char cpu[128];
    iso_cpu_name(cpu, sizeof cpu);
    if (a.json) {
        printf("{\"version\": \"%s\", \"contract\": %d, \"cpu\": ", iso_version(), ISO_CONTRACT_VERSION);
        cli_print_json_string(cpu);
        printf(", \"threads\": %d, \"isa\": \"%s\", \"isas\": [", iso_context_threads(ctx), iso_context_isa(ctx));
        print_isas(", ", "\"");
        printf("], \"compiler\": ");
        cli_print_json_string(COMPILER);
        printf(", \"selftest\": \"");
        cli_print_hex(digest, sizeof digest);
        printf("\"}\n");
    } else {
        printf("isobit %s, contract %d, %s\n", iso_version(), ISO_CONTRACT_VERSION, COMPILER);
        printf("cpu      %s\n", cpu[0] ? cpu : "unknown");
        printf("threads  %d (%s)\n", iso_context_threads(ctx), a.threads ? "--threads" : "the CPUs that this process may use");
        printf("isa      %s (%s)\n", iso_context_isa(ctx), a.isa ? "--isa" : "the fastest that is available");
        print_kernels();
        printf("selftest ");
        cli_print_hex(digest, sizeof digest);
        printf("\n         (the same on every machine)\n");
    }
    iso_context_free(ctx);
    return 0;
}

static const cli_option options[] = {CLI_JSON(info_args), CLI_THREADS(info_args), CLI_ISA(info_args)};

const iso_command iso_command_info = {
    .name = "info",
    .summary = "version, contract, CPU, instruction set in use, self-test digest",
    .synopsis = (const char *const[]){"[options]", NULL},
    .text = "The self-test trains a small network for a few steps on made-up data. Its digest is the same on every machine; if "
            "yours is not, please report it.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .examples = (const char *const[]){"isobit info", NULL},
    .run = run,
};
