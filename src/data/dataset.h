/* Data sets: where images and their labels come from. Opening one reads every file once, on several threads: each is digested and
 * decoded, and every bad one is reported before any training starts. Decoded images stay in memory up to a limit; beyond it they
 * are read and decoded again when asked for. */
#ifndef ISO_DATA_DATASET_H
#define ISO_DATA_DATASET_H

#include "core/blake3.h"
#include "expr/signature.h"
#include "image/transforms.h"

typedef struct iso_dataset iso_dataset;

/* How to open; nothing here can change a byte. A zeroed struct means the defaults. */
typedef struct iso_dataset_options {
    int threads;          /* that read and decode; 0: one per available CPU */
    size_t memory;        /* bytes of decoded images that are kept; 0: 1 GiB */
    /* Called on the opening thread; done of total files. May be NULL. */
    void (*progress)(void *user, int64_t done, int64_t total);
    void *user;
} iso_dataset_options;

/* A file that the data came from. */
typedef struct iso_data_file {
    char *name; /* relative to the root, '/' between its parts; raw bytes */
    uint64_t size;
    uint8_t digest[ISO_BLAKE3_SIZE];
} iso_data_file;

/* torchvision.datasets.ImageFolder(root): one folder per class, classes and files in Python's order, pixels as RGB.
 * ISO_EIO (the folder is missing or can not be read), ISO_EINVAL (no class folder, a class without images, damaged or unreadable
 * files: up to 10 are named and all are counted). */
iso_status iso_dataset_image_folder(iso_context *ctx, const char *root, const iso_dataset_options *options, iso_dataset **dataset);

/* torchvision.datasets.FashionMNIST, MNIST and KMNIST from a folder that holds train-images-idx3-ubyte[.gz] and the others, or
 * holds them below NAME/raw: images of one channel. */
iso_status iso_dataset_idx(iso_context *ctx, const char *name, const char *root, bool train, const iso_dataset_options *options,
                           iso_dataset **dataset);

/* A call such as FashionMNIST('path', train=True) or ImageFolder('path'); relative paths start from `directory`. */
iso_status iso_dataset_open(iso_context *ctx, const iso_expr *call, const char *directory, const iso_dataset_options *options,
                            iso_dataset **dataset, int *column);
void iso_dataset_free(iso_dataset *dataset);

int64_t iso_dataset_count(const iso_dataset *dataset);
int64_t iso_dataset_class_count(const iso_dataset *dataset);
const char *iso_dataset_class_name(const iso_dataset *dataset, int64_t class_index);
int64_t iso_dataset_label(const iso_dataset *dataset, int64_t index);
/* For messages: the file, or "train-images-idx3-ubyte[17]". Written to buffer. */
void iso_dataset_name(const iso_dataset *dataset, int64_t index, char *buffer, size_t size);
iso_extent iso_dataset_extent(const iso_dataset *dataset, int64_t index);

/* *image becomes image `index`: borrowed from the data set, or decoded again into *place and borrowed from there. Any thread,
 * each with a place of its own. A file that has changed since it was opened is an error. */
bool iso_dataset_image(const iso_dataset *dataset, int64_t index, iso_image *place, iso_image *image, iso_worker_error *error);

/* The files in the order they are read, for the ledger. */
int64_t iso_dataset_file_count(const iso_dataset *dataset);
const iso_data_file *iso_dataset_file(const iso_dataset *dataset, int64_t index);

/* Of all decoded pixels: BLAKE3 over, for each image in order, height, width, channels and label as 64-bit little-endian integers
 * and the BLAKE3 of its bytes (rows top to bottom, channels interleaved). Equal file digests with another pixel digest mean
 * another JPEG library. */
const uint8_t *iso_dataset_pixel_digest(const iso_dataset *dataset);

#endif
