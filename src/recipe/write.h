/* The recipe written out in its one normal form. */
#ifndef ISO_RECIPE_WRITE_H
#define ISO_RECIPE_WRITE_H

#include "recipe/recipe.h"

/* Sets recipe->normalised and recipe->experiment. */
iso_status iso_recipe_write(iso_recipe *recipe);

#endif
