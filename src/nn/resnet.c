/* Residual networks as torchvision defines them: BasicBlock and resnet18, with its names, its order of parameters and its draws.
 */
#include "nn/module.h"
#include "nn/ops.h"
#include "isobit/random/init.h"

/* ---- BasicBlock ---- */

enum { CONV1, BN1, RELU, CONV2, BN2, DOWNSAMPLE };

static iso_value_id lower_block(iso_module *module, iso_graph *graph, iso_value_id x) {
    iso_value_id y = x;
    for (int i = CONV1; i <= BN2; i++)
        y = iso_module_lower(module->children[i], graph, y);
    iso_value_id shortcut = module->child_count > DOWNSAMPLE ? iso_module_lower(module->children[DOWNSAMPLE], graph, x) : x;
    iso_value_id sum = iso_graph_like(graph, y);
    iso_graph_node(graph, &iso_op_add, (iso_value_id[]){y, shortcut}, 2, &sum, 1);
    return iso_module_lower(module->children[RELU], graph, sum);
}

/* torchvision builds the downsample first and hands it to the block's constructor, so its draws come first. */
static void reset_block(iso_module *module, iso_torch_generator *generator) {
    if (module->child_count > DOWNSAMPLE)
        iso_module_reset_parameters(module->children[DOWNSAMPLE], generator);
    for (int i = CONV1; i <= BN2; i++)
        iso_module_reset_parameters(module->children[i], generator);
}

iso_module *iso_basic_block_with(iso_context *ctx, int64_t inplanes, int64_t planes, iso_basic_block_options o) {
    static const char *const names[] = {"conv1", "bn1", "relu", "conv2", "bn2", "downsample"};
    int64_t stride = o.stride ? o.stride : 1;
    if (inplanes < 1 || planes < 1 || stride < 1) {
        iso_fail(ctx, ISO_EINVAL, "BasicBlock: inplanes, planes and stride must be at least 1");
        return NULL;
    }
    bool downsample = stride != 1 || inplanes != planes;
    iso_module *children[] = {
        iso_conv2d(ctx, inplanes, planes, .kernel_size = 3, .stride = stride, .padding = 1, .no_bias = true),
        iso_batch_norm2d(ctx, planes),
        iso_relu(ctx),
        iso_conv2d(ctx, planes, planes, .kernel_size = 3, .padding = 1, .no_bias = true),
        iso_batch_norm2d(ctx, planes),
        downsample ? iso_sequential(ctx, iso_conv2d(ctx, inplanes, planes, .kernel_size = 1, .stride = stride, .no_bias = true),
                                    iso_batch_norm2d(ctx, planes))
                   : NULL,
    };
    return iso_container(ctx, &iso_basic_block_class, downsample ? DOWNSAMPLE + 1 : DOWNSAMPLE, names, children);
}

static const iso_param block_params[] = {
    {"inplanes", ISO_ARG_INT, NULL, 1, 1 << 20},
    {"planes", ISO_ARG_INT, NULL, 1, 1 << 20},
    {"stride", ISO_ARG_INT, "1", 1, 1 << 12},
};
static const iso_signature block_signature = {"BasicBlock", block_params, ISO_COUNTOF(block_params)};
static iso_module *block_from_args(iso_context *ctx, const iso_arg *a) {
    return iso_basic_block(ctx, a[0].i[0], a[1].i[0], .stride = a[2].i[0]);
}
const iso_module_class iso_basic_block_class = {&block_signature, sizeof(iso_module), block_from_args, lower_block, reset_block};

/* ---- resnet18 ---- */

/* Every layer's constructor draws its own default; then ResNet's constructor goes over all modules and draws the convolutions
 * once more. Batch norms it sets to 1 and 0, which they are, and fc keeps its first values. */
static void reset_resnet(iso_module *module, iso_torch_generator *generator) {
    for (size_t i = 0; i < module->child_count; i++)
        iso_module_reset_parameters(module->children[i], generator);
    size_t count = iso_module_state_count(module);
    for (size_t i = 0; i < count; i++) {
        iso_tensor *tensor = iso_module_state(module, i).tensor;
        if (tensor->dims == 4)
            iso_init_kaiming_normal(generator, iso_tensor_f32(tensor), tensor->dims, tensor->shape, 0, ISO_FAN_OUT, "relu");
    }
}

/* Two blocks; the first changes width and size. */
static iso_module *layer(iso_context *ctx, int64_t inplanes, int64_t planes, int64_t stride) {
    return iso_sequential(ctx, iso_basic_block(ctx, inplanes, planes, .stride = stride), iso_basic_block(ctx, planes, planes));
}

iso_module *iso_resnet18_with(iso_context *ctx, iso_resnet18_options o) {
    static const char *const names[] = {"conv1",  "bn1",    "relu",    "maxpool", "layer1", "layer2",
                                        "layer3", "layer4", "avgpool", "flatten", "fc"};
    int64_t num_classes = o.num_classes ? o.num_classes : 1000;
    if (num_classes < 1) {
        iso_fail(ctx, ISO_EINVAL, "resnet18: num_classes is %lld, expected 1 or more", (long long)num_classes);
        return NULL;
    }
    iso_module *children[] = {
        iso_conv2d(ctx, 3, 64, .kernel_size = 7, .stride = 2, .padding = 3, .no_bias = true),
        iso_batch_norm2d(ctx, 64),
        iso_relu(ctx),
        iso_max_pool2d(ctx, .kernel_size = 3, .stride = 2, .padding = 1),
        layer(ctx, 64, 64, 1),
        layer(ctx, 64, 128, 2),
        layer(ctx, 128, 256, 2),
        layer(ctx, 256, 512, 2),
        iso_adaptive_avg_pool2d(ctx, 1, 1),
        iso_flatten(ctx),
        iso_linear(ctx, 512, num_classes),
    };
    return iso_container(ctx, &iso_resnet18_class, ISO_COUNTOF(children), names, children);
}

static const iso_param resnet_params[] = {{"num_classes", ISO_ARG_INT, "1000", 1, 1 << 20}};
static const iso_signature resnet_signature = {"resnet18", resnet_params, ISO_COUNTOF(resnet_params)};
static iso_module *resnet_from_args(iso_context *ctx, const iso_arg *a) {
    return iso_resnet18(ctx, .num_classes = a[0].i[0]);
}
const iso_module_class iso_resnet18_class = {&resnet_signature, sizeof(iso_module), resnet_from_args, iso_sequential_lower,
                                             reset_resnet};
