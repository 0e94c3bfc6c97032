"""Winograd's F(4,3) along rows, of PyTorch's tensor operations: the yardstick of normlab's rounding.

Written from the same papers as src/normlab/kernels/conv2d_winograd.h, with nothing of it but the
choice of points. The backward pass is autograd's, the transpose of the forward pass; normlab's
instead convolves the upstream gradient with the turned kernel.
"""

import numpy
import torch
from torch import nn

import norms
from conditioning import largest

INPUTS, OUTPUTS, TAPS = 6, 4, 3
FEWEST_CHANNELS, TALLEST, MOST_PADDING = 4, 7, 2  # where normlab uses it: conv2d_winograd_fits
POINTS = (0.0, 1.0, -1.0, 0.5, -0.5)  # and infinity


def matrices():
    """A^T, B^T and G in float64.

    A^T and G evaluate a polynomial at the points, B^T's rows are the polynomials that vanish at all
    points but their own: y[0..3] = A^T [(G w[0..2]) * (B^T x[0..5])].
    """
    at = numpy.zeros((OUTPUTS, INPUTS))
    bt = numpy.zeros((INPUTS, INPUTS))
    g = numpy.zeros((INPUTS, TAPS))
    for i, point in enumerate(POINTS):
        others = [p for p in POINTS if p != point]
        at[:, i] = [point**k for k in range(OUTPUTS)]
        bt[i, :INPUTS - 1] = numpy.poly(others)[::-1]
        g[i] = [point**k / numpy.prod(point - numpy.array(others)) for k in range(TAPS)]
    at[-1, -1] = g[-1, -1] = 1
    bt[-1] = numpy.poly(POINTS)[::-1]
    return tuple(torch.from_numpy(m) for m in (at, bt, g))


AT, BT, G = matrices()


def fits(layer):
    """Whether normlab computes this layer so."""
    return (isinstance(layer, nn.Conv2d) and layer.kernel_size[1] == TAPS and layer.kernel_size[0] <= TALLEST
            and layer.stride == (1, 1) and max(layer.padding) <= MOST_PADDING
            and min(layer.in_channels, layer.out_channels) >= FEWEST_CHANNELS)


class WinogradConv2d(nn.Conv2d):
    """nn.Conv2d of stride 1 and width 3 with other roundings."""

    standardized = False

    def forward(self, x):
        rows, columns = self.padding
        width = x.shape[3] + 2 * columns - TAPS + 1
        fill = -width % OUTPUTS  # the last quad may stick out
        x = nn.functional.pad(x, (columns, columns + fill, rows, rows))
        # Positions are groups: [N][6 C][H][quad] and [6 O][C][KH][1].
        inputs = (x.unfold(3, INPUTS, OUTPUTS) @ BT.T.to(x)).permute(0, 4, 1, 2, 3).flatten(1, 2)
        # Rounded once, as anybody would who transforms a weight once for many products.
        weight = norms.standardized(self.weight) if self.standardized else self.weight
        weights = (weight.double() @ G.T).to(x).permute(3, 0, 1, 2).flatten(0, 1)[..., None]
        # The sum over c and ky.
        products = nn.functional.conv2d(inputs, weights, groups=INPUTS)
        products = products.unflatten(1, (INPUTS, self.out_channels)).permute(0, 2, 3, 4, 1)
        y = (products @ AT.T.to(x)).flatten(3)[..., :width]
        return y if self.bias is None else y + self.bias[:, None, None]


def replace(network):
    """Puts WinogradConv2d in the place of every convolution that fits; how many there were."""
    places = [i for i, layer in enumerate(network) if fits(layer) and type(layer) is nn.Conv2d]
    for i in places:
        conv = network[i]
        network[i] = WinogradConv2d(conv.in_channels, conv.out_channels, conv.kernel_size, padding=conv.padding,
                                    bias=conv.bias is not None)
        network[i].load_state_dict(conv.state_dict())
        network[i].standardized = isinstance(conv, norms.StandardizedConv2d)
    return len(places)


def largest_error():
    """Largest relative distance (L2) from nn.Conv2d in float64 of outputs and gradients."""
    generator = torch.Generator().manual_seed(1)
    errors = []
    for channels, out, kernel, padding, height, width, bias in (
            (8, 16, (3, 3), 1, 26, 26, False), (16, 24, (3, 3), 0, 9, 7, False), (4, 5, (1, 3), 2, 5, 3, True),
            (5, 4, (5, 3), 2, 6, 8, True), (4, 4, (3, 3), 0, 3, 3, False)):
        direct = nn.Conv2d(channels, out, kernel, padding=padding, bias=bias).double()
        with torch.no_grad():
            for p in direct.parameters():
                p.copy_(torch.randn(p.shape, generator=generator, dtype=p.dtype))
        ours = nn.Sequential(direct)
        if replace(ours) != 1:
            raise AssertionError(f"{direct} was not replaced")
        ours.double().load_state_dict(nn.Sequential(direct).state_dict())
        x = torch.randn(3, channels, height, width, generator=generator, dtype=torch.float64)
        upstream, results = None, []
        for layer in (direct, ours):
            given = x.clone().requires_grad_()
            y = layer(given)
            if upstream is None:
                upstream = torch.randn(y.shape, generator=generator, dtype=y.dtype)
            y.backward(upstream)
            results.append([y.detach(), given.grad, *(p.grad for p in layer.parameters())])
        errors += [float((b - a).norm() / a.norm()) for a, b in zip(*results)]
    return largest(errors)
