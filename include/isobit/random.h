/* isobit/random.h: the random numbers of PyTorch, NumPy and Python, bit for bit, and Isobit's own counter-based stream.
 * Usable alone (libisobit-random.a, pkg-config isobit-random): no context, no allocation, plain structs that the caller owns. */
#ifndef ISOBIT_RANDOM_H
#define ISOBIT_RANDOM_H

#include "isobit/random/init.h"
#include "isobit/random/mt19937.h"
#include "isobit/random/numpy.h"
#include "isobit/random/numpy_generator.h"
#include "isobit/random/numpy_legacy.h"
#include "isobit/random/philox.h"
#include "isobit/random/python.h"
#include "isobit/random/torch.h"
#include "isobit/random/torch_cuda.h"

#endif
