#!/bin/sh
# scripts/torch-venv.sh FOLDER: a virtual environment with the newest PyTorch that the project is compared with, unless it is there.
set -eu
folder=$1
python() { "$folder/bin/python" -W ignore "$@"; }
[ -x "$folder/bin/python" ] || python3 -m venv "$folder"
python -c 'import torch, numpy, safetensors; assert torch.__version__.startswith("2.13")' 2>/dev/null ||
    python -m pip install -q torch==2.13.0 numpy safetensors
