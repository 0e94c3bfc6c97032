"""Winograd's F(4,3) and F(4x4,3x3), of PyTorch's tensor operations: the yardstick of normlab's rounding.

Written from the same papers as src/normlab/kernels/conv2d_winograd.h and conv2d_winograd_2d.h, with
nothing of them but the points and the choice of layers. The backward pass is autograd's, the
transpose of the forward pass; normlab's instead convolves the upstream gradient with the turned
kernel.
"""

import numpy
import torch
from torch import nn

import norms
from conditioning import largest, relative_l2

INPUTS, OUTPUTS, TAPS = 6, 4, 3
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


def rows_fit(conv):
    """Whether normlab computes this layer by F(4,3) along rows, unless by patches: rows_fit in conv2d_winograd.cc."""
    return (conv.kernel_size[1] == TAPS and conv.kernel_size[0] <= 7 and conv.stride == (1, 1)
            and max(conv.padding) <= 2 and min(conv.in_channels, conv.out_channels) >= 4)


def patches_fit(conv, image):
    """Whether by F(4x4,3x3), in patches: conv2d_winograd_2d_fits and patches_pay."""
    stride = conv.stride[0]
    rows, columns = output_size(conv, image)
    products = INPUTS**2 * fours(rows) * fours(columns) * stride**2
    otherwise = (INPUTS * TAPS * fours(columns) * rows if stride == 1
                 else conv.kernel_size[0] * conv.kernel_size[1] * rows * columns)
    return (all((TAPS - 1) * stride < kernel <= TAPS * stride for kernel in conv.kernel_size)
            and min(conv.in_channels * stride**2, conv.out_channels) >= 32 and otherwise >= 1.5 * products)


def output_size(conv, image):
    """Height and width of what a convolution makes of an image [.., height, width]."""
    return [(size + 2 * padding - kernel) // stride + 1 for size, kernel, stride, padding
            in zip(image[-2:], conv.kernel_size, conv.stride, conv.padding)]


def fours(size):
    """How many fours cover a row or a column; the last may stick out."""
    return -(-size // OUTPUTS)


class WinogradConv2d(nn.Conv2d):
    """nn.Conv2d with other roundings."""

    standardized = False

    def forward(self, x):
        y = self.convolve(x, norms.standardized(self.weight) if self.standardized else self.weight)
        return y if self.bias is None else y + self.bias[:, None, None]


class WinogradRows(WinogradConv2d):
    """F(4,3) along rows: stride 1, width 3."""

    def convolve(self, x, weight):
        rows, columns = self.padding
        width = output_size(self, x.shape)[1]
        x = nn.functional.pad(x, (columns, columns + OUTPUTS * fours(width) - width, rows, rows))
        # Positions are groups: [N][6 C][H][quad] and [6 O][C][KH][1].
        inputs = (x.unfold(3, INPUTS, OUTPUTS) @ BT.T.to(x)).permute(0, 4, 1, 2, 3).flatten(1, 2)
        # Rounded once, as anybody would who transforms a weight once for many products.
        weights = (weight.double() @ G.T).to(x).permute(3, 0, 1, 2).flatten(0, 1)[..., None]
        # The sum over c and ky.
        products = nn.functional.conv2d(inputs, weights, groups=INPUTS)
        products = products.unflatten(1, (INPUTS, self.out_channels)).permute(0, 2, 3, 4, 1)
        return (products @ AT.T.to(x)).flatten(3)[..., :width]


class WinogradPatches(WinogradConv2d):
    """F(4x4,3x3): kernels that take three taps of each phase.

    A pixel's row and column, divided by the stride, leave two remainders: its phase. PyTorch's
    pixel_unshuffle makes channels of the phases; with the same done to the kernel, filled up with
    zeros, what is left is a convolution of 3x3 without a stride.
    """

    def convolve(self, x, weight):
        stride, size = self.stride[0], output_size(self, x.shape)
        # Filled up until the last patches are whole, or cut off where no output reads on.
        ends = [stride * (OUTPUTS * fours(outputs) + TAPS - 1) - padding - inputs
                for outputs, padding, inputs in zip(size, self.padding, x.shape[2:])]
        x = nn.functional.pad(x, (self.padding[1], ends[1], self.padding[0], ends[0]))
        missing = [TAPS * stride - kernel for kernel in self.kernel_size]
        weight = nn.functional.pad(weight, (0, missing[1], 0, missing[0]))
        x, weight = (nn.functional.pixel_unshuffle(pixels, stride) for pixels in (x, weight))
        # [N][C][patch row][patch column][6][6] and [O][C][6][6], rounded once.
        inputs = both_ways(BT, x.unfold(2, INPUTS, OUTPUTS).unfold(3, INPUTS, OUTPUTS))
        weights = both_ways(G, weight.double()).to(x)
        # The sum over c: positions are groups again.
        inputs = inputs.permute(0, 4, 5, 1, 2, 3).flatten(1, 3)
        weights = weights.permute(2, 3, 0, 1).flatten(0, 2)[..., None, None]
        products = nn.functional.conv2d(inputs, weights, groups=INPUTS**2)
        products = products.unflatten(1, (INPUTS, INPUTS, self.out_channels)).permute(0, 3, 4, 5, 1, 2)
        y = both_ways(AT, products).transpose(3, 4)
        return y.flatten(4, 5).flatten(2, 3)[..., :size[0], :size[1]]


def both_ways(matrix, x):
    """M x M^T of the last two dimensions: along rows, then along columns."""
    for _ in range(2):
        x = (x @ matrix.T.to(x)).transpose(-1, -2)
    return x


def choose(network, image):
    """Place and class of every convolution for which normlab uses Winograd's algorithm.

    `image` is the shape of what the network reads: whether patches pay depends on it.
    """
    chosen, x = {}, torch.zeros(2, *image)
    network.eval()  # so that finding the shapes changes no running statistics
    with torch.no_grad():
        for place, layer in enumerate(network):
            if isinstance(layer, nn.Conv2d):
                if patches_fit(layer, x.shape):
                    chosen[place] = WinogradPatches
                elif rows_fit(layer):
                    chosen[place] = WinogradRows
            x = layer(x)
    network.train()
    return chosen


def replace(network, image):
    """Puts those classes in the place of the convolutions."""
    for place, winograd in choose(network, image).items():
        conv = network[place]
        network[place] = winograd(conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride, conv.padding,
                                  bias=conv.bias is not None)
        network[place].load_state_dict(conv.state_dict())
        network[place].standardized = isinstance(conv, norms.StandardizedConv2d)


# Class, input channels, output channels, kernel, stride, padding, height, width, bias.
CHECKS = (
    (WinogradRows, 8, 16, (3, 3), 1, 1, 26, 26, False),
    (WinogradRows, 16, 24, (3, 3), 1, 0, 9, 7, False),
    (WinogradRows, 4, 5, (1, 3), 1, 2, 5, 3, True),
    (WinogradRows, 5, 4, (5, 3), 1, 2, 6, 8, True),
    (WinogradRows, 4, 4, (3, 3), 1, 0, 3, 3, False),
    (WinogradRows, 32, 32, (3, 3), 1, 1, 5, 5, False),  # patches fit but for the size
    (WinogradPatches, 32, 32, (3, 3), 1, 1, 7, 7, False),
    (WinogradPatches, 33, 35, (3, 3), 1, 2, 10, 17, True),
    (WinogradPatches, 32, 32, (3, 3), 1, 3, 4, 3, False),
    (WinogradPatches, 16, 32, (5, 5), 2, 2, 14, 14, False),
    (WinogradPatches, 9, 33, (5, 5), 2, 0, 19, 18, True),
    (WinogradPatches, 8, 32, (6, 6), 2, 3, 15, 13, True),
    (WinogradPatches, 8, 32, (6, 5), 2, 0, 21, 22, False),
    (WinogradPatches, 4, 32, (7, 9), 3, 2, 26, 23, True),
)


def largest_error():
    """Largest relative distance (L2) from nn.Conv2d in float64 of outputs and gradients."""
    generator = torch.Generator().manual_seed(1)
    errors = []
    for convolution in (nn.Conv2d, norms.StandardizedConv2d):
        for winograd, channels, out, kernel, stride, padding, height, width, bias in CHECKS:
            direct = nn.Sequential(convolution(channels, out, kernel, stride, padding, bias=bias))
            ours = nn.Sequential(direct[0])
            replace(ours, (channels, height, width))
            if type(ours[0]) is not winograd:
                raise AssertionError(f"{direct[0]} was replaced by {type(ours[0]).__name__}")
            direct.double()
            with torch.no_grad():
                for p in direct.parameters():
                    p.copy_(torch.randn(p.shape, generator=generator, dtype=p.dtype))
            ours.double().load_state_dict(direct.state_dict())
            x = torch.randn(3, channels, height, width, generator=generator, dtype=torch.float64)
            upstream, results = None, []
            for network in (direct, ours):
                given = x.clone().requires_grad_()
                y = network(given)
                if upstream is None:
                    upstream = torch.randn(y.shape, generator=generator, dtype=y.dtype)
                y.backward(upstream)
                results.append([y.detach(), given.grad, *(p.grad for p in network.parameters())])
            errors += [relative_l2(b.numpy(), a.numpy()) for a, b in zip(*results)]
    return largest(errors)
