/* YAML through libyaml, as a tree of scalars, lists and maps that remember where they stand. Scalars stay text: what
 * a value means is decided by the key that reads it, never by YAML. Anchors, aliases and tags are refused. */
#ifndef ISO_RECIPE_YAML_H
#define ISO_RECIPE_YAML_H

#include "core/context.h"

typedef enum iso_yaml_kind { ISO_YAML_SCALAR, ISO_YAML_LIST, ISO_YAML_MAP } iso_yaml_kind;

typedef struct iso_yaml iso_yaml;
struct iso_yaml {
    iso_yaml_kind kind;
    int line, column; /* from 1, of the first character of the text */
    char *text;       /* SCALAR */
    bool quoted;
    size_t count, capacity; /* LIST: items; MAP: items under keys */
    iso_yaml **items;
    iso_yaml **keys; /* MAP: scalars */
    size_t key_capacity;
};

/* Parses one document. `name` is the file's name, for messages: "name:line:column: ...". */
iso_status iso_yaml_parse(iso_context *ctx, const char *name, const uint8_t *data, size_t size, iso_yaml **root);
void iso_yaml_free(iso_context *ctx, iso_yaml *node);

/* The value under a key of a map; NULL if absent. */
iso_yaml *iso_yaml_get(const iso_yaml *map, const char *key);
/* Puts `value` (taken over, also on failure) under the dotted path "data.train", replacing what is there and making maps
 * on the way. */
iso_status iso_yaml_set(iso_context *ctx, iso_yaml *root, const char *path, iso_yaml *value);

#endif
