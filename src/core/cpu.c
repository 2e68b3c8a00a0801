#include "core/cpu.h"

#include <fenv.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#if ISO_THREADS
#include <sched.h>
#endif

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#include <immintrin.h>
#define X86 1
#else
#define X86 0
#endif

static const char *const names[ISO_ISA_COUNT] = {"scalar", "avx2", "avx512", "neon"};

const char *iso_isa_name(iso_isa isa) {
    return names[isa];
}

bool iso_isa_from_name(const char *name, iso_isa *isa) {
    for (int i = 0; i < ISO_ISA_COUNT; i++)
        if (strcmp(name, names[i]) == 0) {
            *isa = (iso_isa)i;
            return true;
        }
    return false;
}

const char *iso_isa_missing(iso_isa isa) {
    switch (isa) {
    case ISO_ISA_SCALAR:
        return NULL;
#if X86
#define NEEDS(feature)                                                                                                           \
    if (!__builtin_cpu_supports(feature)) /* asks the operating system's part too (XCR0) */                                      \
    return "this CPU has no " feature
    case ISO_ISA_AVX512:
        NEEDS("avx512f");
        NEEDS("avx512vl");
        NEEDS("avx512bw");
        NEEDS("avx512dq");
        __attribute__((fallthrough));
    case ISO_ISA_AVX2:
        NEEDS("avx2");
        NEEDS("fma");
        NEEDS("bmi2");
        return NULL;
#undef NEEDS
#elif defined(__aarch64__)
    case ISO_ISA_NEON: /* every one has it */
        return NULL;
#endif
    default:
        return "of another architecture";
    }
}

bool iso_isa_available(iso_isa isa) {
    return !iso_isa_missing(isa);
}

iso_isa iso_isa_best(void) {
    int best = ISO_ISA_COUNT - 1;
    while (!iso_isa_available((iso_isa)best))
        best--;
    return (iso_isa)best;
}

/* By its bits: a comparison would take a subnormal number for zero, too. */
static bool zero_bits(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits << 1 == 0;
}

const char *iso_cpu_check_float_environment(void) {
#ifdef __GLIBC__
    if (fegetexcept() != 0) /* lanes that nobody reads may raise some */
        return "this thread turns floating-point exceptions into signals";
#endif
    /* Ask the arithmetic itself, so that one check serves every CPU. volatile: not at compile time.
     */
    volatile float smallest = 0x1p-149f, half = 0.5f, min_normal = 0x1p-126f;
    if (zero_bits(min_normal * half))
        return "this thread flushes subnormal results to zero (FTZ is set)";
    if (zero_bits(smallest + 0.0f) || zero_bits(smallest * 1.0f))
        return "this thread treats subnormal numbers as zero (DAZ is set)";
    volatile float one = 1.0f, third_up = 0x1.8p-24f, third_down = 0x1p-25f;
    if (one + third_up != 0x1.000002p0f || one + third_down != 1.0f || -one - third_up != -0x1.000002p0f ||
        -one - third_down != -1.0f)
        return "this thread does not round to nearest";
    return NULL;
}

void iso_cpu_name(char *buffer, size_t size) {
    buffer[0] = 0;
#if X86
    unsigned words[13] = {0}, highest = __get_cpuid_max(0x80000000u, NULL);
    if (highest >= 0x80000004u) {
        for (unsigned i = 0; i < 3; i++)
            __get_cpuid(0x80000002u + i, &words[4 * i], &words[4 * i + 1], &words[4 * i + 2], &words[4 * i + 3]);
        const char *name = (const char *)words;
        while (*name == ' ')
            name++;
        snprintf(buffer, size, "%s", name);
    }
#else
    (void)size;
#endif
}

int64_t iso_level2_bytes(void) {
    static _Atomic int known; /* asking may take microseconds, on a virtual machine */
    int bytes = atomic_load_explicit(&known, memory_order_relaxed);
    if (bytes == 0) {
        bytes = 1 << 20;
#ifdef _SC_LEVEL2_CACHE_SIZE
        long size = sysconf(_SC_LEVEL2_CACHE_SIZE);
        if (size > 0 && size < bytes)
            bytes = size > 1 << 18 ? (int)size : 1 << 18;
#endif
        atomic_store_explicit(&known, bytes, memory_order_relaxed);
    }
    return bytes;
}

int iso_cpu_count(void) {
#if ISO_THREADS
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        return CPU_COUNT(&set);
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (int)count : 1;
#else
    return 1;
#endif
}
