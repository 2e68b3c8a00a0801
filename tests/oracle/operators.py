"""Imported before torchvision: its wheels of the newest releases bring operators for CUDA builds of PyTorch, and cannot be imported beside a CPU build that lacks
them. Nothing here uses these operators, so it is enough that their names exist."""
import re
import sys

import torch


def _import_torchvision():
    library = None
    while True:
        try:
            import torchvision  # noqa: F401
            return library
        except RuntimeError as problem:
            missing = re.search(r"operator torchvision::(\w+) does not exist", str(problem))
            if not missing:
                raise
            library = library or torch.library.Library("torchvision", "DEF")
            library.define(missing.group(1) + "(Tensor x) -> Tensor")
            for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
                del sys.modules[name]


LIBRARY = _import_torchvision()  # its operators live as long as it does
