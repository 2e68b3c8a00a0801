#!/bin/bash
# The library on another architecture, under qemu-user: cross-built with Debian's compiler, its test suite, and one training run whose digest must
# be the one of the native build. `tests/cross.sh BUILD ARCHITECTURE`; BUILD/ARCHITECTURE is built, BUILD is the native build to compare with.
# Installs what is missing (as root).
set -uo pipefail
cd "$(dirname "$0")/.."
build=${1:?usage: tests/cross.sh BUILD ARCHITECTURE}
architecture=${2:?usage: tests/cross.sh BUILD ARCHITECTURE}

case $architecture in # the name of Debian, of the compiler's target, of qemu
aarch64) debian=arm64 target=aarch64-linux-gnu qemu=qemu-aarch64-static ;;
*)
    echo "tests/cross.sh: architecture $architecture is not known; expected aarch64" >&2
    exit 2
    ;;
esac

ready() { command -v "$qemu" "$target-gcc" >/dev/null && [ -e "/usr/lib/$target/libyaml.so" ]; }
if ! ready; then
    export DEBIAN_FRONTEND=noninteractive
    dpkg --add-architecture "$debian" && apt-get update -qq &&
        apt-get install -y -qq --no-install-recommends qemu-user-static "gcc-$target" "libc6-dev-$debian-cross" \
            libpng-dev:"$debian" libjpeg-dev:"$debian" libyaml-dev:"$debian" zlib1g-dev:"$debian" libwebp-dev:"$debian" >/dev/null
    ready || { echo "tests/cross.sh: a compiler, libraries or qemu for $architecture could not be installed" >&2 && exit 2; }
fi

there=$build/$architecture
PKG_CONFIG_LIBDIR=/usr/lib/$target/pkgconfig make --no-print-directory -s -j"$(nproc)" BUILD="$there" CC="$target-gcc" AR="$target-ar" WERROR=1 \
    all tests || exit 1

directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
train() { "$@" --quiet --set epochs=1 --set data.train=images/test | tail -n 1; }
native=$(train "$build/isobit" train examples/tutorial.yaml --out "$directory/native")
other=$(train "$qemu" "$there/isobit" train examples/tutorial.yaml --out "$directory/other")
"$qemu" "$there/isobit-tests" >"$directory/tests"
status=$?
grep -v '^ok ' "$directory/tests" | grep -v ' passed, '
line=$(tail -n 1 "$directory/tests")
passed=${line%% passed*} failed=${line##* passed, } failed=${failed%% failed*}
if [ $status != 0 ] && [ "$failed" = 0 ]; then
    failed=1
fi
echo "native        $native"
echo "$architecture $other"
if [ "$native" = "$other" ] && [[ $native == digest* ]]; then
    passed=$((passed + 1))
else
    echo "FAIL the digests differ"
    failed=$((failed + 1))
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
