#include "kernels/avx512.c" /* for its static functions */

#ifdef ISA
#include "prove/widths.h"
#else
#include "prove/widths_of.h"
void widths_avx512(void) {}
#endif
