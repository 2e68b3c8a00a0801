"""How a driver is linked with the library that is compared."""
import os
import subprocess


def static_libraries(build):
    """What isobit.pc names for static linking."""
    lines = open(os.path.join(build, "isobit.pc")).read().splitlines()
    packages = next(line.split(":", 1)[1].split() for line in lines if line.startswith("Requires.private"))
    flags = subprocess.run(["pkg-config", "--libs"] + packages, check=True, stdout=subprocess.PIPE).stdout.decode()
    return flags.split() + ["-lm"]
