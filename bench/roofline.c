#include "timing.h"
#include "roofline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- The machine ---- */

/* Twelve independent chains of vector fma, nothing else. */
#if defined(__x86_64__)
#include <immintrin.h>
#define PEAK(NAME, TARGET, TYPE, ZERO, FMA)                                                                                      \
    __attribute__((target(TARGET), noinline)) static float NAME(int64_t count) {                                                 \
        TYPE c[12], a = ZERO, b = ZERO;                                                                                          \
        for (int i = 0; i < 12; i++)                                                                                             \
            c[i] = ZERO;                                                                                                         \
        for (int64_t k = 0; k < count; k++) {                                                                                    \
            _Pragma("GCC unroll 12") for (int i = 0; i < 12; i++) c[i] = FMA(a, b, c[i]);                                        \
            __asm__ volatile("" : "+x"(a), "+x"(b));                                                                             \
        }                                                                                                                        \
        for (int i = 1; i < 12; i++)                                                                                             \
            c[0] = c[0] + c[i];                                                                                                  \
        return ((float *)&c[0])[0];                                                                                              \
    }
PEAK(peak_avx2, "avx2,fma", __m256, _mm256_setzero_ps(), _mm256_fmadd_ps)
#define ZMM_FMA(a, b, c) _mm512_fmadd_ps(a, b, c)
__attribute__((target("avx512f"), noinline)) static float peak_avx512(int64_t count) {
    __m512 c[12], a = _mm512_setzero_ps(), b = a;
    for (int i = 0; i < 12; i++)
        c[i] = a;
    for (int64_t k = 0; k < count; k++) {
        _Pragma("GCC unroll 12") for (int i = 0; i < 12; i++) c[i] = _mm512_fmadd_ps(a, b, c[i]);
        __asm__ volatile("" : "+v"(a), "+v"(b));
    }
    for (int i = 1; i < 12; i++)
        c[0] = c[0] + c[i];
    return ((float *)&c[0])[0];
}
#endif

struct peak {
    iso_isa isa;
    float sink[64];
};

#define PEAK_STEPS 2000000

static void run_peak(void *argument, int64_t task, int thread) {
    struct peak *p = argument;
    (void)thread;
#if defined(__x86_64__)
    p->sink[task & 63] = p->isa == ISO_ISA_AVX512 ? peak_avx512(PEAK_STEPS) : peak_avx2(PEAK_STEPS);
#endif
}

double roofline_flops(iso_context *ctx, iso_isa isa, int threads) {
    if (isa != ISO_ISA_AVX2 && isa != ISO_ISA_AVX512)
        return 0;
    struct peak p = {.isa = isa};
    double fastest = 1e9;
    for (int i = 0; i < 5; i++) {
        double start = now();
        iso_pool_run(ctx->pool, threads, run_peak, &p);
        double took = now() - start;
        fastest = took < fastest ? took : fastest;
    }
    double width = isa == ISO_ISA_AVX512 ? 16 : 8;
    return 2 * width * 12 * PEAK_STEPS * threads / fastest;
}

/* Arrays that no cache holds. */
#define STREAM_FLOATS (16 * 1024 * 1024)
#define STREAM_TASKS  64

struct stream {
    const float *a, *b;
    float *c;
};

static void run_stream(void *argument, int64_t task, int thread) {
    const struct stream *s = argument;
    (void)thread;
    for (int64_t i = task * (STREAM_FLOATS / STREAM_TASKS); i < (task + 1) * (STREAM_FLOATS / STREAM_TASKS); i++)
        s->c[i] = s->a[i] + s->b[i];
}

double roofline_bandwidth(iso_context *ctx) {
    float *memory = iso_alloc(ctx, 3 * sizeof *memory * STREAM_FLOATS);
    double fastest = 1e9;
    if (!memory)
        return 0;
    memset(memory, 0, 3 * sizeof *memory * STREAM_FLOATS);
    for (int i = 0; i < 7; i++) {
        double start = now();
        iso_pool_run(ctx->pool, STREAM_TASKS, run_stream,
                     &(struct stream){memory, memory + STREAM_FLOATS, memory + 2 * STREAM_FLOATS});
        double took = now() - start;
        fastest = took < fastest ? took : fastest;
    }
    iso_free(ctx, memory);
    return 3 * sizeof *memory * STREAM_FLOATS / fastest;
}

/* ---- Operations ---- */

static bool starts(const char *text, const char *with) {
    return strncmp(text, with, strlen(with)) == 0;
}

/* Multiplications and additions of the products; 0 for operations that have none. */
static double flops_of(const iso_node *node) {
    const iso_conv2d_shape *c = &node->u.conv2d;
    const iso_linear_shape *l = &node->u.linear;
    if (strstr(node->op->name, "_bias"))
        return 0;
    if (starts(node->op->name, "conv2d"))
        return 2.0 * (double)(c->n * c->oh * c->ow) * (double)(c->co * (c->c / c->groups) * c->kh * c->kw);
    if (starts(node->op->name, "linear"))
        return 2.0 * (double)l->n * (double)l->in * (double)l->out;
    return 0;
}

/* What must be read and written at least once. */
static double bytes_of(const iso_graph *graph, const iso_node *node) {
    double bytes = 0;
    for (int i = 0; i < ISO_MAX_OPERANDS; i++) {
        bytes += node->in[i] == ISO_NO_VALUE ? 0 : (double)graph->values[node->in[i]].bytes;
        bytes += node->out[i] == ISO_NO_VALUE ? 0 : (double)graph->values[node->out[i]].bytes;
    }
    return bytes;
}

void roofline_print(const iso_graph *graph, const double *seconds, double flops, double bandwidth) {
    double total = 0, work = 0;
    for (size_t i = 0; i < graph->node_count; i++) {
        total += seconds[i];
        work += flops_of(&graph->nodes[i]);
    }
    printf("FMA peak %.1f GFLOP/s, memory %.1f GB/s (two arrays read, one written), measured in this run\n", 1e-9 * flops,
           1e-9 * bandwidth);
    printf("%8s %7s  %-24s %-22s %8s %7s %8s %7s\n", "ms", "share", "operation", "module", "GFLOP/s", "of peak", "GB/s", "of it");
    for (size_t i = 0; i < graph->node_count; i++) {
        const iso_node *node = &graph->nodes[i];
        double f = flops_of(node) / seconds[i], b = bytes_of(graph, node) / seconds[i];
        printf("%8.3f %5.1f %%  %-24s %-22s ", 1e3 * seconds[i], 100 * seconds[i] / total, node->op->name, node->module);
        if (f > 0)
            printf("%8.1f %5.0f %%", 1e-9 * f, 100 * f / flops);
        else
            printf("%8s %7s", "", "");
        printf(" %8.1f %5.0f %%\n", 1e-9 * b, 100 * b / bandwidth);
    }
    printf("%8.3f in all: %.1f GFLOP/s, %.0f %% of the peak\n", 1e3 * total, 1e-9 * work / total, 100 * work / total / flops);
    fflush(stdout);
}
