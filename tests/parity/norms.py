"""Norms that PyTorch 1.13 has no module for, of its tensor operations; autograd goes back through them.

Written from the papers named in docs/normalization.md. Parameters go by the names of normlab's layers.
"""

import torch
from torch import nn


class Affine(nn.Module):
    """Scale and shift per channel."""

    def __init__(self, channels):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def affine(self, x):
        return per_channel(self.weight) * x + per_channel(self.bias)


def per_channel(values):
    return values.reshape(1, -1, 1, 1)


class RMSNorm(nn.Module):
    def __init__(self, channels, eps=1e-5):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(channels))

    def forward(self, x):
        return per_channel(self.weight) * x * torch.rsqrt(x.square().mean((1, 2, 3), keepdim=True) + self.eps)


class LayerNorm2d(Affine):
    """nn.LayerNorm over the channels of each pixel, as ConvNeXt has it."""

    def forward(self, x):
        last = nn.functional.layer_norm(x.permute(0, 2, 3, 1), self.weight.shape, self.weight, self.bias, 1e-6)
        return last.permute(0, 3, 1, 2)


class DynamicTanh(Affine):
    def __init__(self, channels):
        super().__init__(channels)
        self.alpha = nn.Parameter(torch.full((1,), 0.5))

    def forward(self, x):
        return self.affine(torch.tanh(self.alpha * x))


class FilterResponseNorm(Affine):
    """With its thresholded linear unit; eps is learned on single pixels."""

    def __init__(self, shape):
        super().__init__(shape[0])
        self.tau = nn.Parameter(torch.zeros(shape[0]))
        if shape[1] * shape[2] == 1:
            self.eps = nn.Parameter(torch.full((1,), 1e-4))

    def forward(self, x):
        eps = 1e-6 + (self.eps.abs() if hasattr(self, "eps") else 0.0)
        z = self.affine(x * torch.rsqrt(x.square().mean((2, 3), keepdim=True) + eps))
        return torch.maximum(z, per_channel(self.tau))


class EvoNormS0(Affine):
    def __init__(self, channels, groups):
        super().__init__(channels)
        self.groups = groups
        self.v = nn.Parameter(torch.ones(channels))

    def forward(self, x):
        groups = x.reshape(x.shape[0], self.groups, -1)
        deviation = torch.sqrt(groups.var(2, unbiased=False, keepdim=True) + 1e-5)
        bent = x * torch.sigmoid(per_channel(self.v) * x)
        return self.affine((bent.reshape(groups.shape) / deviation).reshape(x.shape))


class BatchRenorm(nn.BatchNorm2d):
    """Statistics of the batch, corrected by r and d, through which no gradient goes."""

    def forward(self, x, r_max=3.0, d_max=5.0):
        if not self.training:
            return super().forward(x)
        mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False)
        sigma, running = torch.sqrt(var + self.eps), torch.sqrt(self.running_var + self.eps)
        r = (sigma / running).clamp(1 / r_max, r_max).detach()
        d = ((mean - self.running_mean) / running).clamp(-d_max, d_max).detach()
        super().forward(x)  # moves the running statistics
        xhat = (x - per_channel(mean)) / per_channel(sigma) * per_channel(r) + per_channel(d)
        return per_channel(self.weight) * xhat + per_channel(self.bias)


class GhostBatchNorm(nn.BatchNorm2d):
    """One batch norm after the other on parts of the batch; what is left over joins the last."""

    def __init__(self, channels, at_once):
        super().__init__(channels)
        self.at_once = at_once

    def forward(self, x):
        if not self.training:
            return super().forward(x)
        parts = max(1, len(x) // self.at_once)
        ends = [self.at_once] * (parts - 1)
        sizes = ends + [len(x) - sum(ends)]
        return torch.cat([super(GhostBatchNorm, self).forward(part) for part in torch.split(x, sizes)])


def standardized(weight):
    var, mean = torch.var_mean(weight, (1, 2, 3), unbiased=False, keepdim=True)
    return (weight - mean) / torch.sqrt(var + 1e-5)


class StandardizedConv2d(nn.Conv2d):
    def forward(self, x):
        return self._conv_forward(x, standardized(self.weight), self.bias)
