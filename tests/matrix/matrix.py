#!/usr/bin/env python3
"""The matrix: the same experiments in every cell of compilers, optimisation, instruction sets, threads, workers, micro-batches, kills and
plans, and one ledger head for all.

    tests/matrix/matrix.py --build build                   every build x ISA x micro-batch x kill x plan, threads and workers in turn;
                                                           and every cell of one build
    tests/matrix/matrix.py --build build --pairwise        cells that cover every pair of values of two axes
    tests/matrix/matrix.py --build build --whole           all cells of all builds
    tests/matrix/matrix.py --build build --cell 'gcc -O2,avx2,3,1,3,elsewhere,unfused'    one cell

The heads that are expected stand in docs/sameness.md. Builds go to BUILD/matrix, what was found to BUILD/matrix/native.tsv."""
import argparse, collections, concurrent.futures, datetime, itertools, os, re, shutil, signal, subprocess, sys, tempfile, time, zlib

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXPERIMENTS = ("cnn", "residual", "mlp")
OPTIMISATIONS = {"-O0": "-O0", "-O1": "-O1", "-O2": "-O2", "-O3": "-O3", "-march=native": "-O3 -march=native", "LTO": "-O2 -flto"}
COMPILERS = ("gcc", "clang")
AXES = collections.OrderedDict(
    build=[f"{compiler} {name}" for compiler in COMPILERS for name in OPTIMISATIONS],
    isa=["scalar", "avx2", "avx512", "generic"],
    threads=["1", "2", "3", "5", "8", "16"],
    workers=["0", "1", "4"],
    micro_batch=["whole", "3"],
    kill=["uninterrupted", "resumed", "elsewhere"],
    plan=["fused", "unfused"],
)
Cell = collections.namedtuple("Cell", AXES)
MAIN_BUILD = "gcc -O3"


# ---- Which cells ----

def pairs(cell):
    return {(i, cell[i], j, cell[j]) for i, j in itertools.combinations(range(len(cell)), 2)}


def pairwise(axes):
    """Few cells that hold every pair of values of two axes: one after the other, each built around the first pair that is still missing; every
    further value is the one that covers most of the missing pairs. Without chance, so that the list is always the same."""
    values = list(axes.values())
    missing = {(i, a, j, b): None for i, j in itertools.combinations(range(len(values)), 2) for a in values[i] for b in values[j]}
    while missing:
        i, a, j, b = next(iter(missing))
        cell = {i: a, j: b}
        for axis in range(len(values)):
            if axis not in cell:
                gain = lambda value: sum((min((axis, value), (k, v)) + max((axis, value), (k, v))) in missing for k, v in cell.items())
                cell[axis] = max(values[axis], key=gain)
        cell = Cell(*(cell[axis] for axis in range(len(values))))
        for pair in pairs(cell):
            missing.pop(pair, None)
        yield cell


def every_build(axes):
    """For each build all of ISA, micro-batch, kill and plan; threads and workers take turns."""
    for b, build in enumerate(axes["build"]):
        rest = itertools.product(axes["isa"], axes["micro_batch"], axes["kill"], axes["plan"])
        for k, (isa, micro_batch, kill, plan) in enumerate(rest):
            threads = axes["threads"][(k + b) % len(axes["threads"])]
            workers = axes["workers"][(k // len(axes["threads"]) + k + b) % len(axes["workers"])]
            yield Cell(build, isa, threads, workers, micro_batch, kill, plan)


def one_build(axes, build):
    for cell in itertools.product([build], *list(axes.values())[1:]):
        yield Cell(*cell)


# ---- Builds ----

def folder(build, name):
    return os.path.join(build, "matrix", name.replace(" ", "").replace("=", "-"))


def compile_build(build, name):
    """The program, and the same with the emulated multiply-add of hardware that has none."""
    compiler, optimisation = name.split(" ", 1)
    to = folder(build, name)
    command = ["make", "--no-print-directory", "-s", "-j%d" % os.cpu_count(), f"CC={compiler}", f"CFLAGS={OPTIMISATIONS[optimisation]}",
               f"BUILD={to}", f"{to}/isobit", f"{to}/isobit-generic"]
    if optimisation == "LTO":
        command += ["AR=gcc-ar"] if compiler == "gcc" else ["AR=llvm-ar-14", "LDFLAGS=-fuse-ld=lld-14"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"matrix: the build {name} failed\n{done.stderr}")


# ---- One training ----

def command_of(build, cell, experiment, out, isa, threads):
    program = "isobit-generic" if isa == "generic" else "isobit"
    command = [os.path.join(folder(build, cell.build), program), "train", os.path.join(ROOT, "tests/matrix", experiment + ".yaml"), "--out", out,
               "--quiet", "--isa", "scalar" if isa == "generic" else isa, "--threads", threads, "--workers", cell.workers, "--plan", cell.plan]
    return command + ([] if cell.micro_batch == "whole" else ["--micro-batch", cell.micro_batch])


def lines_of(ledger):
    try:
        with open(ledger, "rb") as file:
            return file.read().count(b"\n")
    except OSError:
        return 0


def kill_early(command, out, lines):
    """Starts the run, kills it once its ledger has so many lines; false if it was done before. With fewer lines at every further try."""
    for attempt in range(8):
        shutil.rmtree(out, ignore_errors=True)
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        while process.poll() is None and lines_of(os.path.join(out, "run.ledger")) < lines:
            time.sleep(0.0003)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if process.returncode == -signal.SIGKILL:
            return True
        lines = max(2, lines - 5)
    return False


def elsewhere(axes, cell):
    """The instruction set and the thread count that come next."""
    after = lambda values, value: values[(values.index(value) + 1) % len(values)]
    return after(axes["isa"], cell.isa), after(AXES["threads"], cell.threads)


def train(build, axes, cell, experiment, directory):
    """The run's head, or what went wrong, and how many starts it took."""
    out = os.path.join(directory, "run")
    command = command_of(build, cell, experiment, out, cell.isa, cell.threads)
    starts = 1
    if cell.kill != "uninterrupted":
        first = command_of(build, cell, experiment, out, *elsewhere(axes, cell)) if cell.kill == "elsewhere" else command
        if not kill_early(first, out, 3 + zlib.crc32(repr((cell, experiment)).encode()) % 22):
            return "the run could not be killed in the middle", 1
        command = command + ["--resume"]
        starts = 2
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=300)
    except subprocess.TimeoutExpired:
        return "took more than 300 s", starts
    last = done.stdout.splitlines()[-1:] or [""]
    if done.returncode or not re.fullmatch("digest [0-9a-f]{64}", last[0]):
        return f"status {done.returncode}: {done.stderr.strip()}", starts
    return last[0].split()[1], starts


# ---- The whole ----

def expected_heads():
    heads = {}
    try:
        with open(os.path.join(ROOT, "docs/sameness.md")) as file:
            for line in file:
                found = re.match(r"\| `(\w+)` \|.*\| `?([0-9a-f]{64})`? \|", line)
                if found:
                    heads[found[1]] = found[2]
    except OSError:
        pass
    return heads


def available(program):
    """The instruction sets that this machine has, of those of the axis."""
    text = subprocess.run([program, "info", "--json"], stdout=subprocess.PIPE, text=True, check=True).stdout
    have = re.search(r'"isas": \[(.*?)\]', text)[1]
    return [isa for isa in AXES["isa"] if isa == "generic" or f'"{isa}"' in have]


def run_cell(build, axes, cell):
    results = []
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # what is durable is another test's question
    for experiment in EXPERIMENTS:
        with tempfile.TemporaryDirectory(dir=base) as directory:
            results.append((experiment, *train(build, axes, cell, experiment, directory)))
    return cell, results


class Counts:
    def __init__(self, heads):
        self.heads, self.new = heads, {}
        self.passed = self.failed = self.starts = 0
        self.table = collections.OrderedDict()

    def add(self, cell, results):
        equal = True
        for experiment, head, starts in results:
            self.starts += starts
            expected = self.heads.get(experiment) or self.new.setdefault(experiment, head)
            if head != expected:
                equal = False
                print(f"FAIL {','.join(cell)}: {experiment}: {head}, expected {expected}")
        self.passed += equal
        self.failed += not equal
        row = self.table.setdefault((cell.build, cell.isa), [0, 0, 0])
        row[0] += equal
        row[1] += 1
        row[2] += sum(starts for _, _, starts in results)


def write_table(build, counts):
    """One line a build and instruction set: how many cells are equal, of how many, in how many starts, and when. Lines of what was not run now,
    on a machine without that instruction set for example, stay."""
    day = datetime.date.today().isoformat()
    path = os.path.join(build, "matrix", "native.tsv")
    table = {}
    if os.path.exists(path):
        with open(path) as file:
            table = {tuple(line.split("\t")[1:3]): line.rstrip("\n").split("\t")[3:] for line in file if line.startswith("cells")}
    table.update({key: [*row, day] for key, row in counts.table.items()})
    order = lambda key: (AXES["build"].index(key[0]), AXES["isa"].index(key[1]))
    with open(path, "w") as file:
        for experiment in EXPERIMENTS:
            print("experiment", experiment, counts.heads.get(experiment) or counts.new[experiment], sep="\t", file=file)
        for key in sorted(table, key=order):
            print("cells", *key, *table[key], sep="\t", file=file)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    parser.add_argument("--pairwise", action="store_true")
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--cell")
    parser.add_argument("--only", help="only this build: 'clang -O2'")
    parser.add_argument("--list", action="store_true", help="prints the cells and runs nothing")
    args = parser.parse_args()
    build = os.path.abspath(args.build)
    # A start reads 500 pictures; their digests are remembered here.
    os.environ["ISOBIT_CACHE"] = os.path.join(build, "matrix", "cache")
    axes = collections.OrderedDict(AXES)
    if args.only:
        axes["build"] = [args.only]
    if not args.list:
        builds = axes["build"] if not args.cell else [args.cell.split(",")[0]]
        for name in builds:
            compile_build(build, name)
        axes["isa"] = available(os.path.join(folder(build, builds[0]), "isobit"))
    if args.cell:
        cells, mode = [Cell(*args.cell.split(","))], "cell"
    elif args.pairwise:
        cells, mode = list(pairwise(axes)), "pairwise"
    elif args.whole:
        cells, mode = [cell for name in axes["build"] for cell in one_build(axes, name)], "whole"
    else:
        both = itertools.chain(every_build(axes), one_build(axes, MAIN_BUILD) if MAIN_BUILD in axes["build"] else [])
        cells, mode = list(dict.fromkeys(both)), "product"
    if args.list:
        print(*(",".join(cell) for cell in cells), sep="\n")
        return 0
    counts = Counts(expected_heads())
    start = began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        name = None
        for cell, results in pool.map(lambda cell: run_cell(build, axes, cell), cells):
            if mode != "pairwise" and name and cell.build != name:
                print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)
                began = time.monotonic()
            name = cell.build
            counts.add(cell, results)
    if mode in ("product", "whole"):
        write_table(build, counts)
    for experiment in EXPERIMENTS:
        print(f"{experiment:9} {counts.heads.get(experiment) or counts.new[experiment]}")
    print(f"{len(cells)} cells, {counts.starts} runs, {time.monotonic() - start:.0f} s")
    print(f"{counts.passed} passed, {counts.failed} failed")
    return counts.failed != 0


if __name__ == "__main__":
    sys.exit(main())
