/* One number at a time of numpy.random.Generator, inside the random room. */
#ifndef ISO_RANDOM_NUMPY_GENERATOR_H
#define ISO_RANDOM_NUMPY_GENERATOR_H

#include "isobit/random/numpy_generator.h"
#include "random/numpy_bits.h"

double iso_np_normal_one(iso_np_bits *rng);
double iso_np_exponential_one(iso_np_bits *rng);
float iso_np_float_one(iso_np_bits *rng);
float iso_np_normal_one_f32(iso_np_bits *rng);
float iso_np_exponential_one_f32(iso_np_bits *rng);

/* A number from 0 to max by Lemire's multiplication, of 32 bits where they do. */
uint64_t iso_np_lemire(iso_np_bits *rng, uint64_t max);

#endif
