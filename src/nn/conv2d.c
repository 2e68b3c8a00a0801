/* Conv2d: the module, and the graph's operation with its three derivatives. docs/contract.md#conv2d */
#include <stdio.h>
#include <string.h>

#include "nn/module.h"
#include "nn/ops.h"
#include "isobit/random/init.h"

struct conv2d {
    iso_module base;
    int64_t in_channels, out_channels;
    int64_t kernel[2], stride[2], padding[2], dilation[2], groups;
};

/* ---- Operation ---- */

static void run_forward(const iso_run *r, const iso_node *n) {
    const float *x = iso_in(r, n, 0), *weight = iso_in(r, n, 1), *bias = iso_in(r, n, 2);
    if (r->reference)
        iso_ref_conv2d(&n->u.conv2d, x, weight, bias, iso_out(r, n, 0));
    else
        iso_cpu_conv2d(r->exec, &n->u.conv2d, x, weight, bias, iso_out(r, n, 0));
}
static size_t scratch_forward(const iso_exec *e, const iso_node *n) {
    return iso_cpu_conv2d_scratch(e, &n->u.conv2d);
}

static void run_backward_input(const iso_run *r, const iso_node *n) {
    const float *dy = iso_in(r, n, 0), *weight = iso_in(r, n, 1);
    if (r->reference)
        iso_ref_conv2d_backward_input(&n->u.conv2d, dy, weight, iso_out(r, n, 0));
    else
        iso_cpu_conv2d_backward_input(r->exec, &n->u.conv2d, dy, weight, iso_out(r, n, 0));
}
static size_t scratch_backward_input(const iso_exec *e, const iso_node *n) {
    return iso_cpu_conv2d_backward_input_scratch(e, &n->u.conv2d);
}

static void run_backward_weight(const iso_run *r, const iso_node *n) {
    const float *x = iso_in(r, n, 0), *dy = iso_in(r, n, 1);
    if (r->reference)
        iso_ref_conv2d_backward_weight(&n->u.conv2d, x, dy, iso_out(r, n, 0));
    else
        iso_cpu_conv2d_backward_weight(r->exec, &n->u.conv2d, x, dy, iso_out(r, n, 0));
}
static size_t scratch_backward_weight(const iso_exec *e, const iso_node *n) {
    return iso_cpu_conv2d_backward_weight_scratch(e, &n->u.conv2d);
}

static void run_backward_bias(const iso_run *r, const iso_node *n) {
    if (r->reference)
        iso_ref_conv2d_backward_bias(&n->u.conv2d, iso_in(r, n, 0), iso_out(r, n, 0));
    else
        iso_cpu_conv2d_backward_bias(r->exec, &n->u.conv2d, iso_in(r, n, 0), iso_out(r, n, 0));
}
static size_t scratch_backward_bias(const iso_exec *e, const iso_node *n) {
    return iso_cpu_conv2d_backward_bias_scratch(e, &n->u.conv2d);
}

static int64_t products(const iso_node *n) {
    const iso_conv2d_shape *s = &n->u.conv2d;
    return s->n * s->oh * s->ow * s->co * (s->c / s->groups) * s->kh * s->kw;
}

static const iso_op op_backward_input = {"conv2d_backward_input",     run_backward_input,   scratch_backward_input, NULL,
                                         .batching = ISO_EACH_SAMPLE, .products = products, .outputs = "dx"};
static const iso_op op_backward_weight = {"conv2d_backward_weight",   run_backward_weight,  scratch_backward_weight, NULL,
                                          .batching = ISO_SAMPLE_SUM, .products = products, .outputs = "dweight"};
static const iso_op op_backward_bias = {"conv2d_backward_bias",     run_backward_bias, scratch_backward_bias, NULL,
                                        .batching = ISO_SAMPLE_SUM, .outputs = "dbias"};

static void backward(iso_graph *graph, const iso_node *node, iso_value_id dy) {
    iso_value_id x = node->in[0], weight = node->in[1], bias = node->in[2];
    iso_graph_derive(graph, &op_backward_bias, node, bias, dy, ISO_NO_VALUE, ISO_NO_VALUE);
    iso_graph_derive(graph, &op_backward_weight, node, weight, x, dy, ISO_NO_VALUE);
    iso_graph_derive(graph, &op_backward_input, node, x, dy, weight, ISO_NO_VALUE);
}

const iso_op iso_op_conv2d = {"conv2d",           run_forward,         scratch_forward, backward, .batching = ISO_EACH_SAMPLE,
                              .repeatable = true, .products = products};

/* ---- Module ---- */

static iso_value_id lower(iso_module *module, iso_graph *graph, iso_value_id x) {
    const struct conv2d *m = (const struct conv2d *)module;
    const iso_value input = graph->values[x];
    if (input.dims != 4 || input.shape[1] != m->in_channels) {
        char expected[64];
        snprintf(expected, sizeof expected, "(n, %lld, h, w)", (long long)m->in_channels);
        return iso_module_bad_input(module, graph, x, expected);
    }
    int64_t out[2];
    for (int axis = 0; axis < 2; axis++) {
        int64_t span = input.shape[2 + axis] + 2 * m->padding[axis] - m->dilation[axis] * (m->kernel[axis] - 1) - 1;
        out[axis] = span < 0 ? 0 : span / m->stride[axis] + 1;
        if (span < 0) {
            iso_graph_fail(
                graph,
                "layer %s (Conv2d): the kernel (%lld x %lld, dilated and with padding) is larger than its input of %lld x %lld",
                module->path, (long long)m->kernel[0], (long long)m->kernel[1], (long long)input.shape[2],
                (long long)input.shape[3]);
            return ISO_NO_VALUE;
        }
    }
    iso_value_id weight = iso_module_value(module, graph, "weight"), bias = iso_module_value(module, graph, "bias");
    bool grad = input.requires_grad || graph->training;
    iso_value_id y = iso_graph_activation(graph, 4, (int64_t[]){input.shape[0], m->out_channels, out[0], out[1]}, grad);
    iso_node *node = iso_graph_node(graph, &iso_op_conv2d, (iso_value_id[]){x, weight, bias}, 3, &y, 1);
    if (node)
        node->u.conv2d = (iso_conv2d_shape){.n = input.shape[0],
                                            .h = input.shape[2],
                                            .w = input.shape[3],
                                            .c = m->in_channels,
                                            .co = m->out_channels,
                                            .oh = out[0],
                                            .ow = out[1],
                                            .kh = m->kernel[0],
                                            .kw = m->kernel[1],
                                            .sh = m->stride[0],
                                            .sw = m->stride[1],
                                            .ph = m->padding[0],
                                            .pw = m->padding[1],
                                            .dh = m->dilation[0],
                                            .dw = m->dilation[1],
                                            .groups = m->groups};
    graph->products += node ? products(node) : 0;
    return y;
}

static void reset(iso_module *module, iso_torch_generator *generator) {
    iso_tensor *weight = iso_module_tensor(module, "weight"), *bias = iso_module_tensor(module, "bias");
    iso_init_conv_or_linear(generator, iso_tensor_f32(weight), weight->dims, weight->shape, bias ? iso_tensor_f32(bias) : NULL);
}

static iso_module *build(iso_context *ctx, const struct conv2d *like, bool bias) {
    for (int axis = 0; axis < 2; axis++)
        if (like->kernel[axis] < 1 || like->stride[axis] < 1 || like->dilation[axis] < 1 || like->padding[axis] < 0) {
            iso_fail(ctx, ISO_EINVAL, "Conv2d: kernel_size, stride and dilation must be at least 1 and padding at least 0");
            return NULL;
        }
    if (like->in_channels < 1 || like->out_channels < 1 || like->groups < 1 || like->in_channels % like->groups ||
        like->out_channels % like->groups) {
        iso_fail(ctx, ISO_EINVAL,
                 "Conv2d: in_channels (%lld) and out_channels (%lld) must be positive and divisible by groups (%lld)",
                 (long long)like->in_channels, (long long)like->out_channels, (long long)like->groups);
        return NULL;
    }
    struct conv2d *m = (struct conv2d *)iso_module_new(ctx, &iso_conv2d_class);
    if (!m)
        return NULL;
    iso_module base = m->base;
    *m = *like;
    m->base = base;
    int64_t shape[4] = {m->out_channels, m->in_channels / m->groups, m->kernel[0], m->kernel[1]};
    if (!iso_module_add(&m->base, "weight", true, ISO_FLOAT32, 4, shape) ||
        (bias && !iso_module_add(&m->base, "bias", true, ISO_FLOAT32, 1, shape))) {
        iso_module_free(&m->base);
        return NULL;
    }
    return &m->base;
}

iso_module *iso_conv2d_with(iso_context *ctx, int64_t in_channels, int64_t out_channels, iso_conv2d_options o) {
    struct conv2d like = {.in_channels = in_channels,
                          .out_channels = out_channels,
                          .kernel = {o.kernel_size, o.kernel_size_w},
                          .stride = {o.stride, o.stride_w},
                          .padding = {o.padding, o.padding_w},
                          .dilation = {o.dilation, o.dilation_w},
                          .groups = o.groups ? o.groups : 1};
    iso_pair_defaults(like.kernel, 0);
    iso_pair_defaults(like.stride, 1);
    iso_pair_defaults(like.padding, 0);
    iso_pair_defaults(like.dilation, 1);
    return build(ctx, &like, !o.no_bias);
}

/* ---- Recipe ---- */

static const iso_param params[] = {
    {"in_channels", ISO_ARG_INT, NULL, 1, 1 << 20},
    {"out_channels", ISO_ARG_INT, NULL, 1, 1 << 20},
    {"kernel_size", ISO_ARG_INT2, NULL, 1, 1 << 12},
    {"stride", ISO_ARG_INT2, "1", 1, 1 << 12},
    {"padding", ISO_ARG_ANY, "0", 0, 0, false, "a whole number of 0 or more, a pair of them, 'valid' or 'same'"},
    {"dilation", ISO_ARG_INT2, "1", 1, 1 << 12},
    {"groups", ISO_ARG_INT, "1", 1, 1 << 20},
    {"bias", ISO_ARG_BOOL, "True", 0, 0},
    {"padding_mode", ISO_ARG_STRING, "zeros", 0, 0, false, "'zeros'"},
};
static const iso_signature signature = {"Conv2d", params, ISO_COUNTOF(params)};

/* padding: an int, a pair, 'valid' or 'same'. */
static bool read_padding(iso_context *ctx, const iso_expr *e, struct conv2d *like) {
    if (e->kind == ISO_EXPR_STRING && strcmp(e->text, "valid") == 0)
        return true;
    if (e->kind == ISO_EXPR_STRING && strcmp(e->text, "same") == 0) {
        for (int axis = 0; axis < 2; axis++) {
            int64_t total = like->dilation[axis] * (like->kernel[axis] - 1);
            if (like->stride[axis] != 1 || total % 2) {
                iso_fail(ctx, ISO_EINVAL, "Conv2d: padding='same' needs stride 1 and an odd kernel");
                return false;
            }
            like->padding[axis] = total / 2;
        }
        return true;
    }
    bool pair = (e->kind == ISO_EXPR_LIST || e->kind == ISO_EXPR_TUPLE) && e->count == 2;
    for (int axis = 0; axis < 2; axis++) {
        const iso_expr *number = pair ? e->items[axis] : e;
        if (number->kind != ISO_EXPR_INT || number->integer < 0 || number->integer > 1 << 12) {
            iso_fail(ctx, ISO_EINVAL, "Conv2d: padding must be an int of 0 or more, a pair of them, 'valid' or 'same'");
            return false;
        }
        like->padding[axis] = number->integer;
    }
    return true;
}

static iso_module *from_args(iso_context *ctx, const iso_arg *a) {
    struct conv2d like = {.in_channels = a[0].i[0],
                          .out_channels = a[1].i[0],
                          .kernel = {a[2].i[0], a[2].i[1]},
                          .stride = {a[3].i[0], a[3].i[1]},
                          .dilation = {a[5].i[0], a[5].i[1]},
                          .groups = a[6].i[0]};
    if (strcmp(a[8].text, "zeros") != 0) {
        iso_fail(ctx, ISO_EINVAL, "Conv2d: padding_mode '%s' is not supported; expected 'zeros'", a[8].text);
        return NULL;
    }
    if (a[4].given && !read_padding(ctx, a[4].expr, &like))
        return NULL;
    return build(ctx, &like, a[7].i[0]);
}

const iso_module_class iso_conv2d_class = {&signature, sizeof(struct conv2d), from_args, lower, reset};
