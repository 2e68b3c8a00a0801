#!/usr/bin/env python3
"""PyTorch's DataLoader beside Isobit's, on the shipped images.

Every setting of `data.loader` and `data.split` below is one text, which stands in a recipe and is evaluated by Python. For num_workers 0 to 5
and 3 epochs of training and test images these are equal byte for byte: the batches, their labels, the indices of the samples, the worker
that each batch comes from, base_seed, what torch, random and NumPy draw in the workers, and the main generator behind each epoch, dropout in
between. Isobit prepares the batches on 0 to 3 threads. Without torchvision only RandomHorizontalFlip draws, and the model does not: pip's
PyTorch leaves dropout to MKL on some CPUs.

    /usr/bin/python3 -W ignore tests/oracle/loader.py --build build
"""
import argparse
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

import numpy as np
import torch
from torch import nn
from torch.utils import data

from linking import static_libraries

try:
    from torchvision import datasets, transforms
except ImportError:
    datasets = transforms = None

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EPOCHS, SEED, SIZE = 3, 20260, 3 * (12 * 12 if transforms else 28 * 28)
CHAIN = (["RandomHorizontalFlip()", "RandomRotation(10)", "RandomResizedCrop(12, scale=(0.6, 1.0))"] if transforms else ["RandomHorizontalFlip()"])
TAIL = ["ToTensor()"] + (["Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])"] if transforms else [])
WEIGHTS = [round(0.25 + (i * 37 % 19) / 7, 3) * (i % 5 != 3) for i in range(90)]  # for fewer images than there are, some never taken

# The arguments of DataLoader but num_workers, and random_split's.
SETTINGS = [
    ("batch_size=7", None),
    ("batch_size=8, shuffle=True, pin_memory=True", None),
    ("batch_size=10, shuffle=True, drop_last=True", None),
    ("batch_size=9, shuffle=True, generator=Generator().manual_seed(7)", None),
    ("batch_size=9, generator=Generator()", None),
    ("batch_size=200, shuffle=True, generator=torch.Generator().manual_seed(-3)", None),
    ("batch_size=9, sampler=SequentialSampler(), drop_last=True", None),
    ("batch_size=9, sampler=RandomSampler()", None),
    ("batch_size=9, sampler=RandomSampler(replacement=True, num_samples=70)", None),
    ("batch_size=9, sampler=RandomSampler(replacement=True, generator=Generator().manual_seed(1)), drop_last=True", None),
    ("batch_size=16, sampler=RandomSampler(num_samples=203, generator=Generator().manual_seed(2)), generator=Generator().manual_seed(3)", None),
    ("batch_size=5, sampler=RandomSampler(num_samples=31)", None),
    ("batch_size=9, sampler=WeightedRandomSampler('balanced')", None),
    ("batch_size=9, sampler=WeightedRandomSampler('balanced', num_samples=150, generator=Generator().manual_seed(4)), drop_last=True", None),
    ("batch_size=9, sampler=WeightedRandomSampler('balanced', num_samples=50, replacement=False)", None),
    (f"batch_size=9, sampler=WeightedRandomSampler({WEIGHTS}, num_samples=64)", None),
    (f"batch_size=9, sampler=WeightedRandomSampler({WEIGHTS}, num_samples=64, replacement=False, generator=Generator().manual_seed(5))", None),
    (f"batch_size=9, sampler=WeightedRandomSampler({WEIGHTS}, num_samples=1)", None),
    ("batch_size=9, sampler=SubsetRandomSampler(range(3, 80, 2)), drop_last=True", None),
    ("batch_size=4, sampler=SubsetRandomSampler([5, 1, 80, 33, 2, 71, 9, 9, 10], generator=Generator().manual_seed(6)), "
     "generator=Generator().manual_seed(7)", None),
    ("batch_size=9, shuffle=True, persistent_workers=True, prefetch_factor=3", None),
    ("batch_size=9, shuffle=True, persistent_workers=True, generator=Generator().manual_seed(8), drop_last=True", None),
    ("batch_size=9, sampler=WeightedRandomSampler('balanced', generator=Generator().manual_seed(9)), persistent_workers=True", None),
    ("batch_size=9, shuffle=True", "random_split([0.8, 0.2])"),
    ("batch_size=9, shuffle=True", "random_split([0.7, 0.2, 0.1], generator=Generator().manual_seed(42))"),
    ("batch_size=9, shuffle=True, persistent_workers=True", "random_split([70, 25], generator=torch.Generator().manual_seed(42))"),
    ("batch_size=9, sampler=WeightedRandomSampler('balanced')", "random_split([0.5, 0.5])"),
]

passed = failed = 0


def check(ok, what):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    if not ok:
        print("FAIL", what)


# ---- Images -----------------------------------------------------------------------------------


def copy_images(work):
    """95 training images, of each class another number of them, and 23 test images."""
    for split, counts in (("train", [5, 14, 9, 11, 3, 10, 13, 8, 16, 6]), ("test", [2, 3, 2, 2, 3, 2, 1, 3, 3, 2])):
        source = os.path.join(ROOT, "examples/images", split)
        for name, count in zip(sorted(os.listdir(source)), counts):
            os.makedirs(os.path.join(work, split, name))
            for file in sorted(os.listdir(os.path.join(source, name)))[:count]:
                shutil.copy(os.path.join(source, name, file), os.path.join(work, split, name))


def read_png(path):
    """Gray PNG files of 8 bits, as three channels."""
    with open(path, "rb") as file:
        content = file.read()
    at, pixels, w, h = 8, b"", 0, 0
    while at < len(content):
        (size,), kind = struct.unpack(">I", content[at:at + 4]), content[at + 4:at + 8]
        if kind == b"IHDR":
            w, h, depth, color = struct.unpack(">IIBB", content[at + 8:at + 18])
            assert (depth, color) == (8, 0)
        if kind == b"IDAT":
            pixels += content[at + 8:at + 8 + size]
        at += 12 + size
    rows, before = np.frombuffer(zlib.decompress(pixels), np.uint8).reshape(h, w + 1), [0] * w
    image = []
    for row in rows.tolist():
        kind, line = row[0], []
        for i, value in enumerate(row[1:]):
            left, up, corner = line[-1] if i else 0, before[i], before[i - 1] if i else 0
            distances = [abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)]
            paeth = (left, up, corner)[distances.index(min(distances))]
            line.append((value + (0, left, up, (left + up) // 2, paeth)[kind]) & 255)
        image.append(line)
        before = line
    return np.repeat(np.array(image, np.uint8)[None], 3, 0)


class Folder(data.Dataset):
    """torchvision's ImageFolder with RandomHorizontalFlip and ToTensor."""

    def __init__(self, root, train):
        names = sorted(os.listdir(root))
        self.samples = [(os.path.join(root, name, file), label) for label, name in enumerate(names)
                        for file in sorted(os.listdir(os.path.join(root, name)))]
        self.targets, self.train = [label for _, label in self.samples], train
        self.images = [torch.from_numpy(read_png(path)) for path, _ in self.samples]

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, i):
        image = self.images[i]
        if self.train and torch.rand(1) < 0.5:
            image = image.flip(2)
        return image.to(torch.float32).div(255), self.targets[i]


def open_folder(root, train):
    if not transforms:
        return Folder(root, train)
    names = vars(transforms)
    chain = [eval(call, dict(names)) for call in CHAIN] if train else [transforms.Resize(12)]  # noqa: S307
    tail = [eval(call, dict(names)) for call in TAIL]  # noqa: S307
    return datasets.ImageFolder(root, transforms.Compose(chain + tail))


class Watched(data.Dataset):
    """The samples of a data set, and what drew them."""

    def __init__(self, dataset, indices=None):
        self.dataset, self.indices = dataset, indices if indices is not None else list(range(len(dataset)))
        self.targets = [dataset.targets[i] for i in self.indices]

    def __len__(self):
        return len(self.indices)

    def __getitem__(self, i):
        x, label = self.dataset[self.indices[i]]
        worker = data.get_worker_info()
        return (x, label, self.indices[i], worker.id if worker else -1, worker.seed - worker.id if worker else 0,
                random.random() if worker else 0.0, np.random.random() if worker else 0.0)


# ---- One setting ------------------------------------------------------------------------------


def grammar(train):
    """The recipe's names, with the data set that they leave out."""
    count = len(train)

    def weighted(weights, num_samples=None, **rest):
        if isinstance(weights, str):
            counts = np.bincount(train.targets)
            weights = [1 / int(counts[label]) for label in train.targets]
        return data.WeightedRandomSampler(weights, num_samples or count, **rest)

    return {"torch": torch, "Generator": torch.Generator, "WeightedRandomSampler": weighted, "SubsetRandomSampler": data.SubsetRandomSampler,
            "RandomSampler": lambda **rest: data.RandomSampler(train, **rest), "SequentialSampler": lambda: data.SequentialSampler(train),
            "DataLoader": lambda **rest: data.DataLoader(train, **rest)}


def torch_stream():
    return "torch==1.13" if torch.__version__.startswith("1.13") else "torch"


def make_model():
    return nn.Sequential(nn.Flatten(), *([nn.Dropout(0.5)] if transforms else []), nn.Linear(SIZE, 10))


def recipe(loader, split):
    dropout = "  - Dropout(0.5)\n" if transforms else ""
    test = f"  split: {split}\n" if split else "  test: test\n"
    chain = "".join(f'    - "{call}"\n' for call in CHAIN + TAIL)
    tail = "".join(f'    - "{call}"\n' for call in TAIL)
    resize = '    - "Resize(12)"\n' if transforms else ""
    return (f'seed: {SEED}\nstream: {torch_stream()}\ndata:\n  train: train\n{test}  transforms:\n{chain}  test_transforms:\n{resize}{tail}'
            f"  loader: {loader}\nmodel:\n  - Flatten()\n{dropout}  - Linear({SIZE}, 10)\noptimizer: SGD(lr=0.1)\nepochs: {EPOCHS}\n")


def read_numbers(file, kind, count):
    return np.frombuffer(file.read(8 * count), kind).tolist()


def compare_pass(loader, model, kind, file, what):
    """All batches of one epoch: whether they are equal, and how many there are."""
    count = 0
    for x, labels, indices, worker, seed, python, numpy in loader:
        words = file.readline().split()
        if kind == "train":
            model.train()
        else:
            model.eval()
        model(x)
        shape = list(map(int, words[2:6])) if words[:2] == [b"batch", kind.encode()] else None
        if shape != list(x.shape):
            return f"{what}: batch {count} is {words[:6]}, PyTorch's is {kind} {list(x.shape)}", count
        n, ours = shape[0], int(words[6])
        same = {"images": file.read(4 * x.numel()) == x.numpy().tobytes(), "labels": read_numbers(file, np.int64, n) == labels.tolist(),
                "indices": read_numbers(file, np.int64, n) == indices.tolist(), "worker": [ours] * n == worker.tolist()}
        if ours >= 0:
            numbers = read_numbers(file, np.float64, 2 * n)
            same["base_seed"] = [int(words[7])] * n == seed.tolist()
            same["random"], same["NumPy"] = numbers[::2] == python.tolist(), numbers[1::2] == numpy.tolist()
        wrong = [name for name, equal in same.items() if not equal]
        if wrong:
            return f"{what}: batch {count}: other {', '.join(wrong)}", count
        count += 1
    state = torch.get_rng_state()
    expected = f"end {kind} {torch.empty((), dtype=torch.int64).random_().item()}"
    torch.set_rng_state(state)
    line = file.readline().decode().strip()
    return (None if line == expected else f"{what}: '{line}', PyTorch: '{expected}'"), count


def run(driver, arguments, split, workers, threads, work, folders):
    text = f"DataLoader({arguments}, num_workers={workers})"
    what = f"{text} {split or ''}"
    path, out = os.path.join(work, "recipe.yaml"), os.path.join(work, "batches")
    with open(path, "w") as file:
        file.write(recipe(text, split))
    with open(out, "wb") as file:
        done = subprocess.run([driver, path, str(threads)], stdout=file, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        check(False, f"{what}: {done.stderr.strip()}")
        return 0
    torch.manual_seed(SEED)
    train, test = Watched(folders["train"]), Watched(folders["test"])
    if split:  # both parts are of the training folder, the second one with the transforms for testing
        parts = eval(split, {"random_split": lambda *a, **k: data.random_split(folders["train"], *a, **k), **grammar(train)})  # noqa: S307
        train, test = Watched(folders["train"], parts[0].indices), Watched(folders["tested"], parts[1].indices)
    model = make_model()
    loader = eval(text, grammar(train))  # noqa: S307
    test_loader = data.DataLoader(test, batch_size=loader.batch_size, num_workers=workers, persistent_workers=loader.persistent_workers)
    batches = 0
    with open(out, "rb") as file:
        for epoch in range(EPOCHS):
            for kind, which in (("train", loader), ("test", test_loader)):
                problem, count = compare_pass(which, model, kind, file, f"{what}: epoch {epoch}, {kind}")
                batches += count
                check(not problem, problem)
                if problem:
                    return batches
        check(not file.read(1), f"{what}: batches too many")
    return batches


def build_driver(build, directory):
    driver = os.path.join(directory, "driver")
    subprocess.run(["cc", "-std=c11", "-D_GNU_SOURCE", "-O1", "-I", os.path.join(ROOT, "include"), "-I", os.path.join(ROOT, "src"),
                    os.path.join(ROOT, "tests/oracle/loader_driver.c"), os.path.join(build, "libisobit.a")] +
                   static_libraries(build) + ["-pthread", "-o", driver], check=True)
    return driver


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    build = parser.parse_args().build
    torch.set_num_threads(1)
    cases = batches = 0
    with tempfile.TemporaryDirectory() as work:
        driver = build_driver(build, work)
        copy_images(work)
        folders = {"train": open_folder(os.path.join(work, "train"), True), "test": open_folder(os.path.join(work, "test"), False),
                   "tested": open_folder(os.path.join(work, "train"), False)}
        for arguments, split in SETTINGS:
            for workers in range("persistent" in arguments, 6):
                batches += run(driver, arguments, split, workers, cases % 4, work, folders)
                cases += 1
    print(f"PyTorch {torch.__version__}: {cases} loaders, {EPOCHS} epochs each, {batches} batches")
    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
