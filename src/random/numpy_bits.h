/* The next bits of a NumPy bit generator. */
#ifndef ISO_RANDOM_NUMPY_BITS_H
#define ISO_RANDOM_NUMPY_BITS_H

#include "core/compiler.h"
#include "isobit/random/numpy.h"

uint32_t iso_np_next32(iso_np_bits *bits);
uint64_t iso_np_next64(iso_np_bits *bits);
/* In [0, 1): 53 bits; of MT19937 the 27 and 26 upper bits of two outputs. */
double iso_np_next_double(iso_np_bits *bits);

#endif
