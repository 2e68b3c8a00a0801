/* `make bench`: matrix work beside the FMA peak that the same run measures. Contenders take turns, so that a drift of the
 * machine's speed meets all of them; medians are printed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "timing.h"
#include "core/context.h"
#include "roofline.h"
#include "shapes.h"
#include "ops/gemm.h"

#define ROUNDS 9

static float *random_array(int64_t count) {
    float *x = malloc((size_t)count * sizeof *x);
    for (int64_t i = 0; x && i < count; i++)
        x[i] = (float)(i * 2654435761u % 1000) / 500 - 1;
    return x;
}

/* ---- Work ---- */

struct work {
    char name[64];
    double flops;
    enum { GEMM, FORWARD, INPUT, WEIGHT } kind;
    iso_gemm_shape gemm;
    iso_conv2d_shape conv;
    float *a, *b, *c;
};

static size_t scratch_size(const iso_exec *e, const struct work *w) {
    switch (w->kind) {
    case GEMM:
        return iso_cpu_gemm_scratch(e, &w->gemm);
    case FORWARD:
        return iso_cpu_conv2d_scratch(e, &w->conv);
    case INPUT:
        return iso_cpu_conv2d_backward_input_scratch(e, &w->conv);
    default:
        return iso_cpu_conv2d_backward_weight_scratch(e, &w->conv);
    }
}

static void run_once(const iso_exec *e, const struct work *w) {
    switch (w->kind) {
    case GEMM:
        iso_cpu_gemm(e, &w->gemm, w->a, w->b, w->c);
        break;
    case FORWARD:
        iso_cpu_conv2d(e, &w->conv, w->a, w->b, NULL, w->c);
        break;
    case INPUT:
        iso_cpu_conv2d_backward_input(e, &w->conv, w->a, w->b, w->c);
        break;
    default:
        iso_cpu_conv2d_backward_weight(e, &w->conv, w->a, w->b, w->c);
        break;
    }
}

static struct work gemm_work(int64_t m, int64_t n, int64_t k) {
    struct work w = {.kind = GEMM,
                     .flops = 2.0 * (double)m * (double)n * (double)k,
                     .gemm = {.m = m, .n = n, .k = k, .a_row = k, .a_col = 1, .b_row = n, .b_col = 1, .c_row = n}};
    snprintf(w.name, sizeof w.name, "gemm %lld x %lld x %lld", (long long)m, (long long)n, (long long)k);
    w.a = random_array(m * k);
    w.b = random_array(k * n);
    w.c = random_array(m * n);
    return w;
}

static struct work conv_work(int kind, int64_t n, int64_t c, int64_t co, int64_t size, int64_t kernel, int64_t stride) {
    static const char *const names[] = {"", "forward", "dx", "dw"};
    struct work w = {.kind = kind, .conv = square_conv2d(n, c, size, co, kernel, stride, kernel / 2)};
    int64_t out = w.conv.oh;
    int64_t x = n * size * size * c, y = n * out * out * co, weight = co * c * kernel * kernel;
    w.flops = 2.0 * (double)y * (double)(c * kernel * kernel);
    snprintf(w.name, sizeof w.name, "conv %lldx%lld/%lld %lld->%lld @%lld n%lld %s", (long long)kernel, (long long)kernel,
             (long long)stride, (long long)c, (long long)co, (long long)size, (long long)n, names[kind]);
    w.a = random_array(kind == FORWARD || kind == WEIGHT ? x : y);
    w.b = random_array(kind == WEIGHT ? y : weight);
    w.c = random_array(kind == FORWARD ? y : kind == INPUT ? x : weight);
    return w;
}

static void free_work(struct work *w) {
    free(w->a);
    free(w->b);
    free(w->c);
}

/* One line: every instruction set on 1 and 2 threads, in turn. */
static void measure(iso_context *const *contexts, int thread_counts, double peaks[][2], const struct work *w) {
    double times[ISO_ISA_COUNT][2][ROUNDS];
    int rounds = w->flops > 2e9 ? 5 : ROUNDS;
    void *scratch[ISO_ISA_COUNT][2] = {{NULL}};
    for (int round = -1; round < rounds; round++)
        for (int isa = ISO_ISA_AVX2; isa < ISO_ISA_COUNT; isa++)
            for (int t = 0; t < thread_counts && iso_isa_available((iso_isa)isa); t++) {
                iso_exec e = {contexts[t]->pool, (iso_isa)isa, NULL};
                if (!scratch[isa][t] && posix_memalign(&scratch[isa][t], 64, scratch_size(&e, w) + 64) != 0)
                    return;
                e.scratch = scratch[isa][t];
                double start = now();
                run_once(&e, w);
                if (round >= 0)
                    times[isa][t][round] = now() - start;
            }
    printf("%-40s", w->name);
    for (int isa = ISO_ISA_AVX2; isa < ISO_ISA_COUNT; isa++)
        for (int t = 0; t < thread_counts && iso_isa_available((iso_isa)isa); t++) {
            double speed = w->flops / median(times[isa][t], rounds);
            printf("  %6.1f (%3.0f %%)", speed * 1e-9, 100 * speed / peaks[isa][t]);
            free(scratch[isa][t]);
        }
    printf("\n");
    fflush(stdout);
}

int main(void) {
    iso_context *contexts[2];
    int thread_counts = iso_cpu_count() > 1 ? 2 : 1;
    double peaks[ISO_ISA_COUNT][2] = {{0}};
    char cpu[128];
    for (int t = 0; t < thread_counts; t++)
        if (iso_context_new(&contexts[t], &(iso_context_options){.threads = t + 1}))
            return 2;
    iso_cpu_name(cpu, sizeof cpu);
    printf("isobit %s on %s\nGFLOP/s (share of the FMA peak measured in this run), medians\n\n%-40s", iso_version(), cpu, "");
    for (int isa = ISO_ISA_AVX2; isa < ISO_ISA_COUNT; isa++)
        for (int t = 0; t < thread_counts && iso_isa_available((iso_isa)isa); t++) {
            peaks[isa][t] = roofline_flops(contexts[t], (iso_isa)isa, t + 1);
            printf("  %8s, %d thr", iso_isa_name((iso_isa)isa), t + 1);
        }
    printf("\n%-40s", "FMA peak");
    for (int isa = ISO_ISA_AVX2; isa < ISO_ISA_COUNT; isa++)
        for (int t = 0; t < thread_counts && iso_isa_available((iso_isa)isa); t++)
            printf("  %6.1f        ", peaks[isa][t] * 1e-9);
    printf("\n");

    static const int64_t squares[] = {256, 512, 768, 1024};
    for (size_t i = 0; i < sizeof squares / sizeof *squares; i++) {
        struct work w = gemm_work(squares[i], squares[i], squares[i]);
        measure(contexts, thread_counts, peaks, &w);
        free_work(&w);
    }
    struct work skinny[] = {gemm_work(64, 10, 2048), gemm_work(12544, 64, 576)};
    for (size_t i = 0; i < 2; i++) {
        measure(contexts, thread_counts, peaks, &skinny[i]);
        free_work(&skinny[i]);
    }
    static const struct {
        int64_t n, c, co, size, kernel, stride;
    } convs[] = {{64, 3, 16, 32, 3, 1},   {64, 16, 32, 16, 3, 1}, {4, 64, 64, 56, 3, 1},
                 {4, 3, 64, 224, 7, 2},   {4, 64, 128, 56, 3, 2}, {4, 128, 128, 28, 3, 1},
                 {4, 256, 256, 14, 3, 1}, {4, 512, 512, 7, 3, 1}, {4, 64, 128, 56, 1, 2}};
    for (size_t i = 0; i < sizeof convs / sizeof *convs; i++)
        for (int kind = FORWARD; kind <= WEIGHT; kind++) {
            struct work w = conv_work(kind, convs[i].n, convs[i].c, convs[i].co, convs[i].size, convs[i].kernel, convs[i].stride);
            measure(contexts, thread_counts, peaks, &w);
            free_work(&w);
        }
    for (int t = 0; t < thread_counts; t++)
        iso_context_free(contexts[t]);
    return 0;
}
