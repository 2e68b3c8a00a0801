/* The recipe's data.loader and data.split: DataLoader(...) and random_split(...). */
#ifndef ISO_RECIPE_LOADER_H
#define ISO_RECIPE_LOADER_H

#include "recipe/recipe.h"

extern const iso_signature iso_loader_signature, iso_split_signature, iso_sampler_signatures[];
extern const size_t iso_sampler_signature_count;

/* From recipe->loader and recipe->split, which have been parsed, to the members that they stand for. */
iso_status iso_recipe_read_loader(iso_recipe *recipe);
iso_status iso_recipe_read_split(iso_recipe *recipe);

#endif
