/* isobit/nn.h: layers, losses and optimisers under PyTorch's names.
 *
 *     iso_module *model = iso_sequential(ctx,
 *         iso_conv2d(ctx, 3, 16, .kernel_size = 3, .padding = 1),
 *         iso_relu(ctx),
 *         iso_max_pool2d(ctx, .kernel_size = 2, .stride = 2),
 *         iso_flatten(ctx),
 *         iso_linear(ctx, 16 * 16 * 16, 10));
 *     iso_module_reset_parameters(model, iso_generator(ctx));
 *
 * Options are named as in PyTorch. A field left 0 takes PyTorch's default; where 0 itself is wanted and is not the
 * default, write ISO_ZERO.
 *
 * A constructor returns NULL on failure, with the message on the context. Building draws no random numbers (C does not
 * say in which order arguments are evaluated): iso_module_reset_parameters draws, in PyTorch's order.
 *
 * Definitions of the numbers: docs/contract.md. */
#ifndef ISOBIT_NN_H
#define ISOBIT_NN_H

#include <stdbool.h>

#include "isobit/context.h"
#include "isobit/random.h"
#include "isobit/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ISO_ZERO (-0.0) /* a real zero, where plain 0 means "the default" */

typedef struct iso_module iso_module;

/* The context's default generator: torch.default_generator's twin. iso_torch_manual_seed(iso_generator(ctx), 0) is
 * torch.manual_seed(0). */
ISO_API iso_torch_generator *iso_generator(iso_context *context);

/* ---- Layers ---- */

/* torch.nn.Conv2d. Input (n, in_channels, h, w). The *_w fields give the second number of a pair; 0: the same as the first. */
typedef struct iso_conv2d_options {
    int64_t kernel_size, kernel_size_w; /* required */
    int64_t stride, stride_w;           /* default 1 */
    int64_t padding, padding_w;         /* default 0; give both for (1, 0): .padding = 1, .padding_w = -1 */
    int64_t dilation, dilation_w;       /* default 1 */
    int64_t groups;                     /* default 1 */
    bool no_bias;                       /* bias=False */
} iso_conv2d_options;
ISO_API iso_module *iso_conv2d_with(iso_context *context, int64_t in_channels, int64_t out_channels, iso_conv2d_options options);
#define iso_conv2d(context, in_channels, out_channels, ...)                                                                      \
    iso_conv2d_with((context), (in_channels), (out_channels), (iso_conv2d_options){__VA_ARGS__})

/* torch.nn.Linear. Input (n, in_features). */
typedef struct iso_linear_options {
    bool no_bias; /* bias=False */
    int reserved; /* leave 0 */
} iso_linear_options;
ISO_API iso_module *iso_linear_with(iso_context *context, int64_t in_features, int64_t out_features, iso_linear_options options);
#define iso_linear(context, in_features, ...) ISO_LINEAR_((context), (in_features), __VA_ARGS__, .reserved = 0)
#define ISO_LINEAR_(context, in_features, out_features, ...)                                                                     \
    iso_linear_with((context), (in_features), (out_features), (iso_linear_options){__VA_ARGS__})

/* torch.nn.ReLU, torch.nn.Flatten (start_dim=1). */
ISO_API iso_module *iso_relu(iso_context *context);
ISO_API iso_module *iso_flatten(iso_context *context);

/* torch.nn.Dropout: p in [0, 1]. In training the mask is drawn from the generator as PyTorch's CPU kernel draws it. */
ISO_API iso_module *iso_dropout(iso_context *context, double p);

/* torch.nn.MaxPool2d, torch.nn.AvgPool2d. stride defaults to kernel_size. */
typedef struct iso_pool2d_options {
    int64_t kernel_size, kernel_size_w; /* required */
    int64_t stride, stride_w;
    int64_t padding, padding_w;
    int64_t dilation, dilation_w; /* MaxPool2d only */
    bool ceil_mode;
    bool exclude_pad;         /* AvgPool2d only: count_include_pad=False */
    int64_t divisor_override; /* AvgPool2d only */
} iso_pool2d_options;
ISO_API iso_module *iso_max_pool2d_with(iso_context *context, iso_pool2d_options options);
ISO_API iso_module *iso_avg_pool2d_with(iso_context *context, iso_pool2d_options options);
#define iso_max_pool2d(context, ...) iso_max_pool2d_with((context), (iso_pool2d_options){__VA_ARGS__})
#define iso_avg_pool2d(context, ...) iso_avg_pool2d_with((context), (iso_pool2d_options){__VA_ARGS__})

/* torch.nn.AdaptiveAvgPool2d((h, w)). */
ISO_API iso_module *iso_adaptive_avg_pool2d(iso_context *context, int64_t h, int64_t w);

/* torch.nn.BatchNorm2d. */
typedef struct iso_batch_norm2d_options {
    double eps;            /* default 1e-5 */
    double momentum;       /* default 0.1 */
    bool cumulative;       /* momentum=None: a plain average over all batches */
    bool no_affine;        /* affine=False */
    bool no_running_stats; /* track_running_stats=False */
    bool pinned;           /* always normalise with the running statistics and never change them, in training too
                              (PyTorch: module.eval() on this layer alone) */
    int reserved;          /* leave 0 */
} iso_batch_norm2d_options;
ISO_API iso_module *iso_batch_norm2d_with(iso_context *context, int64_t num_features, iso_batch_norm2d_options options);
#define iso_batch_norm2d(context, ...) ISO_BATCH_NORM2D_((context), __VA_ARGS__, .reserved = 0)
#define ISO_BATCH_NORM2D_(context, num_features, ...)                                                                            \
    iso_batch_norm2d_with((context), (num_features), (iso_batch_norm2d_options){__VA_ARGS__})

/* torch.nn.BatchNorm1d on (n, num_features): BatchNorm2d with one pixel. */
typedef iso_batch_norm2d_options iso_batch_norm1d_options;
ISO_API iso_module *iso_batch_norm1d_with(iso_context *context, int64_t num_features, iso_batch_norm1d_options options);
#define iso_batch_norm1d(context, ...) ISO_BATCH_NORM1D_((context), __VA_ARGS__, .reserved = 0)
#define ISO_BATCH_NORM1D_(context, num_features, ...)                                                                            \
    iso_batch_norm1d_with((context), (num_features), (iso_batch_norm1d_options){__VA_ARGS__})

/* torch.nn.GroupNorm on (n, num_channels, h, w) or (n, num_channels); num_channels is a multiple of num_groups. */
typedef struct iso_group_norm_options {
    double eps;     /* default 1e-5 */
    bool no_affine; /* affine=False */
    int reserved;   /* leave 0 */
} iso_group_norm_options;
ISO_API iso_module *iso_group_norm_with(iso_context *context, int64_t num_groups, int64_t num_channels,
                                        iso_group_norm_options options);
#define iso_group_norm(context, num_groups, ...) ISO_GROUP_NORM_((context), (num_groups), __VA_ARGS__, .reserved = 0)
#define ISO_GROUP_NORM_(context, num_groups, num_channels, ...)                                                                  \
    iso_group_norm_with((context), (num_groups), (num_channels), (iso_group_norm_options){__VA_ARGS__})

/* torch.nn.Sequential. Takes ownership of the modules, also on failure (a NULL among them is a failure of its
 * constructor: the message stays). */
ISO_API iso_module *iso_sequential_with(iso_context *context, size_t count, iso_module *const *modules);
#define iso_sequential(context, ...)                                                                                             \
    iso_sequential_with((context), sizeof((iso_module *[]){__VA_ARGS__}) / sizeof(iso_module *), (iso_module *[]){__VA_ARGS__})

/* torchvision's BasicBlock: conv3x3, bn, relu, conv3x3, bn, plus the input, relu. Where stride or width change, the input goes
 * through a conv1x1 and a bn ("downsample.0", "downsample.1"), as torchvision's ResNet arranges it. */
typedef struct iso_basic_block_options {
    int64_t stride; /* of the first convolution; default 1 */
    int reserved;   /* leave 0 */
} iso_basic_block_options;
ISO_API iso_module *iso_basic_block_with(iso_context *context, int64_t inplanes, int64_t planes, iso_basic_block_options options);
#define iso_basic_block(context, inplanes, ...) ISO_BASIC_BLOCK_((context), (inplanes), __VA_ARGS__, .reserved = 0)
#define ISO_BASIC_BLOCK_(context, inplanes, planes, ...)                                                                         \
    iso_basic_block_with((context), (inplanes), (planes), (iso_basic_block_options){__VA_ARGS__})

/* torchvision.models.resnet18: the same names, shapes and initial values. Input (n, 3, h, w). */
typedef struct iso_resnet18_options {
    int64_t num_classes; /* default 1000 */
    int reserved;        /* leave 0 */
} iso_resnet18_options;
ISO_API iso_module *iso_resnet18_with(iso_context *context, iso_resnet18_options options);
#define iso_resnet18(...)           ISO_RESNET18_(__VA_ARGS__, .reserved = 0)
#define ISO_RESNET18_(context, ...) iso_resnet18_with((context), (iso_resnet18_options){__VA_ARGS__})

/* Frees a module and all modules that it owns. NULL is allowed. */
ISO_API void iso_module_free(iso_module *module);

/* ---- Parameters and state ---- */

/* Draws the default initial values of every layer, in PyTorch's order, and resets buffers. */
ISO_API iso_status iso_module_reset_parameters(iso_module *module, iso_torch_generator *generator);

/* For each parameter of two or more dimensions, in order: the named function of torch.nn.init ("xavier_normal_",
 * "xavier_uniform_", "kaiming_normal_", "kaiming_uniform_") with its defaults. */
ISO_API iso_status iso_module_init(iso_module *module, const char *function, iso_torch_generator *generator);

/* model.train() and model.eval(). Modules start in training mode. */
ISO_API void iso_module_train(iso_module *module, bool training);

/* One entry of state_dict(). */
typedef struct iso_named_tensor {
    const char *name;   /* "0.weight"; borrowed */
    iso_tensor *tensor; /* borrowed; may be written between steps */
    iso_tensor *grad;   /* the gradient of the latest step; NULL for buffers */
} iso_named_tensor;

/* Entries in state_dict's order. */
ISO_API size_t iso_module_state_count(const iso_module *module);
ISO_API iso_named_tensor iso_module_state(const iso_module *module, size_t index);
/* The entry of that name; its tensor is NULL if there is none. */
ISO_API iso_named_tensor iso_module_find(const iso_module *module, const char *name);

/* ---- Running ---- */

typedef enum iso_loss_kind { ISO_CROSS_ENTROPY, ISO_MSE } iso_loss_kind;

/* torch.nn.CrossEntropyLoss, torch.nn.MSELoss. A zeroed struct is CrossEntropyLoss(). */
typedef struct iso_loss {
    iso_loss_kind kind;
    bool sum;               /* reduction='sum' instead of 'mean' */
    double label_smoothing; /* CrossEntropyLoss */
    bool has_ignore_index;  /* CrossEntropyLoss; false: -100 */
    int64_t ignore_index;
} iso_loss;

/* y = module(x), in the module's present mode. x: (n, ...) float32. y: its data must have room for the output, whose
 * shape is checked. The first call with a shape plans and allocates; later ones do not allocate. */
ISO_API iso_status iso_forward(iso_module *module, const iso_tensor *x, iso_tensor *y);

/* One forward and backward pass: *loss, and every parameter's gradient (overwritten, not added to). target: (n) int64
 * class indices, or float32 of the output's shape for MSE. y: NULL, or receives the output. Dropout draws from the context's
 * generator. A non-finite loss is no error here; the trainer of run.h stops on one. */
ISO_API iso_status iso_loss_backward(iso_module *module, const iso_loss *loss_function, const iso_tensor *x,
                                     const iso_tensor *target, float *loss, iso_tensor *y);

/* As iso_loss_backward, without gradients. */
ISO_API iso_status iso_loss_forward(iso_module *module, const iso_loss *loss_function, const iso_tensor *x,
                                    const iso_tensor *target, float *loss, iso_tensor *y);

/* Gradient accumulation: where memory is short, the calls above compute a batch in blocks of at most so many samples (the largest
 * power of two that is not above `samples`). A step needs less memory and may take longer; its results are those of the whole
 * batch, bit for bit, with batch norms too. A batch of no more than `samples`, and any with 0 (so it starts), is computed at
 * once. To be set on the module that is called; the memory of earlier calls is freed. */
ISO_API iso_status iso_module_set_micro_batch(iso_module *module, int64_t samples);

/* ---- Optimisers ---- */

typedef struct iso_optimizer iso_optimizer;

/* torch.optim.SGD. */
typedef struct iso_sgd_options {
    double lr; /* required */
    double momentum, dampening, weight_decay;
    bool nesterov, maximize;
} iso_sgd_options;
ISO_API iso_optimizer *iso_sgd_with(iso_module *module, iso_sgd_options options);
#define iso_sgd(module, ...) iso_sgd_with((module), (iso_sgd_options){__VA_ARGS__})

/* torch.optim.Adam and torch.optim.AdamW. */
typedef struct iso_adam_options {
    double lr;           /* default 0.001 */
    double beta1, beta2; /* default 0.9, 0.999 */
    double eps;          /* default 1e-8 */
    double weight_decay; /* default 0 for Adam, 0.01 for AdamW */
    bool amsgrad, maximize;
} iso_adam_options;
ISO_API iso_optimizer *iso_adam_with(iso_module *module, iso_adam_options options);
ISO_API iso_optimizer *iso_adamw_with(iso_module *module, iso_adam_options options);
#define iso_adam(module, ...)  iso_adam_with((module), (iso_adam_options){__VA_ARGS__})
#define iso_adamw(module, ...) iso_adamw_with((module), (iso_adam_options){__VA_ARGS__})

/* The module must outlive the optimiser. */
ISO_API void iso_optimizer_free(iso_optimizer *optimizer);
/* Applies the gradients of the latest iso_loss_backward. */
ISO_API void iso_optimizer_step(iso_optimizer *optimizer);
ISO_API double iso_optimizer_lr(const iso_optimizer *optimizer);
ISO_API void iso_optimizer_set_lr(iso_optimizer *optimizer, double lr);

/* The moments, as named tensors ("momentum_buffer/0.weight"), and the step count in the last entry ("step"). */
ISO_API size_t iso_optimizer_state_count(const iso_optimizer *optimizer);
ISO_API iso_named_tensor iso_optimizer_state(const iso_optimizer *optimizer, size_t index);

#ifdef __cplusplus
}
#endif
#endif
