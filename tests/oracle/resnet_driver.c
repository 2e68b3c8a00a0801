/* For resnet.py. Two uses:
 *     driver init STREAM SEED CLASSES OUT            prints name, type and shape of each tensor, writes their bytes behind each
 * other driver logits WEIGHTS CLASSES N SIZE IN OUT    N images of 3 x SIZE x SIZE floats from IN, their logits to OUT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "isobit/isobit.h"

static int init(iso_context *ctx, iso_module *model, char **argv) {
    iso_torch_generator *g = iso_generator(ctx);
    FILE *out = fopen(argv[5], "wb");
    if (!out || !iso_torch_variant_from_name(argv[2], &g->variant))
        return 2;
    iso_torch_manual_seed(g, strtoull(argv[3], NULL, 10));
    iso_module_reset_parameters(model, g);
    for (size_t i = 0; i < iso_module_state_count(model); i++) {
        iso_named_tensor entry = iso_module_state(model, i);
        printf("%s\t%s\t", entry.name, iso_dtype_name(entry.tensor->dtype));
        for (int j = 0; j < entry.tensor->dims; j++)
            printf(j ? " %lld" : "%lld", (long long)entry.tensor->shape[j]);
        printf("\n");
        fwrite(entry.tensor->data, iso_dtype_size(entry.tensor->dtype), (size_t)entry.tensor->numel, out);
    }
    return fclose(out);
}

static int logits(iso_context *ctx, iso_module *model, char **argv) {
    int64_t classes = atoll(argv[3]), count = atoll(argv[4]), size = atoll(argv[5]);
    FILE *in = fopen(argv[6], "rb"), *out = fopen(argv[7], "wb");
    if (!in || !out || iso_module_load_weights(model, argv[2]))
        return 2;
    iso_module_train(model, false);
    for (int64_t done = 0, n; done < count; done += n) {
        n = count - done < 50 ? count - done : 50;
        iso_tensor *x = iso_tensor_new(ctx, ISO_FLOAT32, 4, (int64_t[]){n, 3, size, size});
        iso_tensor *y = iso_tensor_new(ctx, ISO_FLOAT32, 2, (int64_t[]){n, classes});
        if (!x || !y || fread(x->data, sizeof(float), (size_t)x->numel, in) != (size_t)x->numel || iso_forward(model, x, y))
            return 2;
        fwrite(y->data, sizeof(float), (size_t)y->numel, out);
        iso_tensor_free(ctx, x);
        iso_tensor_free(ctx, y);
    }
    fclose(in);
    return fclose(out);
}

int main(int argc, char **argv) {
    iso_context *ctx;
    bool to_init = argc == 6 && strcmp(argv[1], "init") == 0, to_infer = argc == 8 && strcmp(argv[1], "logits") == 0;
    if ((!to_init && !to_infer) || iso_context_new(&ctx, NULL))
        return 2;
    iso_module *model = iso_resnet18(ctx, .num_classes = atoll(argv[to_init ? 4 : 3]));
    int status = !model ? 2 : to_init ? init(ctx, model, argv) : logits(ctx, model, argv);
    if (status)
        fprintf(stderr, "%s\n", iso_error(ctx));
    iso_module_free(model);
    iso_context_free(ctx);
    return status;
}
