/* isobit/random/torch.h: the random numbers of PyTorch, bit for bit.
 *
 * A generator is a plain struct that the caller owns; copy it to fork a stream. Nothing is allocated, and only what the
 * comments say is left to the C library. Functions that fill take the output in the order in which PyTorch fills memory. */
#ifndef ISOBIT_RANDOM_TORCH_H
#define ISOBIT_RANDOM_TORCH_H

#include "isobit/random/mt19937.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Which of PyTorch's answers, where it has several for one seed: a sum of
 *   how the CPU computes: nothing (AVX2 or AVX-512) or ISO_TORCH_SCALAR (ATEN_CPU_CAPABILITY=default, and CPUs without AVX2);
 *   ISO_TORCH_MKL where PyTorch was built with MKL (as pip's and conda's are) and the CPU is Intel's: bernoulli_ and dropout;
 *   the release: nothing (2.13 and later), ISO_TORCH_2_6 or ISO_TORCH_1_13.
 * docs/streams.md says what differs. */
typedef unsigned iso_torch_variant;
enum { ISO_TORCH = 0, ISO_TORCH_SCALAR = 1, ISO_TORCH_MKL = 2, ISO_TORCH_2_6 = 4, ISO_TORCH_1_13 = 8 };

/* The variant of a name: torch[==RELEASE][+mkl][/scalar], RELEASE one of 1.13, 2.6, 2.13. False if there is no such. */
ISO_API bool iso_torch_variant_from_name(const char *name, iso_torch_variant *variant);
/* The name of a variant, in `name`; what it gives is read back by the function above. */
#define ISO_TORCH_NAME_SIZE 32
ISO_API const char *iso_torch_variant_name(iso_torch_variant variant, char name[ISO_TORCH_NAME_SIZE]);

/* torch.Generator of the CPU. Start with `iso_torch_generator g = {0}`, set the variant if it is
 * not ISO_TORCH, and seed. */
typedef struct iso_torch_generator {
    iso_mt19937 engine;
    uint64_t seed;
    iso_torch_variant variant;
    bool has_next_normal; /* the second value of a pair that the small normal_ has drawn */
    double next_normal;
} iso_torch_generator;

/* torch.manual_seed(seed): the engine sees the low 32 bits. A negative Python seed s is passed as
 * (uint64_t)s. The variant stays as it is. */
ISO_API void iso_torch_manual_seed(iso_torch_generator *g, uint64_t seed);

/* The next 32 and 64 random bits (64: first output in the high half). */
ISO_API uint32_t iso_torch_random32(iso_torch_generator *g);
ISO_API uint64_t iso_torch_random64(iso_torch_generator *g);

/* tensor.random_() of an int64 tensor: 63 random bits. What DataLoader and RandomSampler draw their
 * seeds with. */
ISO_API int64_t iso_torch_random_int64(iso_torch_generator *g);

/* torch.randint(low, high, (n,)) as int64. Needs low < high. */
ISO_API void iso_torch_randint(iso_torch_generator *g, int64_t *out, size_t n, int64_t low, int64_t high);

/* tensor.uniform_(low, high) of n float32 (float64) elements; torch.rand is low 0, high 1. */
ISO_API void iso_torch_uniform(iso_torch_generator *g, float *out, size_t n, double low, double high);
ISO_API void iso_torch_uniform_f64(iso_torch_generator *g, double *out, size_t n, double low, double high);

/* tensor.normal_(mean, std) of n contiguous float32 (float64) elements; torch.randn is mean 0,
 * std 1. Fewer than 16 elements come from another algorithm, as in PyTorch: it and everything
 * float64 calls the C library's log, log1p, sin and cos as PyTorch does, and so does the float32 of
 * ISO_TORCH_SCALAR. float32 of ISO_TORCH from 16 elements on needs no libm. */
ISO_API void iso_torch_normal(iso_torch_generator *g, float *out, size_t n, double mean, double std);
ISO_API void iso_torch_normal_f64(iso_torch_generator *g, double *out, size_t n, double mean, double std);

/* uniform_ and normal_ of float16 and bfloat16 tensors, as their bits. Since 2.13 they are drawn and computed in float32;
 * ISO_TORCH_1_13 and ISO_TORCH_2_6 computed in the type itself, step by step. */
ISO_API void iso_torch_uniform_f16(iso_torch_generator *g, uint16_t *out, size_t n, double low, double high);
ISO_API void iso_torch_uniform_bf16(iso_torch_generator *g, uint16_t *out, size_t n, double low, double high);
ISO_API void iso_torch_normal_f16(iso_torch_generator *g, uint16_t *out, size_t n, double mean, double std);
ISO_API void iso_torch_normal_bf16(iso_torch_generator *g, uint16_t *out, size_t n, double mean, double std);

/* The remaining distributions of torch.Tensor, n elements of float64; a tensor of another type holds the same numbers rounded
 * (to integers: cut off). Each calls the C library as PyTorch does: exponential_(lambda) log1p (1.13: log); geometric_(p), 0 < p
 * < 1, log and log1p; cauchy_(median, sigma) tan; log_normal_(mean, std) what a small normal_ does, and exp. exponential_ with
 * ISO_TORCH_MKL is MKL's and not imitated: the answer is that without MKL. */
ISO_API void iso_torch_exponential(iso_torch_generator *g, double *out, size_t n, double lambda);
ISO_API void iso_torch_geometric(iso_torch_generator *g, double *out, size_t n, double p);
ISO_API void iso_torch_cauchy(iso_torch_generator *g, double *out, size_t n, double median, double sigma);
ISO_API void iso_torch_log_normal(iso_torch_generator *g, double *out, size_t n, double mean, double std);

/* torch.multinomial(weights, n, replacement): n categories out of `count` >= 1. The weights must be finite, at least 0, and have
 * a positive sum; without replacement n <= count. Equal numbers among weight / exponential (weights of 0 above all) are taken in
 * the order of their index, where PyTorch's topk takes them in any. `scratch` holds `count` elements; `order`, needed without
 * replacement only, `count` too. */
ISO_API void iso_torch_multinomial(iso_torch_generator *g, int64_t *out, size_t n, const float *weights, size_t count,
                                   bool replacement, float *scratch, int64_t *order);
ISO_API void iso_torch_multinomial_f64(iso_torch_generator *g, int64_t *out, size_t n, const double *weights, size_t count,
                                       bool replacement, double *scratch, int64_t *order);

/* tensor.bernoulli_(p) of n elements: out[i] is 1 where drawn. */
ISO_API void iso_torch_bernoulli(iso_torch_generator *g, uint8_t *out, size_t n, double p);

/* torch.bernoulli(p), p a float32 (float64) tensor of n elements with a probability for each. */
ISO_API void iso_torch_bernoulli_tensor(iso_torch_generator *g, uint8_t *out, size_t n, const float *p);
ISO_API void iso_torch_bernoulli_tensor_f64(iso_torch_generator *g, uint8_t *out, size_t n, const double *p);

/* torch.randperm(n). */
ISO_API void iso_torch_randperm(iso_torch_generator *g, int64_t *out, int64_t n);

/* torch.get_rng_state() / set_rng_state: PyTorch's own 5056 bytes. set returns false, and changes
 * nothing, if the bytes are no such state. The variant is not part of the state. */
#define ISO_TORCH_STATE_SIZE 5056
ISO_API void iso_torch_get_state(const iso_torch_generator *g, uint8_t state[ISO_TORCH_STATE_SIZE]);
ISO_API bool iso_torch_set_state(iso_torch_generator *g, const uint8_t state[ISO_TORCH_STATE_SIZE]);

#ifdef __cplusplus
}
#endif
#endif
