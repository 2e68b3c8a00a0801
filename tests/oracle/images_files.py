"""Random image files of every kind, for tests/oracle/images.py."""
import struct
import zlib

import numpy as np
from PIL import Image


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def paeth(a, b, c):
    p = a + b - c
    pa, pb, pc = abs(p - a), abs(p - b), abs(p - c)
    return a if pa <= pb and pa <= pc else b if pb <= pc else c


def filtered(rng, rows, bpp):
    out, above = b"", bytes(len(rows[0]) if rows else 0)
    for row in rows:
        kind = rng.randrange(5)
        left, corner = bytes(bpp) + row, bytes(bpp) + above
        guess = [lambda i: 0, lambda i: left[i], lambda i: above[i], lambda i: (left[i] + above[i]) // 2,
                 lambda i: paeth(left[i], above[i], corner[i])][kind]
        out += bytes([kind]) + bytes((row[i] - guess(i)) & 255 for i in range(len(row)))
        above = row
    return out


def make_png(rng, path):
    """A PNG of random type, depth, interlace, filters and chunks, written sample by sample."""
    kind, depth = rng.choice([(0, 1), (0, 2), (0, 4), (0, 8), (0, 16), (2, 8), (2, 16), (3, 1), (3, 2), (3, 4), (3, 8), (4, 8),
                              (4, 16), (6, 8), (6, 16)])
    w, h, interlace = rng.randint(1, 40), rng.randint(1, 40), rng.randrange(2)
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[kind]
    colours = rng.randint(1, 1 << depth) if kind == 3 else 1 << depth
    top = colours if rng.random() < 0.8 else min(colours, 300)
    samples = [[[rng.randrange(top) for _ in range(channels)] for _ in range(w)] for _ in range(h)]

    def pack(pixels):
        values = [v for pixel in pixels for v in pixel]
        if depth == 16:
            return b"".join(struct.pack(">H", v) for v in values)
        if depth == 8:
            return bytes(values)
        bits = "".join(format(v, "0%db" % depth) for v in values)
        bits += "0" * (-len(bits) % 8)
        return bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8))

    bpp = max(1, channels * depth // 8)
    passes = [(0, 0, 1, 1)]
    if interlace:
        passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    raw = b""
    for x0, y0, dx, dy in passes:
        rows = [pack(samples[y][x0::dx]) for y in range(y0, h, dy)]
        if rows and rows[0]:
            raw += filtered(rng, rows, bpp)
    chunks = [chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, depth, kind, 0, 0, interlace))]
    if rng.random() < 0.3:
        chunks.append(chunk(b"gAMA", struct.pack(">I", rng.choice([45455, 100000, 220000]))))
    if kind == 3:
        chunks.append(chunk(b"PLTE", bytes(rng.randrange(256) for _ in range(3 * colours))))
    if rng.random() < 0.4 and kind in (0, 2, 3):
        size = {0: 2, 2: 6, 3: rng.randint(1, colours)}[kind]
        chunks.append(chunk(b"tRNS", bytes(rng.randrange(256) if kind == 3 or i % 2 or depth == 16 else 0 for i in range(size))))
    if rng.random() < 0.2:
        chunks.append(chunk(b"tEXt", b"Comment\0something"))
    packed = zlib.compress(raw, rng.randrange(10))
    cut = rng.randint(1, len(packed))
    chunks += [chunk(b"IDAT", p) for p in (packed[:cut], packed[cut:]) if p]
    if rng.random() < 0.2:
        chunks.append(chunk(b"tIME", b"\x07\xe0\1\1\1\1\1"))
    chunks.append(chunk(b"IEND", b""))
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
    return "PNG type %d depth %d interlace %d %dx%d" % (kind, depth, interlace, h, w)


def picture(rng, w, h, mode="RGB"):
    """Something between a photograph and noise."""
    channels = {"RGB": 3, "L": 1, "CMYK": 4}[mode]
    small = np.array([rng.randrange(256) for _ in range(channels * 16)], np.uint8).reshape(4, 4, channels)
    image = np.stack([np.asarray(Image.fromarray(small[:, :, c]).resize((w, h), Image.BICUBIC)) for c in range(channels)], 2)
    noise = np.random.RandomState(rng.randrange(2**31)).randint(-20, 21, image.shape) * rng.randrange(3)
    image = np.clip(image.astype(int) + noise, 0, 255).astype(np.uint8)
    return Image.fromarray(image[:, :, 0] if mode == "L" else image, mode)


def make_jpeg(rng, path):
    w, h = rng.choice([1, 2, 7, 8, 9, 15, 16, 17, rng.randint(1, 150)]), rng.choice([1, 2, 8, 9, 16, 17, rng.randint(1, 150)])
    mode = rng.choice(["RGB", "RGB", "RGB", "L", "CMYK"])
    options = {"quality": rng.randint(1, 100), "progressive": rng.random() < 0.4, "optimize": rng.random() < 0.3}
    if mode == "RGB":
        options["subsampling"] = rng.randrange(3)
    picture(rng, w, h, mode).save(path, "JPEG", **options)
    data = open(path, "rb").read()
    if rng.random() < 0.1:
        data += bytes(rng.randrange(256) for _ in range(rng.randrange(1, 30)))  # behind the end: ignored
    if mode == "CMYK" and rng.random() < 0.5:
        at = data.find(b"\xff\xee")  # without Adobe's marker
        if at > 0:
            data = data[:at] + data[at + 2 + struct.unpack(">H", data[at + 2:at + 4])[0]:]
    with open(path, "wb") as file:
        file.write(data)
    return "JPEG %s %dx%d %r" % (mode, h, w, options)


def make_webp(rng, path):
    w, h = rng.randint(1, 90), rng.randint(1, 90)
    image = picture(rng, w, h)
    options = {"lossless": rng.random() < 0.4, "quality": rng.randint(0, 100), "method": rng.randrange(5)}
    if rng.random() < 0.4:
        image.putalpha(picture(rng, w, h, "L"))
        options["exact"] = rng.random() < 0.5
    if rng.random() < 0.15:
        options.update(save_all=True, append_images=[picture(rng, w, h).convert(image.mode)], duration=50)
    image.save(path, "WEBP", **options)
    return "WebP %s %dx%d %r" % (image.mode, h, w, options)


def make_ppm(rng, path):
    """Every kind of PNM with white space and comments wherever they may stand."""
    kind, w, h = rng.randint(1, 6), rng.randint(1, 30), rng.randint(1, 30)
    top = 1 if kind in (1, 4) else rng.choice([255, 255, 1, 15, 100, 256, 1023, 65535, rng.randint(1, 65535)])
    values = [rng.randint(0, rng.choice([top, min(top, 300)])) for _ in range(w * h * (3 if kind in (3, 6) else 1))]

    def space():
        return rng.choice([" ", "\n", "\t", "\r\n", "  ", "\n# a comment\n", " #\r", "\v", "\f"])

    header = "P%d%s%d%s%d" % (kind, rng.choice("\n \t") + rng.choice(["", "# 1 2 3\n"]), w, space(), h)
    if kind not in (1, 4):
        header += space() + "%d" % top
    if kind <= 3:
        gap = "" if kind == 1 and rng.random() < 0.3 else None
        data = "".join(str(v) + (space() if gap is None else gap) for v in values[:-1]) + str(values[-1])
        data = (space() + data + rng.choice(["", "\n", " # the end\n"])).encode()
    elif kind == 4:
        rows = ["".join(str(v) for v in values[y * w:(y + 1) * w]).ljust((w + 7) // 8 * 8, rng.choice("01")) for y in range(h)]
        data = b"\n" + b"".join(int(r[i:i + 8], 2).to_bytes(1, "big") for r in rows for i in range(0, len(r), 8))
    else:
        data = b"\n" + b"".join(v.to_bytes(2 if top > 255 else 1, "big") for v in values) + rng.choice([b"", b"more"])
    with open(path, "wb") as file:
        file.write(header.encode() + data)
    return "P%d of maximum %d %dx%d" % (kind, top, h, w)


def runs(rng, rows, four):
    """Rows of indices in run lengths of every kind."""
    out = b""
    for row in rows:
        x = 0
        while x < len(row):
            n = rng.randint(1, min(len(row) - x, 20))
            if rng.random() < 0.4 and n > 2:
                n -= n % 2 if four else 0  # odd runs of 4 bits are read wrongly before Pillow 10
                part = row[x:x + n] if n > 2 else b""
                if len(part) > 2:
                    packed = bytes(part[i] << 4 | part[i + 1] for i in range(0, n, 2)) if four else bytes(part)
                    out += bytes([0, n]) + packed + bytes(len(packed) % 2)
                    x += n
                    continue
            n = 1
            while x + n < len(row) and row[x + n] == row[x] and n < 255:
                n += 1
            if four and x + 1 < len(row) and rng.random() < 0.5:
                n, (a, b) = 2, row[x:x + 2]
                out += bytes([n, a << 4 | b])
            else:
                out += bytes([n, row[x] * 17 if four else row[x]])
            x += n
        out += b"\0\0"
    return out + b"\0\1"


def make_bmp(rng, path):
    bits = rng.choice([1, 4, 8, 8, 16, 24, 32])
    w, h, header = rng.randint(1, 40), rng.randint(1, 40), rng.choice([12, 40, 40, 64, 108, 124])
    top_down, masks, compression = header > 12 and rng.random() < 0.3, None, 0
    if header > 12 and bits >= 16 and rng.random() < 0.5:
        compression = 3
        masks = rng.choice({16: [(0xf800, 0x7e0, 0x1f, 0), (0x7c00, 0x3e0, 0x1f, 0)], 24: [(0xff0000, 0xff00, 0xff, 0)],
                            32: [(0xff0000, 0xff00, 0xff, 0), (0xff000000, 0xff0000, 0xff00, 0), (0, 0, 0, 0)] +
                            ([(0xff000000, 0xff0000, 0xff00, 0xff), (0xff, 0xff00, 0xff0000, 0xff000000),
                              (0xff0000, 0xff00, 0xff, 0xff000000)] if header > 40 else [])}[bits])
    colours = rng.choice([0, 1 << bits, rng.randint(1, 1 << bits)]) if header > 12 and bits <= 8 else 0
    count = (colours or 1 << bits) if bits <= 8 else 0
    palette = [bytes(rng.randrange(256) for _ in range(3)) for _ in range(count)]
    if bits <= 8 and rng.random() < 0.3:
        palette = [bytes([255 * i if count == 2 else i] * 3) for i in range(count)]
    if bits in (4, 8) and header > 12 and rng.random() < 0.4:
        compression = 2 if bits == 4 else 1
    palette = b"".join(c + b"\0" * (header > 12) for c in palette)
    if bits <= 8:
        rows = [bytes(rng.randrange(min(count, rng.choice([2, 256]))) for _ in range(w)) for _ in range(h)]
        binary = ["".join(format(v, "0%db" % bits) for v in row).ljust((w * bits + 31) // 32 * 32, "0") for row in rows]
        data = b"".join(int(r, 2).to_bytes(len(r) // 8, "big") for r in binary)
    else:
        data = bytes(rng.randrange(256) for _ in range((w * bits + 31) // 32 * 4 * h))
    if compression in (1, 2):
        data = runs(rng, rows, compression == 2)
    gap = rng.choice([b"", b"", bytes(2 * rng.randint(1, 9))])
    size = struct.pack("<I", -h % 2**32 if top_down else h)
    if header == 12:
        info = struct.pack("<IHHHH", 12, w, h, 1, bits)
    else:
        info = struct.pack("<II", header, w) + size + struct.pack("<HHIIIIII", 1, bits, compression, len(data), 2835, 2835, colours, 0)
        body = (struct.pack("<IIII", *masks) if masks else b"").ljust(84, b"\0")
        info += body[:header - 40] if header > 40 else b"".join(struct.pack("<I", m) for m in (masks or ())[:3])
    offset = 14 + len(info) + len(palette) + len(gap)
    with open(path, "wb") as file:
        file.write(b"BM" + struct.pack("<IHHI", offset + len(data), 0, 0, offset) + info + palette + gap + data +
                   rng.choice([b"", b"more"]))
    return "BMP of %d bits, header %d, compression %d, %d colours %dx%d" % (bits, header, compression, count, h, w)


MAKERS = [make_png, make_jpeg, make_png, make_jpeg, make_webp, make_ppm, make_bmp]
