/* isobit/random/init.h: initial values of parameters as draws on a generator: torch.nn.init and the reset_parameters of
 * PyTorch's layers. The arithmetic before a draw is that of Python floats, in torch/nn/init.py's
 * order. Tensors are float32, row-major. */
#ifndef ISOBIT_RANDOM_INIT_H
#define ISOBIT_RANDOM_INIT_H

#include "isobit/random/torch.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum iso_fan_mode { ISO_FAN_IN, ISO_FAN_OUT } iso_fan_mode;

/* nn.init._calculate_fan_in_and_fan_out: of a tensor of dims >= 2, shape[0] outputs by shape[1]
 * inputs, the rest being the kernel. */
ISO_API void iso_init_fans(int dims, const int64_t *shape, int64_t *fan_in, int64_t *fan_out);

/* nn.init.calculate_gain: "linear", "conv1d" .. "conv_transpose3d", "sigmoid", "tanh", "relu",
 * "leaky_relu" (which alone reads `slope`; its default is 0.01), "selu". False if there is no such
 * name. */
ISO_API bool iso_init_gain(const char *nonlinearity, double slope, double *gain);

/* The standard deviations that the functions below draw with; uniform bounds are sqrt(3) times
 * them. False if the nonlinearity is unknown. */
ISO_API double iso_init_xavier_std(int dims, const int64_t *shape, double gain);
ISO_API bool iso_init_kaiming_std(int dims, const int64_t *shape, double a, iso_fan_mode mode, const char *nonlinearity,
                                  double *std);

/* nn.init.xavier_uniform_ and xavier_normal_; PyTorch's default gain is 1. */
ISO_API void iso_init_xavier_uniform(iso_torch_generator *g, float *tensor, int dims, const int64_t *shape, double gain);
ISO_API void iso_init_xavier_normal(iso_torch_generator *g, float *tensor, int dims, const int64_t *shape, double gain);
/* False if the nonlinearity is unknown; then nothing was drawn. PyTorch's defaults: a = 0, fan_in,
 * "leaky_relu". */
ISO_API bool iso_init_kaiming_uniform(iso_torch_generator *g, float *tensor, int dims, const int64_t *shape, double a,
                                      iso_fan_mode mode, const char *nonlinearity);
ISO_API bool iso_init_kaiming_normal(iso_torch_generator *g, float *tensor, int dims, const int64_t *shape, double a,
                                     iso_fan_mode mode, const char *nonlinearity);

/* One of xavier_uniform_, xavier_normal_, kaiming_uniform_, kaiming_normal_ with its default
 * arguments, on dims >= 2. False if there is no such name. */
ISO_API bool iso_init_named(const char *function, iso_torch_generator *g, float *tensor, int dims, const int64_t *shape);

/* What nn.Linear, nn.Conv1d to 3d and nn.ConvTranspose1d to 3d start with: weight, then bias (NULL: none; of transposed
 * convolutions the caller draws it, since it has groups * shape[1] elements: iso_torch_uniform between +-1 / sqrt(fan_in)).
 *
 * The other layers that draw are single calls of isobit/random/torch.h, in this order:
 *   nn.Embedding           iso_torch_normal(weight, 0, 1); then row padding_idx is set to 0
 *   nn.RNN, GRU, LSTM      every parameter as state_dict() lists them: iso_torch_uniform between +-1 / sqrt(hidden_size)
 *   nn.Bilinear            weight, then bias: iso_torch_uniform between +-1 / sqrt(in1_features)
 *   nn.MultiheadAttention  out_proj as a Linear; then in_proj_weight (or q, k and v of their own) by iso_init_xavier_uniform;
 *                          both biases set to 0; then bias_k and bias_v by iso_init_xavier_normal over (1, 1, embed_dim)
 *   nn.LayerNorm, GroupNorm  nothing is drawn: ones and zeros */
ISO_API void iso_init_conv_or_linear(iso_torch_generator *g, float *weight, int dims, const int64_t *shape, float *bias);
/* What nn.BatchNorm2d starts with: ones and zeros, no draws. Each pointer may be NULL. */
ISO_API void iso_init_batch_norm(int64_t channels, float *weight, float *bias, float *running_mean, float *running_var);

#ifdef __cplusplus
}
#endif
#endif
