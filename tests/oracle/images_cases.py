#!/usr/bin/env python3
"""Many random cases of (image file, chain of transforms, seed) against the live Pillow and torchvision, byte for byte.

    tests/oracle/images_cases.py [--build build] [--cases N] [--seed S] [--jobs N] [--photos FOLDER]
    tests/oracle/images_cases.py --image FILE --chain "[ToTensor()]" --case-seed N [--channels 1]      one case
    tests/oracle/images_cases.py --self-test                                                             the shrinker itself

A case is drawn from --seed and its number alone. Its image is a file of any format and mode: a section of a photograph or a made picture, often of an odd size (1 x 1, 1 x N,
primes), or one of the rare kinds of images_files.py. Both sides decode the file and apply the chain twice, with draws that go on; Isobit decodes only the part that the
draws ask for, as its loader does. A difference is shrunk to the smallest image and chain that show it, and the command that repeats these is printed."""
import argparse
import ast
import glob
import multiprocessing
import os
import random
import shutil
import sys
import tempfile
import warnings

import numpy as np
import torch

try:
    import torchvision  # noqa: F401
except RuntimeError:
    import operators  # noqa: F401
import PIL
import torchvision
from PIL import Image

from images import ROOT, Driver, build_driver, compose, next_number, stream_name
from images_chains import ARTICLE, chain
from images_files import MAKERS, picture
from images_releases import as_one_release

warnings.filterwarnings("ignore")
STRICTER = "bits must be between"  # what Pillow refuses since 13, and all before and Isobit do: RandomPosterize(0)
POOL = 1500  # different files
SIDES = [1, 1, 2, 3, 5, 7, 8, 11, 13, 16, 17, 23, 31, 32, 37, 53, 61, 64, 97, 127, 131]
MODES = {"png": ["RGB", "L", "RGBA", "LA", "P", "1"], "jpeg": ["RGB", "RGB", "RGB", "L", "CMYK"], "webp": ["RGB", "RGBA"], "ppm": ["RGB", "L", "1"],
         "bmp": ["RGB", "L", "P", "1"]}


# ---- Images ----------------------------------------------------------------------------------

def save(rng, image, path):
    """In a random format and mode; what was saved, as text."""
    kind = rng.choice(["jpeg", "jpeg", "jpeg", "png", "png", "webp", "ppm", "bmp"])
    mode = rng.choice(MODES[kind])
    options = {}
    if kind == "jpeg":
        options = {"quality": rng.choice([rng.randint(1, 100), 75, 85, 95]), "progressive": rng.random() < 0.3}
        if mode == "RGB":
            options["subsampling"] = rng.randrange(3)
    elif kind == "webp":
        options = {"lossless": rng.random() < 0.3, "quality": rng.randint(0, 100)}
    if mode in ("RGBA", "LA"):
        alpha = picture(rng, image.width, image.height, "L")
        image = image.convert("RGB" if mode == "RGBA" else "L")
        image.putalpha(alpha)
    image.convert(mode).save(path, kind.upper(), **options)
    return "%s %s %dx%d %r" % (kind, mode, image.height, image.width, options)


def make_image(rng, photos, path):
    kind = rng.random()
    if kind < 0.3:
        return rng.choice(MAKERS)(rng, path)
    w, h = rng.choice(SIDES), rng.choice(SIDES)
    if kind < 0.62 or not photos:
        return "made " + save(rng, picture(rng, w, h), path)
    photo = rng.choice(photos)
    if kind < 0.68:
        return "photograph " + save(rng, photo, path)
    w, h = min(photo.width, w * rng.choice([1, 2, 3])), min(photo.height, h * rng.choice([1, 2, 3]))
    x, y = rng.randint(0, photo.width - w), rng.randint(0, photo.height - h)
    return "section " + save(rng, photo.crop((x, y, x + w, y + h)), path)


# ---- Both sides ------------------------------------------------------------------------------

class Case:
    def __init__(self, path, calls, seed, channels=3):
        self.path, self.calls, self.seed, self.channels = path, calls, seed, channels

    def command(self, path):
        return "tests/oracle/images_cases.py --image %s --case-seed %d --channels %d --chain %s" % (
            path, self.seed, self.channels, "'[%s]'" % ", ".join(self.calls).replace("'", '"'))


def theirs(case):
    """The tensors of two images one behind the other; a text: they are refused."""
    torch.manual_seed(case.seed)
    random.seed(case.seed)
    results = []
    try:
        with Image.open(case.path) as image:
            image = image.convert("RGB" if case.channels == 3 else "L")
    except Exception as error:  # noqa: B902
        return "Pillow: " + str(error)
    try:
        for _ in range(2):
            results.append((compose(case.calls)(image).numpy(), next_number()))
    except Exception as error:  # noqa: B902
        return results, str(error)
    return results, None


def ours(driver, case, count):
    driver.ask("seed", case.seed)
    results = []
    for _ in range(count):
        answer = driver.ask("part", case.channels, case.path, *case.calls)
        if not answer.startswith("ok"):
            return results, answer
        c, h, w, number = map(int, answer.split()[1:])
        results.append((np.frombuffer(driver.read(4 * c * h * w), np.float32).reshape(c, h, w), number))
    return results, None


def difference(driver, case, their=theirs):
    """None: equal; else what differs."""
    expected = their(case)
    if isinstance(expected, str):
        results, refusal = ours(driver, case, 1)
        return None if refusal else "accepted; " + expected
    expected, error = expected
    results, refusal = ours(driver, case, len(expected) + (error is not None))
    if refusal and "ramp of gray" in refusal:  # Pillow reads such files wrongly or not at all
        return None
    for i, ((x, number), (y, our_number)) in enumerate(zip(expected, results)):
        if x.shape != y.shape:
            return "image %d is %r, torchvision's %r" % (i, y.shape, x.shape)
        if x.tobytes() != y.tobytes():
            return "image %d: %d of %d numbers differ" % (i, np.sum(x != y), x.size)
        if number != our_number:
            return "image %d: the generator stands elsewhere" % i
    if (error is None) != (refusal is None) and not (error and STRICTER in error):
        return "torchvision: %s; Isobit: %s" % (error or "accepted", refusal or "accepted")
    return None


# ---- Shrinking -------------------------------------------------------------------------------

def smaller_calls(calls):
    """Chains with a transform less, a group's content in its place, an argument less, or a simpler number."""
    tree = ast.parse("[%s]" % ", ".join(calls), mode="eval")
    for i in range(len(calls)):
        yield calls[:i] + calls[i + 1:]
        node = tree.body.elts[i]
        if not isinstance(node, ast.Call):
            continue
        if node.args and isinstance(node.args[0], ast.List):
            inner = [ast.unparse(e) for e in node.args[0].elts]
            yield calls[:i] + inner + calls[i + 1:]
            for one in inner:
                yield calls[:i] + [one] + calls[i + 1:]
            for k in range(len(inner)):
                shorter = ast.unparse(node).replace("[%s]" % ", ".join(inner), "[%s]" % ", ".join(inner[:k] + inner[k + 1:]), 1)
                yield calls[:i] + [shorter] + calls[i + 1:]
        for k in range(len(node.keywords)):
            less = ast.Call(node.func, node.args, node.keywords[:k] + node.keywords[k + 1:])
            yield calls[:i] + [ast.unparse(less)] + calls[i + 1:]
        numbers = [n for n in ast.walk(node) if isinstance(n, ast.Constant) and type(n.value) in (int, float)]
        for n in numbers:
            for value in (0, 1, n.value // 2, int(n.value)):
                if abs(value) < abs(n.value) or type(value) is not type(n.value):
                    kept, n.value = n.value, value
                    yield calls[:i] + [ast.unparse(node)] + calls[i + 1:]
                    n.value = kept


def smaller_images(path, new):
    """Files of the same content with less of it: a side cut, or a part black. The format becomes PNG: the caller has seen that it does not matter."""
    with Image.open(path) as image:
        image.load()
    w, h = image.size
    for cut in sorted({max(1, w // 2), max(1, w // 8), 1}, reverse=True):
        for box in ((cut, 0, w, h), (0, 0, w - cut, h)):
            if box[2] > box[0]:
                image.crop(box).save(new, "PNG")
                yield
    for cut in sorted({max(1, h // 2), max(1, h // 8), 1}, reverse=True):
        for box in ((0, cut, w, h), (0, 0, w, h - cut)):
            if box[3] > box[1]:
                image.crop(box).save(new, "PNG")
                yield
    for top, bottom in ((0, h // 2), (h // 2, h)):
        for left, right in ((0, w // 2), (w // 2, w)):
            black = image.copy()
            black.paste(0, (left, top, right, bottom))
            if black.tobytes() != image.tobytes():
                black.save(new, "PNG")
                yield


def kind_of(problem):
    """Whether numbers differ, the size, the generator, or what is accepted: shrinking must not turn one into another."""
    return problem and next(word for word in ("numbers differ", "generator", "torchvision's", "ccepted", "") if word in problem)


def shrink(driver, case, work, their=theirs, tries=3000):
    """The smallest case that is found by taking away, one thing after the other, as long as it differs in the same way."""
    kind = kind_of(difference(driver, case, their))

    def fails(candidate):
        try:
            return kind_of(difference(driver, candidate, their)) == kind
        except Exception:  # noqa: B902
            return False

    now, new = os.path.join(work, "now.png"), os.path.join(work, "new.png")
    with Image.open(case.path) as image:
        image.convert("RGB" if case.channels == 3 else "L").save(now, "PNG")
    plain = Case(now, case.calls, case.seed, case.channels)
    decoded = fails(plain)  # it is a matter of pixels, not of the file
    best = plain if decoded else case
    changed = True
    while changed and tries > 0:
        changed = False
        for calls in smaller_calls(best.calls):
            tries -= 1
            candidate = Case(best.path, calls, best.seed, best.channels)
            if calls and fails(candidate):
                best, changed = candidate, True
                break
        for _ in smaller_images(best.path, new) if decoded else ():
            tries -= 1
            if fails(Case(new, best.calls, best.seed, best.channels)):
                os.replace(new, now)
                changed = True
                break
        for seed in range(min(best.seed, 10)):
            if not changed and fails(Case(best.path, best.calls, seed, best.channels)):
                best, changed = Case(best.path, best.calls, seed, best.channels), True
    return best


def report(driver, case, problem, what):
    work = tempfile.mkdtemp(prefix="isobit-shrunk-")
    best = shrink(driver, case, work)
    kept = os.path.join(work, "image" + (".png" if best.path.startswith(work) else ""))
    shutil.copy(best.path, kept)
    with Image.open(kept) as image:
        size = "%dx%d" % (image.height, image.width)
    print("FAIL %s: %s, %s\n     shrunk: %s image, %s; repeat with\n     %s" % (problem, what, case.calls, size, difference(driver, best), best.command(kept)), flush=True)


# ---- All of it -------------------------------------------------------------------------------

def load_photos(folder):
    paths = sorted(glob.glob(os.path.join(folder, "**/*.jpg"), recursive=True))
    photos = []
    for path in paths[::max(1, len(paths) // 32)]:
        with Image.open(path) as image:
            photos.append(image.convert("RGB"))
    return photos


def draw_case(seed, number, photos, work, pool):
    rng = random.Random("%d case %d" % (seed, number))
    k = rng.randrange(POOL)
    path = os.path.join(work, "%d" % k)
    if k not in pool:
        pool[k] = make_image(random.Random("%d image %d" % (seed, k)), photos, path)
    channels = 1 if rng.random() < 0.15 and " L " in pool[k] else 3
    calls = ARTICLE[:2] + ["RandomResizedCrop(%d)" % rng.choice([32, 224])] + ARTICLE[3:] if channels == 3 and rng.random() < 0.15 else chain(rng, channels)
    return Case(path, calls, rng.randrange(2**32), channels), pool[k]


def instruction_sets():
    """Cases take turns on them."""
    with open("/proc/cpuinfo") as file:
        flags = file.read()
    return ["scalar"] + [isa for isa, flag in (("avx2", " fma "), ("avx512", " avx512dq ")) if flag in flags]


def work_off(job):
    o, numbers = job
    as_one_release()
    torch.set_num_threads(1)
    photos = load_photos(o.photos)
    passed = failed = 0
    pool = {}
    work = tempfile.mkdtemp(prefix="isobit-cases-")
    try:
        drivers = [Driver(o.driver, isa) for isa in instruction_sets()]
        for driver in drivers:
            if driver.ask("variant", stream_name()) != "ok":
                raise SystemExit("the driver does not know " + stream_name())
        for number in numbers:
            driver = drivers[number // o.jobs % len(drivers)]
            case, what = draw_case(o.seed, number, photos, work, pool)
            problem = difference(driver, case)
            passed, failed = passed + (problem is None), failed + (problem is not None)
            if problem and failed <= 5:
                report(driver, case, "case %d of seed %d: %s" % (number, o.seed, problem), what)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return passed, failed


def self_test(driver):
    """Torchvision with a fault: a pixel is off by one where an image of 3 columns or more was flipped upside down."""
    def faulty(case):
        expected = theirs(case)
        with Image.open(case.path) as image:
            wide = image.width >= 3
        if wide and not isinstance(expected, str) and "RandomVerticalFlip(p=1)" in ", ".join(case.calls):
            for x, _ in expected[0]:
                x[0, 0, 0] += 1
        return expected

    with tempfile.TemporaryDirectory() as work:
        path = os.path.join(work, "picture")
        picture(random.Random(1), 61, 37).save(path, "JPEG", quality=90)
        calls = ["RandomHorizontalFlip()", "RandomApply([ColorJitter(brightness=0.5, hue=0.1), RandomVerticalFlip(p=1)], p=1.0)", "Pad(3, fill=9, padding_mode='edge')", "ToTensor()",
                 "Normalize([0.5], [0.25])"]
        case = Case(path, calls, 12345)
        assert difference(driver, case) is None, difference(driver, case)
        assert difference(driver, case, faulty) is not None
        best = shrink(driver, case, work, faulty)
        with Image.open(best.path) as image:
            size, black = image.size, not any(image.tobytes())
        print("self-test: %r of seed %d on an image of %r" % (best.calls, best.seed, size))
        return best.calls == ["RandomVerticalFlip(p=1)", "ToTensor()"] and size == (3, 1) and black and best.seed == 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default=os.path.join(ROOT, "build"))
    parser.add_argument("--cases", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--photos", default=os.path.join(ROOT, "build/photos"))
    parser.add_argument("--driver")
    parser.add_argument("--image")
    parser.add_argument("--chain")
    parser.add_argument("--case-seed", type=int, default=0)
    parser.add_argument("--channels", type=int, default=3)
    parser.add_argument("--self-test", action="store_true")
    o = parser.parse_args()
    work = tempfile.mkdtemp(prefix="isobit-oracle-")
    torch.set_num_threads(1)
    try:
        o.driver = o.driver or build_driver(o.build, work)
        as_one_release()
        if o.image or o.self_test:
            driver = Driver(o.driver)
            driver.ask("variant", stream_name())
            if o.self_test:
                good = self_test(driver)
            else:
                calls = [ast.unparse(e) for e in ast.parse(o.chain, mode="eval").body.elts]
                problem = difference(driver, Case(o.image, calls, o.case_seed, o.channels))
                good = problem is None
                print(problem or "equal")
            print("%d passed, %d failed" % (good, not good))
            return not good
        print("torchvision %s, PyTorch %s, Pillow %s; seed %d" % (torchvision.__version__, torch.__version__, PIL.__version__, o.seed), flush=True)
        jobs = [(o, range(k, o.cases, o.jobs)) for k in range(o.jobs)]
        with multiprocessing.get_context("spawn").Pool(o.jobs) as pool:
            passed, failed = map(sum, zip(*pool.map(work_off, jobs)))
        print("%d passed, %d failed" % (passed, failed))
        return failed != 0
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
