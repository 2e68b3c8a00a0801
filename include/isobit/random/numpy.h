/* isobit/random/numpy.h: NumPy's bit generators and SeedSequence, bit for bit. numpy.random.Generator draws on them through
 * numpy_generator.h, the legacy functions np.random.* through numpy_legacy.h.
 *
 * Plain structs that the caller owns; copy them to fork a stream. Nothing is allocated. Definitions:
 * numpy/random/bit_generator.pyx and numpy/random/src of NumPy 1.24 to 2.4. */
#ifndef ISOBIT_RANDOM_NUMPY_H
#define ISOBIT_RANDOM_NUMPY_H

#include "isobit/random/mt19937.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- np.random.SeedSequence ---- */

#define ISO_NP_SEED_WORDS 512 /* of entropy and spawn key together */

typedef struct iso_np_seed_sequence {
    uint32_t words[ISO_NP_SEED_WORDS]; /* entropy, then spawn_key, as NumPy cuts them into words */
    size_t entropy, spawn_key;         /* how many of each */
    size_t pool_size;                  /* 4 to 32 */
    uint64_t children;                 /* n_children_spawned */
    uint32_t pool[32];
} iso_np_seed_sequence;

/* SeedSequence(entropy, spawn_key=spawn_key, pool_size=pool_size): of an int the words of its magnitude, lowest first (0 is one
 * word); of a list of ints those of each, one behind the other. False if there are too many words, or pool_size is not 4 to 32.
 */
ISO_API bool iso_np_seed_sequence_init(iso_np_seed_sequence *s, const uint32_t *entropy, size_t entropy_count,
                                       const uint32_t *spawn_key, size_t spawn_key_count, size_t pool_size);
/* s.generate_state(n), and with dtype=uint64. */
ISO_API void iso_np_generate_state(const iso_np_seed_sequence *s, uint32_t *out, size_t n);
ISO_API void iso_np_generate_state64(const iso_np_seed_sequence *s, uint64_t *out, size_t n);
/* s.spawn(1)[0]: the next child. False if its key no longer fits. */
ISO_API bool iso_np_spawn(iso_np_seed_sequence *s, iso_np_seed_sequence *child);

/* ---- Bit generators ---- */

typedef enum iso_np_engine { ISO_NP_MT19937, ISO_NP_PCG64, ISO_NP_PCG64DXSM, ISO_NP_PHILOX, ISO_NP_SFC64 } iso_np_engine;

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

/* np.random.PCG64(seed) and the others: from a SeedSequence. */
ISO_API void iso_np_bits_seed(iso_np_bits *bits, iso_np_engine engine, const iso_np_seed_sequence *seed);

/* The next 32 and 64 random bits (bit_generator.random_raw() is 64 bits, but 32 of MT19937), and n doubles in [0, 1). */
ISO_API uint32_t iso_np_next32(iso_np_bits *bits);
ISO_API uint64_t iso_np_next64(iso_np_bits *bits);
ISO_API void iso_np_random(iso_np_bits *bits, double *out, size_t n);

#ifdef __cplusplus
}
#endif
#endif
