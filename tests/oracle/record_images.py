#!/usr/bin/env python3
"""Records torchvision's answers on made-up images as tests/image/known_answers.h, so that the test suite needs no Python.

    tests/oracle/record_images.py > tests/image/known_answers.h

The images are formulas (see `picture`), the answers FNV-1a hashes of the tensors' bytes, and what the generator gives next."""
import random
import warnings

import numpy as np
import torch
import torchvision
from PIL import Image
from torchvision import transforms as T
from torchvision.transforms import InterpolationMode

warnings.filterwarnings("ignore")
NAMES = {name: getattr(T, name) for name in dir(T) if not name.startswith("_")}
NAMES.update(InterpolationMode=InterpolationMode, torch=torch, transforms=T)
NORMALIZE = "Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])"

CHAINS = [
    "RandomHorizontalFlip()", "RandomVerticalFlip(p=0.3)", "RandomRotation(10)", "RandomRotation(180, expand=True, fill=7)",
    "RandomRotation((30, 60), interpolation=InterpolationMode.BILINEAR)", "RandomRotation(90, interpolation=InterpolationMode.BICUBIC)",
    "RandomRotation((90, 90), expand=True)", "RandomRotation((180, 180))", "RandomRotation((180, 180), center=(3, 4))",
    "RandomRotation(45, center=(0.5, 7.25), fill=(1, 2, 3))", "RandomResizedCrop(32)", "RandomResizedCrop((9, 50))",
    "RandomResizedCrop(20, scale=(0.6, 1.0), ratio=(0.3, 3.3))",
    "RandomResizedCrop(16, interpolation=InterpolationMode.NEAREST)", "RandomResizedCrop(64, interpolation=InterpolationMode.BICUBIC)",
    "RandomResizedCrop(8, scale=(2.0, 3.0))", "Resize(20)", "Resize((64, 48))", "Resize(11, max_size=12)",
    "Resize(100, interpolation=InterpolationMode.BICUBIC)", "Resize((5, 90), interpolation=InterpolationMode.NEAREST)", "CenterCrop(24)",
    "CenterCrop((50, 9))", "RandomCrop(20, padding=4)", "RandomCrop((27, 8), padding=(2, 5), padding_mode='reflect')",
    "RandomCrop(70, pad_if_needed=True, fill=200)", "Pad(3)", "Pad((1, 2), padding_mode='edge')",
    "Pad([1, 2, 3, 4], padding_mode='symmetric')", "Compose([RandomHorizontalFlip(), Compose([RandomCrop(9), Pad(2)])])",
    "RandomApply([RandomRotation(30), RandomResizedCrop((28, 28))], p=0.4)", "RandomApply([RandomVerticalFlip()], p=1)",
    "ColorJitter(0.4, 0.4, 0.4, 0.1)", "ColorJitter(brightness=(1.5, 3))", "ColorJitter(contrast=2)", "ColorJitter(saturation=(0, 0.5))",
    "ColorJitter(hue=0.5)", "ColorJitter(hue=(-0.25, -0.25))", "ColorJitter()", "RandomGrayscale(0.6)", "Grayscale(3)", "Grayscale()",
    "RandomAffine(30)", "RandomAffine((-90, 45), translate=(0.2, 0.4), scale=(0.5, 1.5), shear=20, fill=9)",
    "RandomAffine(0, shear=(-30, 30, -10, 10), interpolation=InterpolationMode.BILINEAR, center=(4, 5.5))",
    "RandomAffine(0, translate=(0.3, 0.3))", "RandomAffine(0, scale=(0.4, 0.6), interpolation=InterpolationMode.BICUBIC)",
    "RandomInvert(0.7)", "RandomPosterize(3, 0.7)", "RandomSolarize(100, p=0.9)", "RandomAdjustSharpness(2.5, 1)",
    "RandomAdjustSharpness(0, 1)", "RandomAutocontrast(1)", "RandomEqualize(1)", "RandAugment()", "RandAugment(5, 30)",
    "RandAugment(3, 5, num_magnitude_bins=11, interpolation=InterpolationMode.BILINEAR, fill=(1, 2, 3))",
    "RandomChoice([RandomRotation(40), Compose([Pad(3), RandomVerticalFlip()]), ColorJitter(0.5)])",
    "RandomChoice([RandomCrop(9), RandomApply([RandomChoice([Resize(9), Resize(7)])])], p=[0.3, 2])", "TrivialAugmentWide()", "TrivialAugmentWide(64, interpolation=InterpolationMode.BILINEAR, fill=200)",
]
TENSORS = [  # behind ToTensor()
    ["RandomErasing(1)"], ["RandomErasing(0.5, value=(0.1, 0.2, 0.3))", NORMALIZE],
    [NORMALIZE, "RandomErasing(p=1, scale=(0.001, 0.01), value='random')"], ["RandomErasing(1, (0.2, 0.9), (0.1, 5), 'random')"],
    ["RandomErasing(1, scale=(1, 1))"], ["RandomApply([RandomErasing(0.9, value=-1.5), Normalize([0.5], [0.1])])"],
    ["ConvertImageDtype(torch.uint8)", "RandomErasing(1, value=(7.9, 255, 300))", "ConvertImageDtype(torch.float)"],
]
SIZES = [(28, 28), (37, 23), (20, 61)]  # h, w


def picture(h, w, channels, number):
    y, x, c = np.meshgrid(np.arange(h), np.arange(w), np.arange(channels), indexing="ij")
    v = (x * (5 + number) + y * 11 + c * 80 + x * y * (number + 1) // 7) & 255
    v = v.astype(np.uint8)
    return Image.fromarray(v) if channels == 3 else Image.fromarray(v[:, :, 0], "L")


def fnv(data):
    value = 0xcbf29ce484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001b3 & 0xffffffffffffffff
    return value


def next_number():
    state = torch.get_rng_state()
    number = torch.empty((), dtype=torch.int64).random_().item()
    torch.set_rng_state(state)
    return number


def compose(calls):
    return T.Compose([eval(c, dict(NAMES)) for c in calls])  # noqa: S307


def answer(calls, h, w, channels, seed):
    torch.manual_seed(seed)
    random.seed(seed)
    x = compose(calls)(picture(h, w, channels, seed % 5)).numpy()
    print('    {"%s", %d, %d, %d, %d, %d, %d, 0x%016xu, %d},' %
          (";".join(calls), h, w, channels, seed, x.shape[1], x.shape[2], fnv(x.tobytes()), next_number()))


class Made(torch.utils.data.Dataset):
    def __init__(self, count, transform):
        self.count, self.transform = count, transform

    def __len__(self):
        return self.count

    def __getitem__(self, i):
        return self.transform(picture(20 + i % 5, 24 + i % 3, 3, i % 4)), i % 3


def loader_answer(calls, seed, count, batch_size, shuffle, drop_last, workers, draws):
    loader = torch.utils.data.DataLoader(Made(count, compose(calls)), batch_size, shuffle=shuffle, drop_last=drop_last,
                                         num_workers=workers)
    torch.manual_seed(seed)
    random.seed(seed)
    data = b""
    for _ in range(2):
        for x, labels in loader:
            data += x.numpy().tobytes() + labels.numpy().tobytes()
            torch.empty(x.shape[0] * draws).bernoulli_(0.5)
    print('    {"%s", %d, %d, %d, %s, %s, %d, %d, 0x%016xu, %d},' %
          (";".join(calls), seed, count, batch_size, str(shuffle).lower(), str(drop_last).lower(), workers, draws, fnv(data),
           next_number()))


def main():
    print("/* Written by tests/oracle/record_images.py with torchvision %s, Pillow %s and PyTorch %s without MKL. */\n/* clang-format off */" %
          (torchvision.__version__.split("+")[0], Image.__version__, torch.__version__.split("a")[0]))
    print("static const struct {\n    const char *chain;\n    int h, w, channels;\n    uint64_t seed;\n    int out_h, out_w;\n"
          "    uint64_t hash;\n    int64_t next;\n} transform_answers[] = {")
    seed = 0
    for chain in CHAINS:
        for h, w in SIZES:
            seed += 1
            answer([chain, "ToTensor()"], h, w, 3, seed)
    for calls in TENSORS:
        for h, w in SIZES:
            seed += 1
            answer(["ToTensor()"] + calls, h, w, 3, seed)
    answer(["PILToTensor()", "ConvertImageDtype(torch.float32)", NORMALIZE], 9, 8, 3, seed + 1)
    answer(["PILToTensor()", "RandomErasing(1, value='random')", "ConvertImageDtype(torch.float32)"], 9, 8, 1, seed + 2)
    answer(["Compose([Resize(9), Compose([ToTensor()])])", "RandomErasing(1, value=1)", "ConvertImageDtype(torch.float32)"], 9, 8, 1, seed + 3)
    for seed in range(200, 230):
        answer(["RandomHorizontalFlip()", "RandomRotation(10)", "RandomResizedCrop(32)", "ToTensor()", NORMALIZE], 28 + seed % 7, 33, 3,
               seed)
        answer(["RandomHorizontalFlip()", "RandomRotation(10)", "RandomResizedCrop(32)", "ToTensor()", "Normalize([0.5], [0.25])"], 28,
               33, 1, seed)
    print("};\n\nstatic const struct {\n    const char *chain;\n    uint64_t seed;\n    int count, batch_size;\n"
          "    bool shuffle, drop_last;\n    int num_workers, draws;\n    uint64_t hash;\n    int64_t next;\n} loader_answers[] = {")
    article = ["RandomHorizontalFlip()", "RandomRotation(10)", "RandomResizedCrop(12)", "ToTensor()", NORMALIZE]
    for workers in range(5):
        loader_answer(article, 10 + workers, 11, 4, True, False, workers, 0)
        loader_answer(article, 20 + workers, 11, 3, True, True, workers, 5)
        loader_answer(["RandomCrop(12)", "ToTensor()"], 30 + workers, 7, 2, False, False, workers, 1)
        loader_answer(["RandomChoice([RandomRotation(90), ColorJitter(1), Grayscale(3)])", "RandomCrop(9)", "ToTensor()",
                       "RandomErasing(value='random')"], 40 + workers, 9, 2, True, False, workers, 2)
    print("};")


if __name__ == "__main__":
    main()
