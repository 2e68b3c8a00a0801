/* Everything that can be called in a recipe, by groups: the same signatures that calls are bound to. For help and documentation.
 */
#ifndef ISO_RUN_CATALOGUE_H
#define ISO_RUN_CATALOGUE_H

#include "expr/signature.h"

typedef struct iso_call_group {
    const char *name;  /* "layers" */
    const char *one;   /* "layer" */
    const char *where; /* the key that takes them */
    size_t (*count)(void);
    const iso_signature *(*signature)(size_t index);
} iso_call_group;

extern ISO_FOR_PROGRAM const iso_call_group iso_call_groups[];
extern ISO_FOR_PROGRAM const size_t iso_call_group_count;

/* The signature of that name (a prefix such as `nn.` is fine), and its group; NULL if there is none. */
ISO_FOR_PROGRAM const iso_signature *iso_find_call(const char *name, const iso_call_group **group);

#endif
