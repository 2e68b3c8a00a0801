/* SHA-512 (FIPS 180-4), which Python's random hashes the seeds of str and bytes with. */
#ifndef ISO_RANDOM_SHA512_H
#define ISO_RANDOM_SHA512_H

#include "core/compiler.h"

#include <stddef.h>
#include <stdint.h>

/* Of n bytes at once; the digest as its usual bytes, the first word's highest byte first. */
void iso_sha512(uint8_t digest[64], const uint8_t *bytes, size_t n);

#endif
