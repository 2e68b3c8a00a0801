/* `make bench-fma`: the multiply-add without an instruction for it (math/fma.c), beside the C library's fmaf with and without
 * one. Each sums the same products into 64 chains, so that no result waits for the one before. Run it once more with
 * GLIBC_TUNABLES=glibc.cpu.hwcaps=-FMA,-FMA4,-AVX2 to see glibc's own emulation. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "timing.h"
#include "core/context.h"
#include "math/math.h"
#include "ops/gemm.h"

#define ROUNDS 9
#define CHAINS 64
#define COUNT  (1 << 20)

static float sum[CHAINS], a[COUNT], b[COUNT];

/* The last line of the loop is its own function's, so that all are compiled alike. */
#define LOOP(name, call)                                                                                                         \
    static void name(void) {                                                                                                     \
        memset(sum, 0, sizeof sum);                                                                                              \
        for (int i = 0; i < COUNT; i += CHAINS)                                                                                  \
            for (int j = 0; j < CHAINS; j++)                                                                                     \
                sum[j] = call(a[i + j], b[i + j], sum[j]);                                                                       \
    }
LOOP(run_quick, iso_fmaf)
LOOP(run_emulated, iso_fmaf_emulated)
LOOP(run_library, fmaf)

static iso_exec exec;
static iso_gemm_shape shape = {.m = 128, .n = 128, .k = 64, .a_row = 64, .a_col = 1, .b_row = 128, .b_col = 1, .c_row = 128};
static float product[128 * 128];
static void run_kernel(void) {
    iso_cpu_gemm(&exec, &shape, a, b, product);
}

int main(void) {
    static const struct {
        const char *name;
        void (*run)(void);
    } contenders[] = {{"iso_fmaf (binary64, the exact way where unsure)", run_quick},
                      {"iso_fmaf_emulated (always the exact way)", run_emulated},
                      {"fmaf of the C library", run_library},
                      {"gemm by the scalar kernels", run_kernel}};
    enum { CONTENDERS = sizeof contenders / sizeof *contenders };
    double best[CONTENDERS];
    float results[3][CHAINS];
    iso_context *ctx;
    if (iso_context_new(&ctx, &(iso_context_options){.threads = 1, .isa = "scalar"}))
        return 1;
    exec = (iso_exec){NULL, ISO_ISA_SCALAR, NULL};
    if (posix_memalign(&exec.scratch, 64, iso_cpu_gemm_scratch(&exec, &shape)) != 0)
        return 1;
    for (int i = 0; i < COUNT; i++) {
        a[i] = (float)((double)(i * 2654435761u % 99991u) / 49996 - 1);
        b[i] = (float)((double)(i * 40503u % 99989u) / 49995 - 1);
    }
    for (int round = 0; round < ROUNDS; round++)
        for (int c = 0; c < CONTENDERS; c++) {
            double start = now();
            contenders[c].run();
            double took = now() - start;
            best[c] = round == 0 || took < best[c] ? took : best[c];
            if (c < 3)
                memcpy(results[c], sum, sizeof sum);
        }
    for (int c = 0; c < CONTENDERS; c++)
        printf("%-50s %7.2f ns\n", contenders[c].name, best[c] * 1e9 / COUNT);
    bool equal = memcmp(results[0], results[1], sizeof sum) == 0 && memcmp(results[0], results[2], sizeof sum) == 0;
    printf("the three sums are %s\n", equal ? "equal in every bit" : "DIFFERENT");
    free(exec.scratch);
    iso_context_free(ctx);
    return equal ? 0 : 1;
}
