#include "nn/arena.h"

#include <string.h>

static bool overlap(const iso_room *a, const iso_room *b) {
    return a->first <= b->last && b->first <= a->last;
}

/* The lowest place where `room` disturbs none of the `placed` ones that live at the same time. */
static size_t lowest_offset(const iso_room *rooms, const size_t *placed, size_t count, const iso_room *room) {
    size_t offset = 0;
    for (bool moved = true; moved;) {
        moved = false;
        for (size_t i = 0; i < count; i++) {
            const iso_room *other = &rooms[placed[i]];
            size_t end = other->offset + iso_arena_aligned(other->bytes);
            if (overlap(room, other) && offset < end && other->offset < offset + iso_arena_aligned(room->bytes)) {
                offset = end;
                moved = true;
            }
        }
    }
    return offset;
}

static void choose_order(const iso_room *rooms, size_t *order, size_t count, uint64_t seed) {
    for (size_t i = 0; i < count; i++) {
        size_t at = i;
        for (; at > 0 && rooms[order[at - 1]].bytes < rooms[i].bytes; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    for (size_t left = count; seed && left > 1; left--) {
        size_t other = (size_t)(iso_arena_draw(&seed) % left), moved = order[left - 1];
        order[left - 1] = order[other];
        order[other] = moved;
    }
}

size_t iso_arena_place(iso_context *ctx, iso_room *rooms, size_t count, uint64_t seed) {
    size_t *order = iso_alloc_array(ctx, count + 1, sizeof *order), size = ISO_ARENA_ALIGNMENT;
    if (!order)
        return 0;
    choose_order(rooms, order, count, seed);
    for (size_t i = 0; i < count; i++) {
        iso_room *room = &rooms[order[i]];
        room->offset = lowest_offset(rooms, order, i, room);
        if (room->offset + iso_arena_aligned(room->bytes) > size)
            size = room->offset + iso_arena_aligned(room->bytes);
    }
    iso_free(ctx, order);
    return size;
}

size_t iso_arena_peak(const iso_room *rooms, size_t count, size_t *changes, int times) {
    memset(changes, 0, sizeof *changes * ((size_t)times + 2));
    for (size_t i = 0; i < count; i++) {
        changes[rooms[i].first] += iso_arena_aligned(rooms[i].bytes);
        changes[rooms[i].last + 1] -= iso_arena_aligned(rooms[i].bytes); /* below 0 on the way: the sums are right modulo 2^64 */
    }
    size_t peak = 0, alive = 0;
    for (int time = 0; time <= times; time++) {
        alive += changes[time];
        if (alive > peak)
            peak = alive;
    }
    return peak;
}
