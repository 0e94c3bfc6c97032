#!/usr/bin/python3
"""Writes tests/data/golden/*.safetensors: one training step of PyTorch, to which tests compare.

    tests/golden/parity.py            # Debian's python3-torch 1.13.1 and numpy
    tests/golden/parity.py odd-rms    # one file alone

For each network: weights and batch in float32 (what both sides start from), then from the same step
in float64 (prefix "float64.") and float32 ("float32."): loss, penalised objective, the gradient of
the objective for every parameter, the running statistics after the step, and the log-probabilities
of the same batch in evaluation mode with the weights before and the statistics after the step.
Dropout is off. Each case takes the first seed with a well-conditioned step (conditioning.py). The
same command on the same packages writes the same numbers.
"""

import itertools
import pathlib
import sys
import tomllib

import numpy
import torch

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/parity"))
import exchange
import networks
from conditioning import largest, relative_l2, well_conditioned

# name: model, norm that fills the placeholder, factor of the L1 penalty
CASES = {
    "session6-batch-l1": ("models/session6.toml", "batch", 0.009),
    "session6-layer": ("models/session6.toml", "layer", 0.0),
    "session6-group": ("models/session6.toml", "group", 0.0),
    "session6-instance": ("tests/data/models/session6-instance.toml", "instance", 0.0),
    "odd-batch": ("tests/data/models/odd.toml", "batch", 0.0),
    "odd-instance-l1": ("tests/data/models/odd.toml", "instance", 0.001),
    "odd-rms": ("tests/data/models/odd.toml", "rms", 0.0),
    "odd-layer-element": ("tests/data/models/odd.toml", "layer-element", 0.0),
    "odd-layer2d": ("tests/data/models/odd.toml", "layer2d", 0.0),
    "odd-dyt": ("tests/data/models/odd.toml", "dyt", 0.0),
    "odd-filter-response": ("tests/data/models/odd.toml", "filter-response", 0.0),
    "odd-evonorm-s0": ("tests/data/models/odd.toml", "evonorm-s0/2", 0.0),
    "odd-batch-renorm": ("tests/data/models/odd.toml", "batch-renorm", 0.0),
    "odd-ghost-batch": ("tests/data/models/odd.toml", "ghost-batch", 0.0),
    "odd-group-ws-before": ("tests/data/models/odd.toml", "group/3+ws@before", 0.0),
}
SAMPLES = 21  # a full tile of 16 and a short one
GHOST_SAMPLES = 37  # a ghost batch of 16, and one of what is left
SEED = 20


def random_batch(generator, model_input, samples):
    """Images like MNIST in what matters: much of each is one constant, so activations tie."""
    x = torch.randn(samples, *model_input, generator=generator)
    return torch.where(x < 0.3, torch.tensor(-0.4242), x)


def step(network, x, labels, l1, dtype):
    network = network.to(dtype)
    network.zero_grad()
    x = x.to(dtype)
    loss, penalised = networks.objective(network, x, labels, l1)
    penalised.backward()
    out = {"loss": loss.detach(), "objective": penalised.detach()}
    out |= {f"gradient.{name}": p.grad for name, p in network.named()}
    out |= {f"after.{name}": value.clone() for name, value in network.running()}
    with torch.no_grad():
        out["evaluation"] = torch.log_softmax(network.eval()(x), dim=1)
    return out


def start_of(model, norm, seed):
    """Weights and batch as a seed gives them; no scale is 1 and no shift 0."""
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    network = networks.build(ROOT / model, norm, dropout=0.0)
    with torch.no_grad():
        for _, p in network.named():
            p.add_(0.1 * torch.randn(p.shape, generator=generator))
    with open(ROOT / model, "rb") as file:
        samples = GHOST_SAMPLES if norm == "ghost-batch" else SAMPLES
        x = random_batch(generator, tomllib.load(file)["input"], samples)
    labels = torch.randint(network(x[:2]).shape[1], (samples,), generator=generator)
    return {n: p.detach().numpy().copy() for n, p in network.named()}, x, labels


def run(model, norm, l1, start, dtype):
    """The step's numbers, in the given precision from weights of whatever precision."""
    weights, x, labels = start
    network = networks.build(ROOT / model, norm, dropout=0.0).to(dtype)
    with torch.no_grad():
        for n, p in network.named():
            p.copy_(torch.from_numpy(weights[n]))
    return {n: value.detach().numpy() for n, value in step(network, x, labels, l1, dtype).items()}


def write_case(name, model, norm, l1):
    def gradients(weights):
        numbers = run(model, norm, l1, (weights, x, labels), torch.float64)
        return {n: value for n, value in numbers.items() if n.startswith("gradient.")}

    for seed in itertools.count(SEED):
        weights, x, labels = start_of(model, norm, seed)
        if well_conditioned(gradients, {n: w.astype(numpy.float64) for n, w in weights.items()}):
            break

    tensors = {"x": x.numpy(), "labels": labels.to(torch.uint8).numpy()}
    tensors |= {f"weights.{n}": w for n, w in weights.items()}
    results = {kind: run(model, norm, l1, (weights, x, labels), getattr(torch, kind)) for kind in ("float64", "float32")}
    for kind, numbers in results.items():
        tensors |= {f"{kind}.{n}": value.reshape(value.shape or (1,)) for n, value in numbers.items()}
    exchange.write(ROOT / f"tests/data/golden/{name}.safetensors", tensors)
    worst = largest(relative_l2(results["float32"][n], value) for n, value in results["float64"].items())
    print(f"{name:20} seed {seed}; float32 of PyTorch differs by at most {worst:.1e}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    unknown = set(sys.argv[1:]) - set(CASES)
    if unknown:
        sys.exit(f"no such case: {', '.join(sorted(unknown))}; there are {', '.join(CASES)}")
    for case, arguments in CASES.items():
        if len(sys.argv) == 1 or case in sys.argv[1:]:
            write_case(case, *arguments)
