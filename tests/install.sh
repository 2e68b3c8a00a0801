#!/bin/bash
# `make install` into a directory, and programs outside of the tree built against it through pkg-config and CMake. $1: build directory; `all`: CMake
# must be there too.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2
build=${1:-build} need=${2:-}
passed=0 failed=0
check() { # $1: what, then the command
    local what=$1
    shift
    if "$@" >"$work/log" 2>&1; then
        passed=$((passed + 1)); echo "ok   $what"
    else
        failed=$((failed + 1)); echo "FAIL $what"; cat "$work/log"
    fi
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset LD_LIBRARY_PATH # everything here finds its library by itself, or is told

check "make install" make --no-print-directory -s BUILD="$build" PREFIX="$work/usr" install
cat >"$work/user.c" <<'C'
#include <isobit/isobit.h>
#include <stdio.h>
int main(void) {
    iso_context *ctx;
    if (iso_context_new(&ctx, NULL))
        return 1;
    iso_torch_manual_seed(iso_generator(ctx), 0);
    float x[4];
    iso_torch_uniform(iso_generator(ctx), x, 4, 0, 1);
    printf("%.4f\n", (double)x[0]);
    iso_context_free(ctx);
    return 0;
}
C
cat >"$work/streams.c" <<'C'
#include <isobit/random.h>
#include <stdio.h>
int main(void) {
    iso_torch_generator torch = {0};
    iso_py_random python = {0};
    float x[20];
    iso_torch_manual_seed(&torch, 0);
    iso_torch_normal(&torch, x, 20, 0, 1);
    iso_py_seed(&python, 91);
    printf("%.4f %.8f\n", (double)x[0], iso_py_random_one(&python));
    return 0;
}
C
export PKG_CONFIG_PATH=$work/usr/lib/pkgconfig
check "random.h alone" bash -c "${CC:-cc} -std=c11 $work/streams.c -o $work/streams \$(pkg-config --cflags --libs isobit-random) && [ \"\$($work/streams)\" = '-1.1258 0.08352052' ]"
check "build against the shared library" bash -c "${CC:-cc} -std=c11 $work/user.c -o $work/shared \$(pkg-config --cflags --libs isobit)"
check "build against the static library" bash -c "${CC:-cc} -std=c11 $work/user.c -o $work/static \$(pkg-config --cflags isobit) $work/usr/lib/libisobit.a \$(pkg-config --static --libs-only-l isobit | sed 's/-lisobit//')"
check "torch.rand's first number, shared" bash -c "[ \"\$(LD_LIBRARY_PATH=$work/usr/lib $work/shared)\" = 0.4963 ]"
check "torch.rand's first number, static" bash -c "[ \"\$($work/static)\" = 0.4963 ]"
# The examples, as their first comment says: the numbers of `isobit stream`, and the weights of `isobit train`.
warnings="-Wall -Wextra -Werror -std=c11"
check "examples/streams.c" bash -c "${CC:-cc} $warnings examples/streams.c \$(pkg-config --cflags --libs isobit-random) -o $work/streams"
numbers() { # the same from `isobit stream`, rounded as the example rounds them
    { "$build/isobit" stream --seed 0 'torch.rand(3)' 'torch.randn(3)' 'torch.randperm(5)' 'F.dropout(torch.ones(8), 0.5)'
      "$build/isobit" stream --seed 0 'np.random.rand(3)' 'np.random.default_rng(0).random(3)' 'random.random()'; } | tr -d '[],' |
        awk 'NR == 3 {print; next} {for (i = 1; i <= NF; i++) printf (NR < 5 ? "%.4f" : "%.8f") (i < NF ? " " : "\n"), $i}'
}
check "its numbers are those of isobit stream" bash -c "diff <($work/streams | cut -c 30-) - <<<\"$(numbers)\""
check "examples/tutorial.c, in under 100 lines" bash -c "[ \$(wc -l <examples/tutorial.c) -lt 100 ] &&
    ${CC:-cc} $warnings examples/tutorial.c \$(pkg-config --cflags --libs isobit) -o $work/tutorial"
"$work/usr/bin/isobit" train examples/tutorial.yaml --out "$work/run" --quiet >/dev/null
check "its weights are those of isobit train" bash -c "LD_LIBRARY_PATH=$work/usr/lib $work/tutorial examples/tutorial.yaml $work/run/checkpoint-000096.safetensors |
    tee /dev/stderr | grep -qx '16 of 16 tensors are equal in every bit'"

check "the exported symbols are the public functions and what the program uses" scripts/symbols.sh "$work/usr/lib/libisobit.so" "$work/usr/bin/isobit" tests/symbols

# The program is linked against the library beside it; both are small.
says_the_same() { # all that the program in the tree says, which has everything in one file
    local arguments
    for arguments in help "help recipe" "help Conv2d" "help --man train" "help --completion zsh" "info --selftest" "info --json" "train --epochs 3" "hepl"; do
        diff <("$build/isobit" $arguments 2>&1) <(LD_BIND_NOW=1 "$work/usr/bin/isobit" $arguments 2>&1) || return 1
    done
}
check "the program uses the installed library" bash -c "ldd $work/usr/bin/isobit | grep -q 'libisobit.so.* => $work/usr/bin/../lib/libisobit.so'"
check "it says and computes what the program in the tree does" says_the_same
check "its RUNPATH is relative" bash -c "readelf -d $work/usr/bin/isobit | grep -q 'RUNPATH.*\[\$ORIGIN/../lib\]'"
strip -o "$work/stripped.so" "$work/usr/lib/libisobit.so" && strip -o "$work/stripped" "$work/usr/bin/isobit"
size=$(cat "$work/stripped.so" "$work/stripped" | wc -c)
check "program and library, stripped, are $size bytes: expected less than 2000000" [ "$size" -gt 100000 -a "$size" -lt 2000000 ]
mkdir "$work/other" && echo 'ISOBIT_0 {}; ISOBIT_PRIVATE_0.0.9 {};' >"$work/other/map"
check "it refuses the library of another release" bash -c "echo 'int iso_other;' | ${CC:-cc} -shared -fPIC -x c - -Wl,-soname,libisobit.so.0 -Wl,--version-script,$work/other/map -o $work/other/libisobit.so.0 &&
    ! LD_LIBRARY_PATH=$work/other $work/usr/bin/isobit --version 2>$work/other/said && grep -q 'ISOBIT_PRIVATE_.*not found' $work/other/said"
check "manual pages" bash -c "grep -q '^.TH \"ISOBIT-TRAIN\" 1' $work/usr/share/man/man1/isobit-train.1 && grep -q '^.TH \"ISOBIT\" 1' $work/usr/share/man/man1/isobit.1"
check "completions" bash -c "cd $work/usr/share && [ -s bash-completion/completions/isobit ] && [ -s zsh/site-functions/_isobit ] && [ -s fish/vendor_completions.d/isobit.fish ]"

# Another project, as its author would write it, and once more with the installed files moved elsewhere.
mkdir "$work/project"
cp "$work/user.c" "$work/streams.c" "$work/project"
cat >"$work/project/CMakeLists.txt" <<'CMAKE'
cmake_minimum_required(VERSION 3.16)
project(user C)
find_package(isobit 0.1 REQUIRED)
add_executable(shared user.c)
target_link_libraries(shared PRIVATE isobit::isobit)
add_executable(static user.c)
target_link_libraries(static PRIVATE isobit::static)
add_executable(streams streams.c)
target_link_libraries(streams PRIVATE isobit::random)
CMAKE
cmake_project() { # $1: where isobit is installed
    rm -rf "$work/cmake" && cmake -S "$work/project" -B "$work/cmake" -DCMAKE_PREFIX_PATH="$1" && cmake --build "$work/cmake" &&
        [ "$("$work/cmake/shared")" = 0.4963 ] && [ "$("$work/cmake/static")" = 0.4963 ] && [ "$("$work/cmake/streams")" = '-1.1258 0.08352052' ] &&
        readelf -d "$work/cmake/shared" | grep -q 'NEEDED.*libisobit.so' && ! readelf -d "$work/cmake/static" | grep -q 'NEEDED.*libisobit'
}
if command -v cmake >/dev/null; then
    check "a CMake project: shared, static, streams" cmake_project "$work/usr"
    cp -r "$work/usr" "$work/moved" && mv "$work/usr" "$work/away"
    check "the same with the files moved" cmake_project "$work/moved"
    check "the program too goes where its library goes" "$work/moved/bin/isobit" info
    mv "$work/away" "$work/usr"
    sed -i 's/isobit 0.1/isobit 0.2/' "$work/project/CMakeLists.txt"
    check "a later version is not found" bash -c "! cmake -S $work/project -B $work/other -DCMAKE_PREFIX_PATH=$work/usr"
elif [ "$need" = all ]; then
    check "cmake is there" false
fi

check "DESTDIR" bash -c "make --no-print-directory -s BUILD=$build PREFIX=/opt/isobit LIBDIR=/opt/isobit/lib/here DESTDIR=$work/stage install &&
    $work/stage/opt/isobit/bin/isobit --version && grep -qx 'libdir=\${prefix}/lib/here' $work/stage/opt/isobit/lib/here/pkgconfig/isobit.pc &&
    ! grep -rqF $work $work/stage/opt/isobit/lib/here/pkgconfig $work/stage/opt/isobit/lib/here/cmake"
check "make uninstall with DESTDIR leaves nothing" bash -c "make --no-print-directory -s BUILD=$build PREFIX=/opt/isobit LIBDIR=/opt/isobit/lib/here DESTDIR=$work/stage uninstall &&
    [ -z \"\$(find $work/stage ! -type d)\" ]"
check "a library outside of the prefix" bash -c "make --no-print-directory -s BUILD=$build PREFIX=$work/here LIBDIR=$work/there install && $work/here/bin/isobit --version"
check "make install RUNPATH=" bash -c "make --no-print-directory -s BUILD=$build PREFIX=$work/here LIBDIR=$work/there RUNPATH= install &&
    ! readelf -d $work/here/bin/isobit | grep RUNPATH && LD_LIBRARY_PATH=$work/there $work/here/bin/isobit --version"
check "a header is C++ too" bash -c "command -v g++ >/dev/null || exit 0; echo '#include <isobit/isobit.h>' | g++ -x c++ -std=c++17 -fsyntax-only -I$work/usr/include -"
check "make uninstall leaves nothing" bash -c "make --no-print-directory -s BUILD=$build PREFIX=$work/usr uninstall && [ -z \"\$(find $work/usr ! -type d)\" ]"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
