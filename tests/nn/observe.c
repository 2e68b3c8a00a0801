#include "nn/observe.h"

#include <string.h>

#include "harness/test.h"
#include "isobit/isobit.h"

struct seen {
    iso_context *ctx;
    float y[2 * 3 * 5 * 4];
    char names[256];
};

static void watch(void *user, const iso_run *run, const iso_node *node) {
    struct seen *s = user;
    char name[32];
    iso_tensor tensor;
    void *copy;
    for (int i = 0; i < ISO_MAX_OPERANDS; i++) {
        if (!iso_observed_output(s->ctx, run, node, i, name, &tensor, &copy))
            continue;
        strcat(strcat(strcat(strcat(s->names, node->op->name), "."), name), " ");
        if (strcmp(node->op->name, "relu") == 0 && tensor.numel * sizeof(float) == sizeof s->y)
            memcpy(s->y, tensor.data, sizeof s->y);
        iso_free(s->ctx, copy);
    }
}

/* A watcher sees every operation by its contract's names and in PyTorch's order, and the results are the same as unseen. */
ISO_TEST(a_watcher_sees_the_contract_s_tensors) {
    struct seen s = {.names = ""};
    CHECK(iso_context_new(&s.ctx, NULL) == ISO_OK);
    iso_module *model = iso_sequential(s.ctx, iso_conv2d(s.ctx, 1, 3, .kernel_size = 3, .padding = 1), iso_batch_norm2d(s.ctx, 3),
                                       iso_relu(s.ctx));
    iso_tensor *x = iso_tensor_new(s.ctx, ISO_FLOAT32, 4, (int64_t[]){2, 1, 5, 4});
    iso_tensor *y = iso_tensor_new(s.ctx, ISO_FLOAT32, 4, (int64_t[]){2, 3, 5, 4});
    iso_test_tame_floats(iso_tensor_f32(x), x->numel);
    CHECK(model && x && y);
    iso_module_observe(model, watch, &s, true);
    CHECK_OK(s.ctx, iso_forward(model, x, y));
    CHECK_STRING("conv2d.y batch_norm2d.y batch_norm2d.mean batch_norm2d.invstd relu.y ", s.names);
    CHECK_BITS(iso_tensor_f32(y), s.y, y->numel);
    /* A fused plan has fewer tensors. */
    s.names[0] = 0;
    iso_module_observe(model, watch, &s, false);
    CHECK_OK(s.ctx, iso_forward(model, x, y));
    CHECK_STRING("conv2d.y batch_norm2d.y batch_norm2d.mean batch_norm2d.invstd ", s.names);
    CHECK_BITS(s.y, iso_tensor_f32(y), y->numel);
    iso_module_observe(model, NULL, NULL, false);
    s.names[0] = 0;
    CHECK_OK(s.ctx, iso_forward(model, x, y));
    CHECK_STRING("", s.names);
    iso_tensor_free(s.ctx, x);
    iso_tensor_free(s.ctx, y);
    iso_module_free(model);
    iso_context_free(s.ctx);
}
