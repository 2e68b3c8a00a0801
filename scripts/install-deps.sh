#!/bin/sh
# Installs the Debian or Ubuntu packages that building needs, if any is missing. As a normal user without
# them it prints the one line to run, and stops.
set -eu

missing=
command -v "${CC:-cc}" >/dev/null 2>&1 || missing="$missing gcc libc6-dev"
command -v make >/dev/null 2>&1 || missing="$missing make"
if command -v pkg-config >/dev/null 2>&1; then
    pkg-config --exists libpng || missing="$missing libpng-dev"
    pkg-config --exists libjpeg || missing="$missing libjpeg-dev"
    pkg-config --exists yaml-0.1 || missing="$missing libyaml-dev"
    pkg-config --exists zlib || missing="$missing zlib1g-dev"
    pkg-config --exists libwebp libwebpdemux || missing="$missing libwebp-dev"
else
    missing="$missing pkg-config libpng-dev libjpeg-dev libyaml-dev zlib1g-dev libwebp-dev"
fi
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "isobit: please install (under Debian's names):$missing" >&2
    exit 2
fi
if [ "$(id -u)" != 0 ]; then
    echo "isobit: some packages are missing; please run" >&2
    echo "    sudo apt-get install -y$missing" >&2
    exit 2
fi
echo "isobit: installing$missing" >&2
apt-get update -qq
# shellcheck disable=SC2086 # a list of words
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
