#!/usr/bin/env python3
"""Decoding, transforms and loading against the live Pillow, torchvision and PyTorch, byte for byte.

    tests/oracle/images.py [--build build] [--cases N] [--seed S] [--only decode|transforms|folder|loader] [--driver PROGRAM]

Run it with an interpreter that has torch, torchvision and Pillow (with libjpeg-turbo). The last line reads `N passed, N failed`;
a failing case is printed with its seed."""
import argparse
import glob
import gzip
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import torch
from PIL import Image, ImageFile
from torch import nn  # noqa: F401
from torchvision import transforms as T
from torchvision.datasets import ImageFolder
from torchvision.transforms import InterpolationMode

from images_chains import ARTICLE, chain, transform
from images_files import MAKERS, picture
from images_releases import as_one_release
from linking import static_libraries

warnings.filterwarnings("ignore")
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NAMES = {name: getattr(T, name) for name in dir(T) if not name.startswith("_")}
NAMES.update(InterpolationMode=InterpolationMode, torch=torch, transforms=T)


class Driver:
    def __init__(self, program, *arguments):
        self.process = subprocess.Popen([program, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, *fields):
        line = b"\t".join(f if isinstance(f, bytes) else str(f).encode() for f in fields) + b"\n"
        self.process.stdin.write(line)
        self.process.stdin.flush()
        return self.line()

    def line(self):
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit("the driver has died")
        return answer.decode("utf-8", "surrogateescape").rstrip("\n")

    def read(self, count):
        return self.process.stdout.read(count)

    def decode(self, path):
        answer = self.ask("decode", path)
        if not answer.startswith("ok "):
            return answer, None
        h, w, c = map(int, answer.split()[1:])
        return None, np.frombuffer(self.read(h * w * c), np.uint8).reshape(h, w, c)


class Counter:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, ok, what):
        if ok:
            self.passed += 1
        else:
            self.failed += 1
            if self.failed <= 30:
                print("FAIL", what)


# ---- Decoding --------------------------------------------------------------------------------

def pillow(path):
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB"))
    except Exception as error:  # noqa: B902
        return str(error) or "error"


def real_files(limit):
    found = []
    for pattern in ("/usr/share/**/*.jpg", "/usr/share/**/*.jpeg", "/usr/share/**/*.png", "/usr/lib/python3/**/*.jpg",
                    "/usr/lib/python3/**/*.png", "/usr/share/**/*.webp", "/usr/share/**/*.bmp", "/usr/share/**/*.p[pgb]m"):
        found += [p for p in glob.glob(pattern, recursive=True) if os.path.isfile(p) and os.path.getsize(p) < 4 << 20]
    return sorted(set(found))[:limit]


def test_decode(driver, count, rng, cases, work):
    path = os.path.join(work, "image")
    files = 0
    for real in real_files(max(100, cases)):
        expected = pillow(real)
        error, got = driver.decode(os.fsencode(real))
        if isinstance(expected, np.ndarray):
            files += 1
            count.check(got is not None and np.array_equal(expected, got), "decode %s: %s" % (real, error or "pixels differ"))
    print("decode: %d real files" % files)
    ramps = 0
    for case in range(cases):
        seed = rng.randrange(2**32)
        local = random.Random(seed)
        what = MAKERS[case % len(MAKERS)](local, path)
        expected = pillow(path)
        error, got = driver.decode(path)
        if error and "ramp of gray" in error:  # Pillow reads such files wrongly or not at all
            ramps += 1
            continue
        count.check(isinstance(expected, np.ndarray) and got is not None and np.array_equal(expected, got),
                    "decode, seed %d, %s: %s, Pillow: %s" % (seed, what, error or "pixels differ",
                                                             expected if isinstance(expected, str) else "an image"))
    damaged = accepted = 0
    for case in range(cases // 2):
        seed = rng.randrange(2**32)
        local = random.Random(seed)
        what = MAKERS[case % len(MAKERS)](local, path)
        data = bytearray(open(path, "rb").read())
        if local.random() < 0.5:
            data = data[:local.randint(0, len(data) - 1)]
            what += ", cut to %d bytes" % len(data)
        else:
            at = local.randrange(len(data))
            data[at] ^= 1 << local.randrange(8)
            what += ", bit flipped in byte %d" % at
        with open(path, "wb") as file:
            file.write(data)
        expected = pillow(path)
        error, got = driver.decode(path)
        damaged += got is None
        accepted += got is not None
        # What Pillow refuses is refused; what is accepted has Pillow's pixels. Refusing more is allowed.
        count.check(got is None or (isinstance(expected, np.ndarray) and np.array_equal(expected, got)),
                    "damage, seed %d, %s: accepted, Pillow: %s" % (seed, what, expected if isinstance(expected, str) else "other"))
    print("decode: %d random files, %d of them BMP with a ramp of gray; of the damaged ones %d refused, %d accepted" %
          (cases, ramps, damaged, accepted))


# ---- Transforms ------------------------------------------------------------------------------

def compose(calls):
    return T.Compose([eval(c, dict(NAMES)) for c in calls])  # noqa: S307


def next_number():
    state = torch.get_rng_state()
    number = torch.empty((), dtype=torch.int64).random_().item()
    torch.set_rng_state(state)
    return number


def test_transforms(driver, count, rng, cases, work):
    path = os.path.join(work, "image.png")
    refused = 0
    for case in range(cases):
        seed = rng.randrange(2**32)
        local = random.Random(seed)
        channels = local.choice([1, 3, 3])
        limit = 300 if local.random() < 0.1 else 60
        w, h = local.randint(1, limit), local.randint(1, limit)
        image = picture(local, w, h, "L" if channels == 1 else "RGB")
        image.save(path)
        calls = chain(local, channels)
        torch.manual_seed(seed)
        random.seed(seed)
        driver.ask("seed", seed)
        for repeat in range(2):
            try:
                expected = compose(calls)(image).numpy()
            except Exception as error:  # noqa: B902
                expected = str(error)
            answer = driver.ask("apply", channels, path, *calls)
            what = "seed %d, %s image %dx%d, %s" % (seed, image.mode, image.height, image.width, calls)
            if isinstance(expected, str):
                ok = answer.startswith("error")
                refused += 1
                if not ok:
                    c, rows, columns = map(int, answer.split()[1:4])
                    driver.read(4 * c * rows * columns)
                count.check(ok, "%s: accepted, torchvision says: %s" % (what, expected))
                break
            if not answer.startswith("ok"):
                count.check(False, "%s: %s" % (what, answer))
                break
            c, rows, columns, number = map(int, answer.split()[1:])
            got = np.frombuffer(driver.read(4 * c * rows * columns), np.float32).reshape(c, rows, columns)
            same = got.shape == expected.shape and got.tobytes() == expected.tobytes()
            if not same and got.shape == expected.shape:
                what += ": %d of %d numbers differ" % (np.sum(got != expected), got.size)
            count.check(same, what)
            count.check(number == next_number(), "%s: the generator stands elsewhere" % what)
    print("transforms: %d chains, of which torchvision refused %d" % (cases, refused))


# ---- Folders ---------------------------------------------------------------------------------

PIECES = ["a", "b", "A", "Z", "a-b", "a.b", "0", "10", "9", " x", "\u00e9", "\u4e2d", "\U0001f600", "\uff01", "\ue000", "~", "_"]


def file_name(rng):
    name = os.fsencode("".join(rng.choice(PIECES) for _ in range(rng.randint(1, 3))))
    if rng.random() < 0.15:
        name += bytes([rng.choice([0x80, 0xff, 0xc3, 0xed])])
    return name


def make_folder(rng, root, images):
    shutil.rmtree(root, ignore_errors=True)
    for _ in range(rng.randint(1, 4)):
        directory = os.path.join(os.fsencode(root), file_name(rng))
        for _ in range(rng.randint(1, 3)):
            if os.path.exists(directory) and not os.path.isdir(directory):
                break
            os.makedirs(directory, exist_ok=True)
            for _ in range(rng.randint(1, 4)):
                ending = rng.choice([b".png", b".PNG", b".jpg", b".JPEG", b".webp", b".txt", b".Tiff", b""])
                target = os.path.join(directory, file_name(rng) + ending)
                if not os.path.isdir(target):
                    shutil.copy(rng.choice(images), target)
            if rng.random() < 0.3:
                shutil.copy(rng.choice(images), os.path.join(directory, b".jpg"))
            directory = os.path.join(directory, file_name(rng))
    if rng.random() < 0.3:
        classes = sorted(e for e in os.listdir(os.fsencode(root)))
        os.symlink(classes[0], os.path.join(os.fsencode(root), b"link" + file_name(rng)))
    if rng.random() < 0.2:
        open(os.path.join(root, "notes.txt"), "w").close()


def test_folder(driver, count, rng, cases, work):
    images = []
    for i in range(4):
        images.append(os.path.join(work, "source%d" % i))
        picture(rng, 3, 4).save(images[-1], "PNG" if i % 2 else "JPEG")
    root = os.path.join(work, "folder")
    for _ in range(cases):
        seed = rng.randrange(2**32)
        make_folder(random.Random(seed), root, images)
        try:
            expected = ImageFolder(root)
            lines = expected.classes + ["%d %s" % (label, os.path.relpath(path, root)) for path, label in expected.samples]
        except FileNotFoundError as error:
            lines = str(error)
        answer = driver.ask("list", os.fsencode(root))
        if isinstance(lines, str):
            count.check(answer.startswith("error"), "folder, seed %d: accepted, torchvision says: %s" % (seed, lines))
            if not answer.startswith("error"):
                [driver.line() for _ in range(sum(map(int, answer.split()[1:])))]
            continue
        if answer.startswith("error"):
            count.check(False, "folder, seed %d: %s" % (seed, answer))
            continue
        got = [driver.line() for _ in range(sum(map(int, answer.split()[1:])))]
        count.check(got == lines, "folder, seed %d: %r, expected %r" % (seed, got, lines))
    print("folder: %d trees" % cases)


# ---- DataLoader ------------------------------------------------------------------------------

class Gray(torch.utils.data.Dataset):
    """Fashion-MNIST's test images as torchvision gives them, from the idx files."""

    def __init__(self, root, transform):
        with gzip.open(root + "/t10k-images-idx3-ubyte.gz") as file:
            data = file.read()
        with gzip.open(root + "/t10k-labels-idx1-ubyte.gz") as file:
            self.labels = file.read()[8:]
        n, h, w = struct.unpack(">III", data[4:16])
        self.images = np.frombuffer(data, np.uint8, n * h * w, 16).reshape(n, h, w)
        self.transform = transform

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return self.transform(Image.fromarray(self.images[i], mode="L")), self.labels[i]


def loader_case(driver, count, rng, seed, kind, root, work):
    local = random.Random(seed)
    last = [local.choice(["RandomResizedCrop(%d)" % local.randint(4, 24), "Resize((%d, %d))" % (local.randint(4, 24), 9),
                          "CenterCrop(%d)" % local.randint(4, 24), "RandomCrop(12, pad_if_needed=True)"])]
    calls = [transform(local) for _ in range(local.randint(0, 2))] + last + ["ToTensor()"]
    # No chain that refuses some of the images: the crop must fit, and what is reflected must be large enough.
    calls = [c for c in calls if "RandomCrop(" not in c or c.startswith("RandomCrop(") and "pad_if_needed" in c and "reflect" not in c]
    calls = [c for c in calls if not ("Pad(" in c and "reflect" in c)]
    if kind != "folder":
        calls = ["RandomHorizontalFlip()", "ToTensor()", "Normalize([0.286], [0.353])"]
    workers = seed % 4
    shuffle, drop_last = local.random() < 0.7, local.random() < 0.3
    batch = local.randint(1, 9) if kind == "folder" else 2048
    threads, prefetch, draws = local.randint(0, 3), local.randint(0, 4), local.choice([0, 1, 7])
    epochs, skip = 2, 0
    what = "loader, seed %d: %s %s" % (seed, dict(num_workers=workers, shuffle=shuffle, drop_last=drop_last, batch_size=batch,
                                                  threads=threads, prefetch=prefetch, draws=draws), calls)
    dataset = ImageFolder(root, compose(calls)) if kind == "folder" else Gray(root, compose(calls))
    loader = torch.utils.data.DataLoader(dataset, batch_size=batch, shuffle=shuffle, drop_last=drop_last, num_workers=workers)
    skip = local.randint(0, len(loader)) if local.random() < 0.3 else 0
    torch.manual_seed(seed)
    random.seed(seed)
    driver.ask("seed", seed)
    driver_fields = ["load", kind, os.fsencode(root), batch, int(shuffle), int(drop_last), workers, threads, prefetch, draws,
                     epochs, skip] + calls
    if len(loader) == 0:
        count.check(driver.ask(*driver_fields).startswith("error"), what + ": an empty loader was accepted")
        return
    answer = driver.ask(*driver_fields)
    for epoch in range(epochs):
        try:
            batches = enumerate(loader)
            for i, (x, labels) in batches:
                number = next_number()
                torch.empty(x.shape[0] * draws).bernoulli_(0.5)
                if i < skip:
                    continue
                if not answer.startswith("ok"):
                    count.check(False, what + ": epoch %d batch %d: %s" % (epoch, i, answer))
                    return
                n, c, h, w, ours = map(int, answer.split()[1:])
                got = np.frombuffer(driver.read(4 * n * c * h * w), np.float32)
                got_labels = np.frombuffer(driver.read(8 * n), np.int64)
                same = (n, c, h, w) == tuple(x.shape) and got.tobytes() == x.numpy().tobytes()
                same = same and got_labels.tolist() == labels.tolist() and ours == number
                count.check(same, what + ": epoch %d, batch %d" % (epoch, i))
                answer = driver.line()
        except (RuntimeError, ValueError) as error:
            count.check(answer.startswith("error"), what + ": torch: %s" % str(error)[-300:])
            while not answer.startswith(("error", "end")) or (answer.startswith("end") and epoch == 0):
                if answer.startswith("ok"):
                    n, c, h, w, _ = map(int, answer.split()[1:])
                    driver.read(4 * n * c * h * w + 8 * n)
                epoch += answer.startswith("end")
                answer = driver.line()
            return
        count.check(answer == "end %d" % next_number(), what + ": behind epoch %d: %s" % (epoch, answer))
        if epoch + 1 < epochs:
            answer = driver.line()


def test_loader(driver, count, rng, cases, work):
    root = os.path.join(work, "classes")
    for i in range(23):
        directory = os.path.join(root, "class%d" % (i % 3))
        os.makedirs(directory, exist_ok=True)
        picture(rng, rng.randint(5, 40), rng.randint(5, 40)).save(os.path.join(directory, "%d.%s" % (i, "png" if i % 2 else "jpg")))
    for case in range(cases):
        loader_case(driver, count, rng, rng.randrange(2**30) * 4 + case % 4, "folder", root, work)
    fashion = "/usr/share/datasets/fashion-mnist"
    if os.path.isdir(fashion):
        for case in range(4):
            loader_case(driver, count, rng, rng.randrange(2**30) * 4 + case, "FashionMNIST", fashion, work)
    print("loader: %d runs of 2 epochs" % cases)


def stream_name():
    """Isobit's name of the PyTorch that runs here."""
    release = tuple(int(n) for n in torch.__version__.split(".")[:2])
    scalar = "CPU capability usage: NO" in torch.__config__.show() or "CPU capability usage: DEFAULT" in torch.__config__.show()
    name = "torch==1.13" if release < (2, 0) else "torch==2.6" if release < (2, 13) else "torch"
    return name + ("/scalar" if scalar else "")


def build_driver(build, work):
    driver = os.path.join(work, "driver")
    subprocess.run([os.environ.get("CC", "cc"), "-std=c11", "-D_GNU_SOURCE", "-O2", "-ffp-contract=off", "-I" + os.path.join(ROOT, "src"),
                    "-I" + os.path.join(ROOT, "include"), os.path.join(ROOT, "tests/oracle/images_driver.c"),
                    os.path.join(build, "libisobit.a")] + static_libraries(build) + ["-pthread", "-o", driver], check=True)
    return driver


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default=os.path.join(ROOT, "build"))
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    parser.add_argument("--only", default="")
    parser.add_argument("--driver")
    o = parser.parse_args()
    print("seed %d" % o.seed)
    torch.set_num_threads(1)
    as_one_release()
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    work = tempfile.mkdtemp(prefix="isobit-oracle-")
    count = Counter()
    try:
        driver = Driver(o.driver or build_driver(o.build, work))
        answer = driver.ask("variant", stream_name())
        if answer != "ok":
            raise SystemExit(answer)
        for name, test, cases in (("decode", test_decode, o.cases), ("transforms", test_transforms, 2 * o.cases),
                                  ("folder", test_folder, o.cases // 10), ("loader", test_loader, o.cases // 25)):
            if o.only in name:
                test(driver, count, random.Random(o.seed), cases, work)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print("%d passed, %d failed" % (count.passed, count.failed))
    return 1 if count.failed else 0


if __name__ == "__main__":
    sys.exit(main())
