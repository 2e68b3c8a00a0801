#include "core/json.h"

#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "harness/memory.h"
#include "harness/test.h"

static iso_status parse(iso_context *ctx, const char *text, iso_json *out) {
    return iso_json_parse(ctx, text, strlen(text), out);
}

ISO_TEST(json_values) {
    iso_context *ctx;
    CHECK(iso_context_new(&ctx, &(iso_context_options){.threads = 1}) == ISO_OK);
    iso_json v;
    static const char text[] = " { \"a\" : [ 1 , -2, 9223372036854775807, -9223372036854775808, 0, -0 ] ,\n\"b\":{},\"c\":[],"
                               "\"d\":\"x\",\"e\":true,\"f\":false,\"g\":null } ";
    CHECK_OK(ctx, parse(ctx, text, &v));
    const iso_json *a = iso_json_get(&v, "a");
    CHECK(v.kind == ISO_JSON_OBJECT && v.count == 7 && a && a->kind == ISO_JSON_ARRAY && a->count == 6);
    CHECK(a->items[0].integer == 1 && a->items[1].integer == -2 && a->items[2].integer == INT64_MAX &&
          a->items[3].integer == INT64_MIN && a->items[5].integer == 0);
    CHECK(iso_json_get(&v, "b")->kind == ISO_JSON_OBJECT && iso_json_get(&v, "c")->count == 0);
    CHECK_STRING("x", iso_json_string(&v, "d"));
    CHECK(iso_json_get(&v, "e")->boolean && !iso_json_get(&v, "f")->boolean && iso_json_get(&v, "g")->kind == ISO_JSON_NULL);
    CHECK(!iso_json_string(&v, "a") && iso_json_int(&v, "d", 5) == 5 && iso_json_int(&v, "z", 6) == 6 && !iso_json_get(a, "a") &&
          !iso_json_get(NULL, "a"));
    CHECK(text[a->first] == '[' && text + a->end == strchr(text, ']') + 1);
    iso_json_free(ctx, &v);
    iso_context_free(ctx);
}

ISO_TEST(json_strings) {
    iso_context *ctx;
    CHECK(iso_context_new(&ctx, &(iso_context_options){.threads = 1}) == ISO_OK);
    iso_json v;
    CHECK_OK(ctx, parse(ctx, "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00E9\\u20ac\\ud83d\\ude42\\udcff\"", &v));
    CHECK_STRING("\"\\/\b\f\n\r\tA\xc3\xa9\xe2\x82\xac\xf0\x9f\x99\x82\xff", v.string);
    iso_json_free(ctx, &v);
    CHECK_OK(ctx, parse(ctx, "{\"a\":\"x\\u0000y\"}", &v));
    CHECK(iso_json_get(&v, "a")->size == 3 && !iso_json_string(&v, "a")); /* no C string */
    iso_json_free(ctx, &v);
    iso_context_free(ctx);
}

/* What the text writer writes, bytes that are no UTF-8 included, is what the reader reads. */
ISO_TEST(json_round_trip_of_random_bytes) {
    iso_context *ctx;
    CHECK(iso_context_new(&ctx, &(iso_context_options){.threads = 1}) == ISO_OK);
    for (int round = 0; round < 2000; round++) {
        char bytes[40];
        size_t size = (size_t)iso_test_between(0, sizeof bytes);
        for (size_t i = 0; i < size; i++)
            bytes[i] =
                (char)(round % 2 ? iso_test_random()
                                 : (uint64_t) "\xf0\x9f\x99\x82\xc3\xa9\"\\\n\x01 a\x7f\xed\xb3\xbf"[iso_test_random() % 17]);
        iso_text text = iso_text_new(ctx);
        iso_text_json(&text, bytes, size);
        iso_json v;
        CHECK_OK(ctx, iso_json_parse(ctx, text.data, text.size, &v));
        CHECK_MSG(v.size == size && memcmp(v.string, bytes, size) == 0, "%s", text.data);
        for (size_t i = 0; i < text.size; i++)
            CHECK(text.data[i] >= 0x20 && text.data[i] < 0x7f);
        iso_json_free(ctx, &v);
        iso_text_free(&text);
    }
    iso_context_free(ctx);
}

ISO_TEST(json_refuses_what_is_none) {
    iso_context *ctx;
    CHECK(iso_context_new(&ctx, &(iso_context_options){.threads = 1}) == ISO_OK);
    static const struct {
        const char *text, *message;
    } bad[] = {
        {"", "byte 0"},
        {"{", "byte 1: expected a key"},
        {"[1,]", "byte 3"},
        {"[1 2]", "byte 3: expected ',' or ']'"},
        {"{\"a\":1 2}", "byte 7: expected ',' or '}'"},
        {"{\"a\":1,}", "a key"},
        {"{\"a\" 1}", "':'"},
        {"{\"a\":1,\"a\":2}", "does not stand there yet"},
        {"{\"a\\u0000\":1}", "key"},
        {"{1:2}", "a key"},
        {"01", "whole number"},
        {"-", "whole number"},
        {"- 1", "whole number"},
        {"+1", "whole number"},
        {"1.5", "whole number"},
        {"1e3", "whole number"},
        {"9223372036854775808", "64 bits"},
        {"-9223372036854775809", "64 bits"},
        {"18446744073709551619", "64 bits"},
        {"99999999999999999999999", "64 bits"},
        {"nul", "whole number"},
        {"NaN", "whole number"},
        {"true false", "the end"},
        {"\"a", "closing quote"},
        {"\"a\nb\"", "closing quote"},
        {"\"\\x\"", "an escape"},
        {"\"\\u12g4\"", "an escape"},
        {"\"\\u12!4\"", "an escape"},
        {"\"\\u12", "an escape"},
        {"\"\\ud800\"", "surrogate"},
        {"\"\\ud800\\u0041\"", "surrogate"},
        {"\"\\ud800\\uffff\"", "surrogate"},
        {"\"\\ud800\\ud8\"", "surrogate"},
        {"\"\\ud800\\n\"", "surrogate"},
        {"\"\\ud800\\", "surrogate"},
        {"\"\\ud800", "surrogate"},
        {"\"\\ud800..\"", "surrogate"},
        {"\"\\", "an escape"},
        {"[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", "less nesting"},
    };
    iso_json v;
    for (size_t i = 0; i < ISO_COUNTOF(bad); i++) {
        iso_status status = parse(ctx, bad[i].text, &v);
        CHECK_MSG(status == ISO_EINVAL && strstr(iso_error(ctx), bad[i].message), "%s: %d, %s", bad[i].text, (int)status,
                  iso_error(ctx));
    }
    CHECK(iso_json_parse(ctx, "1\0", 2, &v) == ISO_EINVAL);
    iso_context_free(ctx);
}

ISO_TEST(hex_is_strict) {
    uint8_t bytes[2];
    CHECK(iso_hex_bytes("0aff", bytes, 2) && bytes[0] == 0x0a && bytes[1] == 0xff);
    CHECK(!iso_hex_bytes("0aFF", bytes, 2) && !iso_hex_bytes("0af", bytes, 2) && !iso_hex_bytes("0aff0", bytes, 2) &&
          !iso_hex_bytes("0ag0", bytes, 2) && !iso_hex_bytes(NULL, bytes, 2));
}

/* ---- Running out of memory ---- */

ISO_TEST(json_survives_every_failing_allocation) {
    static const char text[] = "{\"a\":[1,2,\"three\",[4,{\"b\":null}]],\"c\":\"d\\u00e9\",\"e\":{}}";
    iso_test_memory stingy = {.left = ISO_TEST_PLENTY};
    iso_allocator allocator = iso_test_allocator(&stingy);
    iso_context *ctx;
    CHECK(iso_context_new(&ctx, &(iso_context_options){.threads = 1, .allocator = &allocator}) == ISO_OK);
    iso_status status = ISO_ENOMEM;
    for (int n = 0; status; n++) {
        CHECK(n < 100);
        stingy.left = n;
        iso_json v;
        status = parse(ctx, text, &v);
        CHECK_MSG(status == (stingy.left < 0 ? ISO_ENOMEM : ISO_OK), "allocation %d", n);
        if (!status)
            iso_json_free(ctx, &v);
    }
    iso_context_free(ctx);
}
