#include "recipe/yaml.h"

#include <string.h>
#include <yaml.h>

#include "ledger/ledger_test.h"

/* Stand in for libyaml's functions, which take memory from malloc: the call that fails, from 0; see the Makefile. */
static int parser_fails = -1;
static bool initialize_fails;
int __wrap_yaml_parser_initialize(yaml_parser_t *parser);
int __real_yaml_parser_initialize(yaml_parser_t *parser);
int __wrap_yaml_parser_parse(yaml_parser_t *parser, yaml_event_t *event);
int __real_yaml_parser_parse(yaml_parser_t *parser, yaml_event_t *event);

int __wrap_yaml_parser_initialize(yaml_parser_t *parser) {
    return initialize_fails ? 0 : __real_yaml_parser_initialize(parser);
}

int __wrap_yaml_parser_parse(yaml_parser_t *parser, yaml_event_t *event) {
    if (parser_fails < 0 || parser_fails-- > 0)
        return __real_yaml_parser_parse(parser, event);
    parser_fails = -1;
    parser->error = YAML_MEMORY_ERROR;
    return 0;
}

static iso_status parse(iso_context *ctx, const char *text, iso_yaml **root) {
    return iso_yaml_parse(ctx, "file", (const uint8_t *)text, strlen(text), root);
}

ISO_TEST(yaml_is_a_tree_with_places) {
    iso_context *ctx = test_context(1);
    iso_yaml *root, *list;
    CHECK_OK(ctx, parse(ctx, "a: 1\nab:\n  - x y\n  - \"q\"\n  - {k: [v]}\n", &root));
    CHECK(root->kind == ISO_YAML_MAP && root->count == 2 && !iso_yaml_get(root, "abc"));
    CHECK_STRING("1", iso_yaml_get(root, "a")->text);
    list = iso_yaml_get(root, "ab");
    CHECK(list->kind == ISO_YAML_LIST && list->count == 3 && list->line == 3 && list->column == 3);
    CHECK(!list->items[0]->quoted && list->items[1]->quoted && list->items[1]->line == 4 && list->items[1]->column == 6);
    CHECK_STRING("v", iso_yaml_get(list->items[2], "k")->items[0]->text);
    iso_yaml_free(ctx, root);
    iso_context_free(ctx);
}

ISO_TEST(yaml_that_is_refused) {
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "file: the file is empty, expected a recipe"},
        {"# nothing\n", "file: the file is empty, expected a recipe"},
        {"a: 1\na: 2\n", "file:2:1: key 'a' is given twice"},
        {"[1]: 2\n", "file:1:1: a key must be a plain word"},
        {"a: &x 1\n", "file:1:4: anchors and aliases are not supported, expected the value itself"},
        {"a: &x [1]\n", "file:1:4: anchors and aliases are not supported, expected the value itself"},
        {"a: &x {b: 1}\n", "file:1:4: anchors and aliases are not supported, expected the value itself"},
        {"a: *x\n", "file:1:4: anchors and aliases are not supported, expected the value itself"},
        {"a: \"x\\0y\"\n", "file:1:4: a zero byte in a text, expected none"},
        {"a: 1\n---\nb: 2\n", "file:2:1: expected a single YAML document"},
        {"a: 1\n...\n@\n", "file:3:1: not valid YAML: found character that cannot start any token"},
        {"a: 1\nb\n", "file:3:1: not valid YAML: could not find expected ':'"},
        {"a: [f(1, 2], b\n", "not valid YAML"},
        {"[a\n", "did not find expected ',' or ']'; in a [list] on one line a call with commas needs \"quotes\""},
        {"@", "file:1:1: not valid YAML: found character that cannot start any token"},
        {"[1, @]", "file:1:5: not valid YAML: found character that cannot start any token"},
        {"{a: @}", "file:1:5: not valid YAML: found character that cannot start any token"},
        {"a: \x01\n", "file: byte 3: control characters are not allowed"},
        {"[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]", "file:1:18: nested deeper than 16 levels"},
    };
    iso_context *ctx = test_context(1);
    iso_yaml *root;
    for (size_t i = 0; i < ISO_COUNTOF(cases); i++) {
        CHECK_FAILS(ctx, ISO_EINVAL, cases[i].message, parse(ctx, cases[i].text, &root));
        CHECK(!root);
    }
    iso_context_free(ctx);
}

ISO_TEST(yaml_without_memory_in_the_library) {
    iso_context *ctx = test_context(1);
    iso_yaml *root;
    initialize_fails = true;
    iso_status status = parse(ctx, "a: 1\n", &root);
    initialize_fails = false;
    CHECK(status == ISO_ENOMEM && !root);
    CHECK_STRING("file: out of memory", iso_error(ctx));
    int at = 0;
    for (status = ISO_ENOMEM; status; at++) {
        parser_fails = at;
        status = parse(ctx, "a: [1, {b: 2}]\n", &root);
        CHECK_MSG(status == (parser_fails < 0 ? ISO_ENOMEM : ISO_OK), "call %d: %d, %s", at, (int)status, iso_error(ctx));
        if (status)
            CHECK_STRING("file: out of memory", iso_error(ctx));
    }
    parser_fails = -1;
    CHECK(at == 15); /* 14 events */
    iso_yaml_free(ctx, root);
    iso_context_free(ctx);
}

ISO_TEST(yaml_values_are_replaced_below_a_path) {
    iso_context *ctx = test_context(1);
    iso_yaml *root, *value;
    CHECK_OK(ctx, parse(ctx, "a: 1\nb: {c: 2}\n", &root));
    static const char *const paths[] = {"a", "b.c", "b.d", "e.f.g"};
    for (size_t i = 0; i < ISO_COUNTOF(paths); i++) {
        CHECK_OK(ctx, parse(ctx, paths[i], &value));
        CHECK_OK(ctx, iso_yaml_set(ctx, root, paths[i], value));
    }
    CHECK_STRING("a", iso_yaml_get(root, "a")->text);
    CHECK_STRING("b.c", iso_yaml_get(iso_yaml_get(root, "b"), "c")->text);
    CHECK_STRING("b.d", iso_yaml_get(iso_yaml_get(root, "b"), "d")->text);
    CHECK_STRING("e.f.g", iso_yaml_get(iso_yaml_get(iso_yaml_get(root, "e"), "f"), "g")->text);
    static const char *const none[] = {"a.x", "", ".x", "b..x"};
    for (size_t i = 0; i < ISO_COUNTOF(none); i++) {
        CHECK_OK(ctx, parse(ctx, "v", &value));
        CHECK_FAILS(ctx, ISO_EINVAL, "names nothing inside of a map", iso_yaml_set(ctx, root, none[i], value));
    }
    iso_yaml_free(ctx, root);
    iso_context_free(ctx);
}
