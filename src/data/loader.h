/* torch.utils.data.DataLoader: which sample comes when, drawn from which generator, exactly as PyTorch does it. The draws are
 * made ahead of the model's on a copy of the main generator, in stream order, on the caller's thread; worker threads only compute
 * pixels. */
#ifndef ISO_DATA_LOADER_H
#define ISO_DATA_LOADER_H

#include "data/dataset.h"
#include "data/sampler.h"
#include "image/transforms.h"
#include "isobit/tensor.h"

typedef struct iso_loader iso_loader;

/* What the model draws from the main generator in one training step on `batch_size` samples (dropout masks): advances g by it. */
typedef void iso_model_draws(void *user, iso_torch_generator *g, int64_t batch_size);

typedef struct iso_loader_options {
    /* The experiment: PyTorch's arguments of these names. num_workers decides which generator draws the augmentation. */
    int64_t batch_size;
    bool shuffle, drop_last;
    int64_t num_workers;
    bool persistent_workers; /* the workers' generators go on from epoch to epoch, and the base seed is drawn once */
    iso_sampler sampler;     /* {0}: none, that is, samples in their order; not together with shuffle */
    iso_given_generator
        generator; /* that base seeds, and with shuffle the orders, are drawn from, instead of the main generator */
    iso_model_draws *model_draws; /* NULL: the model draws nothing (evaluation) */
    void *user;
    /* Execution only. */
    int threads;  /* that prepare batches ahead; 0: the caller prepares each when it asks for it */
    int prefetch; /* batches prepared ahead; 0: 2 */
} iso_loader_options;

/* A batch, borrowed until the next call on the loader. */
typedef struct iso_batch {
    int64_t index;          /* in the epoch, from 0 */
    int64_t count;          /* samples */
    int64_t worker;         /* that PyTorch would have it from, index % num_workers; -1: none */
    iso_tensor x;           /* float32 (count, channels, h, w) */
    iso_tensor labels;      /* int64 (count) */
    const int64_t *indices; /* count indices into the data set */
    /* The main generator behind this batch's own draws and before the model's. */
    const iso_torch_generator *generator;
    const iso_py_random *python; /* likewise, where the transforms use it */
} iso_batch;

/* Data set and transforms are borrowed. ISO_EINVAL if the images do not all come out with one size. */
iso_status iso_loader_new(iso_context *ctx, const iso_dataset *dataset, const iso_transforms *transforms,
                          const iso_loader_options *options, iso_loader **loader);
void iso_loader_free(iso_loader *loader);

/* Batches in an epoch, len(loader). */
int64_t iso_loader_batches(const iso_loader *loader);
/* Samples in an epoch, len(loader.sampler). */
int64_t iso_loader_length(const iso_loader *loader);
/* The running epoch's. PyTorch seeds worker k with base_seed + k (torch and random) and iso_np_worker_state(base_seed, k, ...)
 * (NumPy). */
int64_t iso_loader_base_seed(const iso_loader *loader);
/* Of one sample: channels, h, w. */
void iso_loader_shape(const iso_loader *loader, int64_t shape[3]);

/* Starts an epoch, iter(loader), with the main generator, and Python's random of the main process, as they are now (copied). An
 * epoch that runs is given up. `python` may be NULL if the transforms do not use it. */
iso_status iso_loader_begin(iso_loader *loader, const iso_torch_generator *main, const iso_py_random *python);
/* Passes over k batches without computing pixels, with their draws and the model's. Directly behind begin. */
iso_status iso_loader_skip(iso_loader *loader, int64_t k);
/* The next batch; *batch is NULL behind the last. */
iso_status iso_loader_next(iso_loader *loader, const iso_batch **batch);
/* Ends the epoch: *main is the main generator behind the draws of the batches delivered (or skipped) and of the model on them,
 * *python Python's random likewise; it may be NULL. */
void iso_loader_end(iso_loader *loader, iso_torch_generator *main, iso_py_random *python);

/* What the next epoch depends on beside the main generator: the generators given as arguments and those of persistent workers, as
 * PyTorch's states. Size 0: nothing. To be taken and set between two epochs; set returns false if the bytes are no such state. */
size_t iso_loader_state_size(const iso_loader *loader);
void iso_loader_get_state(const iso_loader *loader, uint8_t *state);
bool iso_loader_set_state(iso_loader *loader, const uint8_t *state);
/* As if no epoch had been yet. */
void iso_loader_reset(iso_loader *loader);

#endif
