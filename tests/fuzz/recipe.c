/* A recipe: YAML, its keys, and the expressions in it. What was read is written in one way, which reads as the same. */
#include "fuzz.h"

#include "recipe/recipe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    iso_context *ctx = fuzz_context();
    iso_recipe *recipe, *again;
    if (iso_recipe_parse(ctx, "recipe.yaml", "", data, size, NULL, 0, &recipe))
        return 0;
    FUZZ_HOLDS(iso_recipe_parse(ctx, "again.yaml", "", (const uint8_t *)recipe->normalised, strlen(recipe->normalised), NULL, 0,
                                &again) == ISO_OK);
    FUZZ_HOLDS(strcmp(recipe->normalised, again->normalised) == 0 && strcmp(recipe->experiment, again->experiment) == 0);
    iso_recipe_free(again);
    iso_recipe_free(recipe);
    return 0;
}
