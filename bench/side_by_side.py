"""What the benchmarks beside PyTorch share: both sides in one process, in turn, medians and ratios."""
import ctypes
import os
import statistics
import subprocess
import sys
import time

import numpy as np
import torch

PAUSE = 0.03  # seconds between contenders: threads that spin for their next work must have gone to sleep


def blis_kernel(setting=None):
    """Whose kernel BLIS takes: its choice, or that of BLIS_ARCH_TYPE. None: it is not installed, or this setting does not suit it."""
    question = ("import ctypes; b = ctypes.CDLL('libblis.so.4'); b.bli_init(); b.bli_arch_string.restype = ctypes.c_char_p; "
                "print(b.bli_arch_string(b.bli_arch_query_id()).decode())")
    environment = {**os.environ, "BLIS_ARCH_TYPE": setting} if setting else os.environ
    return subprocess.run([sys.executable, "-c", question], env=environment, capture_output=True, text=True).stdout.strip() or None


def start_again(threads):
    """Starts the process again with what libraries read when they are loaded: how many threads NumPy's OpenBLAS may use, and a malloc that keeps
    its memory, which is PyTorch's best setting: freed pages cost faults. OpenBLAS and BLIS get the best kernel they have, also on a processor that is
    newer than they are, or where the environment would hold them to another."""
    wanted = {"MALLOC_TRIM_THRESHOLD_": "4294967296", "MALLOC_MMAP_THRESHOLD_": "4294967296", "MALLOC_TOP_PAD_": "268435456",
              "THP_MEM_ALLOC_ENABLE": "1",  # PyTorch's own switch for huge pages, which our allocator asks for too
              "OPENBLAS_NUM_THREADS": str(threads), "OMP_NUM_THREADS": str(threads),
              "OPENBLAS_THREAD_TIMEOUT": "22"}  # 2^22 cycles: its idle threads would else spin for a tenth of a second, into the next contender's turn
    held = [k for k in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE") if k in os.environ]
    if held or any(os.environ.get(k) != v for k, v in wanted.items()):
        os.environ.update(wanted)
        for k in held:
            del os.environ[k]
        if blis_kernel() == "generic" and "avx512f" in cpu_flags():
            os.environ["BLIS_ARCH_TYPE"] = "0"  # skx, its kernel for AVX-512
        os.execv(sys.executable, [sys.executable, "-W", "ignore"] + sys.argv)


def library(path):
    lib = ctypes.CDLL(os.path.abspath(path))
    for name in ("contender_open", "contender_cnn", "contender_resnet18", "contender_sgd"):
        if hasattr(lib, name):
            getattr(lib, name).restype = ctypes.c_void_p
    for name in ("contender_isa", "contender_error"):
        getattr(lib, name).restype = ctypes.c_char_p
    lib.contender_memory.restype = ctypes.c_size_t
    return lib


def opened(lib, threads, isa):
    c = lib.contender_open(threads, isa.encode() if isa else None)
    if not c:
        sys.exit("this machine has no %s" % isa)
    return ctypes.c_void_p(c)


def pointer(array):
    data = array.data_ptr() if isinstance(array, torch.Tensor) else array.ctypes.data
    return ctypes.c_void_p(data)


def longs(*numbers):
    return (ctypes.c_int64 * len(numbers))(*numbers)


def seconds(f):
    start = time.perf_counter()
    f()
    return time.perf_counter() - start


def in_turn(contenders, rounds, pause=PAUSE):
    """The times of each contender over `rounds` rounds, after one that does not count. What takes microseconds is repeated."""
    repeat = [max(1, min(1000, int(0.002 / max(1e-7, min(seconds(f), seconds(f)))))) for f in contenders]
    times = [[] for _ in contenders]
    for _ in range(rounds):
        for i, f in enumerate(contenders):
            time.sleep(pause)
            f()
            start = time.perf_counter()
            for _ in range(repeat[i]):
                f()
            times[i].append((time.perf_counter() - start) / repeat[i])
    return times


def median(times):
    return statistics.median(times)


def cpu_field(name):
    with open("/proc/cpuinfo") as f:
        return next((line.split(":")[1].strip() for line in f if line.startswith(name)), "unknown")


def cpu():
    return cpu_field("model name")


def cpu_flags():
    return cpu_field("flags").split()


def openblas_kernel():
    """Whose kernel NumPy's OpenBLAS takes on this processor."""
    with open("/proc/self/maps") as f:
        path = next((line.split()[-1] for line in f if "openblas" in line), None)
    name = path and getattr(ctypes.CDLL(path), "scipy_openblas_get_corename64_", None)
    if not name:
        return "unknown"
    name.restype = ctypes.c_char_p
    return name().decode()


def heading(lib, c, threads):
    return "isobit (%s) beside PyTorch %s (%s, mkldnn %s), %d thread%s each, %s, NumPy %s" % (
        lib.contender_isa(c).decode(), torch.__version__, torch.backends.cpu.get_cpu_capability(),
        "on" if torch.backends.mkldnn.is_available() else "off", threads, "s" if threads > 1 else "", cpu(), np.__version__)
