#include "recipe/yaml.h"

#include <string.h>
#include <yaml.h>

#define MAX_DEPTH 16

struct reader {
    iso_context *ctx;
    const char *name;
    yaml_parser_t parser;
};

static iso_yaml *new_node(iso_context *ctx, iso_yaml_kind kind, yaml_mark_t mark) {
    iso_yaml *node = iso_calloc(ctx, 1, sizeof *node);
    if (node) {
        node->kind = kind;
        node->line = (int)mark.line + 1;
        node->column = (int)mark.column + 1;
    }
    return node;
}

void iso_yaml_free(iso_context *ctx, iso_yaml *node) {
    if (!node)
        return;
    for (size_t i = 0; i < node->count; i++) {
        iso_yaml_free(ctx, node->items[i]);
        if (node->kind == ISO_YAML_MAP)
            iso_yaml_free(ctx, node->keys[i]);
    }
    iso_free(ctx, node->items);
    iso_free(ctx, node->keys);
    iso_free(ctx, node->text);
    iso_free(ctx, node);
}

/* Takes over key and item, also on failure. */
static iso_status append(iso_context *ctx, iso_yaml *node, iso_yaml *key, iso_yaml *item) {
    iso_status status = iso_grow(ctx, &node->items, &node->capacity, node->count, node->count + 1, sizeof *node->items);
    if (!status && key)
        status = iso_grow(ctx, &node->keys, &node->key_capacity, node->count, node->count + 1, sizeof *node->keys);
    if (status) {
        iso_yaml_free(ctx, key);
        iso_yaml_free(ctx, item);
        return status;
    }
    if (key)
        node->keys[node->count] = key;
    node->items[node->count++] = item;
    return ISO_OK;
}

static iso_status syntax_error(struct reader *r) {
    const yaml_parser_t *p = &r->parser;
    if (p->error == YAML_MEMORY_ERROR)
        return iso_fail(r->ctx, ISO_ENOMEM, "%s: out of memory", r->name);
    if (p->error == YAML_READER_ERROR)
        return iso_fail(r->ctx, ISO_EINVAL, "%s: byte %zu: %s", r->name, p->problem_offset, p->problem);
    return iso_fail(r->ctx, ISO_EINVAL, "%s:%zu:%zu: not valid YAML: %s%s", r->name, p->problem_mark.line + 1,
                    p->problem_mark.column + 1, p->problem,
                    strstr(p->problem, "',' or ']'") ? "; in a [list] on one line a call with commas needs \"quotes\"" : "");
}

static iso_status next_event(struct reader *r, yaml_event_t *event) {
    return yaml_parser_parse(&r->parser, event) ? ISO_OK : syntax_error(r);
}

static iso_status refuse(struct reader *r, yaml_mark_t mark, const char *what) {
    return iso_fail(r->ctx, ISO_EINVAL, "%s:%zu:%zu: %s", r->name, mark.line + 1, mark.column + 1, what);
}

static iso_status read_node(struct reader *r, yaml_event_t *event, int depth, iso_yaml **out);

/* Reads entries up to the end event. */
static iso_status read_collection(struct reader *r, iso_yaml *node, int depth) {
    bool map = node->kind == ISO_YAML_MAP;
    for (;;) {
        yaml_event_t event;
        iso_status status = next_event(r, &event);
        if (status)
            return status;
        if (event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT) {
            yaml_event_delete(&event);
            return ISO_OK;
        }
        iso_yaml *key = NULL, *item = NULL;
        if (map) {
            yaml_mark_t mark = event.start_mark;
            if (!(status = read_node(r, &event, depth + 1, &key))) {
                if (key->kind != ISO_YAML_SCALAR) /* NOLINT: without one there is a status */
                    status = refuse(r, mark, "a key must be a plain word");
                else if (iso_yaml_get(node, key->text))
                    status = iso_fail(r->ctx, ISO_EINVAL, "%s:%d:%d: key '%s' is given twice", r->name, key->line, key->column,
                                      key->text);
            }
            if (!status)
                status = next_event(r, &event);
        }
        if (!status)
            status = read_node(r, &event, depth + 1, &item);
        if (status) {
            iso_yaml_free(r->ctx, key);
            return status;
        }
        if ((status = append(r->ctx, node, key, item)))
            return status;
    }
}

/* Reads the node that starts with `event`, which it deletes. */
static iso_status read_node(struct reader *r, yaml_event_t *event, int depth, iso_yaml **out) {
    yaml_mark_t mark = event->start_mark;
    iso_status status = ISO_OK;
    iso_yaml *node = NULL;
    *out = NULL;
    if (depth > MAX_DEPTH)
        status = refuse(r, mark, "nested deeper than 16 levels");
    else if (event->type == YAML_SCALAR_EVENT) {
        if ((node = new_node(r->ctx, ISO_YAML_SCALAR, mark))) {
            node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
            if (node->quoted)
                node->column++;
            node->text = iso_strndup(r->ctx, (const char *)event->data.scalar.value, event->data.scalar.length);
            if (node->text && memchr(node->text, 0, event->data.scalar.length))
                status = refuse(r, mark, "a zero byte in a text, expected none");
            if (event->data.scalar.anchor)
                status = refuse(r, mark, "anchors and aliases are not supported, expected the value itself");
        }
        if (!node || !node->text)
            status = ISO_ENOMEM;
    } else if (event->type == YAML_SEQUENCE_START_EVENT || event->type == YAML_MAPPING_START_EVENT) {
        bool list = event->type == YAML_SEQUENCE_START_EVENT;
        if (list ? event->data.sequence_start.anchor != NULL : event->data.mapping_start.anchor != NULL)
            status = refuse(r, mark, "anchors and aliases are not supported, expected the value itself");
        else if (!(node = new_node(r->ctx, list ? ISO_YAML_LIST : ISO_YAML_MAP, mark)))
            status = ISO_ENOMEM;
        else
            status = read_collection(r, node, depth);
    } else
        status = refuse(r, mark, "anchors and aliases are not supported, expected the value itself");
    yaml_event_delete(event);
    if (status) {
        iso_yaml_free(r->ctx, node);
        return status;
    }
    *out = node;
    return ISO_OK;
}

static iso_status read_document(struct reader *r, iso_yaml **root) {
    for (;;) {
        yaml_event_t event;
        iso_status status = next_event(r, &event);
        if (status)
            return status;
        switch (event.type) {
        case YAML_STREAM_START_EVENT:
        case YAML_DOCUMENT_START_EVENT:
            yaml_event_delete(&event);
            continue;
        case YAML_STREAM_END_EVENT:
            yaml_event_delete(&event);
            return iso_fail(r->ctx, ISO_EINVAL, "%s: the file is empty, expected a recipe", r->name);
        default:
            break;
        }
        if ((status = read_node(r, &event, 0, root)))
            return status;
        if (!(status = next_event(r, &event))) { /* the document's end */
            yaml_event_delete(&event);
            if (!(status = next_event(r, &event))) {
                if (event.type != YAML_STREAM_END_EVENT)
                    status = refuse(r, event.start_mark, "expected a single YAML document");
                yaml_event_delete(&event);
            }
        }
        return status;
    }
}

iso_status iso_yaml_parse(iso_context *ctx, const char *name, const uint8_t *data, size_t size, iso_yaml **root) {
    struct reader r = {.ctx = ctx, .name = name};
    *root = NULL;
    if (!yaml_parser_initialize(&r.parser))
        return iso_fail(ctx, ISO_ENOMEM, "%s: out of memory", name);
    yaml_parser_set_input_string(&r.parser, data, size);
    iso_status status = read_document(&r, root);
    yaml_parser_delete(&r.parser);
    if (status) {
        iso_yaml_free(ctx, *root);
        *root = NULL;
    }
    return status;
}

static size_t find(const iso_yaml *map, const char *key, size_t size) {
    size_t i = 0;
    while (i < map->count && !(strncmp(map->keys[i]->text, key, size) == 0 && map->keys[i]->text[size] == 0))
        i++;
    return i;
}

iso_yaml *iso_yaml_get(const iso_yaml *map, const char *key) {
    size_t i = find(map, key, strlen(key));
    return i < map->count ? map->items[i] : NULL;
}

iso_status iso_yaml_set(iso_context *ctx, iso_yaml *root, const char *path, iso_yaml *value) {
    for (iso_yaml *map = root;;) {
        size_t size = strcspn(path, "."), at;
        bool last = path[size] == 0;
        if (map->kind != ISO_YAML_MAP || size == 0) {
            iso_yaml_free(ctx, value);
            return iso_fail(ctx, ISO_EINVAL, "--set: '%s' names nothing inside of a map", path);
        }
        if ((at = find(map, path, size)) == map->count) {
            yaml_mark_t nowhere = {0, 0, 0};
            iso_yaml *key = new_node(ctx, ISO_YAML_SCALAR, nowhere), *item = new_node(ctx, ISO_YAML_MAP, nowhere);
            if (key) {
                key->line = 0; /* it stands in no file */
                key->text = iso_strndup(ctx, path, size);
            }
            iso_status status = key && item && key->text ? ISO_OK : ISO_ENOMEM;
            if (status) {
                iso_yaml_free(ctx, key);
                iso_yaml_free(ctx, item);
            } else
                status = append(ctx, map, key, item);
            if (status) {
                iso_yaml_free(ctx, value);
                return status;
            }
        }
        if (last) {
            iso_yaml_free(ctx, map->items[at]);
            map->items[at] = value;
            return ISO_OK;
        }
        map = map->items[at];
        path += size + 1;
    }
}
