#!/bin/bash
# The mistakes that a newcomer makes. Those that end in a message are made by the commands of docs/troubleshooting.md, which must print exactly what
# stands there; here are the files that they need, and what is no mistake after all. $1: build directory; --write writes the page anew.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 2
build=${1:-build} write=${2:-}
tree=$PWD
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
passed=0 failed=0
check() { if [ "$2" = "$3" ]; then passed=$((passed + 1)); else failed=$((failed + 1)); printf 'FAIL %s\n     got      %s\n     expected %s\n' "$1" "$2" "$3"; fi; }
export ISOBIT_CACHE=off NO_COLOR=1 HOME=$work

mkdir "$work/bin" && cp "$build/isobit" "$work/bin" && export PATH=$work/bin:$PATH
mkdir "$work/here"
for split in train test; do
    for class in ankle-boot bag coat; do
        mkdir -p "$work/here/images/$split/$class"
        ls examples/images/$split/$class/*.png | head -n 12 | xargs -I{} cp {} "$work/here/images/$split/$class/"
    done
done
cd "$work/here" || exit 2
cat >recipe.yaml <<'YAML'
seed: 5
data:
  train: images/train
  test: images/test
  transforms: [RandomHorizontalFlip(), RandomResizedCrop(16), ToTensor(), "Normalize([0.5], [0.5])"]
  loader: DataLoader(batch_size=10, shuffle=True, num_workers=2)
model:
  - Conv2d(3, 8, kernel_size=3, padding=1)
  - ReLU()
  - MaxPool2d(2)
  - Flatten()
  - Linear(512, 3)
optimizer: SGD(lr=0.05, momentum=0.9)
epochs: 2
YAML
edit() { sed "$2" recipe.yaml >"$1"; } # $1: the new recipe, $2: sed script
digest() { isobit train "$@" --quiet 2>&1 | sed -n 's/^digest //p'; }
isobit train recipe.yaml --out run --quiet >/dev/null
expected=$(isobit verify run --quiet | sed -n 's/^digest //p')

# ---- What is no mistake: the same digest, or one ----
edit windows.yaml 's/$/\r/'
check "line ends of Windows" "$(digest windows.yaml --out windows)" "$expected"
{ printf '\xef\xbb\xbf' && cat recipe.yaml; } >mark.yaml
check "a byte order mark" "$(digest mark.yaml --out mark)" "$expected"
mkdir "ein Ordner mit ä" && cp -r images "ein Ordner mit ä" && cp recipe.yaml "ein Ordner mit ä/rezept ü.yaml"
check "a path with spaces and UTF-8" "$(digest "ein Ordner mit ä/rezept ü.yaml" --out "läufe/erster lauf")" "$expected"
check "which verifies" "$(isobit verify "läufe/erster lauf" --quiet | tail -n 1)" "digest $expected"
edit negative.yaml 's/seed: 5/seed: -1/'
edit large.yaml 's/seed: 5/seed: 18446744073709551615/'
check "seed -1 is 2^64 - 1" "$(digest negative.yaml --out negative)" "$(digest large.yaml --out large)"
edit large-batch.yaml 's/batch_size=10/batch_size=100/'
check "a batch larger than the data" "$(isobit train large-batch.yaml --out large-batch --quiet | head -n 1)" "steps 2"
python3 - <<'PYTHON' # the same pictures as RGB, and as RGBA with some transparency, which is dropped
import os, random, struct, zlib
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
draw = random.Random(0)
for split in "train", "test":
    for c in "abc":
        for i in range(4):
            pixels = [[[draw.randrange(256) for _ in range(4)] for _ in range(20)] for _ in range(20)]
            for kind, channels, colour in ("rgb", 3, 2), ("rgba", 4, 6):
                os.makedirs(f"{kind}/{split}/{c}", exist_ok=True)
                raw = b"".join(b"\0" + b"".join(bytes(p[:channels]) for p in row) for row in pixels)
                with open(f"{kind}/{split}/{c}/{i}.png", "wb") as f:
                    f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 20, 20, 8, colour, 0, 0, 0)) +
                            chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b""))
PYTHON
for kind in rgb rgba; do
    edit $kind.yaml "s/images\\//$kind\\//"
    isobit train $kind.yaml --out run-$kind --quiet >/dev/null
    cp run-$kind/checkpoint-000004.safetensors $kind.weights
done
check "RGBA images are their RGB" "$(cmp rgb.weights rgba.weights 2>&1 && echo equal)" equal

# ---- Terminals, and Ctrl-C ----
cat >terminal.py <<'PYTHON'
import fcntl, os, pty, select, struct, sys, termios, time
columns, keys = int(sys.argv[1]), int(sys.argv[2])  # of the terminal; how often Ctrl-C is pressed, once a bar is seen
child, fd = pty.fork()
if child == 0:
    time.sleep(0.2)  # until the terminal has its size
    os.execvp(sys.argv[3], sys.argv[3:])
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
seen, end = b"", time.time() + 300
while time.time() < end:
    try:
        if select.select([fd], [], [], 0.05)[0]:
            seen += os.read(fd, 4096)
    except OSError:
        break
    while keys and b"left" in seen:
        os.write(fd, b"\x03")
        keys -= 1
if time.time() >= end:
    os.kill(child, 9)  # nobody reads what it writes any more
sys.stdout.write(seen.decode().replace("\x1b[K", ""))
status = os.waitpid(child, 0)[1]
print("\nstatus", 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status))
PYTHON
long="--set epochs=400 --set checkpoint=100"
bars=$(python3 terminal.py 40 0 isobit train recipe.yaml --out narrow $long | tr '\r' '\n' | grep -a '^epoch.*\[')
check "40 columns: bars are drawn" "$(grep -c . <<<"$bars" | awk '{print ($1 > 0)}')" 1
check "40 columns: none is wider" "$(awk 'length > 40' <<<"$bars")" ""
check "no terminal: no bar" "$(isobit train recipe.yaml --out plain 2>&1 | grep -c $'\r\|images/s')" 0
check "no terminal: a line an epoch" "$(isobit train recipe.yaml --out plain2 2>&1 | grep -c '^epoch [12]/2  loss')" 2
whole=$(digest recipe.yaml --out whole --set epochs=2000 --set checkpoint=500)
long="--set epochs=2000 --set checkpoint=500"
python3 terminal.py 80 1 isobit train recipe.yaml --out once $long >once.log
check "Ctrl-C once: says how to go on" "$(grep -ac 'interrupted behind step [0-9]* of 8000; go on with --resume --out once' once.log)" 1
check "Ctrl-C once: status" "$(tail -n 1 once.log)" "status 130"
check "Ctrl-C once: resumed" "$(digest --resume --out once)" "$whole"
python3 terminal.py 80 2 isobit train recipe.yaml --out twice $long >twice.log
check "Ctrl-C twice: status" "$(tail -n 1 twice.log)" "status 130"
check "Ctrl-C twice: resumed" "$(digest --resume --out twice)" "$whole"

# ---- What ends in a message: docs/troubleshooting.md ----
: >empty.yaml
edit tab.yaml 's/^  test: /\ttest: /'
edit unknown-key.yaml 's/^epochs/epoch/'
edit no-optimizer.yaml '/^optimizer/d'
edit batch-0.yaml 's/batch_size=10/batch_size=0/'
edit layer.yaml 's/MaxPool2d/Maxpool2d/'
edit argument.yaml 's/padding=1/pading=1/'
edit transform.yaml 's/RandomHorizontalFlip/RandomHorizontalflip/'
edit quotes.yaml 's/"Normalize(\[0.5\], \[0.5\])"/Normalize([0.5], [0.5])/'
edit shape.yaml 's/Linear(512, 3)/Linear(500, 3)/'
edit outputs.yaml 's/Linear(512, 3)/Linear(512, 2)/'
edit wrong-path.yaml 's/images\/train/images\/trian/'
edit no-test.yaml '/^  test:/d'
edit order.yaml 's/ToTensor(), "Normalize(\[0.5\], \[0.5\])"/"Normalize([0.5], [0.5])", ToTensor()/'
edit no-tensor.yaml 's/, ToTensor(), "Normalize(\[0.5\], \[0.5\])"//'
edit sizes.yaml 's/images\//sizes\//; s/RandomResizedCrop(16), //; s/Linear(512/Linear(800/'
edit drop-last.yaml 's/batch_size=10/batch_size=100, drop_last=True/'
edit other-seed.yaml 's/seed: 5/seed: 6/'
edit wider.yaml 's/Conv2d(3, 8/Conv2d(3, 16/; s/Linear(512/Linear(1024/'
for kind in fewer-classes empty-class damaged; do
    cp -r images $kind
    edit $kind.yaml "s/images\\//$kind\\//"
done
rm -r fewer-classes/test/bag
cp -r rgb sizes && cp "$(ls images/train/bag/*.png | head -n 1)" sizes/train/a/9.png
rm empty-class/train/bag/* empty-class/test/bag/*
first=$(ls damaged/train/coat/*.png | head -n 1)
head -c 200 "$first" >cut && mv cut "$first"
mkdir readonly && chmod a-w readonly
isobit train other-seed.yaml --out other-run --quiet >/dev/null
cp -r run damaged-run
printf '\xff' | dd of=damaged-run/checkpoint-000004.safetensors bs=1 seek=4000 conv=notrunc 2>/dev/null
[ "$(id -u)" != 0 ] || chown -R 65534:65534 "$work"
line=$("$tree/scripts/page.py" "$tree/docs/troubleshooting.md" "$build" --folder "$work/here" $write)
status=$?
grep -v ' passed, ' <<<"$line"
passed=$((passed + $(tail -n 1 <<<"$line" | sed 's/ passed.*//'))) failed=$((failed + $(tail -n 1 <<<"$line" | sed 's/.*passed, //; s/ failed//')))
[ $status = 0 ] || [ $failed != 0 ] || failed=1
echo "$passed passed, $failed failed"
[ $failed = 0 ]
