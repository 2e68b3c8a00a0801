"""How a driver is linked with the library that is compared."""
import os
import subprocess


def static_libraries(build):
    """What the library in `build` was built with (the Makefile keeps the list there)."""
    with open(os.path.join(build, "packages")) as packages:
        flags = subprocess.run(["pkg-config", "--libs"] + packages.read().split(), check=True, stdout=subprocess.PIPE).stdout.decode()
    return flags.split() + ["-lm"]
