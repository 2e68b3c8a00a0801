#include "kernels/isa.h"

const iso_kernels *iso_kernels_of(iso_isa isa) {
    switch (isa) {
#if defined(__x86_64__) || defined(__i386__)
    case ISO_ISA_AVX2:
        return &iso_kernels_avx2;
    case ISO_ISA_AVX512:
        return &iso_kernels_avx512;
#elif defined(__aarch64__)
    case ISO_ISA_NEON:
        return &iso_kernels_neon;
#endif
    case ISO_ISA_SCALAR:
        return &iso_kernels_scalar;
    default:
        return NULL;
    }
}
