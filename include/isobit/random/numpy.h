/* isobit/random/numpy.h: the random numbers of NumPy, bit for bit: bit generators, SeedSequence, and the engine that both
 * numpy.random.Generator (numpy_generator.h) and the legacy RandomState (numpy_legacy.h) draw on.
 *
 * Plain structs that the caller owns; copy them to fork a stream. Nothing is allocated. */
#ifndef ISOBIT_RANDOM_NUMPY_H
#define ISOBIT_RANDOM_NUMPY_H

#include "isobit/random/mt19937.h"

#ifdef __cplusplus
extern "C" {
#endif

/* numpy.random's bit generators. */
typedef enum iso_np_engine { ISO_NP_MT19937, ISO_NP_PCG64, ISO_NP_PCG64DXSM, ISO_NP_PHILOX, ISO_NP_SFC64 } iso_np_engine;

/* One bit generator. */
typedef struct iso_np_bits {
    iso_np_engine engine;
    union {
        iso_mt19937 mt19937;
        struct {
            uint64_t state[2], increment[2]; /* 128 bits each, the low half first */
        } pcg64;
        struct {
            uint64_t counter[4], key[2], buffer[4];
            int position; /* in the buffer; 4: empty */
        } philox;
        struct {
            uint64_t words[4];
        } sfc64;
    } as;
    bool has_uint32; /* the high half of a 64-bit output, kept for the next 32-bit draw; MT19937 never keeps one */
    uint32_t uint32;
} iso_np_bits;

#ifdef __cplusplus
}
#endif
#endif
