/* NumPy's bit generators, inside the random room. */
#ifndef ISO_RANDOM_NUMPY_BITS_H
#define ISO_RANDOM_NUMPY_BITS_H

#include "core/compiler.h"
#include "isobit/random/numpy.h"

/* In [0, 1): 53 bits; of MT19937 the 27 and 26 upper bits of two outputs. */
double iso_np_next_double(iso_np_bits *bits);
/* The 128-bit product of a and b. */
uint64_t iso_multiply_64(uint64_t a, uint64_t b, uint64_t *high);

#endif
