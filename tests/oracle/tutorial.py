#!/usr/bin/env python3
"""The tutorial's script in PyTorch beside Isobit, same seed, same images.

Compares bit for bit: initial weights, the order of the shuffled images, the augmented batches of two epochs, the dropout masks.
The loss of the first 20 steps agrees to 1e-5 relative with the same script in PyTorch's float64 (same masks, same batches). PyTorch's own
float32 is printed beside it: on these images, whose background is constant, max pooling meets near-ties, which its convolutions break by
rounding, so that it leaves its own float64 by up to 1e-3 and changes with threads and libraries.
Needs torch and torchvision (Debian: python3-torch, python3-torchvision).

    /usr/bin/python3 tests/oracle/tutorial.py --build build
"""
import argparse
import copy
import json
import os
import random
import struct
import subprocess
import sys
import tempfile

import numpy as np
import torch
from torch import nn
from torchvision import datasets, transforms

passed = failed = 0


def check(ok, what):
    global passed, failed
    if ok:
        passed += 1
        print("ok  ", what)
    else:
        failed += 1
        print("FAIL", what)


def seed_everything(seed):
    torch.manual_seed(seed)
    np.random.seed(seed)
    random.seed(seed)


def read_safetensors(path):
    with open(path, "rb") as file:
        data = file.read()
    (size,) = struct.unpack("<Q", data[:8])
    types = {"F32": np.float32, "I64": np.int64, "U8": np.uint8}
    tensors = {}
    for name, entry in json.loads(data[8 : 8 + size]).items():
        if name != "__metadata__":
            first, last = entry["data_offsets"]
            tensors[name] = np.frombuffer(data[8 + size + first : 8 + size + last], types[entry["dtype"]]).reshape(entry["shape"])
    return tensors


def bits(array):
    return np.ascontiguousarray(array).tobytes()


def network():
    return nn.Sequential(
        nn.Conv2d(3, 16, kernel_size=3, stride=1, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(kernel_size=2, stride=2),
        nn.Conv2d(16, 32, kernel_size=3, stride=1, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(kernel_size=2, stride=2),
        nn.Flatten(), nn.Dropout(p=0.5), nn.Linear(2048, 10))


def loader(split, workers):
    normalize = transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    if split == "train":
        chain = [transforms.RandomHorizontalFlip(), transforms.RandomRotation(10), transforms.RandomResizedCrop(32, scale=(0.6, 1.0))]
    else:
        chain = [transforms.Resize(32)]
    folder = datasets.ImageFolder("examples/images/" + split, transforms.Compose(chain + [transforms.ToTensor(), normalize]))
    return torch.utils.data.DataLoader(folder, batch_size=64, shuffle=split == "train", num_workers=workers)


def run(isobit, workers, seed, init, lr, work):
    """One experiment on both sides."""
    name = f"seed {seed}, num_workers {workers}, {init}, lr {lr}"
    out = os.path.join(work, f"run-{workers}-{seed}")
    sets = [f"seed={seed}", f"init={init}", "epochs=2", "checkpoint=1", f"optimizer=SGD(lr={lr}, momentum=0.9)",
            f"data.loader=DataLoader(batch_size=64, shuffle=True, num_workers={workers})"]
    arguments = [word for text in sets for word in ("--set", text)]
    subprocess.run([isobit, "train", "examples/tutorial.yaml", "--out", out, "--quiet", *arguments], check=True, stdout=subprocess.DEVNULL)
    lines = [json.loads(line) for line in open(os.path.join(out, "run.ledger"))]
    ours = [struct.unpack(">f", bytes.fromhex(line["loss"]))[0] for line in lines if line["kind"] == "step"]

    seed_everything(seed)
    model = network()
    if init != "default":
        for parameter in model.parameters():
            if parameter.dim() >= 2:
                getattr(nn.init, init)(parameter)
    checkpoint = read_safetensors(os.path.join(out, "checkpoint-000000.safetensors"))
    for key, value in model.state_dict().items():
        check(bits(value.numpy()) == bits(checkpoint[key]), f"{name}: initial {key}")
    train, test = loader("train", workers), loader("test", workers)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    exact = copy.deepcopy(model).double()
    exact_optimizer = torch.optim.SGD(exact.parameters(), lr=lr, momentum=0.9)
    criterion = nn.CrossEntropyLoss()
    step = equal_batches = equal_labels = equal_generators = 0
    torch_error = our_error = 0.0
    wanted = {0, 1, 7, 23}
    for epoch in range(2):
        model.train()
        for index, (x, y) in enumerate(train):
            if index in wanted:
                path = os.path.join(work, "batch.npy")
                printed = subprocess.run([isobit, "batch", "examples/tutorial.yaml", "--epoch", str(epoch), "--index", str(index), "--out", path, *arguments],
                                         check=True, capture_output=True, text=True).stdout
                labels = [int(word) for word in printed.splitlines()[1].split()[1:]]
                equal_batches += bits(np.load(path)) == bits(x.numpy())
                equal_labels += labels == y.tolist()
            before = torch.get_rng_state()
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            step += 1
            # The generator behind the step: everything that was drawn until here, masks included, was drawn alike.
            state = read_safetensors(os.path.join(out, f"checkpoint-{step:06d}.safetensors"))["isobit/generator"]
            if index + 1 < len(train):
                equal_generators += bits(torch.get_rng_state().numpy()) == bits(state)
            if step <= 20:
                after = torch.get_rng_state()
                torch.set_rng_state(before)  # the same mask again
                exact_optimizer.zero_grad()
                exact_loss = criterion(exact(x.double()), y)
                exact_loss.backward()
                exact_optimizer.step()
                torch.set_rng_state(after)
                torch_error = max(torch_error, abs(loss.item() / exact_loss.item() - 1))
                our_error = max(our_error, abs(ours[step - 1] / exact_loss.item() - 1))
        model.eval()
        with torch.no_grad():
            for x, y in test:
                model(x)
    check(equal_batches == 8, f"{name}: 8 augmented batches of two epochs, {equal_batches} equal")
    check(equal_labels == 8, f"{name}: their labels, {equal_labels} equal")
    check(equal_generators == step - 2, f"{name}: the generator behind each of {step - 2} steps, {equal_generators} equal")
    check(our_error <= 1e-5, f"{name}: loss of the first 20 steps, off PyTorch's float64: Isobit {our_error:.1e}, PyTorch's float32 {torch_error:.1e}")


def dropout(isobit):
    """The masks themselves, as `isobit stream` draws them."""
    for seed in (0, 123, 2**40 + 5):
        torch.manual_seed(seed)
        mask = nn.functional.dropout(torch.ones(64, 2048), 0.5)
        printed = subprocess.run([isobit, "stream", "--seed", str(seed), "--hex", "F.dropout(torch.ones(64, 2048), 0.5)"],
                                 check=True, capture_output=True, text=True).stdout
        values = np.array([int(word, 16) for word in printed.split()], np.uint32).view(np.float32)
        check(bits(values) == bits(mask.numpy()), f"dropout mask of 64 x 2048, seed {seed}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    build = parser.parse_args().build
    torch.set_num_threads(2)
    isobit = os.path.join(build, "isobit")
    dropout(isobit)
    with tempfile.TemporaryDirectory() as work:
        run(isobit, 4, 123, "xavier_normal_", 0.001, work)
        run(isobit, 0, 7, "default", 0.001, work)
        run(isobit, 1, 11, "kaiming_uniform_", 0.01, work)
    print(f"{passed} passed, {failed} failed")
    return failed != 0


sys.exit(main())
