/* The tutorial's own examples, through the C interface. The numbers of PyTorch beside them: tests/oracle/tutorial.py. */
#include <math.h>
#include <string.h>

#include "harness/test.h"
#include "isobit/isobit.h"
#include "ledger/digest.h"

static iso_context *context(void) {
    iso_context *ctx;
    return iso_context_new(&ctx, NULL) ? NULL : ctx;
}

/* Point 6: seed 123, Dropout(0.5) on randn([1, 3]); the same seed again, all elements equal. */
ISO_TEST(dropout_with_the_same_seed_gives_the_same_mask) {
    iso_context *ctx = context();
    CHECK(ctx != NULL);
    iso_module *dropout = iso_dropout(ctx, 0.5);
    iso_tensor *x = iso_tensor_new(ctx, ISO_FLOAT32, 2, (int64_t[]){1, 300}),
               *y = iso_tensor_new(ctx, ISO_FLOAT32, 2, (int64_t[]){1, 300}),
               *again = iso_tensor_new(ctx, ISO_FLOAT32, 2, (int64_t[]){1, 300});
    iso_torch_normal(iso_generator(ctx), iso_tensor_f32(x), 300, 0, 1);
    iso_torch_manual_seed(iso_generator(ctx), 123);
    CHECK_OK(ctx, iso_forward(dropout, x, y));
    CHECK_OK(ctx, iso_forward(dropout, x, again));
    CHECK(memcmp(y->data, again->data, 1200) != 0); /* without seeding: another mask */
    iso_torch_manual_seed(iso_generator(ctx), 123);
    CHECK_OK(ctx, iso_forward(dropout, x, again));
    CHECK_BITS(iso_tensor_f32(y), iso_tensor_f32(again), 300);
    int kept = 0;
    for (int i = 0; i < 300; i++) {
        CHECK(iso_tensor_f32(y)[i] == 0 || iso_tensor_f32(y)[i] == 2 * iso_tensor_f32(x)[i]);
        kept += iso_tensor_f32(y)[i] != 0;
    }
    CHECK(kept > 100 && kept < 200);
    iso_module_train(dropout, false);
    CHECK_OK(ctx, iso_forward(dropout, x, y));
    CHECK_BITS(iso_tensor_f32(x), iso_tensor_f32(y), 300);
    iso_tensor_free(ctx, x);
    iso_tensor_free(ctx, y);
    iso_tensor_free(ctx, again);
    iso_module_free(dropout);
    iso_context_free(ctx);
}

static void moments(const float *x, int64_t count, double *mean, double *var) {
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < count; i++)
        sum += x[i];
    *mean = sum / (double)count;
    for (int64_t i = 0; i < count; i++)
        squares += (x[i] - *mean) * (x[i] - *mean);
    *var = squares / (double)(count - 1);
}

/* Point 7: BatchNorm2d(5) on (32, 5, 24, 24): statistics set to given values, pinned, or the batch's own. */
ISO_TEST(batch_norm_statistics_can_be_set_and_pinned) {
    iso_context *ctx = context();
    CHECK(ctx != NULL);
    const int64_t shape[4] = {32, 5, 24, 24};
    iso_module *bn = iso_batch_norm2d(ctx, 5), *pinned = iso_batch_norm2d(ctx, 5, .pinned = true);
    iso_tensor *x = iso_tensor_new(ctx, ISO_FLOAT32, 4, shape), *y = iso_tensor_new(ctx, ISO_FLOAT32, 4, shape);
    double mean, var;
    iso_torch_normal(iso_generator(ctx), iso_tensor_f32(x), (size_t)x->numel, 3, 2);
    iso_module_reset_parameters(bn, iso_generator(ctx));
    iso_module_reset_parameters(pinned, iso_generator(ctx));

    CHECK_OK(ctx, iso_forward(bn, x, y)); /* training: the batch's own */
    moments(iso_tensor_f32(y), y->numel, &mean, &var);
    CHECK(fabs(mean) < 1e-5 && fabs(var - 1) < 1e-4);
    CHECK(*iso_tensor_i64(iso_module_find(bn, "num_batches_tracked").tensor) == 1);

    iso_module_train(bn, false); /* eval: given values */
    for (int c = 0; c < 5; c++) {
        iso_tensor_f32(iso_module_find(bn, "running_mean").tensor)[c] = 3;
        iso_tensor_f32(iso_module_find(bn, "running_var").tensor)[c] = 4;
        iso_tensor_f32(iso_module_find(pinned, "running_mean").tensor)[c] = 3;
        iso_tensor_f32(iso_module_find(pinned, "running_var").tensor)[c] = 4;
    }
    CHECK_OK(ctx, iso_forward(bn, x, y));
    moments(iso_tensor_f32(y), y->numel, &mean, &var);
    CHECK(fabs(mean) < 0.05 && fabs(var - 1) < 0.05);

    iso_tensor *z = iso_tensor_new(ctx, ISO_FLOAT32, 4, shape); /* pinned: in training too, and nothing moves */
    CHECK_OK(ctx, iso_forward(pinned, x, z));
    CHECK_BITS(iso_tensor_f32(y), iso_tensor_f32(z), y->numel);
    CHECK(iso_tensor_f32(iso_module_find(pinned, "running_mean").tensor)[0] == 3);
    CHECK(*iso_tensor_i64(iso_module_find(pinned, "num_batches_tracked").tensor) == 0);
    iso_tensor_free(ctx, x);
    iso_tensor_free(ctx, y);
    iso_tensor_free(ctx, z);
    iso_module_free(bn);
    iso_module_free(pinned);
    iso_context_free(ctx);
}

/* BatchNorm1d is BatchNorm2d with one pixel: names, outputs, gradients and statistics in every bit. */
ISO_TEST(batch_norm1d_is_batch_norm2d_of_one_pixel) {
    iso_context *ctx = context();
    CHECK(ctx != NULL);
    for (int64_t n = 2; n <= 35; n += 11)
        for (int affine = 0; affine < 2; affine++) {
            iso_module *flat = iso_batch_norm1d(ctx, 5, .no_affine = !affine, .momentum = 0.3),
                       *image = iso_batch_norm2d(ctx, 5, .no_affine = !affine, .momentum = 0.3);
            iso_tensor *x = iso_tensor_new(ctx, ISO_FLOAT32, 2, (int64_t[]){n, 5}),
                       *y = iso_tensor_new(ctx, ISO_FLOAT32, 2, (int64_t[]){n, 5});
            iso_tensor *target = iso_tensor_new(ctx, ISO_FLOAT32, 2, (int64_t[]){n, 5});
            iso_torch_normal(iso_generator(ctx), iso_tensor_f32(x), (size_t)x->numel, 1, 2);
            iso_tensor x4 = *x, target4 = *target, *y4 = iso_tensor_new(ctx, ISO_FLOAT32, 4, (int64_t[]){n, 5, 1, 1});
            x4.dims = target4.dims = 4;
            x4.shape[2] = x4.shape[3] = target4.shape[2] = target4.shape[3] = 1;
            float loss, loss4;
            CHECK_OK(ctx, iso_loss_backward(flat, &(iso_loss){.kind = ISO_MSE}, x, target, &loss, y));
            CHECK_OK(ctx, iso_loss_backward(image, &(iso_loss){.kind = ISO_MSE}, &x4, &target4, &loss4, y4));
            CHECK_BITS(&loss4, &loss, 1);
            CHECK_BITS(iso_tensor_f32(y4), iso_tensor_f32(y), y->numel);
            CHECK(iso_module_state_count(flat) == (affine ? 5u : 3u) &&
                  iso_module_state_count(image) == iso_module_state_count(flat));
            for (size_t i = 0; i < iso_module_state_count(flat); i++) {
                iso_named_tensor a = iso_module_state(flat, i), b = iso_module_state(image, i);
                CHECK(strcmp(a.name, b.name) == 0 && memcmp(a.tensor->data, b.tensor->data, iso_tensor_bytes(a.tensor)) == 0);
                CHECK(!a.grad || memcmp(a.grad->data, b.grad->data, iso_tensor_bytes(a.grad)) == 0);
            }
            CHECK_FAILS(ctx, ISO_EINVAL, "(BatchNorm1d) expects an input of shape (n, 5), but gets", iso_forward(flat, &x4, y4));
            iso_tensor_free(ctx, x);
            iso_tensor_free(ctx, y);
            iso_tensor_free(ctx, y4);
            iso_tensor_free(ctx, target);
            iso_module_free(flat);
            iso_module_free(image);
        }
    iso_context_free(ctx);
}

/* Bad input gets one message that says where, what and what was expected. */
ISO_TEST(modules_refuse_what_does_not_fit) {
    iso_context *ctx = context();
    CHECK(ctx != NULL);
    CHECK(iso_conv2d(ctx, 3, 16) == NULL && strstr(iso_error(ctx), "kernel_size"));
    CHECK(iso_conv2d(ctx, 3, 16, .kernel_size = 3, .groups = 2) == NULL && strstr(iso_error(ctx), "divisible by groups (2)"));
    CHECK(iso_dropout(ctx, 1.5) == NULL && strstr(iso_error(ctx), "between 0 and 1"));
    CHECK(iso_max_pool2d(ctx, .kernel_size = 2, .padding = 2) == NULL && strstr(iso_error(ctx), "half the kernel_size"));
    CHECK(iso_sequential(ctx, iso_relu(ctx), iso_dropout(ctx, -1)) == NULL);
    iso_module *model = iso_sequential(ctx, iso_linear(ctx, 4, 3));
    iso_tensor *x = iso_tensor_new(ctx, ISO_FLOAT32, 2, (int64_t[]){2, 5}),
               *y = iso_tensor_new(ctx, ISO_FLOAT32, 2, (int64_t[]){2, 3});
    CHECK_FAILS(ctx, ISO_EINVAL, "layer 0 (Linear) expects an input of shape (n, 4), but gets (2, 5)", iso_forward(model, x, y));
    iso_tensor_free(ctx, x);
    x = iso_tensor_new(ctx, ISO_FLOAT32, 2, (int64_t[]){2, 4});
    iso_tensor *target = iso_tensor_new(ctx, ISO_INT64, 1, (int64_t[]){2});
    iso_tensor_i64(target)[1] = 3;
    float loss;
    CHECK_FAILS(ctx, ISO_EINVAL, "target[1] is class 3, expected 0 to 2",
                iso_loss_backward(model, &(iso_loss){0}, x, target, &loss, NULL));
    CHECK(iso_sgd(model, .lr = 0.1, .nesterov = true) == NULL && strstr(iso_error(ctx), "nesterov"));
    CHECK(iso_sgd(model, .lr = -1) == NULL && strstr(iso_error(ctx), "lr is -1"));
    iso_tensor_free(ctx, x);
    iso_tensor_free(ctx, y);
    iso_tensor_free(ctx, target);
    iso_module_free(model);
    iso_context_free(ctx);
}
