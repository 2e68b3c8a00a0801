/* BatchNorm2d on a known input, in evaluation and in training mode, with PyTorch's numbers from the same seed: docs/tutorial.md
 * has the script beside it.
 *
 *     cc examples/batch_norm.c $(pkg-config --cflags --libs isobit) -o batch_norm */
#include <stdio.h>

#include <isobit/isobit.h>

/* Mean and variance of all elements, in double. */
static void print_statistics(const char *what, const iso_tensor *y) {
    const float *x = iso_tensor_f32(y);
    double mean = 0, variance = 0;
    for (int64_t i = 0; i < y->numel; i++)
        mean += (double)x[i] / (double)y->numel;
    for (int64_t i = 0; i < y->numel; i++)
        variance += ((double)x[i] - mean) * ((double)x[i] - mean) / (double)y->numel;
    printf("%s mean %.6f variance %.6f\n", what, mean, variance);
}

int main(void) {
    iso_context *ctx;
    if (iso_context_new(&ctx, NULL))
        return 1;
    iso_tensor *x = iso_tensor_new(ctx, ISO_FLOAT32, 4, (int64_t[]){32, 5, 24, 24});
    iso_tensor *y = iso_tensor_new(ctx, ISO_FLOAT32, 4, (int64_t[]){32, 5, 24, 24});
    iso_module *bn = iso_batch_norm2d(ctx, 5);
    iso_torch_manual_seed(iso_generator(ctx), 123);
    iso_status status = x && y && bn ? iso_module_reset_parameters(bn, iso_generator(ctx)) : ISO_ENOMEM;
    if (!status) {
        iso_torch_normal(iso_generator(ctx), iso_tensor_f32(x), (size_t)x->numel, 0, 1);
        iso_module_train(bn, false); /* with the running statistics: known values, 0 and 1 */
        status = iso_forward(bn, x, y);
    }
    if (!status) {
        print_statistics("eval ", y);
        iso_module_train(bn, true); /* with those of the batch, and the running ones follow */
        status = iso_forward(bn, x, y);
    }
    if (!status) {
        print_statistics("train", y);
        printf("running_mean[0] %.6f\n", (double)iso_tensor_f32(iso_module_find(bn, "running_mean").tensor)[0]);
    } else
        fprintf(stderr, "%s\n", iso_error(ctx));
    iso_module_free(bn);
    iso_tensor_free(ctx, y);
    iso_tensor_free(ctx, x);
    iso_context_free(ctx);
    return (int)status;
}
