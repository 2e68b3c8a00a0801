#!/usr/bin/env python3
"""Data sets in large files beside torchvision and NumPy: MNIST, FashionMNIST, CIFAR10, CIFAR100, .npy and .npz.

Small files with random images are made in the formats of the real ones; what `isobit batch` gives of them, in the order of the files, must be
torchvision's or NumPy's images and labels in every byte.

    /usr/bin/python3 -W ignore tests/oracle/datasets.py --build build
"""
import argparse
import gzip
import io
import os
import pickle
import struct
import subprocess
import sys
import tempfile

import numpy as np
import torch
from torchvision import datasets, transforms

passed = failed = 0
rng = np.random.default_rng()
RECIPE = """seed: 1
data:
  train: {train}
  transforms: [ToTensor()]
  loader: DataLoader(batch_size=1000)
model: [Flatten(), 'Linear({inputs}, {classes})']
optimizer: SGD(lr=0.1)
epochs: 1
"""


def check(name, ok, message=""):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    print("ok  " if ok else "FAIL", name, "" if ok else message)


def batch(isobit, directory, train, shape, classes):
    """Images and labels of the only batch, or the message."""
    recipe, out = os.path.join(directory, "recipe.yaml"), os.path.join(directory, "out.npy")
    with open(recipe, "w") as file:
        file.write(RECIPE.format(train=train, inputs=int(np.prod(shape)), classes=classes))
    result = subprocess.run([isobit, "batch", recipe, "--epoch", "0", "--index", "0", "--out", out], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if result.returncode:
        return None, result.stderr.decode().strip()
    labels = [int(v) for line in result.stdout.decode().splitlines() if line.startswith("labels") for v in line.split()[1:]]
    return np.load(out), labels


def compare(name, isobit, directory, train, images, labels, classes=10):
    """images: as torchvision or NumPy has them, float32 (n, c, h, w)."""
    x, y = batch(isobit, directory, train, images.shape[1:], classes)
    check(name, x is not None and x.tobytes() == images.astype(np.float32).tobytes() and x.shape == images.shape and y == list(labels), y)


def from_torchvision(dataset):
    pairs = [dataset[i] for i in range(len(dataset))]
    return np.stack([image.numpy() for image, _ in pairs]), [int(label) for _, label in pairs]


def idx(array):
    return struct.pack(">BBBB", 0, 0, 8, array.ndim) + b"".join(struct.pack(">I", n) for n in array.shape) + array.tobytes()


def mnist(isobit, directory, name):
    raw = os.path.join(directory, name, "raw")
    os.makedirs(raw)
    count = int(rng.integers(1, 40))
    for part in "train", "t10k":
        for kind, array in ("images-idx3", rng.integers(0, 256, (count, 28, 28), np.uint8)), ("labels-idx1", rng.integers(0, 10, count, np.uint8)):
            with open(os.path.join(raw, f"{part}-{kind}-ubyte"), "wb") as file:
                file.write(idx(array))
    for train in True, False:
        expected = from_torchvision(getattr(datasets, name)(directory, train=train, transform=transforms.ToTensor()))
        compare(f"{name} train={train}", isobit, directory, f"{name}('.', train={train})", *expected)
    for file in os.listdir(raw):
        with open(os.path.join(raw, file), "rb") as plain, gzip.open(os.path.join(raw, file + ".gz"), "wb") as packed:
            packed.write(plain.read())
        os.remove(os.path.join(raw, file))
    compare(f"{name} gzipped, in its own folder", isobit, directory, f"{name}('{name}/raw', train=False)", *expected)


def cifar(isobit, directory, name):
    fine = name == "CIFAR100"
    dataset = getattr(datasets, name)
    datasets.cifar.check_integrity = lambda *_: True  # these are not the real files
    old, new = os.path.join(directory, dataset.base_folder), os.path.join(directory, "cifar-100-binary" if fine else "cifar-10-batches-bin")
    os.makedirs(old)
    os.makedirs(new)
    classes = [f"class {i}" for i in range(100 if fine else 10)]
    with open(os.path.join(old, "meta" if fine else "batches.meta"), "wb") as file:
        pickle.dump({"fine_label_names" if fine else "label_names": classes}, file)
    with open(os.path.join(new, "fine_label_names.txt" if fine else "batches.meta.txt"), "w") as file:
        file.write("\n".join(classes) + "\n\n")
    for part in ("train", "test") if fine else [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]:
        count = int(rng.integers(1, 30))
        data, labels = rng.integers(0, 256, (count, 3072), np.uint8), rng.integers(0, len(classes), count)
        coarse = rng.integers(0, 20, count)
        with open(os.path.join(old, part), "wb") as file:
            pickle.dump({"data": data, "fine_labels" if fine else "labels": labels.tolist()}, file)
        with open(os.path.join(new, part + ".bin"), "wb") as file:
            for i in range(count):
                file.write(bytes([coarse[i]] * fine) + bytes([labels[i]]) + data[i].tobytes())
    for train in True, False:
        expected = from_torchvision(dataset(directory, train=train, transform=transforms.ToTensor()))
        compare(f"{name} train={train}", isobit, directory, f"{name}('.', train={train})", *expected, len(classes))


def arrays(isobit, directory):
    for case in range(60):
        h, w, n = (int(v) for v in rng.integers(1, 20, 3))
        shape = [(n, h, w), (n, h, w, 1), (n, h, w, 3)][case % 3]
        images = rng.integers(0, 256, shape, np.uint8)
        labels = rng.integers(0, 10, n).astype(rng.choice(["i1", "u1", "<i2", ">i4", "<i8", ">u2", "<u8", ">i8"]))
        expected = images.reshape(n, h, w, -1).transpose(0, 3, 1, 2).astype(np.float32) / np.float32(255)
        expected = np.stack([transforms.ToTensor()(image).numpy() for image in images.reshape(n, h, w, -1)]) if case % 2 else expected
        if case < 30:
            version = [(1, 0), (2, 0), (3, 0)][case // 3 % 3]
            for name, array in ("x.npy", images), ("y.npy", labels):
                with open(os.path.join(directory, name), "wb") as file:
                    np.lib.format.write_array(file, array, version=version)
            train = "NumpyArrays('.', 'x.npy', 'y.npy', num_classes=10)"
        else:
            save = np.savez if case % 2 else np.savez_compressed
            x, y = ("x", "y") if case % 4 < 2 else ("train_images", "train_labels")
            save(os.path.join(directory, "both.npz"), **{y: labels, "other": np.arange(case), x: images})
            train = f"NumpyArrays('.', 'both.npz', x='{x}', y='{y}', num_classes=10)"
        compare(f"arrays {case} {shape} {labels.dtype.str}", isobit, directory, train, expected, labels.tolist())


def refusals(isobit, directory):
    def refuse(name, message, images, labels, train="NumpyArrays('.', 'x.npy', 'y.npy')"):
        for file, array in ("x.npy", images), ("y.npy", labels):
            with open(os.path.join(directory, file), "wb") as out:
                out.write(array) if isinstance(array, bytes) else np.save(out, array, allow_pickle=True)
        x, error = batch(isobit, directory, train, (1, 4, 4), 10)
        check(name, x is None and message in error, error)

    def saved(array):
        out = io.BytesIO()
        np.save(out, array)
        return out.getvalue()

    images, labels = np.zeros((3, 4, 4), np.uint8), np.arange(3)
    refuse("floats", "type 'f4', expected uint8", images.astype(np.float32), labels)
    refuse("five dimensions", "5 dimensions", images.reshape(3, 4, 4, 1, 1), labels)
    refuse("Fortran's order", "Fortran's order", np.asfortranarray(images), labels)
    refuse("no images", "at least one", images[:0], labels[:0])
    refuse("fewer labels", "2 labels, but 3 images", images, labels[:2])
    refuse("labels with a fraction", "expected one of whole numbers", images, labels / 2)
    refuse("a negative label", "label 2 is -1, expected 0 to", images, np.array([0, 1, -1]))
    refuse("a label too many", "label 2 is 2, expected 0 to 1", images, labels, "NumpyArrays('.', 'x.npy', 'y.npy', num_classes=2)")
    refuse("objects", "its elements are '|O', expected numbers", np.array([{}] * 3), labels)
    refuse("cut", "bytes of data, its header promises", saved(images)[:-1], labels)
    refuse("cut in the header", "ends in its header", saved(images)[:50], labels)
    refuse("another file", "is no .npy file", b"hello, world", labels)
    refuse("a missing file", "could not be read", images, labels, "NumpyArrays('.', 'z.npy', 'y.npy')")
    np.savez(os.path.join(directory, "both.npz"), x=images, z=labels)
    refuse("a missing array", "has no array 'y'; it has 'x', 'z'", images, labels, "NumpyArrays('.', 'both.npz')")
    data = open(os.path.join(directory, "both.npz"), "rb").read()
    for at in range(0, len(data), 7):
        with open(os.path.join(directory, "both.npz"), "wb") as out:
            out.write(data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1:])
        x, error = batch(isobit, directory, "NumpyArrays('.', 'both.npz', y='z')", (1, 4, 4), 10)
        check(f"a flipped bit in byte {at}", x is not None or "both.npz" in error, error)
        same = x is None or (x.tobytes() == bytes(4 * images.size) and error == labels.tolist())
        check(f"a flipped bit in byte {at}: nothing else is read", same, error)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    isobit = os.path.abspath(os.path.join(parser.parse_args().build, "isobit"))
    with tempfile.TemporaryDirectory() as directory:
        for name in "MNIST", "FashionMNIST":
            mnist(isobit, directory, name)
        for name in "CIFAR10", "CIFAR100":
            cifar(isobit, directory, name)
        arrays(isobit, directory)
        refusals(isobit, directory)
    print(f"torch {torch.__version__}, NumPy {np.__version__}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
