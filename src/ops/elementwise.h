/* docs/contract.md#relu, docs/contract.md#add, docs/contract.md#dropout. One element at a time, so any range of elements may be
 * computed alone. */
#ifndef ISO_OPS_ELEMENTWISE_H
#define ISO_OPS_ELEMENTWISE_H

#include "ops/exec.h"

void iso_ref_relu(int64_t count, const float *x, float *y);
void iso_ref_relu_backward(int64_t count, const float *y, const float *dy, float *dx);
void iso_ref_add(int64_t count, const float *a, const float *b, float *y);
/* keep: one byte per element, 0 or 1; p the probability of dropping. The backward is the same function of dy. */
void iso_ref_dropout(int64_t count, const float *x, const uint8_t *keep, double p, float *y);

void iso_cpu_relu(const iso_exec *e, int64_t count, const float *x, float *y);
void iso_cpu_relu_backward(const iso_exec *e, int64_t count, const float *y, const float *dy, float *dx);
void iso_cpu_add(const iso_exec *e, int64_t count, const float *a, const float *b, float *y);
void iso_cpu_dropout(const iso_exec *e, int64_t count, const float *x, const uint8_t *keep, double p, float *y);

#endif
