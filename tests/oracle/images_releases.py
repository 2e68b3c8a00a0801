"""Releases of Pillow and NumPy give different pixels in places; Isobit keeps to one of them (docs/recipes.md), and what is installed is brought to it here."""
import numpy as np
import PIL
from PIL import Image


def resize_columns_first():
    """Where more than twice as many rows as columns go away, Pillow 13 takes the vertical pass first; 12.2 did so for very tall images. Isobit has the order of all releases before
    them, horizontal first, which Pillow takes here too when it is asked in two calls."""
    one_call = Image.Image.resize

    def resize(self, size, resample=None, box=None, reducing_gap=None):
        if box is None and resample != Image.Resampling.NEAREST and self.mode not in ("1", "P") and size[0] != self.width and size[1] != self.height:
            self = one_call(self, (size[0], self.height), resample)
        return one_call(self, size, resample, box, reducing_gap)

    if tuple(map(int, PIL.__version__.split(".")[:2])) >= (12, 2):
        Image.Image.resize = resize


def pad_by_period():
    """Up to NumPy 2.0, np.pad drops values where a side is reflected more than once (numpy/numpy#25926); Isobit has what 2.1 made of it, the period of the reflection, which it is given here too."""
    release_pad = np.pad

    def pad(array, pad_width, mode="constant", **options):
        if mode not in ("reflect", "symmetric"):
            return release_pad(array, pad_width, mode=mode, **options)
        for axis, (before, after) in enumerate(pad_width):
            n = array.shape[axis]
            period = max(1, 2 * n - 2 * (mode == "reflect"))
            i = np.arange(-before, n + after) % period
            array = array.take(np.where(i < n, i, period - i - (mode == "symmetric")), axis)
        return array

    shortest = np.arange(3)
    if tuple(map(int, np.__version__.split(".")[:2])) >= (2, 1):
        assert np.array_equal(np.pad(shortest, [(1, 8)], mode="reflect"), pad(shortest, [(1, 8)], "reflect"))
    else:
        np.pad = pad


def as_one_release():
    resize_columns_first()
    pad_by_period()
