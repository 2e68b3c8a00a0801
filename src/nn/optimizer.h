/* Optimisers from inside: the recipe's way in. */
#ifndef ISO_NN_OPTIMIZER_H
#define ISO_NN_OPTIMIZER_H

#include "expr/signature.h"
#include "isobit/nn.h"

/* SGD, Adam, AdamW. */
extern const iso_signature iso_optimizer_signatures[];
extern const size_t iso_optimizer_signature_count;

/* Builds the optimiser of that signature from its bound arguments; NULL with a message on failure. */
iso_optimizer *iso_optimizer_from_args(iso_module *module, size_t signature, const iso_arg *args);

#endif
