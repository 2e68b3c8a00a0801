#!/usr/bin/env python3
"""A perceptron with BatchNorm1d, dropout and Adam in PyTorch beside Isobit, same seed, same images.

Compares bit for bit: names and initial values of the state_dict, and the generator behind every step. Each step is then taken in
PyTorch's float64 from where Isobit's checkpoint stands, with the same mask: the loss, and what the step has done to each tensor,
running statistics included, agree within the bounds below; PyTorch's own float32 is printed beside it.
Needs torch and torchvision (Debian: python3-torch, python3-torchvision).

    /usr/bin/python3 tests/oracle/mlp.py --build build
"""
import argparse
import copy
import json
import os
import struct
import subprocess
import sys
import tempfile

import numpy as np
import torch
from torch import nn
from torchvision import datasets, transforms

from resnet import ROOT, read_safetensors

RECIPE = """seed: 31
data:
  train: %s/examples/images/test
  transforms: [Resize(8), ToTensor(), "Normalize([0.5, 0.5, 0.5], [0.25, 0.25, 0.25])"]
  loader: DataLoader(batch_size=30, shuffle=True)
model:
  - Flatten()
  - Linear(192, 40, bias=False)
  - BatchNorm1d(40)
  - ReLU()
  - Dropout(0.3)
  - Linear(40, 24, bias=False)
  - BatchNorm1d(24, momentum=%s, affine=%s)
  - ReLU()
  - Linear(24, 10)
optimizer: Adam(lr=0.01, eps=1e-4)
epochs: 1
checkpoint: 1
"""

passed = failed = 0


def check(ok, what):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    print("ok  " if ok else "FAIL", what)


def network(momentum, affine):
    # Weights of constant pixels, and a bias in front of a batch norm, have a gradient of 0 but for rounding, which Adam's division would
    # make as large as any other: hence no biases, and a larger eps.
    return nn.Sequential(nn.Flatten(), nn.Linear(192, 40, bias=False), nn.BatchNorm1d(40), nn.ReLU(), nn.Dropout(0.3),
                         nn.Linear(40, 24, bias=False), nn.BatchNorm1d(24, momentum=momentum, affine=affine), nn.ReLU(), nn.Linear(24, 10))


def one_step(model, before, x, y, dtype):
    """Loss and changes of one step from the state of a checkpoint."""
    theirs = copy.deepcopy(model)
    theirs.load_state_dict({name: torch.from_numpy(before[name].copy()) for name in theirs.state_dict()})
    theirs = theirs.to(dtype)
    optimizer = torch.optim.Adam(theirs.parameters(), lr=0.01, eps=1e-4)
    done = int(before["optimizer/step"])
    for name, p in theirs.named_parameters():
        if done:
            optimizer.state[p] = {"step": torch.tensor(float(done)),
                                  **{key: torch.from_numpy(before["optimizer/%s/%s" % (key, name)].copy()).to(dtype)
                                     for key in ("exp_avg", "exp_avg_sq")}}
    loss = nn.functional.cross_entropy(theirs(x.to(dtype)), y)
    loss.backward()
    optimizer.step()
    return loss.item(), {name: t.double().numpy() - before[name] for name, t in theirs.state_dict().items()}


def run(build, directory, momentum, affine):
    name = "momentum %s, affine %s" % (momentum, affine)
    recipe, out = os.path.join(directory, "mlp.yaml"), os.path.join(directory, "run-%s-%s" % (momentum, affine))
    with open(recipe, "w") as f:
        f.write(RECIPE % (ROOT, momentum, affine))
    subprocess.run([os.path.join(build, "isobit"), "train", recipe, "--out", out, "--quiet"], check=True, stdout=subprocess.DEVNULL)
    losses = [struct.unpack(">f", bytes.fromhex(line["loss"]))[0] for line in map(json.loads, open(os.path.join(out, "run.ledger")))
              if line["kind"] == "step"]
    states = [read_safetensors(os.path.join(out, "checkpoint-%06d.safetensors" % step)) for step in range(len(losses) + 1)]
    torch.manual_seed(31)
    model = network(momentum, affine)
    ours = [key for key in states[0] if not key.startswith(("optimizer/", "isobit/"))]
    check(sorted(ours) == sorted(model.state_dict()), "%s: the names of %d tensors" % (name, len(ours)))
    equal = sum(np.ascontiguousarray(states[0][key]).tobytes() == t.numpy().tobytes() for key, t in model.state_dict().items())
    check(equal == len(ours), "%s: %d initial tensors, %d equal in every bit" % (name, len(ours), equal))
    images = datasets.ImageFolder(os.path.join(ROOT, "examples/images/test"), transforms.Compose([
        transforms.Resize(8), transforms.ToTensor(), transforms.Normalize([0.5, 0.5, 0.5], [0.25, 0.25, 0.25])]))
    generators, worst = 0, [0.0] * 4
    for step, (x, y) in enumerate(torch.utils.data.DataLoader(images, batch_size=30, shuffle=True)):
        mask = torch.get_rng_state()
        results = []
        for dtype in (torch.float64, torch.float32):
            torch.set_rng_state(mask)
            results.append(one_step(model, states[step], x, y, dtype))
        generators += torch.get_rng_state().numpy().tobytes() == states[step + 1]["isobit/generator"].tobytes()
        changes = {key: states[step + 1][key].astype(np.float64) - states[step][key] for key in ours}
        for side, (loss, change) in enumerate(((losses[step], changes), results[1])):
            worst[side] = max(worst[side], abs(loss / results[0][0] - 1))
            worst[2 + side] = max(worst[2 + side], max(np.linalg.norm(change[key] - exact) / (np.linalg.norm(exact) + 1e-12)
                                                       for key, exact in results[0][1].items()))
    check(generators >= len(losses) - 1, "%s: the generator behind each of %d steps, %d equal" % (name, len(losses), generators))
    check(worst[0] < 2e-6 and worst[2] < 1e-3, "%s: off PyTorch's float64 in %d steps: loss by %.1e, a tensor's change by %.1e (PyTorch's float32: "
          "%.1e, %.1e)" % (name, len(losses), worst[0], worst[2], worst[1], worst[3]))


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--build", default=os.path.join(ROOT, "build"))
    build = p.parse_args().build
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as directory:
        run(build, directory, 0.1, True)
        run(build, directory, None, False)
    print("%d passed, %d failed" % (passed, failed))
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
