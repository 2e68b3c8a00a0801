/* Functions of one number, correctly rounded: docs/contract.md#functions-of-one-number. One element at a time, so any range of
 * elements may be computed alone; y may be x. */
#ifndef ISO_OPS_MATH_FUNCTIONS_H
#define ISO_OPS_MATH_FUNCTIONS_H

#include "ops/exec.h"

/* All there are: F(name), computed by iso_<name>f of math/math.h. */
#define ISO_MATH_FUNCTIONS(F)                                                                                                    \
    F(exp) F(expm1) F(log) F(log1p) F(tanh) F(sigmoid) F(erf) F(gelu) F(gelu_tanh) F(sin) F(cos) F(rsqrt)

/* void iso_ref_exp(int64_t count, const float *x, float *y);
 * void iso_cpu_exp(const iso_exec *e, int64_t count, const float *x, float *y); and so on. */
#define F(name)                                                                                                                  \
    void iso_ref_##name(int64_t count, const float *x, float *y);                                                                \
    void iso_cpu_##name(const iso_exec *e, int64_t count, const float *x, float *y);
ISO_MATH_FUNCTIONS(F)
#undef F

#endif
