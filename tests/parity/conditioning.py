"""Whether a step is one that single precision can compute at all.

A value within rounding of a kink (zero for ReLU, the second largest of a pooling window) makes the
gradient jump whichever side is right; and a norm over a few nearly equal numbers blows a rounding
up. Such a step says nothing about a program. How bad it is shows in float64 alone.
"""

import numpy

PROBES = 16
NUDGE = 2.0**-20  # relative: sixteen roundings to float32, so that no kink near by stays hidden
BOUND = 2e-5  # a step in float32, whose roundings are sixteen times smaller, stays well below 1e-5


def relative_l2(a, reference):
    return float(numpy.linalg.norm(a - reference) / numpy.linalg.norm(reference))


def largest(distances):
    """The largest, NaN if one is: Python's max() passes over a NaN that is not the first."""
    return float(numpy.max(list(distances)))


def well_conditioned(gradients, weights):
    """Whether no gradient in float64 moves by more than BOUND when every weight is nudged.

    `gradients` maps named weights in float64 to named arrays.
    """
    reference = gradients(weights)
    random = numpy.random.default_rng(1)
    for _ in range(PROBES):
        nudged = gradients({n: w * (1 + NUDGE * random.uniform(-1, 1, w.shape)) for n, w in weights.items()})
        if not largest(relative_l2(nudged[n], reference[n]) for n in reference) <= BOUND:
            return False
    return True
