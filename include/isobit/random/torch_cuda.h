/* isobit/random/torch_cuda.h: the random numbers of PyTorch on NVIDIA GPUs.
 *
 * There a tensor is filled by many threads, each with a Philox4x32-10 sequence of its own, and how many there are follows from
 * the GPU: PyTorch gives other numbers for one seed on another model. The two figures that decide are parameters here: the number
 * of multiprocessors (SMs) and how many threads one holds (cudaDevAttrMaxThreadsPerMultiProcessor): 132 and 2048 on an H100 SXM
 * or H200, 108 and 2048 on an A100, 80 and 2048 on a V100, 128 and 1536 on an RTX 4090.
 *
 * Read from the source of PyTorch 2.7 and later (native/cuda/DistributionTemplates.h, Dropout.cu, Randperm.cu; releases before
 * it draw 32 bits, not 64, for ranges from 2^28 to 2^32, and so other permutations too) and cuRAND's device headers; not compared
 * with a GPU yet. */
#ifndef ISOBIT_RANDOM_TORCH_CUDA_H
#define ISOBIT_RANDOM_TORCH_CUDA_H

#include "isobit/random/mt19937.h"

#ifdef __cplusplus
extern "C" {
#endif

/* torch.Generator(device='cuda'): seed, and how far every thread's sequence has been used up. A plain struct that the caller
 * owns; nothing is allocated. */
typedef struct iso_torch_cuda_generator {
    uint64_t seed, offset;
    uint32_t sms, threads_per_sm; /* of the GPU that is imitated */
} iso_torch_cuda_generator;

/* torch.cuda.manual_seed(seed): starts at offset 0; the GPU stays as it is. */
ISO_API void iso_torch_cuda_manual_seed(iso_torch_cuda_generator *g, uint64_t seed);

/* torch.cuda.get_rng_state() / set_rng_state(): seed and offset, 8 bytes each, little-endian. set returns false, and changes
 * nothing, where the offset is no multiple of 4. */
#define ISO_TORCH_CUDA_STATE_SIZE 16
ISO_API void iso_torch_cuda_get_state(const iso_torch_cuda_generator *g, uint8_t state[ISO_TORCH_CUDA_STATE_SIZE]);
ISO_API bool iso_torch_cuda_set_state(iso_torch_cuda_generator *g, const uint8_t state[ISO_TORCH_CUDA_STATE_SIZE]);

/* tensor.uniform_(low, high) of n contiguous float32 elements; torch.rand is low 0, high 1. */
ISO_API void iso_torch_cuda_uniform(iso_torch_cuda_generator *g, float *out, size_t n, float low, float high);

/* torch.randint(low, high, (n,)) as int64. Needs low < high. */
ISO_API void iso_torch_cuda_randint(iso_torch_cuda_generator *g, int64_t *out, size_t n, int64_t low, int64_t high);

/* torch.randperm(n) as int64. `work` is 3 n elements of memory that the call may overwrite. */
ISO_API void iso_torch_cuda_randperm(iso_torch_cuda_generator *g, int64_t *out, size_t n, uint64_t *work);

/* tensor.bernoulli_(p) of n contiguous elements: out[i] is 1 where drawn. */
ISO_API void iso_torch_cuda_bernoulli(iso_torch_cuda_generator *g, uint8_t *out, size_t n, double p);

/* Which of n elements F.dropout keeps of a contiguous float32 tensor whose memory is aligned to 16 bytes and whose size is a
 * multiple of 4 (what torch gives; kernels for other tensors draw otherwise): out[i] is 1 where kept. 0 < p < 1. */
ISO_API void iso_torch_cuda_dropout(iso_torch_cuda_generator *g, uint8_t *out, size_t n, double p);

#ifdef __cplusplus
}
#endif
#endif
