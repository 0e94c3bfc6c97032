#!/usr/bin/python3
"""Measures normlab beside what the machine can do at most, and beside PyTorch.

    bench/bench.py build/release                  # `make bench` does this; about four minutes
    bench/bench.py build/release --no-limits      # only shows, never fails for being slow
    bench/bench.py build/release --only steps     # one part: machine, kernels or steps

Ends with 1 if a result is wrong or a training step is less than 3 times as fast as PyTorch's.
Everything also goes to build/bench.json. docs/performance.md says how to read it.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

# A hand-set core type of OpenBLAS is no part of a fair measurement; it must go before torch loads.
os.environ.pop("OPENBLAS_CORETYPE", None)

import torch

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/parity"))
import networks

SESSION6 = ROOT / "models/session6.toml"
BATCH, BATCHES = 128, 16
LEARNING_RATE, MOMENTUM = 0.01, 0.9
LIMIT = 3.0
# name: norm, factor of the L1 penalty
NETWORKS = {"BN+L1": ("batch", 0.009), "LN": ("layer", 0.0), "GN": ("group", 0.0)}


class TorchSteps:
    """PyTorch's bare training step on batches that lie ready in memory."""

    def __init__(self, norm, l1, threads):
        torch.manual_seed(20)
        self.threads, self.l1, self.done = threads, l1, 0
        self.network = networks.build(SESSION6, norm)
        self.optimizer = torch.optim.SGD(self.network.parameters(), LEARNING_RATE, MOMENTUM)
        self.x = torch.randn(BATCHES, BATCH, 1, 28, 28).clamp(min=0) - 0.42
        self.labels = torch.randint(10, (BATCHES, BATCH))

    def seconds(self, count):
        torch.set_num_threads(self.threads)
        begin = time.perf_counter()
        for self.done in range(self.done, self.done + count):
            self.optimizer.zero_grad()
            batch = self.done % BATCHES
            networks.objective(self.network, self.x[batch], self.labels[batch], self.l1)[1].backward()
            self.optimizer.step()
        self.done += 1
        return time.perf_counter() - begin


class NormlabSteps:
    """The same in normlab_bench, which checks the step against PyTorch's golden file first."""

    def __init__(self, program, norm, l1, threads):
        self.process = subprocess.Popen(
            [program, "steps", "--root", ROOT, "--norm", norm, "--l1", str(l1), "--batch-size", str(BATCH),
             "--threads", str(threads)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            sys.exit("normlab_bench is wrong or broken; see above")

    def seconds(self, count):
        self.process.stdin.write(f"{count}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        if self.process.wait() != 0:
            sys.exit("normlab_bench failed; see above")


def compare_steps(program, name, threads, pairs, seconds):
    """Alternates blocks of steps of the two, so that what else the machine does hits both."""
    norm, l1 = NETWORKS[name]
    sides = {"normlab": NormlabSteps(program, norm, l1, threads), "pytorch": TorchSteps(norm, l1, threads)}
    counts, rates = {}, {side: [] for side in sides}
    for side, steps in sides.items():
        steps.seconds(3)  # first touch of memory, choice of algorithms
        counts[side] = max(1, round(seconds / (steps.seconds(10) / 10)))
    for _ in range(pairs):
        for side, steps in sides.items():
            rates[side].append(BATCH * counts[side] / steps.seconds(counts[side]))
            time.sleep(0.05)  # threads of one side that still spin go to sleep
    sides["normlab"].close()
    ratios = [ours / theirs for ours, theirs in zip(rates["normlab"], rates["pytorch"])]
    return {"network": name, "threads": threads, "images_per_second": rates, "ratios": ratios,
            "ratio": statistics.median(ratios)}


def show_machine(machine):
    print(f"  {'':26}{'1 thread':>10}{machine['threads']:>8} threads")
    for peak in machine["peak"]:
        what = f"multiply-add peak, {peak['instruction_set']}" + ("" if peak["fused"] else " (not fused)")
        print(f"  {what:34}{peak['one_thread']:8.0f}{peak['all_threads']:9.0f}  GFLOP/s")
    print(f"  {'copying in memory':34}{machine['copy']['one_thread']:8.1f}{machine['copy']['all_threads']:9.1f}  GB/s")


def show_kernels(result):
    peak = result["peak"]
    print(f"\nKernels on one tile of 16 images and one thread, {result['instruction_set']}, peak {peak:.0f} GFLOP/s.\n"
          "Each was first compared with plain loops in double.\n")
    print(f"  {'convolution':32}{'shape':26}{'us':>8}{'GFLOP/s':>9}{'of peak':>9}")
    for kernel in result["kernels"]:
        if kernel["operations"]:
            rate = kernel["operations"] / kernel["seconds"] / 1e9
            print(f"  {kernel['operation']:32}{kernel['shape']:26}{kernel['seconds'] * 1e6:8.2f}{rate:9.1f}"
                  f"{100 * rate / peak:8.0f}%")
    print(f"\n  {'bound by memory':32}{'shape':26}{'us':>8}{'GB/s':>9}{'ns/number':>11}")
    for kernel in result["kernels"]:
        if not kernel["operations"]:
            print(f"  {kernel['operation']:32}{kernel['shape']:26}{kernel['seconds'] * 1e6:8.2f}"
                  f"{kernel['bytes'] / kernel['seconds'] / 1e9:9.1f}"
                  f"{kernel['seconds'] / kernel['numbers'] * 1e9:11.3f}")


def show_step(result, limit):
    ours, theirs = (result["images_per_second"][side] for side in ("normlab", "pytorch"))
    spread = lambda rates: f"{statistics.median(rates):8.0f} ({min(rates):.0f} to {max(rates):.0f})"
    verdict = "" if result["ratio"] >= limit else f"   below {limit:g}"
    print(f"  {result['network']:8}{result['threads']:>4}   {spread(ours):28}{spread(theirs):28}{result['ratio']:6.2f}"
          f" ({min(result['ratios']):.2f} to {max(result['ratios']):.2f}){verdict}", flush=True)


def pytorch_version():
    """PyTorch's own name for Debian's build lacks the last digit, so the package's stands beside it."""
    package = subprocess.run(["dpkg-query", "-W", "-f=${Version}", "python3-torch"], stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, text=True, check=False).stdout
    return torch.__version__ + (f" (python3-torch {package})" if package else "")


def processor():
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", help="build folder, such as build/release")
    parser.add_argument("--only", choices=["machine", "kernels", "steps"])
    parser.add_argument("--no-limits", action="store_true", help="do not fail for being slow")
    parser.add_argument("--instruction-set", default="", help="of the kernels' table; the best by default")
    parser.add_argument("--pairs", type=int, default=7, help="alternations of normlab and PyTorch (at least 5)")
    parser.add_argument("--seconds", type=float, default=1.0, help="length of each block of steps")
    arguments = parser.parse_args()
    if arguments.pairs < 5:
        parser.error("--pairs: a median and a spread need at least 5")

    program = pathlib.Path(arguments.build) / "bench/normlab_bench"
    measure = lambda *command: json.loads(subprocess.run(
        [program, *command], check=True, stdout=subprocess.PIPE, text=True).stdout)
    threads = len(os.sched_getaffinity(0))
    report = {"date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
              "processor": processor(), "threads": threads, "pytorch": pytorch_version()}
    print(f"{report['processor']}, {threads} threads; PyTorch {report['pytorch']}; batch {BATCH}\n")

    if arguments.only in (None, "machine"):
        report["machine"] = measure("machine")
        show_machine(report["machine"])
    if arguments.only in (None, "kernels"):
        report["kernels"] = measure("kernels", "--instruction-set", arguments.instruction_set)
        show_kernels(report["kernels"])
    slow = False
    if arguments.only in (None, "steps"):
        print("\nWhole training step of session6: forward, loss, backward, penalty, SGD with momentum. Images a second,\n"
              f"median (and range) of {arguments.pairs} pairs in turn; the ratio is the median of the pairs' ratios.\n\n"
              f"  {'network':8}{'threads':>4}  {'normlab':>11}{'':17}{'PyTorch':>11}{'':17}{'ratio':>6}")
        report["limit"] = 0.0 if arguments.no_limits else LIMIT
        report["steps"] = []
        for count in sorted({1, threads}):
            for name in NETWORKS:
                result = compare_steps(program, name, count, arguments.pairs, arguments.seconds)
                report["steps"].append(result)
                show_step(result, LIMIT)
                slow |= not result["ratio"] >= LIMIT

    path = ROOT / "build/bench.json"
    path.write_text(json.dumps(report, indent=1) + "\n")
    print(f"\nwritten to {path.relative_to(ROOT)}")
    if slow and not arguments.no_limits:
        print(f"a training step is less than {LIMIT:g} times as fast as PyTorch's", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(f"{error.cmd[0]} {error.cmd[1]} failed; see above")
