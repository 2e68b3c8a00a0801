#!/usr/bin/env python3
"""Writes docs/sameness.md and the short form in README.md from what tests/matrix/matrix.py, tests/cross.sh and tests/matrix/hostile.sh found
(BUILD/matrix/*.tsv). Where one of the last two has found nothing, because only `matrix.py` was run, its section stays as it is."""
import argparse, collections, os, re, subprocess, sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ARCHITECTURES = {
    "aarch64": "aarch64 (NEON)", "armv7": "armv7 (32 bits, no fused multiply-add)", "riscv64": "riscv64", "ppc64le": "ppc64le",
    "s390x": "s390x (big-endian)", "i386": "i386 (SSE2, no fused multiply-add)", "wasm32": "WebAssembly (WASI, one thread)"}


def rows(build, name):
    """None: nothing was found."""
    try:
        with open(os.path.join(build, "matrix", name)) as file:
            return [line.rstrip("\n").rstrip("\t").split("\t") for line in file if line.strip()]
    except OSError:
        return None


def section(title):
    """The lines of a section of the present document."""
    with open(os.path.join(ROOT, "docs/sameness.md")) as file:
        return re.search(rf"^## {title}\n.*?(?=^## )", file.read(), re.M | re.S)[0].rstrip("\n").split("\n")


def version_of(command, pattern):
    return re.search(pattern, subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)[1]


def contract():
    with open(os.path.join(ROOT, "include/isobit/context.h")) as file:
        return re.search(r"#define ISO_CONTRACT_VERSION (\d+)", file.read())[1]


def table(head, body):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return lines + ["| " + " | ".join(row) + " |" for row in body]


def experiments(native, day, what):
    heads = [(row[1], row[2]) for row in native if row[0] == "experiment"]
    return table(("experiment", "what it is", "head of its ledger", "contract", "date"),
                 [(f"`{name}`", what[name], f"`{head}`", contract(), day) for name, head in heads])


def native_table(native):
    cells = collections.OrderedDict()
    for row in native:
        if row[0] == "cells":
            cells.setdefault(row[1], {})[row[2]] = f"{row[3]} of {row[4]}"
    isas = [isa for isa in ("scalar", "avx2", "avx512", "generic") if any(isa in row for row in cells.values())]
    versions = {"gcc": version_of(["gcc", "--version"], r"(\d+\.\d+\.\d+)"), "clang": version_of(["clang", "--version"], r"(\d+\.\d+\.\d+)")}
    name = lambda build: build.replace(build.split()[0], build.split()[0] + " " + versions[build.split()[0]], 1)
    return table(("equal cells", *isas), [(name(build), *(row.get(isa, "not run") for isa in isas)) for build, row in cells.items()])


def foreign_table(foreign):
    found = collections.OrderedDict()
    for _, architecture, compiler, what, digest, outcome, day in foreign:
        entry = found.setdefault(architecture, {"compiler": compiler, "outcomes": {}, "small": ""})
        entry["outcomes"][what] = outcome  # the latest
        entry["day"] = day
        if what == "small":
            entry["small"] = digest
    body = []
    for architecture in ARCHITECTURES:
        e = found.get(architecture)
        if not e:
            continue
        e["good"] = [what for what, outcome in e["outcomes"].items() if outcome == "equal"]
        e["bad"] = [what for what, outcome in e["outcomes"].items() if outcome != "equal"]
        kinds = ["small"] + [k for k in ("cnn", "residual", "mlp") if k in e["good"]]
        files = [w for w in e["good"] if "bytes" in w]
        crossings = [w for w in e["good"] if "begun" in w or "ended" in w]
        text = f"`{'`, `'.join(kinds)}`; files of equal bytes: {len(files)}; runs begun on one machine and ended on the other: {len(crossings)}"
        body.append((ARCHITECTURES[architecture], e["compiler"], text if not e["bad"] else "**differs**: " + ", ".join(e["bad"]), e["day"]))
    return table(("architecture", "compiler", "equal", "date"), body), {e["small"] for e in found.values()}


def foreign_section(foreign):
    lines, small = foreign_table(foreign)
    return ["## Other architectures", "",
            "Cross-built with Debian's compilers and run under qemu-user (WebAssembly: node). `small` is `tests/matrix/small.c`, three networks on made-up data;",
            f"its digest is `{small.pop() if len(small) == 1 else 'NOT ONE'}`. The others are the experiments above, in the whole program, where Debian has the image",
            "libraries.", "", *lines]


def hostile_section(hostile):
    return ["## Hostile surroundings", "", "Each leaves the same digest, or is refused with a message (`tests/matrix/hostile.sh`).", "",
            *table(("surroundings", "outcome", "date"), [(row[0], row[1], row[2]) for row in hostile])]


def document(build, what):
    native, foreign, hostile = rows(build, "native.tsv"), rows(build, "foreign.tsv"), rows(build, "hostile.tsv")
    if not native:
        sys.exit(f"sameness: {build}/matrix/native.tsv is missing: run tests/matrix/matrix.py, or make matrix")
    cells = [row for row in native if row[0] == "cells"]
    passed, tried, starts = (sum(int(row[i]) for row in cells) for i in (3, 4, 5))
    day = max(row[6] for row in cells)
    cpu = re.search(r"^cpu +(.*)$", subprocess.run([os.path.join(build, "isobit"), "info"], stdout=subprocess.PIPE, text=True).stdout, re.M)[1]
    selftest = subprocess.run([os.path.join(build, "isobit"), "info", "--selftest"], stdout=subprocess.PIPE, text=True, check=True).stdout
    lines = ["# Sameness: where the digests were found equal", "",
             "Written by `tests/matrix/sameness.py` from what `make matrix` found; CI runs a part of it at every change and compares with the heads below.",
             "", "To compare a machine of your own: `isobit info --selftest` (a tenth of a second) must print", "", "```", *selftest.splitlines(), "```", "",
             "## The experiments", ""]
    lines += experiments(native, day, what)
    lines += ["", "## Compilers, instruction sets, threads, workers, micro-batches, kills, plans", ""]
    lines += [f"{passed} of {tried} cells are equal in all three experiments: {starts} starts of the program, on {cpu}.",
              "A cell is a build, an instruction set (`generic`: the scalar kernels with the multiply-add of hardware that has none, in the compiler's plain C), 1, 2, 3, 5, 8",
              "or 16 threads, 0, 1 or 4 workers, the whole batch or blocks of 2 of its 5 or 11 samples, a plan with or without fusion, and a run that is not interrupted,",
              "or is killed by SIGKILL in the middle and resumed, or begins on another instruction set and thread count. Where 12 cells of a build and instruction",
              "set were run, these are all of micro-batch, kill and plan, with threads and workers in turn; 216 are all cells (`tests/matrix/matrix.py --whole`).", ""]
    lines += native_table(native)
    lines += ["", *(foreign_section(foreign) if foreign else section("Other architectures"))]
    lines += ["", *(hostile_section(hostile) if hostile else section("Hostile surroundings"))]
    lines += ["", "## What is not promised", "",
              "- Draws that PyTorch itself makes through the C library (`normal_` of fewer than 16 elements, and float64) are as equal as the C libraries are",
              "  ([streams.md](streams.md)); so are the sine and cosine of `RandomRotation`'s angle, which torchvision rounds to 15 digits.",
              "- JPEG files are decoded by libjpeg-turbo, WebP files by libwebp: other libraries may give other pixels, and the ledger's header shows it.", ""]
    return lines, (passed, tried)


def experiment_texts():
    """The first line of each recipe is its description."""
    texts = {}
    for name in ("cnn", "residual", "mlp"):
        with open(os.path.join(ROOT, "tests/matrix", name + ".yaml")) as file:
            texts[name] = file.readline().lstrip("# ").strip().rstrip(".")
    return texts


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    args = parser.parse_args()
    lines, (passed, tried) = document(os.path.abspath(args.build), experiment_texts())
    write(os.path.join(ROOT, "docs/sameness.md"), "\n".join(lines))
    architectures = sum(line.startswith("| ") for line in section("Other architectures")) - 2  # its heading, and WebAssembly
    hostile = sum(line.startswith("| ") for line in section("Hostile surroundings")) - 1
    readme = os.path.join(ROOT, "README.md")
    with open(readme) as file:
        text = file.read()
    short = (f"<!-- make matrix -->\nThree experiments, one ledger head each: {passed} of {tried} cells of compilers, optimisation, instruction sets, "
             f"threads,\nworkers, micro-batches, kills and plans; {architectures} other architectures, one of them big-endian, and WebAssembly; {hostile} kinds of hostile "
             "surroundings.\n[docs/sameness.md](docs/sameness.md) has the table, `make matrix` makes it.\n<!-- -->")
    changed, count = re.subn(r"<!-- make matrix -->.*?<!-- -->", lambda _: short, text, flags=re.S)
    if count != 1:
        sys.exit("sameness: README.md has no place for the short form")
    write(readme, changed)


if __name__ == "__main__":
    main()
