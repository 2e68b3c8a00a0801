#!/usr/bin/env python3
"""resnet18 beside torchvision's.

    /usr/bin/python3 tests/oracle/resnet.py [--build build]

Bit for bit: names, types, shapes and order of state_dict(), and the initial weights of several seeds. To 1e-4: the logits of all shipped test
images at 64 x 64 and 224 x 224 with weights (and batch statistics) that torchvision wrote, and the class that each gets; the same for
`isobit eval`. Three steps of training beside PyTorch's float64. Without torchvision, the network is built with torch alone in the order in
which torchvision builds it, and only its names and initial weights are compared. The last line reads `N passed, N failed`."""
import argparse
import copy
import glob
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile

import numpy as np
import torch
from torch import nn

from linking import static_libraries

try:
    import torchvision
except ImportError:
    torchvision = None

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NAMES = {torch.float32: "F32", torch.int64: "I64"}
passed = failed = 0


def check(ok, what):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    print("ok  " if ok else "FAIL", what)


class Block(nn.Module):
    """Two convolutions and a shortcut."""

    def __init__(self, inplanes, planes, stride, downsample):
        super().__init__()
        self.conv1 = nn.Conv2d(inplanes, planes, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        if downsample:
            self.downsample = downsample

    def forward(self, x):
        y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(y + (self.downsample(x) if hasattr(self, "downsample") else x))


class Network(nn.Module):
    """What torchvision's resnet18 is, for interpreters that lack it."""

    def __init__(self, classes):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        width = 64
        for i, planes in enumerate([64, 128, 256, 512]):
            stride = 1 if i == 0 else 2
            downsample = None
            if i:
                downsample = nn.Sequential(nn.Conv2d(width, planes, 1, stride, bias=False), nn.BatchNorm2d(planes))
            blocks = [Block(width, planes, stride, downsample), Block(planes, planes, 1, None)]
            setattr(self, "layer%d" % (i + 1), nn.Sequential(*blocks))
            width = planes
        self.fc = nn.Linear(512, classes)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x):
        x = nn.functional.max_pool2d(torch.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(x.mean((2, 3)))


def resnet18(classes):
    return torchvision.models.resnet18(num_classes=classes) if torchvision else Network(classes)


def content(tensor):
    return tensor.contiguous().numpy().tobytes()


def build_driver(build, directory):
    driver = os.path.join(directory, "driver")
    subprocess.run(["cc", "-std=c11", "-D_GNU_SOURCE", "-O1", "-I", os.path.join(ROOT, "include"), os.path.join(ROOT, "tests/oracle/resnet_driver.c"),
                    os.path.join(build, "libisobit.a")] + static_libraries(build) + ["-pthread", "-o", driver], check=True)
    return driver


def stream():
    version = tuple(int(part) for part in torch.__version__.split("a")[0].split("+")[0].split(".")[:2])
    return "torch==1.13" if version < (2, 0) else "torch==2.6" if version < (2, 13) else "torch"


def initial_weights(driver, directory, seeds):
    out = os.path.join(directory, "weights")
    for classes in (10, 1000):
        for seed in seeds:
            torch.manual_seed(seed)
            state = resnet18(classes).state_dict()
            printed = subprocess.run([driver, "init", stream(), str(seed), str(classes), out], check=True, capture_output=True, text=True).stdout
            rows = [tuple(row.split("\t")) for row in printed.splitlines()]
            name = "torch %s%s, seed %d, %d classes" % (torch.__version__, "" if torchvision else " without torchvision", seed, classes)
            check(rows == [(key, NAMES[t.dtype], " ".join(map(str, t.shape))) for key, t in state.items()],
                  "%s: %d names, types and shapes in order" % (name, len(state)))
            with open(out, "rb") as f:
                data = f.read()
            at = equal = 0
            for t in state.values():
                size = t.numel() * t.element_size()
                equal += data[at:at + size] == content(t)
                at += size
            check(equal == len(state) and at == len(data), "%s: %d of %d initial tensors equal in every bit" % (name, equal, len(state)))


def save(path, tensors):
    """The safetensors format: length, header, data."""
    header, at = {}, 0
    for name, t in tensors.items():
        size = t.numel() * t.element_size()
        header[name] = {"dtype": NAMES[t.dtype], "shape": list(t.shape), "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for t in tensors.values():
            f.write(content(t))


def randomised(classes, seed):
    """Weights as a training could leave them: no batch norm of ones and zeros, statistics in the range of the layer's real ones."""
    torch.manual_seed(seed)
    model = resnet18(classes)
    model.train()
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            nn.init.uniform_(m.weight, 0.5, 1.5)
            nn.init.normal_(m.bias, 0, 0.2)
    with torch.no_grad():
        for _ in range(3):
            model(torch.randn(16, 3, 64, 64))
        for m in model.modules():
            if isinstance(m, nn.BatchNorm2d):
                m.running_mean += torch.randn_like(m.running_mean) * m.running_var.sqrt() * 0.3
                m.running_var *= torch.empty_like(m.running_var).uniform_(0.5, 2)
                m.num_batches_tracked += seed
    return model.eval()


def images(size):
    """All shipped test images, by PIL and numpy alone."""
    from PIL import Image
    mean = np.array([0.485, 0.456, 0.406], np.float32)
    std = np.array([0.229, 0.224, 0.225], np.float32)
    files = sorted(glob.glob(os.path.join(ROOT, "examples/images/test/*/*.png")))
    arrays = [np.asarray(Image.open(f).convert("RGB").resize((size, size), Image.BILINEAR), np.float32) / np.float32(255) for f in files]
    return torch.from_numpy(np.ascontiguousarray(((np.stack(arrays) - mean) / std).transpose(0, 3, 1, 2)))


def logits(driver, directory):
    weights, given, got = (os.path.join(directory, name) for name in ("model.safetensors", "images", "logits"))
    for size, classes, seed in ((64, 10, 1), (64, 1000, 2), (224, 10, 3)):
        model = randomised(classes, seed)
        x = images(size)
        x.numpy().tofile(given)
        with torch.no_grad():
            expected = torch.cat([model(part) for part in x.split(50)])
            middle = expected.mean(0)  # without it one class would win on every image, and top-1 would show little
            model.fc.bias -= middle
            expected = (expected - middle).numpy()
        save(weights, model.state_dict())
        subprocess.run([driver, "logits", weights, str(classes), str(len(x)), str(size), given, got], check=True)
        actual = np.fromfile(got, np.float32).reshape(len(x), classes)
        largest = np.abs(actual - expected).max()
        same = (actual.argmax(1) == expected.argmax(1)).sum()
        name = "%d images at %d x %d, %d classes" % (len(x), size, size, classes)
        two = np.sort(expected, 1)[:, -2:]
        check(same == len(x), "%s: top-1 equal on %d (%d classes occur, the closest decision by %.1e)"
              % (name, same, len(set(expected.argmax(1))), (two[:, 1] - two[:, 0]).min()))
        check(largest <= 1e-4, "%s: largest difference of a logit %.1e (logits up to %.1f)" % (name, largest, np.abs(expected).max()))


def evaluation(build, directory):
    """`isobit eval` with weights that torchvision has trained for some steps, beside ImageFolder and torchvision's transforms."""
    from torchvision import datasets, transforms
    chain = transforms.Compose([transforms.Resize(64), transforms.CenterCrop(64), transforms.ToTensor(),
                                transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])

    def loader(split):
        folder = datasets.ImageFolder(os.path.join(ROOT, "examples/images", split), chain)
        return torch.utils.data.DataLoader(folder, batch_size=32, shuffle=split == "train")

    torch.manual_seed(4)
    model = resnet18(10)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    for step, (x, y) in enumerate(loader("train")):
        if step == 30:
            break
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    model.eval()
    weights, got = os.path.join(directory, "trained.safetensors"), os.path.join(directory, "logits.npy")
    save(weights, model.state_dict())
    with torch.no_grad():
        pairs = [(model(x), y) for x, y in loader("test")]
    expected, labels = (torch.cat([pair[i] for pair in pairs]).numpy() for i in range(2))
    printed = subprocess.run([os.path.join(build, "isobit"), "eval", os.path.join(ROOT, "examples/resnet18.yaml"), "--set", "weights=" + weights,
                              "--out", got, "--json"], check=True, capture_output=True, text=True).stdout
    result, actual = json.loads(printed), np.load(got)
    largest = np.abs(actual - expected).max()
    same = (actual.argmax(1) == expected.argmax(1)).sum()
    check(same == len(expected) and result["correct"] == (expected.argmax(1) == labels).sum(),
          "isobit eval, trained for 30 steps: top-1 equal on %d, %d of them right" % (same, result["correct"]))
    check(largest <= 1e-4, "isobit eval: largest difference of a logit %.1e (logits up to %.1f)" % (largest, np.abs(expected).max()))


RECIPE = """seed: 21
stream: %s
data:
  train: few
  transforms: [Resize(64), ToTensor(), "Normalize([0.5, 0.5, 0.5], [0.25, 0.25, 0.25])"]
  loader: DataLoader(batch_size=30)
model: resnet18(num_classes=10)
optimizer: SGD(lr=0.02, momentum=0.9)
epochs: 3
checkpoint: 1
"""


def read_safetensors(path):
    with open(path, "rb") as f:
        data = f.read()
    (size,) = struct.unpack("<Q", data[:8])
    types = {"F32": np.float32, "I64": np.int64, "U8": np.uint8}
    header = json.loads(data[8:8 + size])
    header.pop("__metadata__", None)
    return {name: np.frombuffer(data[8 + size:][slice(*entry["data_offsets"])], types[entry["dtype"]]).reshape(entry["shape"])
            for name, entry in header.items()}


def training(build, directory):
    """Three steps from the recipe's own seed, beside torchvision in float64: the loss, and what a step has done to each tensor."""
    from torchvision import datasets, transforms
    for folder in sorted(glob.glob(os.path.join(ROOT, "examples/images/train/*"))):
        to = os.path.join(directory, "few", os.path.basename(folder))
        os.makedirs(to)
        for image in sorted(os.listdir(folder))[:3]:
            shutil.copy(os.path.join(folder, image), to)
    recipe, run = os.path.join(directory, "recipe.yaml"), os.path.join(directory, "run")
    with open(recipe, "w") as f:
        f.write(RECIPE % stream())
    subprocess.run([os.path.join(build, "isobit"), "train", recipe, "--out", run, "--quiet"], check=True, stdout=subprocess.DEVNULL)
    losses = [struct.unpack(">f", bytes.fromhex(line["loss"]))[0] for line in map(json.loads, open(os.path.join(run, "run.ledger")))
              if line["kind"] == "step"]
    images = datasets.ImageFolder(os.path.join(directory, "few"), transforms.Compose([
        transforms.Resize(64), transforms.ToTensor(), transforms.Normalize([0.5, 0.5, 0.5], [0.25, 0.25, 0.25])]))
    x, y = torch.stack([image for image, _ in images]).double(), torch.tensor(images.targets)
    torch.manual_seed(21)
    model = resnet18(10)
    for step in range(3):
        # Each step from where Isobit stands: the path of three steps differs between any two orders of rounding.
        before, after = (read_safetensors(os.path.join(run, "checkpoint-%06d.safetensors" % (step + i))) for i in range(2))
        results = []
        for exact in (True, False):
            theirs = copy.deepcopy(model)
            theirs.load_state_dict({name: torch.from_numpy(before[name].copy()) for name in theirs.state_dict()})
            theirs = theirs.double() if exact else theirs
            optimizer = torch.optim.SGD(theirs.parameters(), lr=0.02, momentum=0.9)
            for name, p in theirs.named_parameters():
                moment = before.get("optimizer/momentum_buffer/" + name)
                if step:
                    optimizer.state[p]["momentum_buffer"] = torch.from_numpy(moment.copy()).to(p.dtype)
            loss = nn.functional.cross_entropy(theirs(x.to(next(theirs.parameters()).dtype)), y)
            loss.backward()
            optimizer.step()
            results.append((loss.item(), {name: t.double().numpy() - before[name] for name, t in theirs.state_dict().items()}))
        ours = (losses[step], {name: after[name].astype(np.float64) - before[name] for name in model.state_dict()})
        off = [abs(side[0] / results[0][0] - 1) for side in (ours, results[1])]
        worst = [max(np.linalg.norm(side[1][name] - change) / (np.linalg.norm(change) + 1e-12) for name, change in results[0][1].items())
                 for side in (ours, results[1])]
        check(off[0] < 1e-5 and worst[0] < 3e-2,
              "step %d, off PyTorch's float64: loss by %.1e, the worst of %d tensors' changes by %.1e (PyTorch's float32: %.1e, %.1e)"
              % (step + 1, off[0], len(results[0][1]), worst[0], off[1], worst[1]))


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--build", default=os.path.join(ROOT, "build"))
    o = p.parse_args()
    torch.set_num_threads(2)
    with tempfile.TemporaryDirectory() as directory:
        driver = build_driver(o.build, directory)
        initial_weights(driver, directory, [0, 7, 123, 2**40 + 5])
        if torchvision:
            logits(driver, directory)
            evaluation(o.build, directory)
            training(o.build, directory)
    print("%d passed, %d failed" % (passed, failed))
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
