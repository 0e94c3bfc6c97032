"""A model's text (models/*.toml) as a PyTorch network.

Written against the description of the format in src/normlab/nn/model.h, with PyTorch's own modules,
so that the two sides share the text and nothing else.
"""

import tomllib

import torch
from torch import nn

import norms

NORMS = {
    "none": lambda shape, groups: nn.Identity(),
    "batch": lambda shape, groups: nn.BatchNorm2d(shape[0]),
    # "Layer norm" of images as group normalization's paper has it: one group, scale per channel.
    "layer": lambda shape, groups: nn.GroupNorm(1, shape[0]),
    "group": lambda shape, groups: nn.GroupNorm(groups, shape[0]),
    "instance": lambda shape, groups: nn.InstanceNorm2d(shape[0], affine=True),
    "layer-element": lambda shape, groups: nn.LayerNorm(shape),
    "rms": lambda shape, groups: norms.RMSNorm(shape[0]),
    "layer2d": lambda shape, groups: norms.LayerNorm2d(shape[0]),
    "dyt": lambda shape, groups: norms.DynamicTanh(shape[0]),
    "filter-response": lambda shape, groups: norms.FilterResponseNorm(shape),
    "evonorm-s0": lambda shape, groups: norms.EvoNormS0(shape[0], groups),
    "batch-renorm": lambda shape, groups: norms.BatchRenorm(shape[0]),
    "ghost-batch": lambda shape, groups: norms.GhostBatchNorm(shape[0], 16),
}
# Norm and activation in one: such a norm takes the place of the ReLU beside a placeholder.
ACTIVATIONS = ("filter-response", "evonorm-s0")


class Linear(nn.Linear):
    """Reads maps as well, all of whose numbers become features."""

    def forward(self, x):
        return super().forward(x.flatten(1))


class Network(nn.Sequential):
    """Layers in a row whose parameters go by the names of the model's text."""

    def __init__(self, layers, names):
        super().__init__(*layers)
        self.names = names

    def named(self):
        """Name and parameter, in the order of the layers."""
        for name, layer in zip(self.names, self):
            for part, value in layer.named_parameters():
                yield f"{name}.{part}", value

    def running(self):
        """Name and running statistic of each batch norm."""
        for name, layer in zip(self.names, self):
            for part, value in layer.named_buffers():
                if part.startswith("running_"):
                    yield f"{name}.{part}", value


def make_layer(spec, shape, norm, groups, dropout, standardized):
    channels, kind = shape[0], spec["type"]
    if kind == "norm":
        return NORMS[norm](shape, groups)
    if kind.endswith("_norm"):
        return NORMS[kind.removesuffix("_norm")](shape, spec.get("groups"))
    if kind == "conv":
        convolution = norms.StandardizedConv2d if standardized else nn.Conv2d
        return convolution(channels, spec["out"], spec["kernel"], spec.get("stride", 1),
                         spec.get("padding", 0), bias=spec.get("bias", False))
    if kind == "linear":
        return Linear(shape.numel(), spec["out"], bias=spec.get("bias", False))
    if kind == "max_pool":
        return nn.MaxPool2d(spec["kernel"], spec.get("stride"))
    if kind == "average_pool":
        return nn.AvgPool2d(spec["kernel"], spec.get("stride"))
    if kind in ("dropout", "dropout2d"):
        probability = spec.get("probability", 0.5) if dropout is None else dropout
        return (nn.Dropout if kind == "dropout" else nn.Dropout2d)(probability)
    return {"relu": nn.ReLU, "flatten": nn.Flatten,
            "global_average_pool": lambda: nn.AdaptiveAvgPool2d(1)}[kind]()


def arrange(specs, norm, placement):
    """Position and text of each layer, once norms have found their places beside ReLUs."""
    layers = list(enumerate(specs, 1))
    kinds = lambda i: [spec["type"] for _, spec in layers[i:i + 2]]
    i = 0
    while i < len(layers):
        if norm in ACTIVATIONS and kinds(i) in (["relu", "norm"], ["norm", "relu"]):
            del layers[i + kinds(i).index("relu")]
        elif kinds(i) == {"before": ["relu", "norm"], "after": ["norm", "relu"]}.get(placement):
            layers[i:i + 2] = layers[i + 1], layers[i]
            i += 1
        i += 1
    return layers


def build(path, norm, groups=4, dropout=None):
    """The network of a model file in float32, initialised by PyTorch's generator as it stands.

    The norm's name may be followed by "/2", for so many groups, by "+ws", for standardized weights,
    and by "@before" or "@after".
    """
    with open(path, "rb") as file:
        model = tomllib.load(file)
    norm, _, placement = norm.partition("@")
    norm, standardized, _ = norm.partition("+ws")
    norm, _, count = norm.partition("/")
    groups = int(count or groups)
    last = max(i for i, spec in enumerate(model["layer"], 1) if spec["type"] in ("conv", "linear"))
    layers, names = [], []
    x = torch.zeros(2, *model["input"])
    with torch.no_grad():
        for position, spec in arrange(model["layer"], norm, placement):
            layers.append(make_layer(spec, x.shape[1:], norm, groups, dropout, standardized and position != last))
            names.append(spec.get("name", f"{position}.{spec['type']}"))
            # In evaluation mode, so that finding the shapes changes no running statistics.
            x = layers[-1].eval()(x)
    return Network([*layers, nn.Flatten()], [*names, "logits"]).train()


def objective(network, x, labels, l1):
    """Mean negative log-likelihood, and the same with l1 * sum |p| over all parameters."""
    loss = nn.functional.cross_entropy(network(x), labels)
    if l1 == 0:
        return loss, loss
    return loss, loss + l1 * sum(p.abs().sum() for p in network.parameters())
