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
            printf("         %-7s %d floats at a time; matrix products in tiles of %d x %d\n", iso_isa_name((iso_isa)isa), k->width,
                   k->rows, k->width * ISO_MAX_VECTORS);
    }
}

static int run(int argc, char **argv) {
    bool json = false;
    const char *isa = NULL;
    int64_t threads = 0;
    size_t count = 0;
    const cli_option list[] = {{"--json", CLI_FLAG, &json, 0, 0},
                               {"--isa", CLI_TEXT, &isa, 0, 0},
                               {"--threads", CLI_INT, &threads, 1, 1024}};
    int status = cli_parse(&iso_command_info, argc, argv, list, sizeof list / sizeof *list, NULL, 0, 0, &count);
    if (status >= 0)
        return status;
    iso_context *ctx = cli_context(threads, isa, &status);
    if (!ctx)
        return status;
    uint8_t digest[ISO_DIGEST_SIZE];
    iso_status outcome = iso_selftest(ctx, digest);
    if (outcome)
        return cli_fail(ctx, outcome);
    char cpu[128];
    iso_cpu_name(cpu, sizeof cpu);
    if (json) {
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
        printf("threads  %d (%s)\n", iso_context_threads(ctx), threads ? "--threads" : "the CPUs that this process may use");
        printf("isa      %s (%s)\n", iso_context_isa(ctx), isa ? "--isa" : "the fastest that is available");
        print_kernels();
        printf("selftest ");
        cli_print_hex(digest, sizeof digest);
        printf("\n         (the same on every machine)\n");
    }
    iso_context_free(ctx);
    return 0;
}

const iso_command iso_command_info = {
    "info", "version, contract, CPU, instruction set in use, self-test digest",
    "usage: isobit info [--json] [--threads N] [--isa NAME]\n"
    "\n"
    "The self-test trains a small network for a few steps on made-up data. Its digest is the same on every machine; if yours\n"
    "is not, please report it.\n",
    run};
