#!/usr/bin/python3
"""Trains the same networks with normlab and with PyTorch and compares them step by step.

    tests/parity/parity.py build/release             # `make parity` does this
    tests/parity/parity.py build/release --only GN   # one network

Prints a table and ends with 1 if any comparison fails. docs/parity.md says what is compared and why
the bounds are what they are.
"""

import argparse
import concurrent.futures
import functools
import multiprocessing
import os
import pathlib
import subprocess
import sys
import tempfile
import time

# On a busy machine PyTorch's threads would spend their time waiting for each other in a loop.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy
import torch

import exchange
import mnist
import networks
import symmetry
import winograd
from conditioning import largest, relative_l2, well_conditioned

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLES = 24  # a full tile of 16 and a short one
ONE_STEP_SAMPLES = 17  # the fewer, the fewer kinks near by (conditioning.py)
STEPS = 100
COLUMNS = (1, 3, 10, 30, STEPS)  # of the trajectories: what is printed
LEARNING_RATE, MOMENTUM = 0.01, 0.9
PLANTED_MOMENTUM = 0.95
NORMLAB_RUNS = 25
TORCH_RUNS = 12
ONE_STEP_BOUND = 1e-5
WINOGRAD_BOUND = 1e-12  # of the yardstick in float64
FACTOR = 2.0
FLOOR = 2.0**-22  # relative L2: two units in the last place of every float32

ALGORITHMS = ("direct", "winograd")  # each held to PyTorch's float32 with the same

# name: model, norm that fills the placeholder, factor of the L1 penalty
CASES = {
    "BN+L1": ("models/session6.toml", "batch", 0.009),
    "LN": ("models/session6.toml", "layer", 0.0),
    "GN": ("models/session6.toml", "group", 0.0),
    "IN": ("tests/data/models/session6-instance.toml", "instance", 0.0),
    "odd, BN": ("tests/data/models/odd.toml", "batch", 0.0),
    "wide, BN": ("tests/data/models/wide.toml", "batch", 0.0),
    "RMS": ("models/session6.toml", "rms", 0.0),
    "LN per element": ("models/session6.toml", "layer-element", 0.0),
    "LN2d": ("models/session6.toml", "layer2d", 0.0),
    "DyT": ("models/session6.toml", "dyt", 0.0),
    "FRN+TLU": ("models/session6.toml", "filter-response", 0.0),
    "EvoNorm-S0": ("models/session6.toml", "evonorm-s0", 0.0),
    "BRN": ("models/session6.toml", "batch-renorm", 0.0),
    "LN+WS": ("models/session6.toml", "layer+ws", 0.0),
    "GN before ReLU": ("models/session6.toml", "group@before", 0.0),
}


# Of these, 100 steps; of the others one: how an engine and an optimizer train is the same for all.
TRAINED = ("BN+L1", "LN", "GN", "IN", "odd, BN", "wide, BN")


class Job:
    """One network, its start and its batches; runs them through either side.

    The reference in float64 convolves as PyTorch does, whatever is compared with it: the truth knows
    of no algorithm.
    """

    def __init__(self, name, images, labels, arguments):
        self.name, (self.model, self.norm, self.l1) = name, CASES[name]
        self.driver = pathlib.Path(arguments.build) / "tests/parity/normlab_parity"
        torch.manual_seed(arguments.seed)
        start = networks.build(ROOT / self.model, self.norm, dropout=0.0)
        with torch.no_grad():
            for _, p in start.named():  # no scale is 1 and no shift 0
                p.add_(0.05 * torch.randn_like(p))
        self.weights = {n: p.detach().numpy().copy() for n, p in start.named()}
        self.images, self.labels = fit(images, labels, next(iter(start)).in_channels)
        self.winograd_fits = bool(winograd.choose(start, self.images.shape[1:]))
        self.given = numpy.arange(STEPS * SAMPLES).reshape(STEPS, SAMPLES)

    def order(self, run):
        """The batches of a run: always the same samples, after run 0 in another order in each."""
        return self.given if run == 0 else numpy.random.default_rng(run).permuted(self.given, axis=1)

    def reordered(self, run):
        """The weights of a run, after run 0 with the hidden channels in another order in each."""
        return symmetry.reorder(self.torch_network(torch.float32), self.weights, run)

    def straightened(self, trajectory, run):
        """[steps][parameters] of a run, its channels in the order of run 0."""
        straight = numpy.empty_like(trajectory)
        straight[:, symmetry.places(self.torch_network(torch.float32), self.weights, run)] = trajectory
        return straight

    def torch_network(self, dtype, weights=None, algorithm="direct"):
        network = networks.build(ROOT / self.model, self.norm, dropout=0.0)
        if algorithm == "winograd":
            winograd.replace(network, self.images.shape[1:])
        network.to(dtype)
        with torch.no_grad():
            for n, p in network.named():
                p.copy_(torch.from_numpy((weights or self.weights)[n]))
        return network

    def torch_batch(self, which, dtype):
        return torch.from_numpy(self.images[which]).to(dtype), torch.from_numpy(self.labels[which]).long()

    def torch_gradients(self, which, dtype, weights=None, algorithm="direct"):
        """One step that moves nothing: loss, objective, gradients."""
        network = self.torch_network(dtype, weights, algorithm)
        loss, objective = networks.objective(network, *self.torch_batch(which, dtype), self.l1)
        objective.backward()
        return {"loss": loss.detach().numpy(), "objective": objective.detach().numpy()} | {
            n: p.grad.numpy() for n, p in network.named()}

    def torch_evaluation(self, batches, dtype):
        """Running statistics after some batches with the weights held, then evaluation mode."""
        network = self.torch_network(dtype)
        with torch.no_grad():
            for which in batches:
                network(self.torch_batch(which, dtype)[0])
            logits = network.eval()(self.torch_batch(self.given[-1], dtype)[0])
        return ({n: value.numpy() for n, value in network.running()}, torch.log_softmax(logits, 1).numpy())

    def torch_trajectory(self, run, dtype, threads, algorithm="direct"):
        """All parameters after each step of a run: [steps][parameters]."""
        torch.set_num_threads(threads)
        network = self.torch_network(dtype, self.reordered(run), algorithm)
        optimizer = torch.optim.SGD(network.parameters(), LEARNING_RATE, MOMENTUM)
        trajectory = []
        for which in self.order(run):
            optimizer.zero_grad()
            networks.objective(network, *self.torch_batch(which, dtype), self.l1)[1].backward()
            optimizer.step()
            trajectory.append(torch.cat([p.detach().reshape(-1) for _, p in network.named()]).double().numpy())
        return self.straightened(numpy.array(trajectory), run)

    def normlab_trajectory(self, run, algorithm, momentum=MOMENTUM, threads=1):
        """The same of normlab's."""
        out = self.normlab(algorithm, [self.order(run)], self.reordered(run), momentum=momentum, threads=threads)
        return self.straightened(out["trajectory"][0], run)

    def normlab(self, algorithm, orders, weights=None, learning_rate=LEARNING_RATE, momentum=MOMENTUM, threads=1):
        """The driver's result for some orders of the batches; trajectories in PyTorch's order."""
        with tempfile.TemporaryDirectory() as folder:
            job, result = f"{folder}/job.safetensors", f"{folder}/result.safetensors"
            exchange.write(job, {"images": self.images, "labels": self.labels,
                                 "order": numpy.array(orders, numpy.int64),
                                 "evaluation": self.images[self.given[-1]]}
                           | {f"weights.{n}": w for n, w in (weights or self.weights).items()})
            subprocess.run([self.driver, "--model", ROOT / self.model, "--norm", self.norm,
                            "--convolution", algorithm, "--l1", str(self.l1),
                            "--learning-rate", str(learning_rate), "--momentum", str(momentum),
                            "--threads", str(threads), job, result], check=True)
            out = exchange.read(result)
        offsets, at = {}, 0
        for name in (n.removeprefix("velocity.") for n in out if n.startswith("velocity.")):
            offsets[name] = numpy.arange(at, at := at + self.weights[name].size)
        columns = numpy.concatenate([offsets[n] for n in self.weights])
        out["trajectory"] = out["trajectory"].astype(numpy.float64)[:, :, columns]
        return out


def fit(images, labels, channels):
    """Float images for a network: real MNIST, with a grey level of noise.

    The background of MNIST is one constant, and a max-pool over a constant is decided by the last
    bit of each number in the window. Noise of half a grey level either way takes the ties away.
    """
    noise = numpy.random.default_rng(0).uniform(-0.5, 0.5, images.shape)
    x = (((images + noise) / 255 - 0.1307) / 0.3081).astype(numpy.float32)
    if channels == 1:
        return x, labels
    shifted = [x[:, :, 2 + dy:25 + dy, 5 + dx:22 + dx] for dy, dx in ((0, 0), (1, -2), (-2, 1))]
    return numpy.concatenate(shifted, axis=1), labels % 7


def well_conditioned_batch(job):
    """The first batch that is, by PyTorch's float64 alone, and that float64's step on it."""
    weights = {n: w.astype(numpy.float64) for n, w in job.weights.items()}
    for which in job.given[:, :ONE_STEP_SAMPLES]:
        if well_conditioned(lambda nudged: job.torch_gradients(which, torch.float64, nudged), weights):
            return which, job.torch_gradients(which, torch.float64)
    sys.exit(f"{job.name}: no batch on which one step is well conditioned")


def compare_one_step(job, algorithm, which, reference):
    """Worst relative distance of loss, gradients, running statistics and evaluation mode."""
    ours = job.normlab(algorithm, [[which]], learning_rate=0)
    found = {"loss": ours["losses"][0], "objective": ours["objectives"][0]} | {
        n: ours[f"velocity.{n}"] for n in job.weights}
    single = job.torch_gradients(which, torch.float32, algorithm=algorithm)

    held = job.normlab(algorithm, [job.given[:3]], learning_rate=0)
    running, evaluation = job.torch_evaluation(job.given[:3], torch.float64)
    return {
        "loss": largest(relative_l2(found[n], reference[n]) for n in ("loss", "objective")),
        "gradient": largest(relative_l2(found[n], reference[n]) for n in job.weights),
        "PyTorch float32": largest(relative_l2(single[n], reference[n]) for n in job.weights),
        "running": largest(relative_l2(held[f"running.{n}"], v) for n, v in running.items()) if running else None,
        "evaluation": relative_l2(held["log_probabilities"], evaluation),
    }


def distances(trajectories, reference):
    """Largest relative distance so far, for each run and step; never below the floor."""
    each = [numpy.linalg.norm(t - reference, axis=1) / numpy.linalg.norm(reference, axis=1) for t in trajectories]
    return numpy.maximum(numpy.maximum.accumulate(each, axis=1), FLOOR)


def judge(ours, torchs):
    """What is wrong with our distances [runs][steps] beside PyTorch's; a NaN is always wrong."""
    lower, upper = numpy.quantile(ours, 0.25, axis=0), numpy.quantile(torchs, 0.75, axis=0)
    wrong = [f"step {s + 1}: three quarters are {lower[s]:.1e} or more from float64, three quarters of PyTorch's "
             f"float32 {upper[s]:.1e} or less" for s in range(STEPS) if not lower[s] <= FACTOR * upper[s]]
    if not numpy.isfinite(ours).all():
        wrong.append("not all of our numbers are finite")
    return wrong


def compare_trajectories(job, algorithm, reference):
    torchs = distances([job.torch_trajectory(run, torch.float32, 1 + run % 2, algorithm)
                        for run in range(TORCH_RUNS)], reference)
    runs = [TORCH_RUNS + run for run in range(NORMLAB_RUNS)]
    trajectories = numpy.array([job.normlab_trajectory(run, algorithm) for run in runs])
    ours = distances(trajectories, reference)
    wrong = judge(ours, torchs)
    if not numpy.array_equal(job.normlab_trajectory(runs[0], algorithm, threads=2), trajectories[0]):
        wrong.append("two threads give other bits than one")

    # A judge that cannot say no is none: it must refuse a NaN and a wrong optimizer.
    spoilt = trajectories.copy()
    spoilt[0, -1, 0] = numpy.nan
    if not judge(distances(spoilt, reference), torchs):
        wrong.append("the check did not notice a NaN")
    other = [job.normlab_trajectory(run, algorithm, momentum=PLANTED_MOMENTUM) for run in runs]
    if not judge(distances(other, reference), torchs):
        wrong.append(f"the check did not notice a momentum of {PLANTED_MOMENTUM}")
    return ours, torchs, wrong


def check_switch(job):
    """Winograd must be what the switch turns on, and only where a convolution fits."""
    first, other = (job.normlab(algorithm, [job.given[:1]])["trajectory"] for algorithm in ALGORITHMS)
    same = numpy.array_equal(first, other)
    if same and job.winograd_fits:
        return ["winograd gives the bits of direct convolution, so it cannot have run"]
    if not same and not job.winograd_fits:
        return ["no convolution fits Winograd, but its bits are not those of direct convolution"]
    return []


def row(label, step, ours=None, torchs=None):
    running = f"{step['running']:9.1e}" if step["running"] is not None else f"{'-':>9}"
    if ours is not None:
        ours, torchs = numpy.median(ours, axis=0), numpy.median(torchs, axis=0)
    return (f"{label:24}{step['loss']:9.1e}{step['gradient']:10.1e}{step['PyTorch float32']:10.1e}{running}"
            + f"{step['evaluation']:10.1e}   "
            + "".join(f"{f'{ours[s - 1]:.0e} / {torchs[s - 1]:.0e}' if ours is not None else '-':>17}"
                      for s in COLUMNS))


def compare(name, images, labels, arguments):
    """(a line for each algorithm, what is wrong) of one network."""
    job = Job(name, images, labels, arguments)
    lines, failures = [], [f"{name}: {text}" for text in check_switch(job)]
    one_step = well_conditioned_batch(job)
    reference = job.torch_trajectory(0, torch.float64, threads=2) if name in TRAINED else None
    for algorithm in ALGORITHMS if job.winograd_fits else ["direct"]:
        begin = time.monotonic()
        step = compare_one_step(job, algorithm, *one_step)
        ours, torchs, wrong = None, None, []
        if name in TRAINED:
            ours, torchs, wrong = compare_trajectories(job, algorithm, reference)
        wrong += [f"one step, {what}: {value:.1e} away from float64" for what, value in step.items()
                  if what != "PyTorch float32" and value is not None and not value <= ONE_STEP_BOUND]
        lines.append(f"{row(f'{name} {algorithm}', step, ours, torchs)}   "
                     f"{'ok' if not wrong else 'FAILED'} ({time.monotonic() - begin:.0f} s)")
        failures += [f"{name} {algorithm}: {text}" for text in wrong]
    return lines, failures


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", help="build folder, such as build/release")
    parser.add_argument("--data", help="folder of the MNIST files (default: normlab's cache)")
    parser.add_argument("--only", choices=CASES, help="one network instead of all")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="networks at a time")
    parser.add_argument("--seed", type=int, default=1, help="of the weights and the choice of images")
    arguments = parser.parse_args()

    error = winograd.largest_error()
    if not error <= WINOGRAD_BOUND:
        sys.exit(f"winograd.py is {error:.1e} from nn.Conv2d in float64")

    images, labels = mnist.load(mnist.folder(arguments.data), "train")
    chosen = numpy.random.default_rng(arguments.seed).permutation(len(labels))[:STEPS * SAMPLES]
    print(f"PyTorch {torch.__version__}; {STEPS} steps of {SAMPLES} images; relative distances (L2) from PyTorch's "
          f"float64\none step: bound {ONE_STEP_BOUND:.0e}; trajectory: at most {FACTOR:g} times PyTorch's float32 "
          "with the same algorithm\n")
    print(f"{'':24}{'loss':>9}{'gradient':>10}{'(torch32)':>10}{'running':>9}{'evaluate':>10}   "
          + "".join(f"{f'step {s}':>17}" for s in COLUMNS) + "\n" + " " * 75
          + f"{'normlab / torch':>17}" * len(COLUMNS), flush=True)
    failures = []
    names = [arguments.only] if arguments.only else list(CASES)
    # Each in a process that begins afresh: a fork of one in which PyTorch has started threads hangs.
    with concurrent.futures.ProcessPoolExecutor(arguments.jobs, multiprocessing.get_context("spawn")) as pool:
        compared = pool.map(functools.partial(compare, images=images[chosen], labels=labels[chosen],
                                              arguments=arguments), names)
        for lines, wrong in compared:
            print(*lines, sep="\n", flush=True)
            failures += wrong
    for text in failures:
        print(text, file=sys.stderr)
    print("\nparity with PyTorch: " + ("FAILED" if failures else "ok"))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
