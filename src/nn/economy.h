/* Economy of plans in blocks.
 *
 * What lives from the forward to the backward pass needs memory for all samples. If it is made by an operation that may be
 * repeated, the operation stands a second time where its result is needed next: the same arithmetic on the same operands, so the
 * same bits. With batch norms, whose statistics cut a plan into many stages, this is what makes it small. A stage that then needs
 * no blocks to fit runs over the whole batch at once. */
#ifndef ISO_NN_ECONOMY_H
#define ISO_NN_ECONOMY_H

#include "nn/blocks.h"

/* Repeats operations and joins blocks where that is worth it; with a `seed` where it tells, for tests. */
iso_status iso_schedule_economise(iso_graph *graph, iso_schedule *schedule, uint64_t seed);

#endif
