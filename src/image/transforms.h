/* torchvision's transforms in two phases that never mix. `draw` consumes the generator exactly as torchvision does and touches no
 * pixel: it runs sample by sample, in the order of the stream, on one thread. `apply` computes pixels from what was drawn, is a
 * pure function, and runs on any thread. */
#ifndef ISO_IMAGE_TRANSFORMS_H
#define ISO_IMAGE_TRANSFORMS_H

#include "expr/signature.h"
#include "image/image.h"

/* Height, width and channels of an image; -1 where only a draw can tell. */
typedef struct iso_extent {
    int64_t h, w;
    int channels;
} iso_extent;

/* What one transform drew for one sample. */
typedef struct iso_drawn {
    iso_extent in, out;
    bool identity; /* the image passes unchanged */
    int64_t top, left, h, w; /* crops: the rectangle, which may reach past the image */
    double angle;            /* RandomRotation: degrees */
} iso_drawn;

/* Memory of one worker; grows to what the largest image needs and is used again for every sample. */
typedef struct iso_scratch {
    iso_context *ctx;
    iso_image source;    /* a place to decode into */
    iso_image images[2]; /* between the transforms */
    iso_image rows;      /* between the two passes of a resize */
    int64_t *bounds;     /* resize: first source index and number of weights for each output index */
    size_t bounds_capacity;
    int32_t *weights;
    size_t weights_capacity;
    double *doubles;
    size_t doubles_capacity;
    int32_t *sums;
    size_t sums_capacity;
} iso_scratch;

static inline iso_scratch iso_scratch_new(iso_context *ctx) { return (iso_scratch){.ctx = ctx}; }
void iso_scratch_free(iso_scratch *scratch);

/* A chain such as [RandomHorizontalFlip(), Resize(32), ToTensor(), Normalize(...)]. */
typedef struct iso_transforms iso_transforms;

/* Builds the chain from its expressions. ISO_EINVAL with a message; *index is the expression that is wrong (count: the chain as a
 * whole) and *column the place in it. The expressions are not needed afterwards. */
iso_status iso_transforms_new(iso_context *ctx, const iso_expr *const *exprs, size_t count, iso_transforms **transforms, size_t *index,
                              int *column);

/* The chain for evaluation that follows from a chain for training, as PyTorch's examples have it: random flips and rotations are
 * left out, RandomResizedCrop(s) becomes Resize to s, RandomCrop(s) becomes CenterCrop(s); the rest stays. */
iso_status iso_transforms_evaluation(iso_context *ctx, const iso_expr *const *exprs, size_t count, iso_transforms **transforms,
                                     size_t *index, int *column);
void iso_transforms_free(iso_transforms *transforms);

/* How many iso_drawn one sample needs. */
size_t iso_transforms_count(const iso_transforms *transforms);

/* The extent that images of extent `in` come out with; -1 where that depends on a draw. False if some transform can not take such
 * an image. */
bool iso_transforms_extent(const iso_transforms *transforms, iso_extent in, iso_extent *out, iso_worker_error *error);

/* Draws for one sample of extent `in`: drawn has iso_transforms_count members. */
bool iso_transforms_draw(const iso_transforms *transforms, iso_torch_generator *g, iso_extent in, iso_drawn *drawn,
                         iso_worker_error *error);

/* The pixels: out is float32 (channels, h, w) of the extent that the last member of drawn tells. `in` is not changed. */
bool iso_transforms_apply(const iso_transforms *transforms, const iso_drawn *drawn, const iso_image *in, float *out,
                          iso_scratch *scratch, iso_worker_error *error);

/* The names of all transforms, for messages and documentation: names[0 .. result-1]. */
size_t iso_transforms_names(const char *const **names);

#endif
