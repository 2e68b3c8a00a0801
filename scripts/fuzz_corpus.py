#!/usr/bin/env python3
"""The seeds of the fuzz targets: small sound files of every kind that a reader knows, in tests/fuzz/corpus/TARGET.

    scripts/fuzz_corpus.py [--check]

Needs Pillow and NumPy; the shipped ones are Debian 12's. --check tells whether the folder has a seed for every target, and is small."""
import io
import os
import random
import re
import struct
import sys
import zipfile
import zlib

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CORPUS = os.path.join(ROOT, "tests/fuzz/corpus")
sys.path.insert(0, os.path.join(ROOT, "tests/oracle"))


def put(target, name, data):
    os.makedirs(os.path.join(CORPUS, target), exist_ok=True)
    with open(os.path.join(CORPUS, target, name), "wb") as file:
        file.write(data)


def images():
    """What the oracle of the decoders makes: every type, depth, sampling and header."""
    import images_files as files
    kinds = {"png": files.make_png, "jpeg": files.make_jpeg, "webp": files.make_webp, "bmp": files.make_bmp, "ppm": files.make_ppm}
    path = "/tmp/seed-%d" % os.getpid()
    for target, make in kinds.items():
        seen = {}
        for seed in range(600):
            what = re.sub(r"\d+x\d+$|quality.*", "", make(random.Random(seed), path)).strip()
            with open(path, "rb") as file:
                data = file.read()
            if len(data) < 1200 and (what not in seen or len(data) < len(seen[what])):
                seen[what] = data
        for i, what in enumerate(sorted(seen)[::max(1, len(seen) // 24)]):
            put(target, "%02d" % i, seen[what])
    os.unlink(path)
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))  # noqa: E731
    head, pixels, end = chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0)), chunk(b"IDAT", zlib.compress(b"\0abcdef\0ghijkl")), chunk(b"IEND", b"")
    others = [(b"iCCP", b"p\0\0" + zlib.compress(bytes(200))), (b"zTXt", b"k\0\0" + zlib.compress(bytes(500))), (b"tRNS", b"\0\1\0\2\0\3"),
              (b"gAMA", b"\0\0\xb1\x8f"), (b"sBIT", b"\5\5\5"), (b"eXIf", b"MM\0*\0\0\0\10"), (b"abCd", b"?")]
    put("png", "chunks", b"\x89PNG\r\n\x1a\n" + head + b"".join(chunk(*c) for c in others) + pixels + end)


def arrays():
    import numpy as np
    pictures = np.arange(3 * 4 * 5 * 3, dtype=np.uint8).reshape(3, 4, 5, 3)
    labels = np.array([2, 0, 1])

    def npy(array, version=None):
        out = io.BytesIO()
        np.lib.format.write_array(out, array, version)
        return out.getvalue()

    put("npy", "images", b"\1" + npy(pictures))
    put("npy", "gray", b"\1" + npy(pictures[..., 0]))
    put("npy", "fortran", b"\1" + npy(np.asfortranarray(pictures[..., :1])))
    put("npy", "version2", b"\1" + npy(pictures, (2, 0)))
    for kind in ("<i8", ">i4", "|u1", "<u2", "|i1", "<f4", "|b1"):
        put("npy", "labels-" + re.sub(r"\W", "", kind), b"\0" + npy(labels.astype(kind)))
    for name, save in (("stored", np.savez), ("deflated", np.savez_compressed)):
        out = io.BytesIO()
        save(out, x=pictures, y=labels)
        put("npz", name, out.getvalue())
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        with file.open("y.npy", "w", force_zip64=True) as member:
            member.write(npy(labels))
        file.writestr("x.npy", npy(pictures[..., 0]))
        file.comment = b"a comment"
    put("npz", "zip64", out.getvalue())


def data_sets():
    import gzip
    pictures = struct.pack(">4B3I", 0, 0, 8, 3, 3, 2, 2) + bytes(range(12))
    labels = struct.pack(">4BI", 0, 0, 8, 1, 3) + b"\x09\x00\x05"
    put("idx", "images", b"\1" + pictures)
    put("idx", "images-gz", b"\1" + gzip.compress(pictures, mtime=0))
    put("idx", "labels", b"\0" + labels)
    put("idx", "labels-gz", b"\0" + gzip.compress(labels, mtime=0))
    put("cifar", "ten", b"\0" + b"\7" + bytes(3072))
    put("cifar", "ten-names", b"\2" + b"a\r\nb\nc\nd\ne\nf\ng\n\nh\ni\nj")
    put("cifar", "hundred", b"\1" + b"\1\x63" + bytes(3072))
    put("cifar", "hundred-names", b"\3" + "\n".join("n%d" % i for i in range(100)).encode())


def texts():
    tensors = b"".join(struct.pack("<f", i) for i in range(6)) + struct.pack("<2q", 3, -1) + b"\1\2\3\0\0\0\0\0"
    header = (b'{"__metadata__":{"format":"pt"},"a.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},'
              b'"b":{"dtype":"I64","shape":[2],"data_offsets":[24,40]},"c":{"dtype":"U8","shape":[8],"data_offsets":[40,48]}}')
    header += b" " * (-len(header) % 8)
    put("safetensors", "three", struct.pack("<Q", len(header)) + header + tensors)
    put("safetensors", "none", struct.pack("<Q", 8) + b"{}      ")
    for name in ("tutorial", "fashion-mnist", "resnet18"):
        with open(os.path.join(ROOT, "examples", name + ".yaml"), "rb") as file:
            put("recipe", name, file.read())
    put("recipe", "settings", b"""seed: -7
stream: torch+mkl
data:
  train: 'NPY(images=x.npy, labels="y.npy")'
  split: random_split([0.8, 0.2], generator=Generator().manual_seed(1))
  on_bad_image: skip
  transforms:
    - "Compose([RandomApply([ColorJitter(0.1, (0.5, 1.5))], p=0.3), RandomChoice([Pad(2), RandomCrop(8, padding=1)], p=[1, 2])])"
    - ToTensor()
  loader: DataLoader(batch_size=4, sampler=WeightedRandomSampler('balanced', num_samples=9), num_workers=2, persistent_workers=True)
model: resnet18(num_classes=10)
loss: CrossEntropyLoss(label_smoothing=0.1)
optimizer: AdamW(lr=1e-3, betas=(0.9, 0.99), weight_decay=0.01)
epochs: 2
checkpoint: 100
micro_batch: 2
""")
    for i, text in enumerate(["Conv2d(3, 16, kernel_size=(3, 3), padding='same', bias=False)", "[x * 2 ** -1 for x in range(0x1f, 3, -2)]", "-1_000e-3 + .5",
                              "torch.empty(3, dtype=torch.float64).uniform_(-1, +1)[0:2]", "b'\\x00\\n' r'raw' \"\"\"three\"\"\"",
                              "nn.init.kaiming_normal_(a, nonlinearity='relu')", "123456789012345678901234567890 // -7 % 5", "(1,), [], {}, None, True"]):
        put("expression", "%02d" % i, text.encode())
    chains = ["[RandomHorizontalFlip(), RandomRotation(10), RandomResizedCrop(24), ToTensor(), Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])]",
              "[Resize((9, 13), interpolation='bicubic'), CenterCrop(8), RandomVerticalFlip(p=0.9), ToTensor()]",
              "[RandomRotation((-90, 180), interpolation='bilinear', expand=True, fill=7), Resize(7), PILToTensor(), ConvertImageDtype(torch.float32)]",
              "[Pad((1, 2, 3, 4), padding_mode='symmetric'), RandomCrop(6, padding=3, pad_if_needed=True, padding_mode='reflect'), ToTensor()]",
              "[ColorJitter(0.4, 0.4, 0.4, 0.1), RandomGrayscale(p=0.5), Grayscale(3), ToTensor(), RandomErasing(p=1, value='random')]",
              "[RandAugment(num_ops=3, magnitude=20), TrivialAugmentWide(), ToTensor()]",
              "[RandomAffine(30, translate=(0.1, 0.2), scale=(0.5, 2), shear=(1, 2, 3, 4), interpolation='bicubic'), ToTensor()]",
              "[RandomChoice([RandomInvert(), RandomPosterize(3)], p=[1, 3]), RandomApply([RandomSolarize(99), RandomEqualize()]), RandomAutocontrast(), "
              "RandomAdjustSharpness(2), ToTensor()]"]
    for i, text in enumerate(chains):
        put("transforms", "%02d" % i, bytes([20 + i, 30 - i, i]) + text.encode())
    # a header and a step; the digests chain, so lines cannot be made up here without BLAKE3: the targets' own check of one line reads the first
    zero = "0" * 64
    put("ledger", "step", ('{"kind":"step","step":1,"prev":"%s","batch":"%s","loss":"3f800000","lr":"3fb999999999999a","state":"%s"}\n' % (zero, zero, zero)).encode())


def check():
    targets = sorted(name[:-2] for name in os.listdir(os.path.dirname(CORPUS)) if name.endswith(".c"))
    sizes = {t: [os.path.getsize(os.path.join(CORPUS, t, f)) for f in os.listdir(os.path.join(CORPUS, t))] for t in os.listdir(CORPUS)}
    missing = [t for t in targets if not sizes.get(t)]
    total = sum(map(sum, sizes.values()))
    print("%d targets, %d seeds, %d bytes" % (len(targets), sum(map(len, sizes.values())), total))
    return not missing and total < 300000


if __name__ == "__main__":
    if "--check" not in sys.argv:
        images()
        arrays()
        data_sets()
        texts()
    sys.exit(not check())
