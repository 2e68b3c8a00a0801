/* Weights from a safetensors file: every tensor of the model by its name, and nothing else. */
#ifndef ISO_RUN_WEIGHTS_H
#define ISO_RUN_WEIGHTS_H

#include "isobit/nn.h"
#include "ledger/safetensors.h"

/* Does the file hold exactly the model's tensors, of its types and shapes? `path` is for the message. Momenta, generator and
 * counters of one of Isobit's own checkpoints ("optimizer/...", "isobit/...") are passed over. */
iso_status iso_weights_check(const iso_module *module, const iso_safetensors *file, const char *path);
/* Copies them into the module: of a file that was checked. */
void iso_weights_take(iso_module *module, const iso_safetensors *file);

#endif
