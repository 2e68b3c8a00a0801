#!/usr/bin/env python3
"""Writes the demo's images: the first images of each class of Fashion-MNIST as PNG folders.

    scripts/make_images.py [SOURCE [TARGET]]

SOURCE is the folder with the four idx files of Fashion-MNIST (Debian: package dataset-fashion-mnist), TARGET receives
train/CLASS/NNNNN.png and test/CLASS/NNNNN.png. NNNNN is the image's index in the original file. Standard library only.
"""
import gzip
import os
import struct
import sys
import zlib

CLASSES = ["t-shirt-top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle-boot"]
PARTS = [("train", "train", 150), ("test", "t10k", 50)]  # folder, prefix of the files, images per class


def read_idx(path):
    """The shape and the bytes of an idx file of unsigned bytes."""
    with gzip.open(path) as file:
        data = file.read()
    dims = data[3]
    shape = struct.unpack(">%dI" % dims, data[4 : 4 + 4 * dims])
    return shape, data[4 + 4 * dims :]


def paeth(a, b, c):
    p = a + b - c
    pa, pb, pc = abs(p - a), abs(p - b), abs(p - c)
    return a if pa <= pb and pa <= pc else b if pb <= pc else c


def filter_row(kind, row, above):
    left = b"\0" + row[:-1]
    corner = b"\0" + above[:-1]
    predictions = {
        0: lambda a, b, c: 0,
        1: lambda a, b, c: a,
        2: lambda a, b, c: b,
        3: lambda a, b, c: (a + b) // 2,
        4: paeth,
    }
    predict = predictions[kind]
    return bytes([kind]) + bytes((x - predict(a, b, c)) & 255 for x, a, b, c in zip(row, left, above, corner))


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width, height, pixels):
    """The smallest of several encodings as 8-bit gray: one filter for all rows, or for each row the one of least sum."""
    rows = [pixels[y * width : (y + 1) * width] for y in range(height)]
    above = [bytes(width)] + rows[:-1]
    filtered = [[filter_row(kind, r, a) for r, a in zip(rows, above)] for kind in range(5)]
    least = [min((f[y] for f in filtered), key=lambda s: sum(min(v, 256 - v) for v in s[1:])) for y in range(height)]
    best = None
    for candidate in filtered + [least]:
        for strategy in (zlib.Z_DEFAULT_STRATEGY, zlib.Z_FILTERED, zlib.Z_RLE, zlib.Z_HUFFMAN_ONLY):
            packer = zlib.compressobj(9, zlib.DEFLATED, 15, 9, strategy)
            packed = packer.compress(b"".join(candidate)) + packer.flush()
            if best is None or len(packed) < len(best):
                best = packed
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", best) + chunk(b"IEND", b"")


def main():
    source = sys.argv[1] if len(sys.argv) > 1 else "/usr/share/datasets/fashion-mnist"
    target = sys.argv[2] if len(sys.argv) > 2 else "examples/images"
    total = 0
    for folder, prefix, per_class in PARTS:
        (count, height, width), pixels = read_idx(os.path.join(source, prefix + "-images-idx3-ubyte.gz"))
        _, labels = read_idx(os.path.join(source, prefix + "-labels-idx1-ubyte.gz"))
        taken = [0] * len(CLASSES)
        for i in range(count):
            label = labels[i]
            if taken[label] == per_class:
                continue
            taken[label] += 1
            directory = os.path.join(target, folder, CLASSES[label])
            os.makedirs(directory, exist_ok=True)
            data = png(width, height, pixels[i * width * height : (i + 1) * width * height])
            with open(os.path.join(directory, "%05d.png" % i), "wb") as file:
                file.write(data)
            total += len(data)
    print("%d bytes" % total)


if __name__ == "__main__":
    main()
