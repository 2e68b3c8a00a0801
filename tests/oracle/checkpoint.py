#!/usr/bin/env python3
"""Checkpoints and PyTorch's safetensors package read each other's files.

    tests/oracle/checkpoint.py [--build build] [DIR...]

Run it with an interpreter that has torch and safetensors. Random tensors are saved by the package, read by Isobit, written again and
loaded by the package; and each checkpoint of the run directories DIR is loaded, its digests compared with the ledger's, and its
state given to load_state_dict of the recipe's model built with torch.nn; what `isobit export` makes of it gives the predictions of `isobit eval`. The last line reads `N passed, N failed`."""
import argparse
import json
import os
import random
import subprocess
import sys
import tempfile

import numpy
import torch
from safetensors.torch import load_file, save_file

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NAMES = {torch.float32: "F32", torch.int64: "I64", torch.uint8: "U8"}


def b3sum(data):
    return subprocess.run(["b3sum", "--no-names"], input=data, capture_output=True, check=True).stdout.decode().strip()


def content(tensor):
    return bytes(tensor.contiguous().reshape(-1).view(torch.uint8).tolist()) if tensor.numel() else b""


def build_driver(build, directory):
    driver = os.path.join(directory, "driver")
    subprocess.run(["cc", "-std=c11", "-D_GNU_SOURCE", "-O1", "-I", os.path.join(ROOT, "src"), "-I", os.path.join(ROOT, "include"),
                    os.path.join(ROOT, "tests/oracle/checkpoint_driver.c"), os.path.join(build, "libisobit.a"), "-lm",
                    "-pthread", "-o", driver], check=True)
    return driver


def random_tensor(rng):
    shape = [rng.choice([0, 1, 2, 3, 7, 20]) for _ in range(rng.randint(0, 4))]
    if rng.random() < 0.1:
        shape = [rng.randint(16000, 40000)]
    dtype = rng.choice(list(NAMES))
    if dtype == torch.float32:
        return torch.randn(shape)
    return torch.randint(0, 255, shape).to(dtype)


def exchange(driver, directory, rng):
    """One file there and back; the complaint, or None."""
    theirs, ours = os.path.join(directory, "theirs.safetensors"), os.path.join(directory, "ours.safetensors")
    tensors = {rng.choice(["w", "a.b", "caf\u00e9", "q\"\\", "x/y"]) + str(i): random_tensor(rng) for i in range(rng.randint(0, 9))}
    save_file(tensors, theirs, metadata={"format": "pt"})
    done = subprocess.run([driver, theirs, ours], capture_output=True)
    if done.returncode:
        return done.stderr.decode()
    rows = [row.split("\t") for row in done.stdout.decode().splitlines()]
    if sorted(row[0] for row in rows) != sorted(tensors):
        return "names %r" % rows
    for name, dtype, shape, digest in rows:
        t = tensors[name]
        if dtype != NAMES[t.dtype] or shape != " ".join(map(str, t.shape)) or digest != b3sum(content(t)):
            return "tensor %s: %s [%s]" % (name, dtype, shape)
    back = load_file(ours)
    if sorted(back) != sorted(tensors):
        return "names of the second file"
    for name, t in tensors.items():
        if back[name].dtype != t.dtype or back[name].shape != t.shape or content(back[name]) != content(t):
            return "tensor %s of the second file" % name
    return None


def model_of(recipe):
    """The recipe's list of layers as torch.nn.Sequential."""
    layers, within = [], False
    for line in recipe.splitlines():
        if not line.startswith(" "):
            within = line == "model:"
        elif within:
            text = line.strip()[2:]
            layers.append(eval(json.loads(text) if text.startswith('"') else text, vars(torch.nn)))
    return torch.nn.Sequential(*layers)


def check_run(directory):
    """(passed, complaints)"""
    passed, complaints = 0, []
    with open(os.path.join(directory, "run.ledger")) as f:
        lines = [json.loads(line) for line in f]
    for line in lines:
        if line["kind"] != "ckpt":
            continue
        state = load_file(os.path.join(directory, line["file"]))
        recorded = {name: digest for name, digest, _ in line["tensors"]}
        wrong = [name for name, t in state.items() if b3sum(content(t)) != recorded.get(name)]
        if wrong or len(state) != len(recorded):
            complaints.append("%s: %s" % (line["file"], wrong))
            continue
        passed += 1
        model = model_of(lines[0]["recipe"])
        own = {name: t for name, t in state.items() if "/" not in name}
        try:
            model.load_state_dict(own, strict=True)
            passed += 1
        except RuntimeError as error:
            complaints.append("%s: %s" % (line["file"], error))
    return passed, complaints


def check_export(build, run):
    """`isobit export --safetensors` of a run of the tutorial, in PyTorch: state_dict as it is, and the predictions for all test images."""
    isobit, passed, complaints = os.path.abspath(os.path.join(build, "isobit")), 0, []
    with tempfile.TemporaryDirectory() as work:
        file, logits, images = (os.path.join(work, name) for name in ("weights.safetensors", "logits.npy", "x.npy"))
        recipe = os.path.join(work, "recipe.yaml")
        with open(os.path.join(ROOT, "examples/tutorial.yaml")) as f:
            text = f.read().replace(" images/", " %s/examples/images/" % ROOT)
        with open(recipe, "w") as f:
            f.write(text)
        plain = os.path.join(work, "plain.yaml")  # the test images as a training batch: in order, without augmentation
        lines = text.splitlines()
        test = next(line for line in lines if line.startswith("  test_transforms:"))
        with open(plain, "w") as f:
            for line in lines:
                line = line.replace("images/train", "images/test") if line.startswith("  train:") else line
                line = test.replace("test_transforms", "transforms") if line.startswith("  transforms:") else line
                line = "  loader: DataLoader(batch_size=1000)" if line.startswith("  loader:") else line
                f.write(line + "\n")
        for arguments in (["export", run, "--safetensors", file], ["eval", recipe, "--set", "weights=" + file, "--out", logits, "--quiet"],
                          ["batch", plain, "--epoch", "0", "--index", "0", "--out", images]):
            subprocess.run([isobit, *arguments], check=True, stdout=subprocess.DEVNULL)
        state = load_file(file)
        model = model_of(ledger_recipe(run))
        if any("/" in name for name in state):
            complaints.append("exported: %s" % sorted(state))
        model.load_state_dict(state, strict=True)
        model.eval()
        with torch.no_grad():
            theirs = model(torch.from_numpy(numpy.load(images)))
        ours = torch.from_numpy(numpy.load(logits))
        for name, ok in (("shape", ours.shape == theirs.shape and len(ours) == 500), ("predictions", torch.equal(ours.argmax(1), theirs.argmax(1))),
                         ("logits", torch.allclose(ours, theirs, rtol=1e-4, atol=1e-4))):
            passed += ok
            if not ok:
                complaints.append("exported weights: %s differ" % name)
    return passed, complaints


def ledger_recipe(directory):
    with open(os.path.join(directory, "run.ledger")) as f:
        return json.loads(f.readline())["recipe"]


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--build", default=os.path.join(ROOT, "build"))
    p.add_argument("--cases", type=int, default=100)
    p.add_argument("--seed", type=int, default=None)
    p.add_argument("runs", nargs="*")
    o = p.parse_args()
    seed = o.seed if o.seed is not None else random.randrange(1 << 30)
    print("seed", seed)
    rng = random.Random(seed)
    torch.manual_seed(seed)
    passed = failed = 0
    with tempfile.TemporaryDirectory() as directory:
        driver = build_driver(o.build, directory)
        for case in range(o.cases):
            complaint = exchange(driver, directory, rng)
            passed, failed = passed + (complaint is None), failed + (complaint is not None)
            if complaint:
                print("FAIL case %d: %s" % (case, complaint))
    for run in o.runs:
        ok, complaints = check_run(run)
        more = check_export(o.build, run)
        ok, complaints = ok + more[0], complaints + more[1]
        passed, failed = passed + ok, failed + len(complaints)
        for complaint in complaints:
            print("FAIL", run, complaint)
    print("%d passed, %d failed" % (passed, failed))
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
