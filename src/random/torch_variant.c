#include "random/torch_variant.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    iso_torch_variant variant;
} releases[] = {{"", 0}, {"==2.13", 0}, {"==2.6", ISO_TORCH_2_6}, {"==1.13", ISO_TORCH_1_13}};

bool iso_torch_variant_from_name(const char *name, iso_torch_variant *variant) {
    for (size_t release = 0; release < sizeof releases / sizeof *releases; release++)
        for (int mkl = 0; mkl < 2; mkl++)
            for (int scalar = 0; scalar < 2; scalar++) {
                char candidate[ISO_TORCH_NAME_SIZE];
                snprintf(candidate, sizeof candidate, "torch%s%s%s", releases[release].name, mkl ? "+mkl" : "",
                         scalar ? "/scalar" : "");
                if (strcmp(name, candidate) == 0) {
                    *variant = releases[release].variant | (mkl ? ISO_TORCH_MKL : 0) | (scalar ? ISO_TORCH_SCALAR : 0);
                    return true;
                }
            }
    return false;
}

const char *iso_torch_variant_name(iso_torch_variant variant, char name[ISO_TORCH_NAME_SIZE]) {
    const char *release = variant & ISO_TORCH_1_13 ? "==1.13" : variant & ISO_TORCH_2_6 ? "==2.6" : "";
    snprintf(name, ISO_TORCH_NAME_SIZE, "torch%s%s%s", release, variant & ISO_TORCH_MKL ? "+mkl" : "",
             variant & ISO_TORCH_SCALAR ? "/scalar" : "");
    return name;
}
