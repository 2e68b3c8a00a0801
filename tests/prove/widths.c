/* What sigmoid's and GELU's intervals have to hold (src/kernels/math_functions_pairs.h): over all arguments of the cells, by how
 * many units of 2^-24 the rest of the function's value exceeds the kernel's. The numbers belong between 0 and the width that
 * scripts/math_coefficients.py gives; `make prove` shows that what is decided by that width is right.
 *
 *     make widths
 *
 * The value is that of the C library in binary64, whose error is a small part of a unit. */
#include <stdio.h>

#include "core/cpu.h"
#include "prove/widths_of.h"

int main(void) {
    static void (*const measure[ISO_ISA_COUNT])(void) = {[ISO_ISA_AVX2] = widths_avx2, [ISO_ISA_AVX512] = widths_avx512};
    for (int isa = 0; isa < ISO_ISA_COUNT; isa++)
        if (measure[isa] && iso_isa_available((iso_isa)isa)) {
            printf("%s\n", iso_isa_name((iso_isa)isa));
            measure[isa]();
        }
    return 0;
}
