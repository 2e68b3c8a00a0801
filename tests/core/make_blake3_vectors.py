#!/usr/bin/env python3
"""Writes blake3_vectors.h: digests of the messages of the official test vectors, as the program b3sum gives them."""
import pathlib
import subprocess

LENGTHS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 63, 64, 65, 127, 128, 129, 1023, 1024, 1025, 2048, 2049, 3072, 3073, 4096, 4097,
           5120, 5121, 6144, 6145, 7168, 7169, 8192, 8193, 16384, 31744, 65535, 65536, 65537, 102400, 131072, 131073,
           196609, 1048576, 5000000]

lines = ["/* Written by make_blake3_vectors.py: byte i of a message is i mod 251. */",
         "static const struct {", "    size_t size;", "    const char *digest;", "} vectors[] = {"]
for length in LENGTHS:
    message = bytes(i % 251 for i in range(length))
    digest = subprocess.run(["b3sum", "--no-names"], input=message, capture_output=True, check=True).stdout.decode().strip()
    lines.append('    {%d, "%s"},' % (length, digest))
lines.append("};")
pathlib.Path(__file__).with_name("blake3_vectors.h").write_text("\n".join(lines) + "\n")
