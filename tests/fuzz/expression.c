/* An expression: what was read is written in one way, which reads as the same. */
#include "fuzz.h"

#include "expr/expr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    iso_context *ctx = fuzz_context();
    char *source = malloc(size + 1);
    iso_expr *expr, *again;
    int column;
    if (!source)
        return 0;
    if (size)
        memcpy(source, data, size);
    source[size] = 0;
    if (iso_expr_parse(ctx, source, &expr, &column) == ISO_OK) {
        iso_text first = iso_text_new(ctx), second = iso_text_new(ctx);
        iso_expr_write(&first, expr);
        if (iso_text_ok(&first) && iso_expr_parse(ctx, first.data, &again, &column) == ISO_OK) {
            iso_expr_write(&second, again);
            FUZZ_HOLDS(!iso_text_ok(&second) || strcmp(first.data, second.data) == 0);
            iso_expr_free(ctx, again);
        }
        iso_text_free(&first);
        iso_text_free(&second);
        iso_expr_free(ctx, expr);
    }
    free(source);
    return 0;
}
