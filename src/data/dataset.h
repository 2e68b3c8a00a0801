/* A data set: images with labels, read, digested and checked once, before anything else happens. */
#ifndef ISO_DATA_DATASET_H
#define ISO_DATA_DATASET_H

#include <pthread.h>

#include "core/blake3.h"
#include "image/transforms.h"

/* A file that the data set was read from, for the ledger. */
typedef struct iso_data_file {
    char *name; /* relative to the root */
    int64_t size;
    uint8_t digest[ISO_BLAKE3_SIZE];
} iso_data_file;

typedef struct iso_dataset iso_dataset;
struct iso_dataset {
    iso_context *ctx;
    char *root;
    int channels; /* of every image: 1 or 3 */
    size_t class_count, class_capacity;
    char **classes;
    size_t count; /* samples */
    int32_t *labels;
    iso_image *images; /* decoded; pixels NULL: not kept in memory, decoded when asked for */
    struct iso_keeping
        *keeping;     /* where images come to stay in memory as they are asked for; NULL: they are there from the start */
    iso_image *sizes; /* w, h, channels of every image; owns no pixels */
    size_t file_count, file_capacity;
    iso_data_file *files; /* ImageFolder: files[i] is sample i */
    size_t skipped_count;
    iso_data_file *skipped;                /* damaged images that were left out, in their order */
    uint8_t pixel_digest[ISO_BLAKE3_SIZE]; /* BLAKE3 of the digests of all decoded images, in order */
    uint8_t *bytes;                        /* memory that the images lie in, if they came in few large files */
    const iso_dataset
        *parent;     /* a subset: what it was taken from, whose names, classes, files and images it shares; NULL: none */
    int64_t *origin; /* sample i is the parent's sample origin[i] */
};

typedef void iso_data_progress(void *user, int64_t done, int64_t total);

typedef struct iso_folder_options {
    size_t keep;   /* decoded images are kept in memory up to so many bytes */
    bool fresh;    /* read every file, even if the context's cache knows it */
    bool skip_bad; /* leave out images that are damaged, instead of failing */
    iso_data_progress *progress;
    void *user;
} iso_folder_options;

/* torchvision.datasets.ImageFolder(root): one folder per class, sorted by name. Every file is read, digested and decoded; all
 * that are damaged are listed in the message. What the context's cache knows is not read before it is asked for. */
iso_status iso_image_folder_open(iso_context *ctx, const char *root, const iso_folder_options *options, iso_dataset **dataset);

/* torchvision.datasets.MNIST and FashionMNIST from their idx files (plain or .gz) in `root`, or in root/NAME/raw as torchvision
 * keeps them; gray images. */
iso_status iso_idx_open(iso_context *ctx, const char *root, const char *name, bool train, iso_dataset **dataset);

/* torchvision.datasets.CIFAR10 and CIFAR100 from the files of the binary version in `root`, or in the folder that its archive
 * unpacks to. */
iso_status iso_cifar_open(iso_context *ctx, const char *root, const char *name, bool train, iso_dataset **dataset);

/* Arrays in `root`: `images` and `labels` are .npy files, or `images` is a .npz file that has both under the names x and y.
 * Images are uint8 of shape (n, h, w), (n, h, w, 1) or (n, h, w, 3); labels whole numbers from 0. num_classes 0: as many as the
 * largest label says. */
typedef struct iso_npy_source {
    const char *images, *labels; /* labels NULL: in the same file */
    const char *x, *y;
    int64_t num_classes;
} iso_npy_source;
iso_status iso_numpy_open(iso_context *ctx, const char *root, const iso_npy_source *source, iso_dataset **dataset);

/* Where the file `name` of a data set in `root` lies: there, or in the folder where torchvision or the data set's archive puts
 * it. Allocated; NULL: out of memory. */
char *iso_data_path(iso_context *ctx, const char *root, const char *name);

/* torch.utils.data.Subset(parent, indices), as random_split gives it. The parent is borrowed, the indices copied. */
iso_status iso_dataset_subset(const iso_dataset *parent, const int64_t *indices, int64_t count, iso_dataset **subset);

void iso_dataset_free(iso_dataset *dataset);

/* BLAKE3 over height, width and channels as 64-bit little-endian integers and the BLAKE3 of the pixels (rows top to bottom,
 * channels interleaved). Equal files with other pixel digests mean another JPEG library. */
void iso_image_digest(const iso_image *image, uint8_t digest[ISO_BLAKE3_SIZE]);

static inline iso_image_size iso_dataset_size(const iso_dataset *dataset, int64_t i) {
    return (iso_image_size){dataset->sizes[i].w, dataset->sizes[i].h};
}
/* For messages: the file's path, or "train-images-idx3-ubyte[17]". */
void iso_dataset_name(const iso_dataset *dataset, int64_t i, char *buffer, size_t size);

/* How many bytes of images may stay in memory, and do; any thread may add to them. */
typedef struct iso_keeping {
    pthread_mutex_t lock; /* also of images[].pixels */
    size_t bytes, limit;
} iso_keeping;

/* Sample i decoded: the data set's own image, or one decoded into `scratch`. Any thread. NULL on failure. */
const iso_image *iso_dataset_image(const iso_dataset *dataset, int64_t i, iso_image *scratch, iso_worker_error *error);
/* The same where only `part` of the image is asked for; the rest may be missing. */
const iso_image *iso_dataset_part(const iso_dataset *dataset, int64_t i, const iso_box *part, iso_image *scratch,
                                  iso_worker_error *error);

#endif
