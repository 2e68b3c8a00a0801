"""The live side: evaluates programs with the real libraries of the interpreter that runs this file, and prints the bits as
`isobit stream --hex` does. Runs on CPython 3.8 and later, with or without NumPy and PyTorch. Standard input: one JSON list per
line, [seed, [statement, ...]]; standard output: one JSON list of answers per line."""
import ast
import json
import random
import struct
import sys
import warnings

warnings.simplefilter("ignore")
names = {"random": random}
try:
    import numpy as np
    names.update(np=np, numpy=np)
except ImportError:
    np = None
try:
    if "--no-torch" in sys.argv:
        raise ImportError
    import torch
    names.update(torch=torch, nn=torch.nn, F=torch.nn.functional, init=torch.nn.init)
    torch.set_num_threads(1)
except ImportError:
    torch = None


def array_bits(a):
    size = a.dtype.itemsize
    data = np.ascontiguousarray(a).byteswap().tobytes()
    return [data.hex(" ", size)] if data else []


def bits(v):
    if isinstance(v, bool) or v is None:
        return [str(v)]
    if isinstance(v, int):
        return [str(v)]
    if isinstance(v, float):
        return ["%016x" % struct.unpack("<Q", struct.pack("<d", v))[0]]
    if isinstance(v, (str, range)):
        return [repr(v)]
    if isinstance(v, bytes):
        return ["%02x" % b for b in v]
    if isinstance(v, (list, tuple)):
        return [b for p in v for b in bits(p)]
    if np is not None and isinstance(v, (np.ndarray, np.generic)):
        return array_bits(np.asarray(v))
    if torch is not None and isinstance(v, torch.nn.Module):
        return [b for p in v.parameters() for b in bits(p)]
    if torch is not None and isinstance(v, torch.Tensor):
        v = v.detach().contiguous()
        kind = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}[v.element_size()]
        return array_bits(v.view(kind).numpy()) if v.numel() else []
    return ["None"]


def run(seed, program):
    random.seed(seed)
    if np is not None:
        np.random.seed(seed % 2**32)
    if torch is not None:
        torch.manual_seed(seed)
    scope, answers = dict(names), []
    for statement in program:
        try:
            if isinstance(ast.parse(statement).body[0], ast.Assign):
                exec(statement, scope)
                answers.append("")
            else:
                answers.append(" ".join(bits(eval(statement, scope))))
        except Exception as e:
            answers.append("error: %s: %s" % (type(e).__name__, str(e).split("\n")[0][:200]))
    return answers


if __name__ == "__main__":
    for line in sys.stdin:
        sys.stdout.write(json.dumps(run(*json.loads(line))) + "\n")
        sys.stdout.flush()
