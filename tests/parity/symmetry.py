"""The same network with its hidden channels in another order.

It computes the same function, but its sums over channels add in another order, so they round
differently: an honest second sample of what rounding does to a training.
"""

import numpy
from torch import nn


def reorder(network, weights, seed):
    """Named arrays as `weights`, for the network whose hidden channels are shuffled.

    The channels of a group that a group norm reads stay together; the groups themselves are shuffled
    too. Seed 0 changes nothing.
    """
    random = numpy.random.default_rng(seed)
    last = [layer for layer in network if isinstance(layer, (nn.Conv2d, nn.Linear))][-1]
    result, now = {}, None  # now: which of the original channels stands at each place
    for place, (name, layer) in enumerate(zip(network.names, network)):
        parts = {part: weights[f"{name}.{part}"] for part, _ in layer.named_parameters()}
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            w = parts["weight"]
            if now is not None:  # a linear layer reads all pixels of a channel
                by_channel = w.reshape(len(w), len(now), -1)
                parts["weight"] = by_channel[:, now].reshape(w.shape)
            now = numpy.arange(len(w))
            if layer is not last and seed != 0:
                now = shuffled(len(w), groups_after(network, place), random)
        for part, value in parts.items():
            result[f"{name}.{part}"] = value if now is None else value[now]
    return result


def groups_after(network, place):
    """How many groups the norms that read this layer's channels make of them."""
    groups = 1
    for layer in list(network)[place + 1:]:
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            break
        if isinstance(layer, nn.GroupNorm):
            groups = max(groups, layer.num_groups)
    return groups


def shuffled(channels, groups, random):
    by_group = numpy.arange(channels).reshape(groups, -1)
    return random.permuted(by_group[random.permutation(groups)], axis=1).reshape(-1)


def places(network, weights, seed):
    """Where each number of the reordered network's parameters, all in a row, stands in the original's."""
    ends = numpy.cumsum([w.size for w in weights.values()])
    numbered = {n: numpy.arange(end - w.size, end).reshape(w.shape) for (n, w), end in zip(weights.items(), ends)}
    return numpy.concatenate([w.reshape(-1) for w in reorder(network, numbered, seed).values()])
