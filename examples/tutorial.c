/* The experiment of examples/tutorial.yaml through the C interface: the network, its initial values, dropout, loss and optimiser
 * are written out here; the recipe only gives the batches. Ends with the weights that `isobit train` ends with, bit for bit.
 *
 *     cc examples/tutorial.c $(pkg-config --cflags --libs isobit) -o tutorial
 *     ./tutorial examples/tutorial.yaml [CHECKPOINT.safetensors]
 *
 * With a checkpoint of `isobit train` it compares every parameter, running statistic and counter with it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <isobit/isobit.h>

enum { EPOCHS = 4, STEPS = 24 }; /* 1500 images in batches of 64 */

static iso_module *network(iso_context *ctx) {
    return iso_sequential(ctx, iso_conv2d(ctx, 3, 16, .kernel_size = 3, .stride = 1, .padding = 1), iso_batch_norm2d(ctx, 16),
                          iso_relu(ctx), iso_max_pool2d(ctx, .kernel_size = 2, .stride = 2),
                          iso_conv2d(ctx, 16, 32, .kernel_size = 3, .stride = 1, .padding = 1), iso_batch_norm2d(ctx, 32),
                          iso_relu(ctx), iso_max_pool2d(ctx, .kernel_size = 2, .stride = 2), iso_flatten(ctx),
                          iso_dropout(ctx, 0.5), iso_linear(ctx, 2048, 10));
}

/* One pass over the training images. What PyTorch's DataLoader draws from the main generator when it begins an epoch, the
 * workers' seed and the sampler's, has to be drawn here too, so that the dropout masks are the same. */
static iso_status train_epoch(iso_context *ctx, const char *recipe, int64_t epoch, iso_module *model, iso_optimizer *optimizer) {
    iso_torch_generator *generator = iso_generator(ctx), saved;
    float loss = 0;
    for (int64_t step = 0; step < STEPS; step++) {
        iso_tensor *x, *labels;
        saved = *generator; /* iso_recipe_batch seeds and draws for itself */
        iso_status status = iso_recipe_batch(ctx, recipe, NULL, 0, epoch, step, &x, &labels);
        *generator = saved;
        if (status)
            return status;
        if (step == 0) {
            iso_torch_random_int64(generator);
            iso_torch_random_int64(generator);
        }
        status = iso_loss_backward(model, &(iso_loss){0}, x, labels, &loss, NULL);
        if (!status)
            iso_optimizer_step(optimizer);
        iso_tensor_free(ctx, x);
        iso_tensor_free(ctx, labels);
        if (status)
            return status;
    }
    iso_torch_random_int64(generator); /* and one for the loader of the test images, behind each epoch */
    printf("epoch %" PRId64 "  loss of the last step %.6f\n", epoch + 1, (double)loss);
    return ISO_OK;
}

/* Every entry of state_dict() against a checkpoint's. */
static iso_status compare(iso_context *ctx, const iso_module *model, const char *checkpoint) {
    iso_module *other = network(ctx);
    iso_status status = iso_module_load_weights(other, checkpoint);
    size_t equal = 0, count = iso_module_state_count(model);
    for (size_t i = 0; i < count && !status; i++) {
        const iso_tensor *a = iso_module_state(model, i).tensor, *b = iso_module_state(other, i).tensor;
        equal += memcmp(a->data, b->data, (size_t)a->numel * iso_dtype_size(a->dtype)) == 0;
    }
    if (!status)
        printf("%zu of %zu tensors are equal in every bit\n", equal, count);
    iso_module_free(other);
    return status ? status : equal == count ? ISO_OK : ISO_DIFFER;
}

int main(int argc, char **argv) {
    const char *recipe = argc > 1 ? argv[1] : "examples/tutorial.yaml";
    iso_context *ctx;
    if (iso_context_new(&ctx, NULL)) {
        fprintf(stderr, "%s\n", iso_error(NULL));
        return 1;
    }
    iso_torch_manual_seed(iso_generator(ctx), 123);
    iso_module *model = network(ctx);
    iso_status status = model ? iso_module_reset_parameters(model, iso_generator(ctx)) : ISO_EINVAL;
    if (!status)
        status = iso_module_init(model, "xavier_normal_", iso_generator(ctx));
    iso_optimizer *optimizer = status ? NULL : iso_sgd(model, .lr = 0.01, .momentum = 0.9);
    for (int64_t epoch = 0; epoch < EPOCHS && !status; epoch++)
        status = train_epoch(ctx, recipe, epoch, model, optimizer);
    if (!status && argc > 2)
        status = compare(ctx, model, argv[2]);
    if (status)
        fprintf(stderr, "%s\n", status == ISO_DIFFER ? "the weights differ" : iso_error(ctx));
    iso_optimizer_free(optimizer);
    iso_module_free(model);
    iso_context_free(ctx);
    return (int)status;
}
