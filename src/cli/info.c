#include <stdio.h>
#include <string.h>

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
        if (!iso_isa_missing((iso_isa)isa)) {
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

/* ---- isobit info --selftest ---- */

struct selftest {
    iso_selftest_part parts[ISO_SELFTEST_PARTS]; /* of the first instruction set, then of one that differs */
    char wrong[ISO_SELFTEST_PARTS][32];          /* the first instruction set with another digest; "": none */
};

/* One instruction set; the exit status, 0 to go on. */
static int selftest_on(struct selftest *t, int64_t threads, const char *isa, const char *plan, bool first) {
    iso_selftest_part parts[ISO_SELFTEST_PARTS];
    int status = 0;
    iso_context *ctx = cli_context_with((iso_context_options){.threads = (int)threads, .isa = isa}, plan, &status);
    if (!ctx)
        return status;
    iso_status outcome = iso_selftest_parts(ctx, parts);
    if (outcome && outcome != ISO_DIFFER)
        return cli_fail(ctx, outcome);
    for (int i = 0; i < ISO_SELFTEST_PARTS; i++) {
        bool wrong = memcmp(parts[i].digest, parts[i].expected, sizeof parts[i].digest) != 0 && !t->wrong[i][0];
        if (wrong)
            snprintf(t->wrong[i], sizeof t->wrong[i], "%s", iso_context_isa(ctx));
        if (wrong || first)
            t->parts[i] = parts[i];
    }
    iso_context_free(ctx);
    return 0;
}

static void print_selftest(const struct selftest *t) {
    for (int i = 0; i < ISO_SELFTEST_PARTS; i++) {
        const iso_selftest_part *part = &t->parts[i];
        printf("%-10s ", part->name);
        cli_print_hex(part->digest, sizeof part->digest);
        if (t->wrong[i][0]) {
            printf(" WRONG (%s), expected ", t->wrong[i]);
            cli_print_hex(part->expected, sizeof part->expected);
        }
        putchar('\n');
    }
    printf("selftest   ");
    cli_print_hex(t->parts[ISO_SELFTEST_PARTS - 1].digest, ISO_DIGEST_SIZE);
    putchar('\n');
}

/* On the instruction set that is named, or on all that there are. */
static int selftest(int64_t threads, const char *isa, const char *plan) {
    struct selftest t;
    int status = 0, tested = 0;
    memset(&t, 0, sizeof t);
    for (int i = 0; i < ISO_ISA_COUNT && !status && (!isa || !tested); i++)
        if (isa || !iso_isa_missing((iso_isa)i))
            status = selftest_on(&t, threads, isa ? isa : iso_isa_name((iso_isa)i), plan, tested++ == 0);
    if (status)
        return status;
    print_selftest(&t);
    for (int i = 0; i < ISO_SELFTEST_PARTS; i++)
        if (t.wrong[i][0])
            status = 1;
    if (status)
        cli_error("this machine computes other numbers than every other one; please report it, with what isobit info prints");
    return status;
}

/* ---- isobit info ---- */

typedef struct info_args {
    bool json, selftest;
    const char *isa, *plan;
    int64_t threads;
} info_args;

static int run(int argc, char **argv) {
    info_args a = {0};
    size_t count = 0;
    int status = cli_parse(&iso_command_info, argc, argv, &a, NULL, &count);
    if (status >= 0)
        return status;
    if (a.selftest)
        return selftest(a.threads, a.isa, a.plan);
    iso_context *ctx = cli_context_with((iso_context_options){.threads = (int)a.threads, .isa = a.isa}, a.plan, &status);
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

static const cli_option options[] = {
    CLI_JSON(info_args),
    {"--selftest", CLI_FLAG, offsetof(info_args, selftest), NULL,
     "only the self-test, in parts (random streams, functions, three networks), on every instruction set that is available or on "
     "--isa; "
     "exit status 1 if a part is not what it must be"},
    CLI_THREADS(info_args),
    CLI_ISA(info_args),
    CLI_PLAN(info_args),
};

const iso_command iso_command_info = {
    .name = "info",
    .summary = "version, contract, CPU, instruction set in use, self-test digest",
    .synopsis = (const char *const[]){"[options]", NULL},
    .text = "The self-test trains a small network for a few steps on made-up data. Its digest is the same on every machine; if "
            "yours is not, please report it.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .examples = (const char *const[]){"isobit info", "isobit info --selftest", NULL},
    .run = run,
};
