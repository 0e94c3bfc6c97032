"""MNIST as numpy arrays, from where `normlab data fetch mnist` puts it."""

import os
import pathlib
import sys

import numpy


def folder(given=None):
    """The folder that holds the four IDX files: the one named, or the cache (docs: data)."""
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "normlab"
    path = pathlib.Path(given) if given else pathlib.Path(os.environ.get("NORMLAB_DATA") or cache) / "mnist"
    if not (path / "train-images-idx3-ubyte").exists():
        sys.exit(f"{path}: no MNIST here; fetch it with: normlab data fetch mnist")
    return path


def load(path, split):
    """Images [N][1][28][28] and labels [N] as bytes; split is "train" or "t10k"."""
    images = numpy.fromfile(path / f"{split}-images-idx3-ubyte", numpy.uint8, offset=16)
    labels = numpy.fromfile(path / f"{split}-labels-idx1-ubyte", numpy.uint8, offset=8)
    return images.reshape(-1, 1, 28, 28), labels
