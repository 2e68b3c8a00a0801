/* Which instruction sets this CPU has, and whether its floating-point environment is the one that
 * the contract asks for. */
#ifndef ISO_CORE_CPU_H
#define ISO_CORE_CPU_H

#include "core/compiler.h"
#include "core/private.h"

/* 32-bit Arm: the compiler's vectors become NEON's there, which flushes subnormals whatever the program asks for. gcc knows that
 * and does without. */
#if defined(__arm__) && defined(__ARM_NEON) && defined(__clang__)
#error "Isobit cannot be built for 32-bit NEON by clang, since it flushes subnormal numbers: build with -mfpu=vfpv3-d16"
#endif

/* WebAssembly has no threads: a pool is the caller, and a loader prepares its batches itself. */
#ifdef __wasi__
#define ISO_THREADS 0
#else
#define ISO_THREADS 1
#endif

/* In ascending order of preference, among those of one architecture. */
typedef enum iso_isa { ISO_ISA_SCALAR, ISO_ISA_AVX2, ISO_ISA_AVX512, ISO_ISA_NEON, ISO_ISA_COUNT } iso_isa;

ISO_FOR_PROGRAM const char *iso_isa_name(iso_isa isa);
/* False if there is no such name. */
bool iso_isa_from_name(const char *name, iso_isa *isa);
/* NULL if this build holds kernels for it and the CPU and the operating system support it, otherwise what is missing. */
ISO_FOR_PROGRAM const char *iso_isa_missing(iso_isa isa);
bool iso_isa_available(iso_isa isa);
iso_isa iso_isa_best(void);

/* NULL if on the calling thread subnormals are kept, rounding is to nearest and exceptions are no signals; otherwise what is
 * wrong. */
const char *iso_cpu_check_float_environment(void);

/* The CPU's name as it calls itself, for run.env and `isobit info`; "" if unknown. */
ISO_FOR_PROGRAM void iso_cpu_name(char *buffer, size_t size);
/* Bytes of a core's level 2 cache, between 256 KiB and 1 MiB; 1 MiB if unknown. No result depends on it. */
int64_t iso_level2_bytes(void);
/* CPUs that this process may run on, at least 1. */
int iso_cpu_count(void);

#endif
