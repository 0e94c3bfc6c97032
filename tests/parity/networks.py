"""A model's text (models/*.toml) as a PyTorch network.

Written against the description of the format in src/normlab/nn/model.h, with PyTorch's own modules,
so that the two sides share the text and nothing else.
"""

import tomllib

import torch
from torch import nn

NORMS = {
    "none": lambda channels, groups: nn.Identity(),
    "batch": lambda channels, groups: nn.BatchNorm2d(channels),
    # "Layer norm" of images as group normalization's paper has it: one group, scale per channel.
    "layer": lambda channels, groups: nn.GroupNorm(1, channels),
    "group": lambda channels, groups: nn.GroupNorm(groups, channels),
    "instance": lambda channels, groups: nn.InstanceNorm2d(channels, affine=True),
}


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


def make_layer(spec, shape, norm, groups, dropout):
    channels, kind = shape[0], spec["type"]
    if kind == "norm":
        return NORMS[norm](channels, groups)
    if kind.endswith("_norm"):
        return NORMS[kind.removesuffix("_norm")](channels, spec.get("groups"))
    if kind == "conv":
        return nn.Conv2d(channels, spec["out"], spec["kernel"], spec.get("stride", 1),
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


def build(path, norm, groups=4, dropout=None):
    """The network of a model file in float32, initialised by PyTorch's generator as it stands."""
    with open(path, "rb") as file:
        model = tomllib.load(file)
    layers, names = [], []
    x = torch.zeros(2, *model["input"])
    with torch.no_grad():
        for position, spec in enumerate(model["layer"], 1):
            layers.append(make_layer(spec, x.shape[1:], norm, groups, dropout))
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
