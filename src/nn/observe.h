/* Watching a network compute: a function that is called behind every operation, and what that operation wrote, as the tensors
 * that the contract names. How a plan keeps them (layout, fusion, blocks) does not show. */
#ifndef ISO_NN_OBSERVE_H
#define ISO_NN_OBSERVE_H

#include "isobit/nn.h"
#include "nn/blocks.h"

/* Sets (or with NULL takes away) the function that the module's forward and backward calls call behind every operation. `plain`:
 * those calls then run every operation by itself on the whole batch, whatever the plan would have fused, repeated or cut into
 * blocks: the same bits, and the same operations in the same order for everybody. The root of a model only. */
void iso_module_observe(iso_module *module, iso_node_observer *after, void *user, bool plain);

/* The i-th tensor that the node has just written, in PyTorch's order: its name in the contract ("y", "dx", "dweight", ...) and
 * the tensor itself, whose data is the plan's memory, or *copy, to be freed, where it lies otherwise there. False if the node has
 * no i-th tensor of the contract: it is absent, or only a means (positions of maxima, masks, a change of layout). Data NULL: out
 * of memory. */
bool iso_observed_output(iso_context *ctx, const iso_run *run, const iso_node *node, int i, char name[32], iso_tensor *tensor,
                         void **copy);

#endif
