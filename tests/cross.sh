#!/bin/bash
# Isobit on another architecture, built with Debian's cross-compilers and run under qemu-user (WebAssembly: under node), beside the native
# build of the same sources:
#
#     tests/cross.sh BUILD ARCHITECTURE [WHAT...]
#
# ARCHITECTURE is aarch64, armv7, riscv64, ppc64le, s390x, i386 or wasm32. WHAT is one or more of
#     small    the small experiment (tests/matrix/small.c): its digest; a checkpoint of the same bytes; begun here and ended there, and the reverse
#     matrix   the experiments of tests/matrix, whose heads stand in docs/sameness.md, one of them begun here, killed and ended there, and the reverse
#     suite    the test suite
#     tutorial one epoch of the tutorial
# and by default suite and tutorial. BUILD is a native build; BUILD/ARCHITECTURE is built. Compilers are installed where they are missing (as
# root); libraries are Debian's, unpacked below BUILD/sysroot. What was found is added to BUILD/matrix/foreign.tsv.
# shellcheck disable=SC2086 # $isa is two words or none
set -uo pipefail
cd "$(dirname "$0")/.."
usage="usage: tests/cross.sh BUILD ARCHITECTURE [small|matrix|suite|tutorial]..."
build=${1:?$usage} architecture=${2:?$usage}
shift 2
[ $# -gt 0 ] || set -- suite tutorial

flags="-O2" isa=
case $architecture in # the name of Debian, of the compiler's target, of qemu
aarch64) debian=arm64 target=aarch64-linux-gnu flags="-O3 -g" ;;
armv7) debian=armhf target=arm-linux-gnueabihf ;;
riscv64) debian= target=riscv64-linux-gnu ;; # no release of Debian 12: no libraries
ppc64le) debian=ppc64el target=powerpc64le-linux-gnu ;;
s390x) debian=s390x target=s390x-linux-gnu ;;
i386) debian=i386 target=i686-linux-gnu flags="-O2 -Wno-psabi" isa="--isa scalar" ;;
wasm32) debian= target=wasm32-wasi ;;
*)
    echo "tests/cross.sh: architecture $architecture is not known; expected aarch64, armv7, riscv64, ppc64le, s390x, i386 or wasm32" >&2
    exit 2
    ;;
esac
case $architecture in
armv7) qemu=qemu-arm-static ;;
*) qemu=qemu-$architecture-static ;;
esac
there=$build/$architecture
sysroot=$build/sysroot/$architecture
passed=0 failed=0
ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "FAIL $architecture: $*"; }

# ---- Compilers, libraries, the emulator ----

have() { for program; do command -v "$program" >/dev/null || return 1; done; }
ready() {
    if [ $architecture = wasm32 ]; then
        have clang node wasm-ld-14 llvm-ar-14 && [ -e /usr/lib/wasm32-wasi/libc.a ] &&
            ls /usr/lib/llvm-14/lib/clang/*/lib/wasi/libclang_rt.builtins-wasm32.a >/dev/null 2>&1
    else
        have "$qemu" "$target-gcc"
    fi
}
if ! ready; then
    export DEBIAN_FRONTEND=noninteractive
    case $architecture in
    wasm32) packages="clang lld-14 llvm-14 wasi-libc libclang-rt-14-dev-wasm32 nodejs" ;;
    i386) packages="qemu-user-static gcc-i686-linux-gnu libc6-dev-i386-cross" ;;
    ppc64le) packages="qemu-user-static gcc-powerpc64le-linux-gnu libc6-dev-ppc64el-cross" ;;
    *) packages="qemu-user-static gcc-$target libc6-dev-${debian:-riscv64}-cross" ;;
    esac
    # shellcheck disable=SC2086 # a list of words
    apt-get update -qq && apt-get install -y -qq --no-install-recommends $packages >/dev/null
    ready || { echo "tests/cross.sh: a compiler or an emulator for $architecture could not be installed" >&2 && exit 2; }
fi

# The libraries' static forms, through lists of packages of their own: nothing of this machine's packages changes.
get_libraries() {
    [ -e "$sysroot/usr/lib/$libraries/libyaml.a" ] && return
    local packages status
    packages=$(mktemp -d)
    mkdir -p "$packages/lists/partial" "$packages/cache/archives/partial" "$sysroot"
    their_apt() {
        apt-get -qq -o APT::Sandbox::User=root -o APT::Architecture="$debian" -o APT::Architectures="$debian" -o Dir::State::status=/dev/null \
            -o Dir::State::lists="$packages/lists" -o Dir::Cache="$packages/cache" "$@"
    }
    their_apt update 2>/dev/null # a list that cannot be had may be one that is not needed
    (cd "$packages" && their_apt download {libpng-dev,libjpeg62-turbo-dev,libyaml-dev,zlib1g-dev,libwebp-dev})
    status=$?
    for package in "$packages"/*.deb; do
        [ $status = 0 ] && dpkg -x "$package" "$sysroot"
    done
    rm -r "$packages"
    return $status
}
libraries=$target # Debian's own name differs for one
[ $architecture = i386 ] && libraries=i386-linux-gnu

build_there() { # TARGET...
    local targets=("${@/#/$there/}")
    if [ $architecture = wasm32 ]; then
        make --no-print-directory -s -j"$(nproc)" BUILD="$there" CC="clang --target=wasm32-wasi" AR=llvm-ar-14 PTHREAD= CFLAGS="$flags" WERROR=1 "${targets[@]}"
    else
        PKG_CONFIG_LIBDIR=$sysroot/usr/lib/$libraries/pkgconfig PKG_CONFIG_SYSROOT_DIR=$sysroot make --no-print-directory -s -j"$(nproc)" \
            BUILD="$there" CC="$target-gcc" AR="$target-ar" CFLAGS="$flags -isystem $sysroot/usr/include/$libraries" LDFLAGS=-static WERROR=1 "${targets[@]}"
    fi
}

directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
emulated() { # PROGRAM ARGUMENT...
    local program=$1
    shift
    if [ $architecture = wasm32 ]; then
        node --no-warnings tests/matrix/wasi.mjs "$there/$program" "$directory" "$@" # sees $directory as "."
    else
        "$qemu" "$there/$program" "$@"
    fi
}
mkdir -p "$build/matrix"
compiler=$([ $architecture = wasm32 ] && clang --version | head -n 1 || "$target-gcc" --version | head -n 1)
compiler=$(sed -E 's/.*(gcc|clang).* ([0-9]+\.[0-9.]+).*/\1 \2/' <<<"$compiler")
note() { printf '%s\t' foreign "$architecture" "$compiler" "$@" "$(date +%F)" >>"$build/matrix/foreign.tsv" && echo >>"$build/matrix/foreign.tsv"; }

# same WHAT NATIVE THERE: both are a digest, and the same.
same() {
    if [[ $2 == "$3" && $2 =~ [0-9a-f]{64} ]]; then
        ok
        note "$1" "${2##* }" equal
    else
        bad "$1: ${3:-nothing}, natively ${2:-nothing}"
        note "$1" "${3##* }" differs
    fi
}
# same_file WHAT A B
same_file() {
    if cmp "$2" "$3"; then
        ok
        note "$1" - equal
    else
        bad "$1"
        note "$1" - differs
    fi
}

# ---- What is tested ----

test_small() {
    local home=$directory/ # where files lie as seen by the program there
    [ $architecture = wasm32 ] && home=./
    make --no-print-directory -s -j"$(nproc)" BUILD="$build" "$build/small" && build_there small || { bad "small: could not be built" && return; }
    same "small" "$("$build/small")" "$(emulated small $isa)"
    [ -z "$isa" ] || same "small, the emulator's best instruction set" "$("$build/small")" "$(emulated small)"
    [ $architecture = wasm32 ] || same "small, 3 threads" "$("$build/small" | tail -n 1)" "$(emulated small --threads 3 | tail -n 1)"
    "$build/small" --steps 11 --save "$directory/native" >/dev/null
    emulated small $isa --steps 11 --save "${home}there" >/dev/null
    same_file "small: a checkpoint's bytes" "$directory/native" "$directory/there"
    same "small: begun natively" "$("$build/small" | tail -n 1)" "$(emulated small $isa --load "${home}native" | tail -n 1)"
    same "small: ended natively" "$("$build/small" | tail -n 1)" "$("$build/small" --load "$directory/there" | tail -n 1)"
}

train() { "$@" --quiet | tail -n 1; }
head_of() { sed -n "s/^| \`$1\` |.*| \`\([0-9a-f]\{64\}\)\` |.*/digest \1/p" docs/sameness.md; }
# Kills a run behind its first checkpoint but one: in the background, so that it is one process.
begin_and_kill() { # OUT COMMAND...
    local out=$1 pid
    shift
    "$@" --out "$out" --quiet >/dev/null 2>&1 &
    pid=$!
    while [ "$(find "$out" -name '*.safetensors' 2>/dev/null | wc -l)" -lt 2 ] && kill -0 $pid 2>/dev/null; do sleep 0.002; done
    kill -9 $pid 2>/dev/null
    wait $pid 2>/dev/null
    [ "$(tail -n 1 "$out/run.ledger" | grep -c '"end"')" = 0 ]
}
test_matrix() {
    local experiment
    for experiment in cnn residual mlp; do
        same "$experiment" "$(head_of $experiment)" "$(train emulated isobit train tests/matrix/$experiment.yaml $isa --out "$directory/$experiment-there")"
        "$build/isobit" train tests/matrix/$experiment.yaml --out "$directory/$experiment" --quiet >/dev/null
        same_file "$experiment: the ledger's bytes" "$directory/$experiment/run.ledger" "$directory/$experiment-there/run.ledger"
    done
    same_file "cnn: a checkpoint's bytes" "$directory/cnn/checkpoint-000014.safetensors" "$directory/cnn-there/checkpoint-000014.safetensors"
    begin_and_kill "$directory/here" "$build/isobit" train tests/matrix/cnn.yaml --threads 1 --isa scalar --set checkpoint=1 || bad "cnn: not killed in the middle"
    begin_and_kill "$directory/there-first" "$qemu" "$there/isobit" train tests/matrix/cnn.yaml --set checkpoint=1 || bad "cnn: not killed in the middle there"
    "$build/isobit" train tests/matrix/cnn.yaml --set checkpoint=1 --out "$directory/whole" --quiet >"$directory/whole.out"
    same "cnn: begun natively, ended there" "$(tail -n 1 "$directory/whole.out")" "$(train emulated isobit train --resume --out "$directory/here")"
    same "cnn: begun there, ended natively" "$(tail -n 1 "$directory/whole.out")" "$(train "$build/isobit" train --resume --out "$directory/there-first")"
    same "cnn: verified there" "$(tail -n 1 "$directory/whole.out")" "$(emulated isobit verify "$directory/whole" --quiet | tail -n 1)"
}

test_tutorial() {
    local run="train examples/tutorial.yaml --set epochs=1 --set data.train=images/test"
    # shellcheck disable=SC2086
    same "tutorial, one epoch" "$(train "$build/isobit" $run --out "$directory/tutorial")" "$(train emulated isobit $run --out "$directory/tutorial-there")"
}

test_suite() {
    emulated isobit-tests >"$directory/tests"
    local status=$? line
    grep -v '^ok ' "$directory/tests" | grep -v ' passed, '
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$directory/tests" | tail -n 1)
    passed=$((passed + ${line%% passed*})) line=${line##* passed, }
    failed=$((failed + ${line%% failed*}))
    [ $status = 0 ] || [ "${line%% failed*}" != 0 ] || bad "the test suite ended with status $status"
    note "test suite" - "$([ $status = 0 ] && echo equal || echo differs)"
}

[ -x "$build/isobit" ] || make --no-print-directory -s -j"$(nproc)" BUILD="$build" "$build/isobit" || exit 1
programs=()
for what; do
    case $what in
    small) ;;
    matrix | tutorial) programs+=(isobit) ;;
    suite) programs+=(isobit-tests) ;;
    *) echo "$usage" >&2 && exit 2 ;;
    esac
done
if [ ${#programs[@]} -gt 0 ]; then
    [ -n "$debian" ] || { echo "tests/cross.sh: Debian has no image libraries for $architecture; only small can be tested" >&2 && exit 2; }
    get_libraries || { echo "tests/cross.sh: libraries for $architecture could not be had" >&2 && exit 2; }
    build_there "${programs[@]}" || exit 1
fi
for what; do
    echo "--- $architecture: $what"
    "test_$what"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
