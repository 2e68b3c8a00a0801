/* The operations that graphs are made of. Each stands in the file of its stem, beside its module where it has one. */
#ifndef ISO_NN_OPS_H
#define ISO_NN_OPS_H

#include "nn/graph.h"

extern const iso_op iso_op_to_nhwc; /* layout.c: slot (n, c, h, w) in PyTorch's order -> NHWC activation */
extern const iso_op iso_op_flatten; /* layout.c: NHWC -> (n, c * h * w) in PyTorch's order */
extern const iso_op iso_op_copy;    /* layout.c */
extern const iso_op iso_op_add;     /* add.c */
extern const iso_op iso_op_relu;    /* relu.c */
extern const iso_op iso_op_conv2d;  /* conv2d.c */
extern const iso_op iso_op_linear;  /* linear.c */
extern const iso_op iso_op_max_pool2d, iso_op_avg_pool2d, iso_op_adaptive_avg_pool2d; /* pool2d.c */
extern const iso_op iso_op_batch_norm2d;                                              /* batch_norm2d.c */
/* What momentum a training step of this node takes; counts it in `tracked`, which may be NULL. */
float iso_norm_momentum(const iso_node *node, int64_t *tracked);
extern const iso_op iso_op_group_norm; /* group_norm.c */
extern const iso_op iso_op_dropout;    /* dropout.c */
/* Derivatives that fuse.c looks for. in: y, dy; dy, index; see batch_norm2d.c. */
extern const iso_op iso_op_relu_backward, iso_op_max_pool2d_backward, iso_op_batch_norm2d_backward;
/* Operands of batch_norm2d: of the node and of its derivative. The last of each are those that only fused nodes have: the
 * residual, the index of the pool; the bias that the sign of the normalised x needs, the output of relu that dy is masked by, and
 * the masked dy. */
enum {
    ISO_NORM_IN_X = 0,
    ISO_NORM_IN_WEIGHT = 1,
    ISO_NORM_IN_BIAS = 2,
    ISO_NORM_IN_MEAN = 3, /* running statistics, or none */
    ISO_NORM_IN_VAR = 4,
    ISO_NORM_IN_TRACKED = 5,
    ISO_NORM_IN_RESIDUAL = 6,
    ISO_NORM_OUT_Y = 0,
    ISO_NORM_OUT_MEAN = 1,
    ISO_NORM_OUT_INVSTD = 2,
    ISO_NORM_OUT_INDEX = 3,
    ISO_NORM_BACKWARD_IN_X = 0,
    ISO_NORM_BACKWARD_IN_DY = 1,
    ISO_NORM_BACKWARD_IN_WEIGHT = 2,
    ISO_NORM_BACKWARD_IN_MEAN = 3,
    ISO_NORM_BACKWARD_IN_INVSTD = 4,
    ISO_NORM_BACKWARD_IN_BIAS = 5,
    ISO_NORM_BACKWARD_IN_Y = 6,
    ISO_NORM_BACKWARD_IN_INDEX = 7,
    ISO_NORM_BACKWARD_OUT_DX = 0,
    ISO_NORM_BACKWARD_OUT_DWEIGHT = 1,
    ISO_NORM_BACKWARD_OUT_DBIAS = 2,
    ISO_NORM_BACKWARD_OUT_MASKED = 3
};
extern const iso_op iso_op_cross_entropy; /* loss.c */
extern const iso_op iso_op_mse_loss;      /* loss.c */

#endif
