#!/usr/bin/python3
"""Writes what torchvision makes of 1,000 MNIST images, for tests/data_sets/augment_test.cc.

usage: augment.py FOLDER-WITH-MNIST [FOLDER-FOR-THE-RESULT]

Needs torchvision 0.14.1 and Pillow 9.4 (Debian 12: python3-torchvision). Writes one file:

augment.gz: 1,000 grey images of 28x28, then 12 colour ones of 3x17x21. All integers are little
endian. Header: 8 bytes "augment2", then four uint32: grey images, colour images, 28, 28.
Each image: float32 brightness, contrast, angle in degrees; int8 shift to the right, down; float32
scale; uint8 contrast_first; uint8 fill; then the bytes before and after, [C][H][W].
"""
import gzip
import io
import pathlib
import struct
import sys

import numpy as np
import PIL
import torch
import torchvision
from PIL import Image
from torchvision.transforms import (
    ColorJitter, InterpolationMode, RandomAffine, RandomRotation)
from torchvision.transforms import functional as F

GREY, COLOUR = 1000, 12
# Beside random angles: those for which Pillow takes a short cut.
SPECIAL_ANGLES = [0.0, 90.0, 180.0, 270.0, -90.0, 45.0, -360.0, 1e-14, -1e-30, 725.5]


def transform(image, brightness, contrast, contrast_first, angle, shift, scale, fill):
    if contrast_first:
        image = F.adjust_brightness(F.adjust_contrast(image, contrast), brightness)
    else:
        image = F.adjust_contrast(F.adjust_brightness(image, brightness), contrast)
    if shift == (0, 0) and scale == 1:
        return F.rotate(image, angle, InterpolationMode.NEAREST, fill=fill)
    # affine() turns clockwise, rotate() the other way.
    return F.affine(image, -angle, list(shift), scale, [0.0, 0.0], InterpolationMode.NEAREST,
                    fill=fill)


def planes(image):
    array = np.asarray(image)
    return array.tobytes() if array.ndim == 2 else array.transpose(2, 0, 1).tobytes()


def check_recipe(images):
    """The recipe's own objects do what `transform` does, and nothing else, to grey images."""
    jitter = ColorJitter(brightness=0.1, contrast=0.1, saturation=0.1, hue=0.1)
    turn = RandomRotation((-7.0, 7.0), fill=(1,))
    move = RandomAffine((-7.0, 7.0), translate=(0.1, 0.1), scale=(0.9, 1.1), fill=(1,))
    for number, pixels in enumerate(images):
        image = Image.fromarray(pixels, mode="L")
        torch.manual_seed(number)
        expected = turn(jitter(image))
        torch.manual_seed(number)
        order, brightness, contrast, _, _ = ColorJitter.get_params(
            jitter.brightness, jitter.contrast, jitter.saturation, jitter.hue)
        angle = RandomRotation.get_params([-7.0, 7.0])
        order = order.tolist()
        contrast_first = order.index(1) < order.index(0)
        mine = transform(image, brightness, contrast, contrast_first, angle, (0, 0), 1, (1,))
        assert planes(mine) == planes(expected), number

        torch.manual_seed(number)
        expected = move(image)
        torch.manual_seed(number)
        angle, shift, scale, _ = RandomAffine.get_params(
            [-7.0, 7.0], (0.1, 0.1), (0.9, 1.1), None, [28, 28])
        mine = transform(image, 1, 1, contrast_first, -angle, shift, scale, (1,))
        assert planes(mine) == planes(expected), number


def record(image, brightness, contrast, contrast_first, angle, fill, shift=(0, 0), scale=1.0):
    result = transform(image, brightness, contrast, contrast_first, angle, shift, scale,
                       (fill,) * len(image.getbands()))
    return (struct.pack("<fffbbfBB", brightness, contrast, angle, *shift, scale, contrast_first,
                        fill)
            + planes(image) + planes(result))


def main():
    assert torchvision.__version__.startswith("0.14.1"), torchvision.__version__
    assert PIL.__version__.startswith("9.4"), PIL.__version__
    folder = pathlib.Path(sys.argv[1])
    target = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else
                          pathlib.Path(__file__).parent.parent / "data" / "augment")
    mnist = np.fromfile(folder / "train-images-idx3-ubyte", np.uint8, offset=16).reshape(-1, 28, 28)

    random = np.random.RandomState(20220614)
    chosen = random.permutation(len(mnist))[:GREY]
    check_recipe(mnist[chosen])

    def factor(spread):
        return float(np.float32(random.uniform(1 - spread, 1 + spread)))

    def angle(limit):
        return float(np.float32(random.uniform(-limit, limit)))

    def shift(most):
        return tuple(int(pixels) for pixels in random.randint(-most, most + 1, 2))

    out = io.BytesIO()
    out.write(b"augment2" + struct.pack("<4I", GREY, COLOUR, 28, 28))
    for number, index in enumerate(chosen):
        image = Image.fromarray(mnist[index], mode="L")
        if number < 500:  # the recipe
            values = factor(0.1), factor(0.1), number % 2, angle(7.0), 1
        elif number < 600:  # moved without a turn
            values = factor(0.1), factor(0.1), number % 2, 0.0, 1, shift(3)
        elif number < 800:
            values = factor(0.1), factor(0.1), number % 2, angle(10.0), 0, shift(4), factor(0.2)
        elif number < 850:  # far beyond it, where clipping works
            values = factor(1.0), factor(1.0), number % 2, angle(180.0), int(random.randint(256))
        elif number < 900:  # some shifts leave nothing of the image
            values = (factor(1.0), factor(1.0), number % 2, angle(180.0), int(random.randint(256)),
                      shift(40), factor(0.9))
        else:  # factors and angles for which Pillow takes a short cut
            values = ([0.0, 1.0, factor(0.5)][number % 3], [1.0, 0.0, factor(0.5)][number // 3 % 3],
                      number % 2, SPECIAL_ANGLES[number % len(SPECIAL_ANGLES)], 1)
            values = values[:3] + (float(np.float32(values[3])), values[4])
        out.write(record(image, *values))
    for number in range(COLOUR):
        image = Image.fromarray(random.randint(0, 256, (17, 21, 3)).astype(np.uint8), mode="RGB")
        moved = (shift(3), factor(0.2)) if number >= COLOUR // 2 else ()
        out.write(record(image, factor(0.3), factor(0.3), number % 2, angle(30.0), 5, *moved))

    target.mkdir(parents=True, exist_ok=True)
    path = target / "augment.gz"
    path.write_bytes(gzip.compress(out.getvalue(), 9, mtime=0))
    print(f"{path}: {path.stat().st_size} bytes, torchvision {torchvision.__version__}, "
          f"Pillow {PIL.__version__}")


if __name__ == "__main__":
    main()
