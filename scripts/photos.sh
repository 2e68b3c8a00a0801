#!/bin/sh
# scripts/photos.sh FOLDER PYTHON: photographs for bench/pipeline.py, from packages that carry some: 96 sections of 500 x 375 pixels as
# JPEG files in four classes. PYTHON has Pillow.
set -eu
folder=$1 python=$2
[ -e "$folder/done" ] && exit 0
mkdir -p "$folder/packages"
"$python" -m pip download -q --no-deps -d "$folder/packages" scikit-learn scikit-image matplotlib
"$python" - "$folder" <<'PYTHON'
import glob, io, os, random, sys, zipfile
from PIL import Image

folder = sys.argv[1]
names = ("china.jpg", "flower.jpg", "grace_hopper.jpg", "chelsea.png", "coffee.png", "astronaut.png", "motorcycle_left.png", "hubble_deep_field.jpg")
photos = []
for package in sorted(glob.glob(os.path.join(folder, "packages", "*.whl"))):
    with zipfile.ZipFile(package) as z:
        photos += [Image.open(io.BytesIO(z.read(n))).convert("RGB") for n in sorted(z.namelist()) if os.path.basename(n) in names]
assert len(photos) == len(names), "the packages have other photographs by now"
random.seed(7)
for i in range(96):
    photo = photos[i % len(photos)]
    h = random.uniform(0.6, 1) * min(photo.height, photo.width * 0.75)
    w = h / 0.75
    x, y = random.uniform(0, photo.width - w), random.uniform(0, photo.height - h)
    place = os.path.join(folder, "train", "class%d" % (i % 4))
    os.makedirs(place, exist_ok=True)
    photo.resize((500, 375), Image.BICUBIC, (x, y, x + w, y + h)).save(os.path.join(place, "%02d.jpg" % i), quality=random.choice((75, 85, 95)))
open(os.path.join(folder, "done"), "w").close()
PYTHON
rm -r "$folder/packages"
