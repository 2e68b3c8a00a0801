/* Draws into tensors of any type, as the methods of torch.Tensor make them, on the call's generator, or on the GPU's of
 * torch-cuda. They refuse what PyTorch refuses; messages carry the call's name. */
#ifndef ISO_STREAM_DRAW_H
#define ISO_STREAM_DRAW_H

#include "stream/call.h"

/* uniform_(low, high) and normal_(mean, std): tensors of floats. */
iso_status iso_call_uniform(iso_call *c, iso_value *tensor, double low, double high);
iso_status iso_call_normal(iso_call *c, iso_value *tensor, double mean, double std);
/* random_(low, high), low inclusive, high exclusive. */
iso_status iso_call_random(iso_call *c, iso_value *tensor, int64_t low, int64_t high);
/* random_() without bounds. */
iso_status iso_call_random_any(iso_call *c, iso_value *tensor);
/* bernoulli_(p), and with a tensor of as many probabilities. */
iso_status iso_call_bernoulli(iso_call *c, iso_value *tensor, double p);
iso_status iso_call_bernoulli_tensor(iso_call *c, iso_value *tensor, const iso_value *p);
/* What F.dropout draws on a GPU: 1 where an element is kept. */
iso_status iso_call_cuda_dropout(iso_call *c, iso_value *tensor, double p);
/* randperm(n) into an int64 tensor of n elements. */
iso_status iso_call_randperm(iso_call *c, iso_value *tensor);

/* exponential_, geometric_, cauchy_ and log_normal_: numbers of float64, rounded to the tensor's type. */
typedef enum iso_distribution { ISO_EXPONENTIAL, ISO_GEOMETRIC, ISO_CAUCHY, ISO_LOG_NORMAL } iso_distribution;
iso_status iso_call_distribution(iso_call *c, iso_value *tensor, iso_distribution which, double a, double b);

#endif
