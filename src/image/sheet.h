/* Contact sheets: a batch as one picture that a person can look at, with a label under each image. */
#ifndef ISO_IMAGE_SHEET_H
#define ISO_IMAGE_SHEET_H

#include "image/transforms.h"
#include "isobit/tensor.h"

/* What `isobit batch --png` writes. x is (n, c, h, w) float32 with c = 1 or 3, as `transforms` gives it; where Normalize is its
 * last transform, its effect is taken back. Small images are drawn larger. labels: n texts in UTF-8. Written atomically. */
iso_status iso_sheet_write(iso_context *ctx, const char *path, const iso_tensor *x, const iso_transforms *transforms,
                           const char *const *labels);

#endif
