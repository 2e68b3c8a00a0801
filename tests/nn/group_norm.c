#include "harness/test.h"
#include <string.h>

#include "isobit/isobit.h"

ISO_TEST(group_norm_says_what_does_not_fit) {
    iso_context *ctx;
    CHECK(iso_context_new(&ctx, &(iso_context_options){.threads = 1}) == ISO_OK);
    CHECK(!iso_group_norm(ctx, 3, 8) && strstr(iso_error(ctx), "num_channels (8) must be a multiple of num_groups (3)"));
    CHECK(!iso_group_norm(ctx, 0, 8));
    iso_module *model = iso_group_norm(ctx, 4, 8, .eps = ISO_ZERO);
    int64_t fits[] = {2, 8, 3, 3}, other[] = {2, 6, 3, 3};
    iso_tensor *x = iso_tensor_new(ctx, ISO_FLOAT32, 4, fits), *y = iso_tensor_new(ctx, ISO_FLOAT32, 4, fits),
               *wrong = iso_tensor_new(ctx, ISO_FLOAT32, 4, other);
    CHECK(iso_forward(model, x, y) == ISO_OK);
    CHECK_FAILS(ctx, ISO_EINVAL, "(GroupNorm) expects an input of shape (n, 8, h, w) or (n, 8), but gets",
                iso_forward(model, wrong, y));
    iso_tensor_free(ctx, x);
    iso_tensor_free(ctx, y);
    iso_tensor_free(ctx, wrong);
    iso_module_free(model);
    iso_context_free(ctx);
}
