#!/usr/bin/env python3
"""The tensorboard package reads what Isobit writes for it.

    tests/oracle/tensorboard_events.py [--build build]     trains, resumes and exports a run, reads the event files, compares with the ledger
    tests/oracle/tensorboard_events.py --record            prints tests/run/recorded_events.h: records that the package itself writes

Run it with an interpreter that has tensorboard. The last line reads `N passed, N failed`."""
import argparse
import io
import json
import os
import struct
import subprocess
import sys
import tempfile

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def record():
    out = io.BytesIO()
    writer = RecordWriter(out)
    values = [Summary.Value(tag="loss/train", simple_value=0.5), Summary.Value(tag="learning_rate", simple_value=0.1)]
    for event in (Event(wall_time=1.5, file_version="brain.Event:2"), Event(wall_time=2.25, step=300, summary=Summary(value=values))):
        writer.write(event.SerializeToString())
    print("/* Written by tests/oracle/tensorboard_events.py --record: what the tensorboard package writes for the same events. */")
    print('#define RECORDED_EVENTS "%s"' % out.getvalue().hex())


def single(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def from_ledger(run):
    """tag -> [(step, value)]"""
    scalars = {tag: [] for tag in ("loss/train", "learning_rate", "loss/test", "accuracy/test")}
    with open(os.path.join(run, "run.ledger")) as f:
        for line in map(json.loads, f):
            if line["kind"] == "step":
                scalars["loss/train"].append((line["step"], struct.unpack(">f", bytes.fromhex(line["loss"]))[0]))
                scalars["learning_rate"].append((line["step"], single(struct.unpack(">d", bytes.fromhex(line["lr"]))[0])))
            elif line["kind"] == "eval":
                scalars["loss/test"].append((line["step"], struct.unpack(">f", bytes.fromhex(line["loss"]))[0]))
                scalars["accuracy/test"].append((line["step"], single(line["correct"] / line["count"])))
    with open(os.path.join(run, "metrics.jsonl")) as f:
        steps = [line for line in map(json.loads, f) if line["kind"] == "step"]
    scalars["gradient_norm"] = [(s["step"], single(s["gradient_norm"])) for s in steps]
    return scalars, [s["step"] for s in steps if s["seconds"] > 0]


def check_folder(folder, run, complaints):
    events = EventAccumulator(folder, size_guidance={"scalars": 0})
    events.Reload()
    expected, timed = from_ledger(run)
    for tag, values in expected.items():
        found = [(e.step, single(e.value)) for e in events.Scalars(tag)]
        if found != values:
            complaints.append("%s: %s: %r instead of %r" % (folder, tag, found[:40], values[:40]))
    if [e.step for e in events.Scalars("images_per_second")] != timed:
        complaints.append("%s: images_per_second" % folder)
    times = [e.wall_time for e in events.Scalars("loss/train")]
    if sorted(times) != times or times[0] < 1.5e9:
        complaints.append("%s: times" % folder)
    return len(expected) + 2


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--build", default=os.path.join(ROOT, "build"))
    p.add_argument("--record", action="store_true")
    o = p.parse_args()
    if o.record:
        record()
        return 0
    isobit, checks, complaints = os.path.join(o.build, "isobit"), 0, []
    with tempfile.TemporaryDirectory() as work:
        def call(*arguments):
            subprocess.run([isobit, *arguments], check=True, stdout=subprocess.DEVNULL)
        run, live, exported = (os.path.join(work, name) for name in ("run", "live", "exported"))
        call("train", os.path.join(ROOT, "examples/tutorial.yaml"), "--out", run, "--quiet", "--set", "epochs=2", "--tensorboard", live)
        checks += check_folder(live, run, complaints)
        call("export", run, "--tensorboard", exported)
        call("export", run, "--tensorboard", exported)  # takes the place of the first
        checks += check_folder(exported, run, complaints)
        checks += 1
        if len(os.listdir(exported)) != 1:
            complaints.append("exported: %r" % os.listdir(exported))
        # Killed behind step 30: the resumed run repeats the steps behind the checkpoint of step 24, and TensorBoard shows each once.
        with open(os.path.join(run, "run.ledger")) as f:
            lines = f.readlines()
        kept = next(i for i, line in enumerate(lines) if json.loads(line).get("step") == 30)
        with open(os.path.join(run, "run.ledger"), "w") as f:
            f.writelines(lines[:kept + 1])
        call("train", "--out", run, "--resume", "--quiet", "--tensorboard", live)
        checks += check_folder(live, run, complaints)
    for complaint in complaints:
        print("FAIL", complaint)
    print("%d passed, %d failed" % (checks - len(complaints), len(complaints)))
    return len(complaints) != 0


if __name__ == "__main__":
    sys.exit(main())
