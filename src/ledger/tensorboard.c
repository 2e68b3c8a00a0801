#include "ledger/tensorboard.h"

#include <string.h>

/* ---- Records ---- */

uint32_t iso_crc32c(const void *data, size_t size) {
    const uint8_t *byte = data;
    uint32_t crc = ~0u;
    for (size_t i = 0; i < size; i++) {
        crc ^= byte[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
    }
    return ~crc;
}

static void store(uint8_t *to, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; i++)
        to[i] = (uint8_t)(value >> (8 * i));
}

/* A CRC among the data that it protects is masked, so that a CRC of both is not degenerate. */
static void append_crc(iso_text *out, const void *data, size_t size) {
    uint32_t crc = iso_crc32c(data, size);
    uint8_t bytes[4];
    store(bytes, (crc >> 15 | crc << 17) + 0xa282ead8u, sizeof bytes);
    iso_text_append(out, (const char *)bytes, sizeof bytes);
}

static void append_record(iso_text *out, const uint8_t *data, size_t size) {
    uint8_t length[8];
    store(length, size, sizeof length);
    iso_text_append(out, (const char *)length, sizeof length);
    append_crc(out, length, sizeof length);
    iso_text_append(out, (const char *)data, size);
    append_crc(out, data, size);
}

/* ---- Messages ---- */

/* A message under construction. What does not fit makes it invalid. */
struct message {
    uint8_t bytes[1024];
    size_t size;
    bool full;
};

enum { VARINT, FIXED64, BYTES, FIXED32 = 5 }; /* wire types */

static void raw(struct message *m, const void *data, size_t size) {
    if (m->full || size > sizeof m->bytes - m->size) {
        m->full = true;
        return;
    }
    memcpy(m->bytes + m->size, data, size);
    m->size += size;
}
static void varint(struct message *m, uint64_t value) {
    for (; value >= 0x80; value >>= 7)
        raw(m, &(uint8_t){(uint8_t)(value | 0x80)}, 1);
    raw(m, &(uint8_t){(uint8_t)value}, 1);
}
static void key(struct message *m, int field, int wire) {
    varint(m, (uint64_t)field << 3 | (uint64_t)wire);
}
static void put_int(struct message *m, int field, int64_t value) {
    key(m, field, VARINT);
    varint(m, (uint64_t)value);
}
static void put_double(struct message *m, int field, double value) {
    uint64_t bits;
    uint8_t bytes[8];
    memcpy(&bits, &value, sizeof bits);
    store(bytes, bits, sizeof bytes);
    key(m, field, FIXED64);
    raw(m, bytes, sizeof bytes);
}
static void put_float(struct message *m, int field, float value) {
    uint32_t bits;
    uint8_t bytes[4];
    memcpy(&bits, &value, sizeof bits);
    store(bytes, bits, sizeof bytes);
    key(m, field, FIXED32);
    raw(m, bytes, sizeof bytes);
}
static void put_bytes(struct message *m, int field, const void *data, size_t size) {
    key(m, field, BYTES);
    varint(m, size);
    raw(m, data, size);
}
static void put_message(struct message *m, int field, const struct message *inner) {
    put_bytes(m, field, inner->bytes, inner->size);
    m->full |= inner->full;
}

static void finish(iso_text *out, const struct message *event) {
    if (event->full)
        out->failed = true;
    else
        append_record(out, event->bytes, event->size);
}

/* ---- Events ---- */

enum { EVENT_TIME = 1, EVENT_STEP = 2, EVENT_VERSION = 3, EVENT_SUMMARY = 5, EVENT_SESSION = 7 };
enum { SUMMARY_VALUE = 1, VALUE_TAG = 1, VALUE_SIMPLE = 2, SESSION_STATUS = 1, SESSION_START = 1 };

void iso_event_version(iso_text *out, double time) {
    static const char version[] = "brain.Event:2";
    struct message event = {.size = 0};
    put_double(&event, EVENT_TIME, time);
    put_bytes(&event, EVENT_VERSION, version, sizeof version - 1);
    finish(out, &event);
}

void iso_event_restart(iso_text *out, double time, int64_t step) {
    struct message event = {.size = 0}, session = {.size = 0};
    put_int(&session, SESSION_STATUS, SESSION_START);
    put_double(&event, EVENT_TIME, time);
    put_int(&event, EVENT_STEP, step);
    put_message(&event, EVENT_SESSION, &session);
    finish(out, &event);
}

void iso_event_scalars(iso_text *out, double time, int64_t step, const iso_scalar *scalars, size_t count) {
    struct message event = {.size = 0}, summary = {.size = 0};
    for (size_t i = 0; i < count; i++) {
        struct message value = {.size = 0};
        put_bytes(&value, VALUE_TAG, scalars[i].tag, strlen(scalars[i].tag));
        put_float(&value, VALUE_SIMPLE, scalars[i].value);
        put_message(&summary, SUMMARY_VALUE, &value);
    }
    put_double(&event, EVENT_TIME, time);
    put_int(&event, EVENT_STEP, step);
    put_message(&event, EVENT_SUMMARY, &summary);
    finish(out, &event);
}
