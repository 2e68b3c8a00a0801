/* torchvision's transforms, each in two phases. Drawing takes the random numbers, exactly as torchvision takes them, and needs
 * only the size of the image; applying is a pure function of image and draws. So draws happen in the order of the stream on one
 * thread, and pixels on any number of threads. */
#ifndef ISO_IMAGE_TRANSFORMS_H
#define ISO_IMAGE_TRANSFORMS_H

#include "expr/signature.h"
#include "image/resample.h"
#include "isobit/random.h"

typedef struct iso_image_size {
    int64_t w, h;
} iso_image_size;

/* What goes from one transform to the next: a PIL image, or a tensor of bytes or of floats. */
typedef struct iso_form {
    enum { ISO_FORM_IMAGE, ISO_FORM_BYTES, ISO_FORM_FLOATS } kind;
    int channels;
} iso_form;

/* What one transform has drawn for one image. */
typedef struct iso_draw {
    bool apply;
    int choice; /* which of several */
    double angle;
    int64_t top, left, h, w;
    double factor[4], shear[2], scale;
    uint8_t order[4];
    iso_image_size in;          /* the size of what comes in, */
    iso_box wanted;             /* and the part of what goes out that is used */
    iso_torch_generator *noise; /* RandomErasing: the generator that the noise comes from; the room for it is its caller's */
} iso_draw;

typedef struct iso_transform iso_transform;

typedef enum iso_stage {
    ISO_ON_IMAGE,
    ISO_TO_TENSOR,
    ISO_ON_TENSOR,
    ISO_GROUP /* holds other transforms */
} iso_stage;

/* One kind of transform; its file is named after it. */
typedef struct iso_transform_class iso_transform_class;
struct iso_transform_class {
    const iso_signature *signature;
    iso_stage stage;
    bool random;
    /* Takes over the bound arguments; ISO_EINVAL with a message. NULL: there is nothing to take. */
    iso_status (*configure)(iso_context *ctx, iso_transform *transform, const iso_arg *args);
    /* *form is what comes in, and becomes what goes out; ISO_EINVAL with a message. NULL: the stage says it all. */
    iso_status (*check)(iso_context *ctx, const iso_transform *transform, iso_form *form);
    /* Draws; returns the size after the transform; 0 x 0 if it cannot take such an image. NULL: draws nothing and keeps the size.
     */
    iso_image_size (*draw)(const iso_transform *transform, iso_torch_generator *generator, iso_image_size in, iso_draw *draw);
    /* Which part of what comes in decides on draw->wanted; NULL: all of it does. */
    iso_box (*source)(const iso_transform *transform, const iso_draw *draw);
    /* On images, of which only the part that is the source needs to be there, and only draw->wanted needs to be computed. `in`
     * may be changed; the result is in `out` if *moved is set, else in `in`. */
    bool (*apply)(const iso_transform *transform, const iso_draw *draw, iso_image_scratch *scratch, iso_image *in, iso_image *out,
                  bool *moved, iso_worker_error *error);
    /* On tensors: number by number, what becomes of x; or the whole of it, (channels, h, w). Bytes are floats too. */
    float (*number)(const iso_transform *transform, int channel, float x);
    bool (*apply_tensor)(const iso_transform *transform, const iso_draw *draw, iso_image_scratch *scratch, float *x,
                         iso_image_size size, iso_worker_error *error);
    /* A group of `copies` transforms of this class, configured as it is; NULL: its first argument is the list. */
    const iso_transform_class *held;
};

struct iso_transform {
    const iso_transform_class *class_;
    int column;    /* of the call in its source */
    size_t span;   /* this item and what it holds, which stands behind it */
    iso_form in;   /* what comes in */
    size_t folded; /* ISO_TO_TENSOR: items behind it that its table contains */
    size_t table;
    double p, degrees[2], scale[2], ratio[2], jitter[4][2];
    double translate[2], shear[4];
    int shear_count; /* numbers in shear: 0, 2 or 4 */
    bool has_translate, has_scale;
    int operation;  /* of transform_augment.c */
    double amount;  /* how much of it */
    int64_t copies; /* of what RandAugment holds */
    int64_t magnitude, bins;
    double weights[ISO_MAX_FLOATS]; /* of RandomChoice, each with the sum of those before it */
    size_t weight_count;            /* 0: all alike */
    float value[3];
    size_t value_count;
    bool noise;         /* in place of the value */
    bool to_bytes;      /* ConvertImageDtype */
    int64_t size[2];    /* h, w; size[1] == 0: the shorter side */
    int64_t padding[4]; /* left, top, right, bottom */
    int64_t max_size;   /* 0: none */
    iso_interpolation filter;
    iso_padding padding_mode;
    bool expand, pad_if_needed, has_center;
    double center[2]; /* x, y */
    uint8_t fill[3];
    size_t fill_count; /* numbers in the list given; 0: one number for all channels */
    float mean[3], std[3];
    size_t channels; /* of mean and std; of what Grayscale gives */
};

typedef float iso_byte_table[3][256];

/* A chain (Compose). */
typedef struct iso_transforms {
    iso_context *ctx;
    iso_transform *items; /* what a group holds stands behind it */
    size_t count, capacity;
    int channels;           /* of the result */
    bool uses_python;       /* RandomChoice draws from Python's random */
    size_t draws;           /* room for the draws of one image: count items, and the generators that noise comes from */
    iso_byte_table *tables; /* of each ToTensor: from a byte to the number, per channel */
} iso_transforms;

/* Builds a chain from calls. `channels` is that of the images, 1 or 3. On failure *bad is the index of the call that is wrong and
 * *column where in it. */
iso_status iso_transforms_new(iso_context *ctx, const iso_expr *const *calls, size_t count, int channels, size_t *bad,
                              int *column, iso_transforms **transforms);
void iso_transforms_free(iso_transforms *transforms);

/* The chain for testing where a recipe gives none: random transforms are left out, RandomResizedCrop(s) becomes Resize(s) and
 * CenterCrop(s). */
iso_status iso_transforms_for_test(const iso_transforms *train, int channels, iso_transforms **test);

/* Draws for one image; `draws` has room for transforms->draws of them. `python` may be NULL without
 * uses_python. Returns the size of the result; 0 x 0: the image is too small. */
iso_image_size iso_transforms_draw(const iso_transforms *transforms, iso_torch_generator *generator, iso_py_random *python,
                                   iso_image_size in, iso_draw *draws);

/* How many transforms the group at an item holds. */
size_t iso_transforms_held(const iso_transforms *transforms, size_t group);

/* Memory that one worker reuses. */
typedef struct iso_transform_scratch {
    iso_image_scratch image;
    iso_image a, b; /* an image may be decoded into a, which saves copying it there */
} iso_transform_scratch;
void iso_transform_scratch_free(iso_transform_scratch *scratch);

/* The part of the image on which the result depends. */
iso_box iso_transforms_source(const iso_transforms *transforms, const iso_draw *draws);

/* Applies the chain to `in`, of which that part must be there, and writes the tensor (channels, h, w) of the drawn size. `in` is
 * not changed, unless it is scratch->a. Any thread. */
bool iso_transforms_apply(const iso_transforms *transforms, const iso_draw *draws, iso_transform_scratch *scratch,
                          const iso_image *in, float *out, iso_worker_error *error);

extern const iso_transform_class *const iso_transform_classes[];
extern const size_t iso_transform_class_count;

extern const iso_transform_class iso_random_horizontal_flip_class, iso_random_vertical_flip_class, iso_random_rotation_class,
    iso_random_resized_crop_class, iso_resize_class, iso_center_crop_class, iso_random_crop_class, iso_pad_class,
    iso_to_tensor_class, iso_normalize_class, iso_compose_class, iso_random_apply_class, iso_color_jitter_class,
    iso_grayscale_class, iso_random_grayscale_class, iso_random_affine_class, iso_rand_augment_class,
    iso_trivial_augment_wide_class, iso_random_invert_class, iso_random_posterize_class, iso_random_solarize_class,
    iso_random_adjust_sharpness_class, iso_random_autocontrast_class, iso_random_equalize_class, iso_random_erasing_class,
    iso_convert_image_dtype_class, iso_pil_to_tensor_class, iso_random_choice_class;

/* "nearest", "bilinear", "bicubic", also as InterpolationMode.BILINEAR; for configure functions. */
iso_status iso_read_interpolation(iso_context *ctx, const iso_arg *arg, const char *where, iso_interpolation *filter);
/* One number, or one per channel, 0 to 255, cut to integers. */
iso_status iso_read_fill(iso_context *ctx, const iso_arg *arg, const char *where, iso_transform *transform);
/* Whether it is a list or a tuple. */
bool iso_is_sequence(const iso_expr *e);
/* A pair (x, y), or None. */
iso_status iso_read_center(iso_context *ctx, const iso_arg *arg, const char *where, iso_transform *transform);
/* tensor.to(torch.uint8): cut off, modulo 256. */
float iso_float_to_byte(float x);
/* One number or (h, w); size[1] becomes 0 if `shorter_side` and there is one number. */
void iso_read_size(iso_transform *transform, const iso_arg *arg, bool shorter_side);

/* For classes whose one argument is p: takes it; draws torch.rand(1) < p, compared as float32. */
iso_status iso_configure_chance(iso_context *ctx, iso_transform *transform, const iso_arg *args);
iso_image_size iso_draw_chance(const iso_transform *transform, iso_torch_generator *generator, iso_image_size in, iso_draw *draw);

/* torchvision's affine: degrees, whole pixels, a factor, degrees. */
typedef struct iso_affine_parameters {
    double angle;
    int64_t translate[2]; /* x, y */
    double scale, shear[2];
} iso_affine_parameters;
/* The map for PIL's transform; `center` NULL: the middle. */
iso_affine iso_affine_map(int64_t w, int64_t h, const double *center, const iso_affine_parameters *parameters);

/* torch.empty(1).uniform_(low, high).item() */
static inline double iso_draw_uniform(iso_torch_generator *g, double low, double high) {
    float u;
    iso_torch_uniform(g, &u, 1, low, high);
    return (double)u;
}

#endif
