/* Data sets that come as a few large files, and whose images lie in memory: what MNIST, CIFAR and NumPy's arrays have in common.
 */
#ifndef ISO_DATA_DATASET_FILES_H
#define ISO_DATA_DATASET_FILES_H

#include "data/dataset.h"

/* An empty data set of images with so many channels. NULL: out of memory. */
iso_dataset *iso_dataset_new(iso_context *ctx, const char *root, int channels);
/* Gives *out the data set, or frees it if the status is a failure. */
iso_status iso_dataset_give(iso_dataset *dataset, iso_status status, iso_dataset **out);

/* Reads a file of the data set, wherever iso_data_path finds it, and notes it with size and digest. *data is allocated, also on
 * failure maybe: free it in any case. */
iso_status iso_dataset_read(iso_dataset *dataset, const char *name, uint8_t **data, size_t *size);

/* A copy of a class's name. */
iso_status iso_dataset_add_class(iso_dataset *dataset, const char *name, size_t size);

/* `count` images, one behind the other in `pixels` (rows top to bottom, channels interleaved). dataset->bytes owns or holds them,
 * and dataset->labels is allocated. Digests the pixels. */
iso_status iso_dataset_hold(iso_dataset *dataset, const uint8_t *pixels, int64_t count, int64_t h, int64_t w);

/* Whether this image, which was just decoded, may stay in memory: its bytes are counted. Any thread. */
bool iso_dataset_may_keep(iso_keeping *keeping, const iso_image *image);
iso_status iso_dataset_keeping_new(iso_context *ctx, size_t limit, iso_keeping **keeping);

#endif
