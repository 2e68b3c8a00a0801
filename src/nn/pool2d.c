/* MaxPool2d, AvgPool2d, AdaptiveAvgPool2d: modules, operations, derivatives. docs/contract.md#max_pool2d */
#include "nn/module.h"
#include "nn/ops.h"

struct pool2d {
    iso_module base;
    int64_t kernel[2], stride[2], padding[2], dilation[2];
    bool ceil_mode, count_include_pad;
    int64_t divisor_override;
};

/* ---- Operations ---- */

static void run_max(const iso_run *r, const iso_node *n) {
    if (r->reference)
        iso_ref_max_pool2d(&n->u.pool2d, iso_in(r, n, 0), iso_out(r, n, 0), iso_data(r, n->out[1]));
    else
        iso_cpu_max_pool2d(r->exec, &n->u.pool2d, iso_in(r, n, 0), iso_out(r, n, 0), iso_data(r, n->out[1]));
}
static void run_max_backward(const iso_run *r, const iso_node *n) {
    if (r->reference)
        iso_ref_max_pool2d_backward(&n->u.pool2d, iso_in(r, n, 0), iso_data(r, n->in[1]), iso_out(r, n, 0));
    else
        iso_cpu_max_pool2d_backward(r->exec, &n->u.pool2d, iso_in(r, n, 0), iso_data(r, n->in[1]), iso_out(r, n, 0));
}
const iso_op iso_op_max_pool2d_backward = {"max_pool2d_backward",       run_max_backward, NULL, NULL,
                                           .batching = ISO_EACH_SAMPLE, .outputs = "dx"};
static void max_backward(iso_graph *graph, const iso_node *node, iso_value_id dy) {
    iso_graph_derive(graph, &iso_op_max_pool2d_backward, node, node->in[0], dy, node->out[1], ISO_NO_VALUE);
}
const iso_op iso_op_max_pool2d = {"max_pool2d",       run_max,         NULL, max_backward, .batching = ISO_EACH_SAMPLE,
                                  .repeatable = true, .outputs = "y -"};

static void run_avg(const iso_run *r, const iso_node *n) {
    if (r->reference)
        iso_ref_avg_pool2d(&n->u.pool2d, iso_in(r, n, 0), iso_out(r, n, 0));
    else
        iso_cpu_avg_pool2d(r->exec, &n->u.pool2d, iso_in(r, n, 0), iso_out(r, n, 0));
}
static void run_avg_backward(const iso_run *r, const iso_node *n) {
    if (r->reference)
        iso_ref_avg_pool2d_backward(&n->u.pool2d, iso_in(r, n, 0), iso_out(r, n, 0));
    else
        iso_cpu_avg_pool2d_backward(r->exec, &n->u.pool2d, iso_in(r, n, 0), iso_out(r, n, 0));
}
static const iso_op op_avg_backward = {"avg_pool2d_backward",       run_avg_backward, NULL, NULL,
                                       .batching = ISO_EACH_SAMPLE, .outputs = "dx"};
static void avg_backward(iso_graph *graph, const iso_node *node, iso_value_id dy) {
    iso_graph_derive(graph, &op_avg_backward, node, node->in[0], dy, ISO_NO_VALUE, ISO_NO_VALUE);
}
const iso_op iso_op_avg_pool2d = {"avg_pool2d", run_avg, NULL, avg_backward, .batching = ISO_EACH_SAMPLE, .repeatable = true};

static void run_adaptive(const iso_run *r, const iso_node *n) {
    if (r->reference)
        iso_ref_adaptive_avg_pool2d(&n->u.pool2d, iso_in(r, n, 0), iso_out(r, n, 0));
    else
        iso_cpu_adaptive_avg_pool2d(r->exec, &n->u.pool2d, iso_in(r, n, 0), iso_out(r, n, 0));
}
static void run_adaptive_backward(const iso_run *r, const iso_node *n) {
    if (r->reference)
        iso_ref_adaptive_avg_pool2d_backward(&n->u.pool2d, iso_in(r, n, 0), iso_out(r, n, 0));
    else
        iso_cpu_adaptive_avg_pool2d_backward(r->exec, &n->u.pool2d, iso_in(r, n, 0), iso_out(r, n, 0));
}
static const iso_op op_adaptive_backward = {"adaptive_avg_pool2d_backward", run_adaptive_backward, NULL, NULL,
                                            .batching = ISO_EACH_SAMPLE,    .outputs = "dx"};
static void adaptive_backward(iso_graph *graph, const iso_node *node, iso_value_id dy) {
    iso_graph_derive(graph, &op_adaptive_backward, node, node->in[0], dy, ISO_NO_VALUE, ISO_NO_VALUE);
}
const iso_op iso_op_adaptive_avg_pool2d = {"adaptive_avg_pool2d",       run_adaptive,      NULL, adaptive_backward,
                                           .batching = ISO_EACH_SAMPLE, .repeatable = true};

/* ---- Modules ---- */

/* Output length of one axis, PyTorch's pooling_output_shape: with ceil_mode the last window must start inside
 * the image or its left padding. */
static int64_t output_length(int64_t in, int64_t kernel, int64_t stride, int64_t padding, int64_t dilation, bool ceil_mode) {
    int64_t span = in + 2 * padding - dilation * (kernel - 1) - 1;
    if (span < 0)
        return 0;
    int64_t out = (span + (ceil_mode ? stride - 1 : 0)) / stride + 1;
    return ceil_mode && (out - 1) * stride >= in + padding ? out - 1 : out;
}

/* Records the node of `op`, whose output is oh x ow; `with_index` adds the winners' positions. */
static iso_value_id add_node(iso_graph *graph, const iso_op *op, iso_value_id x, const iso_pool2d_shape *shape, bool with_index) {
    const iso_value input = graph->values[x];
    int64_t out[4] = {shape->n, shape->c, shape->oh, shape->ow};
    iso_value_id y = iso_graph_activation(graph, 4, out, input.requires_grad);
    iso_value_id index = with_index
                             ? iso_graph_bytes(graph, shape->n * shape->c * shape->oh * shape->ow, sizeof(int32_t), shape->n)
                             : ISO_NO_VALUE;
    iso_node *node = iso_graph_node(graph, op, &x, 1, (iso_value_id[]){y, index}, 2);
    if (node)
        node->u.pool2d = *shape;
    return y;
}

static iso_value_id lower(iso_module *module, iso_graph *graph, iso_value_id x) {
    const struct pool2d *m = (const struct pool2d *)module;
    const iso_value input = graph->values[x];
    if (input.dims != 4)
        return iso_module_bad_input(module, graph, x, "(n, c, h, w)");
    iso_pool2d_shape shape = {.n = input.shape[0],
                              .c = input.shape[1],
                              .h = input.shape[2],
                              .w = input.shape[3],
                              .kh = m->kernel[0],
                              .kw = m->kernel[1],
                              .sh = m->stride[0],
                              .sw = m->stride[1],
                              .ph = m->padding[0],
                              .pw = m->padding[1],
                              .dh = m->dilation[0],
                              .dw = m->dilation[1],
                              .count_include_pad = m->count_include_pad,
                              .divisor_override = m->divisor_override};
    shape.oh = output_length(shape.h, shape.kh, shape.sh, shape.ph, shape.dh, m->ceil_mode);
    shape.ow = output_length(shape.w, shape.kw, shape.sw, shape.pw, shape.dw, m->ceil_mode);
    if (shape.oh < 1 || shape.ow < 1) {
        iso_graph_fail(graph, "layer %s (%s): the window of %lld x %lld is larger than its input of %lld x %lld", module->path,
                       module->class_->signature->name, (long long)shape.kh, (long long)shape.kw, (long long)shape.h,
                       (long long)shape.w);
        return ISO_NO_VALUE;
    }
    bool max = module->class_ == &iso_max_pool2d_class;
    return add_node(graph, max ? &iso_op_max_pool2d : &iso_op_avg_pool2d, x, &shape, max);
}

static iso_value_id lower_adaptive(iso_module *module, iso_graph *graph, iso_value_id x) {
    const struct pool2d *m = (const struct pool2d *)module;
    const iso_value input = graph->values[x];
    if (input.dims != 4)
        return iso_module_bad_input(module, graph, x, "(n, c, h, w)");
    iso_pool2d_shape shape = {.n = input.shape[0],
                              .c = input.shape[1],
                              .h = input.shape[2],
                              .w = input.shape[3],
                              .oh = m->kernel[0],
                              .ow = m->kernel[1]};
    return add_node(graph, &iso_op_adaptive_avg_pool2d, x, &shape, false);
}

static iso_module *build(iso_context *ctx, const iso_module_class *class_, const struct pool2d *like) {
    const char *name = class_->signature->name;
    for (int axis = 0; axis < 2; axis++) {
        if (like->kernel[axis] < 1 || like->stride[axis] < 1 || like->dilation[axis] < 1) {
            iso_fail(ctx, ISO_EINVAL, "%s: kernel_size, stride and dilation must be at least 1", name);
            return NULL;
        }
        if (like->padding[axis] < 0 || like->padding[axis] > like->kernel[axis] / 2) {
            iso_fail(ctx, ISO_EINVAL, "%s: padding is %lld, expected 0 to half the kernel_size (%lld)", name,
                     (long long)like->padding[axis], (long long)(like->kernel[axis] / 2));
            return NULL;
        }
    }
    struct pool2d *m = (struct pool2d *)iso_module_new(ctx, class_);
    if (!m)
        return NULL;
    iso_module base = m->base;
    *m = *like;
    m->base = base;
    return &m->base;
}

static iso_module *from_options(iso_context *ctx, const iso_module_class *class_, iso_pool2d_options o) {
    struct pool2d like = {.kernel = {o.kernel_size, o.kernel_size_w},
                          .stride = {o.stride, o.stride_w},
                          .padding = {o.padding, o.padding_w},
                          .dilation = {o.dilation, o.dilation_w},
                          .ceil_mode = o.ceil_mode,
                          .count_include_pad = !o.exclude_pad,
                          .divisor_override = o.divisor_override};
    iso_pair_defaults(like.kernel, 0);
    if (o.stride == 0) {
        like.stride[0] = like.kernel[0];
        like.stride[1] = o.stride_w ? o.stride_w : like.kernel[1];
    }
    iso_pair_defaults(like.stride, 0);
    iso_pair_defaults(like.padding, 0);
    iso_pair_defaults(like.dilation, 1);
    return build(ctx, class_, &like);
}

iso_module *iso_max_pool2d_with(iso_context *ctx, iso_pool2d_options o) {
    return from_options(ctx, &iso_max_pool2d_class, o);
}
iso_module *iso_avg_pool2d_with(iso_context *ctx, iso_pool2d_options o) {
    return from_options(ctx, &iso_avg_pool2d_class, o);
}

iso_module *iso_adaptive_avg_pool2d(iso_context *ctx, int64_t h, int64_t w) {
    struct pool2d like = {.kernel = {h, w}, .stride = {1, 1}, .dilation = {1, 1}};
    if (h < 1 || w < 1) {
        iso_fail(ctx, ISO_EINVAL, "AdaptiveAvgPool2d: output_size must be at least 1");
        return NULL;
    }
    return build(ctx, &iso_adaptive_avg_pool2d_class, &like);
}

/* ---- Recipe ---- */

static iso_module *from_args(iso_context *ctx, const iso_module_class *class_, const iso_arg *a, struct pool2d like) {
    for (int axis = 0; axis < 2; axis++) {
        like.kernel[axis] = a[0].i[axis];
        like.stride[axis] = a[1].is_none ? a[0].i[axis] : a[1].i[axis];
        like.padding[axis] = a[2].i[axis];
    }
    return build(ctx, class_, &like);
}

static const iso_param max_params[] = {
    {"kernel_size", ISO_ARG_INT2, NULL, 1, 1 << 12}, {"stride", ISO_ARG_INT2, "None", 1, 1 << 12},
    {"padding", ISO_ARG_INT2, "0", 0, 1 << 12},      {"dilation", ISO_ARG_INT2, "1", 1, 1 << 12},
    {"return_indices", ISO_ARG_BOOL, "False", 0, 0}, {"ceil_mode", ISO_ARG_BOOL, "False", 0, 0},
};
static const iso_signature max_signature = {"MaxPool2d", max_params, ISO_COUNTOF(max_params)};
static iso_module *max_from_args(iso_context *ctx, const iso_arg *a) {
    if (a[4].i[0]) {
        iso_fail(ctx, ISO_EINVAL, "MaxPool2d: return_indices=True is not supported in a Sequential model");
        return NULL;
    }
    return from_args(ctx, &iso_max_pool2d_class, a, (struct pool2d){.dilation = {a[3].i[0], a[3].i[1]}, .ceil_mode = a[5].i[0]});
}
const iso_module_class iso_max_pool2d_class = {&max_signature, sizeof(struct pool2d), max_from_args, lower, NULL};

static const iso_param avg_params[] = {
    {"kernel_size", ISO_ARG_INT2, NULL, 1, 1 << 12},   {"stride", ISO_ARG_INT2, "None", 1, 1 << 12},
    {"padding", ISO_ARG_INT2, "0", 0, 1 << 12},        {"ceil_mode", ISO_ARG_BOOL, "False", 0, 0},
    {"count_include_pad", ISO_ARG_BOOL, "True", 0, 0}, {"divisor_override", ISO_ARG_INT, "None", 1, 1 << 24},
};
static const iso_signature avg_signature = {"AvgPool2d", avg_params, ISO_COUNTOF(avg_params)};
static iso_module *avg_from_args(iso_context *ctx, const iso_arg *a) {
    return from_args(ctx, &iso_avg_pool2d_class, a,
                     (struct pool2d){.dilation = {1, 1},
                                     .ceil_mode = a[3].i[0],
                                     .count_include_pad = a[4].i[0],
                                     .divisor_override = a[5].is_none ? 0 : a[5].i[0]});
}
const iso_module_class iso_avg_pool2d_class = {&avg_signature, sizeof(struct pool2d), avg_from_args, lower, NULL};

static const iso_param adaptive_params[] = {{"output_size", ISO_ARG_INT2, NULL, 1, 1 << 12}};
static const iso_signature adaptive_signature = {"AdaptiveAvgPool2d", adaptive_params, ISO_COUNTOF(adaptive_params)};
static iso_module *adaptive_from_args(iso_context *ctx, const iso_arg *a) {
    return iso_adaptive_avg_pool2d(ctx, a[0].i[0], a[0].i[1]);
}
const iso_module_class iso_adaptive_avg_pool2d_class = {&adaptive_signature, sizeof(struct pool2d), adaptive_from_args,
                                                        lower_adaptive, NULL};
