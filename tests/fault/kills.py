#!/usr/bin/env python3
"""Trains the demo's experiment, kills it with SIGKILL at random moments, resumes it, kills it again, and compares what it ends with.

    tests/fault/kills.py [--build build] [--kills 1000] [--seed N] [--set KEY=VALUE]...

A round is a run that is killed some times (now and then while it starts or resumes, most often anywhere on the rest of its way), then resumed to
its end: ledger, checkpoints and the recipe's copy must equal those of a run that was never killed, byte for byte, nothing else may lie in the
directory, and what was recorded must verify. Threads, workers, instruction set, tracing and the cache of digests change from start to start. The
last line reads `N passed, N failed`; a round counts as one."""
import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time


class Kills:
    def __init__(self, o):
        self.isobit = os.path.abspath(os.path.join(o.build, "isobit"))
        self.recipe = os.path.abspath(o.recipe)
        self.sets = [word for text in o.set for word in ("--set", text)]
        self.work = tempfile.mkdtemp(prefix="isobit-kills-")
        self.random = random.Random(o.seed)
        self.where = {}
        info = subprocess.run([self.isobit, "info", "--json"], check=True, capture_output=True, text=True).stdout
        self.isas = [isa for isa in ("avx2", "avx512") if subprocess.run([self.isobit, "info", "--isa", isa], capture_output=True).returncode == 0]
        assert "selftest" in info

    def start(self, directory, quiet=True):
        """The command that goes on with a run, or begins it, as a person would; execution differs from start to start."""
        r = self.random
        command = [self.isobit, "train", self.recipe, "--out", directory, "--threads", str(r.choice((1, 2, 3))), "--workers", str(r.choice((0, 0, 1, 2, 3)))]
        command += self.sets + (["--isa", r.choice(self.isas)] if self.isas else [])
        if os.path.exists(os.path.join(directory, "run.ledger")):
            command.append("--resume")
        if r.random() < 0.1:
            command += ["--trace", str(r.randint(1, 4))]
        environment = dict(os.environ, ISOBIT_CACHE=r.choice(("off", os.path.join(self.work, "cache"))))
        return command + ["--quiet"] * quiet, environment

    def phase(self, directory):
        """Where it was killed, by what lies there."""
        if not os.path.isdir(directory):
            return "before the directory"
        names = os.listdir(directory)
        parts = [n for n in names if n.endswith(".part")]
        if parts:
            return "while writing " + ("a checkpoint" if parts[0].startswith("checkpoint") else parts[0][:-5])
        if "run.ledger" not in names:
            return "before the ledger"
        with open(os.path.join(directory, "run.ledger"), "rb") as f:
            data = f.read()
        if not data:
            return "before the header"
        if not data.endswith(b"\n"):
            return "in the middle of a line"
        last = data[:-1].rsplit(b"\n", 1)[-1]
        for kind in ("header", "step", "eval", "ckpt", "end"):
            if last.startswith(b'{"kind":"%s"' % kind.encode()):
                ahead = any(n.startswith("checkpoint-") and data.count(n.encode()) == 0 for n in names)
                return "between a checkpoint and its line" if ahead else "behind a line %s" % kind
        return "?"

    def life(self, directory, whole):
        """One start that is killed. False if it was through before."""
        command, environment = self.start(directory)
        spent = 0.9 * self.share(directory)
        first = 0.25 if self.random.random() < 0.3 else 1.05 - spent  # of a whole run: while it starts, or anywhere on the rest of its way
        delay = whole * self.random.uniform(0, first)
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        time.sleep(delay)
        process.kill()
        message = process.stderr.read().decode(errors="replace").strip()
        process.wait()
        if process.returncode == 0:
            return False
        if process.returncode != -signal.SIGKILL:
            raise SystemExit("%s\nended with status %d: %s" % (" ".join(command), process.returncode, message))
        phase = self.phase(directory)
        self.where[phase] = self.where.get(phase, 0) + 1
        return True

    def share(self, directory):
        try:
            with open(os.path.join(directory, "run.ledger"), "rb") as f:
                return min(1.0, len(f.read()) / self.ledger_size)
        except OSError:
            return 0.0

    def finish(self, directory):
        command, environment = self.start(directory)
        try:
            done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
        except subprocess.TimeoutExpired:
            return "%s\nhangs" % " ".join(command)
        return "" if done.returncode == 0 else "%s\nstatus %d: %s" % (" ".join(command), done.returncode, done.stderr)

    def difference(self, reference, directory):
        skipped = {"run.env", "trace", "metrics.jsonl"}
        names = [set(os.listdir(d)) - skipped for d in (reference, directory)]
        if names[0] != names[1]:
            return "files that only one of the runs has: %s" % sorted(names[0] ^ names[1])
        for name in sorted(names[0]):
            with open(os.path.join(reference, name), "rb") as a, open(os.path.join(directory, name), "rb") as b:
                if a.read() != b.read():
                    return "%s differs" % name
        with open(os.path.join(directory, "metrics.jsonl")) as f:
            lines = [json.loads(line) for line in f]
        told, steps = [line["step"] for line in lines if line["kind"] == "step"], lines[-1]["step"]
        if told != list(range(1, steps + 1)):
            return "metrics.jsonl tells the steps %s" % told
        verified = subprocess.run([self.isobit, "verify", directory, "--sample", "1", "--quiet"], capture_output=True, text=True)
        return "" if verified.returncode == 0 else "verify: %s%s" % (verified.stdout, verified.stderr)

    def run(self, wanted):
        reference = os.path.join(self.work, "reference")
        began = time.monotonic()
        problem = self.finish(reference)
        whole = min(time.monotonic() - began, 5.0)  # of a busy machine nothing is expected
        if problem:
            raise SystemExit(problem)
        self.ledger_size = os.path.getsize(os.path.join(reference, "run.ledger"))
        passed = failed = kills = 0
        while kills < wanted:
            directory = os.path.join(self.work, "run-%d" % (passed + failed))
            for _ in range(min(self.random.choice((1, 2, 3, 5, 8, 13)), wanted - kills)):
                if not self.life(directory, whole):
                    break
                kills += 1
            problem = self.finish(directory) or self.difference(reference, directory)
            if problem:
                failed += 1
                print("FAIL %s (kept): %s" % (directory, problem))
            else:
                passed += 1
                shutil.rmtree(directory)
        print("%d kills of a run of %.1f s in %d rounds:" % (kills, whole, passed + failed))
        for phase, count in sorted(self.where.items(), key=lambda item: -item[1]):
            print("%6d %s" % (count, phase))
        print("%d passed, %d failed" % (passed, failed))
        if not failed:
            shutil.rmtree(self.work)
        return failed != 0


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", default="build")
    p.add_argument("--recipe", default="examples/tutorial.yaml")
    p.add_argument("--kills", type=int, default=1000)
    p.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    p.add_argument("--set", action="append", default=[])
    o = p.parse_args()
    print("seed %d" % o.seed)
    return Kills(o).run(o.kills)


if __name__ == "__main__":
    sys.exit(main())
