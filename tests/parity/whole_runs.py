#!/usr/bin/python3
"""Trains session6 with several seeds on either side and compares the mean test accuracies.

    tests/parity/whole_runs.py build/release          # 5 seeds, about ten minutes on two cores
    tests/parity/whole_runs.py build/release --seeds 15
    tests/parity/whole_runs.py build/release --record docs/parity.md
    tests/parity/whole_runs.py build/release --pytorch build/pytorch.json   # trains each seed of PyTorch only once

Each side draws its own weights, orders and dropout, so nothing but the distribution of the results
can agree: for each norm, the means may differ by at most two standard errors of their difference.
Not part of CI, because that bound fails by chance alone: in one comparison of ten with 5 seeds a
side, of twenty with many.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

os.environ.pop("OPENBLAS_CORETYPE", None)

import torch

import mnist
import networks

ROOT = pathlib.Path(__file__).resolve().parents[2]
EPOCHS, BATCH = 3, 128
NETWORKS = {"GN": ("group", 0.0), "LN": ("layer", 0.0), "BN+L1": ("batch", 0.009)}
STANDARD_ERRORS = 2.0


def tensors(folder, split):
    images, labels = mnist.load(folder, split)
    return (torch.from_numpy(images).float() / 255 - 0.1307) / 0.3081, torch.from_numpy(labels).long()


def torch_accuracy(name, seed, train, test):
    """Test accuracy in percent after each epoch."""
    norm, l1 = NETWORKS[name]
    torch.manual_seed(seed)
    network = networks.build(ROOT / "models/session6.toml", norm)
    optimizer = torch.optim.SGD(network.parameters(), 0.01, 0.9)
    accuracies = []
    for _ in range(EPOCHS):
        network.train()
        for which in torch.randperm(len(train[1])).split(BATCH):
            optimizer.zero_grad()
            networks.objective(network, train[0][which], train[1][which], l1)[1].backward()
            optimizer.step()
        network.eval()
        with torch.no_grad():
            right = sum(int((network(x).argmax(1) == y).sum()) for x, y in zip(test[0].split(500), test[1].split(500)))
        accuracies.append(100 * right / len(test[1]))
    return accuracies


def pytorch_accuracies(path, seeds, train, test):
    """The last epoch's accuracy of each network and seed: from the file what it has, the rest trained."""
    about = {"torch": torch.__version__, "epochs": EPOCHS}
    found = about | {name: [] for name in NETWORKS}
    if path and path.exists():
        found = json.loads(path.read_text())
        if {key: found.get(key) for key in about} != about:
            sys.exit(f"{path}: is not of PyTorch {torch.__version__} and {EPOCHS} epochs; name another file")
    for seed in seeds:
        for name in NETWORKS:
            if len(found[name]) >= seed:
                continue
            begin = time.monotonic()
            found[name].append(torch_accuracy(name, seed, train, test)[-1])
            print(f"PyTorch, {name}, seed {seed}: {found[name][-1]:.2f} % in {time.monotonic() - begin:.0f} s",
                  file=sys.stderr, flush=True)
            if path:
                path.write_text(json.dumps(found) + "\n")
    return {name: found[name][:len(seeds)] for name in NETWORKS}


def normlab_accuracies(program, seed, threads):
    """The same for every network, from one experiment's results.json."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out"
        subprocess.run([program, "run", ROOT / "tests/parity/whole_runs.toml", "--seed", str(seed), "--threads",
                        str(threads), "--out", out, "--quiet"], check=True)
        results = json.loads((out / "results.json").read_text())
    return {run["name"]: [epoch["test_accuracy"] for epoch in run["epochs"]] for run in results["runs"]}


def compare(name, ours, theirs):
    """One line of the table, and whether the means are close enough."""
    difference = statistics.mean(ours) - statistics.mean(theirs)
    error = (statistics.variance(ours) / len(ours) + statistics.variance(theirs) / len(theirs)) ** 0.5
    close = abs(difference) <= STANDARD_ERRORS * error
    side = lambda values: f"{statistics.mean(values):8.3f} ± {statistics.stdev(values):6.3f}"
    line = (f"{name:6} {side(ours)} {side(theirs)}   {difference:+.3f} = {difference / error:+.1f} standard errors"
            + ("" if close else "  TOO FAR"))
    for who, values in (("normlab", ours), ("PyTorch", theirs)):
        line += f"\n       {who:8}" + " ".join(f"{value:.2f}" for value in values)
    return line, close


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", help="build folder, such as build/release")
    parser.add_argument("--data", help="folder of the MNIST files (default: normlab's cache)")
    parser.add_argument("--record", type=pathlib.Path, help="put the output between the marks in this file")
    parser.add_argument("--pytorch", type=pathlib.Path, help="PyTorch's accuracies: what the file has is not trained again")
    parser.add_argument("--seeds", type=int, default=5, help="how many, from 1 on")
    arguments = parser.parse_args()
    if arguments.seeds < 2:
        parser.error("--seeds: a standard error needs at least 2")

    seeds = range(1, arguments.seeds + 1)
    threads = len(os.sched_getaffinity(0))
    torch.set_num_threads(threads)
    folder = mnist.folder(arguments.data)
    train, test = tensors(folder, "train"), tensors(folder, "t10k")
    program = pathlib.Path(arguments.build) / "normlab"
    theirs = pytorch_accuracies(arguments.pytorch, seeds, train, test)
    ours = {name: [] for name in NETWORKS}
    for seed in seeds:
        for name, accuracies in normlab_accuracies(program, seed, threads).items():
            ours[name].append(accuracies[-1])

    lines = [f"Test accuracy in percent after {EPOCHS} epochs, no augmentation, seeds 1 to {seeds[-1]}; "
             f"PyTorch {torch.__version__}; mean ± standard deviation.", "",
             f"{'norm':6} {'normlab':>17} {'PyTorch':>17}   normlab - PyTorch"]
    good = True
    for name in NETWORKS:
        line, close = compare(name, ours[name], theirs[name])
        lines.append(line)
        good &= close
    print("\n".join(lines))
    if arguments.record:
        text = arguments.record.read_text()
        start, end = "<!-- whole runs: begin -->\n", "<!-- whole runs: end -->"
        before, rest = text.split(start)
        arguments.record.write_text(before + start + "```\n" + "\n".join(lines) + "\n```\n" + end + rest.split(end)[1])
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
