#include "kernels/avx2.c" /* for its static functions */

#ifdef ISA
#include "prove/widths.h"
#else
#include "prove/widths_of.h"
void widths_avx2(void) {}
#endif
