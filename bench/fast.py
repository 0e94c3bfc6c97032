#!/usr/bin/env python3
"""Times experiments/fast.toml as whole processes, one after another, one seed each.

    bench/fast.py build/release                      # 30 seeds; docs/results/fast.md has the rules
    bench/fast.py build/release --seeds 5 --out runs/try

Ends with 1 if the mean test accuracy of the last epoch is below 99 %. The data must be there:
normlab data fetch mnist.
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

from sides import ROOT, Neighbours

LEAST = 99.0


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path, help="build folder, such as build/release")
    parser.add_argument("--seeds", type=int, default=30, help="1 to this (default: 30)")
    parser.add_argument("--threads", type=int, default=2, help="of each process (default: 2)")
    parser.add_argument("--out", type=pathlib.Path, help="new folder for the runs (default: none is kept)")
    given = parser.parse_args()
    given.build = given.build.resolve()
    if given.seeds < 2 or given.threads < 1:
        parser.error("at least 2 seeds and a thread are needed")
    if not (given.build / "normlab").is_file():
        parser.error(f"no such file: {given.build / 'normlab'}")
    return given


def train(given, seed, folder):
    """Of one process: seconds on the clock, seconds of processor, share of the processors that others took."""
    command = [given.build / "normlab", "run", ROOT / "experiments/fast.toml", "--seed", str(seed),
               "--threads", str(given.threads), "--no-report", "--quiet", "--out", folder]
    neighbours, before, start = Neighbours(), os.times(), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    seconds, after = time.perf_counter() - start, os.times()
    processor = sum(after[2:4]) - sum(before[2:4])
    accuracy = json.loads((folder / "results.json").read_text())["runs"][0]["epochs"][-1]["test_accuracy"]
    print(f"seed {seed:3}  {seconds:.3f} s  {accuracy:.2f} %", flush=True)
    return seconds, processor, neighbours.share()


def measure(given, folder):
    folders = [folder / str(seed) for seed in range(1, given.seeds + 1)]
    rows = [train(given, seed, each) for seed, each in enumerate(folders, 1)]
    seconds, processor, others = zip(*rows)
    print(f"\nwhole processes   {len(rows)}, {given.threads} threads each\n"
          f"seconds           median {statistics.median(seconds):.3f}, {min(seconds):.3f} to {max(seconds):.3f}\n"
          f"processor         median {statistics.median(processor):.3f} s of all threads together\n"
          f"other programs    median {100 * statistics.median(others):.0f} % of the processors, "
          f"at most {100 * max(others):.0f} %\n", flush=True)
    subprocess.run([given.build / "normlab", "info"], check=True)
    print(flush=True)
    compared = folder / "compared.json"
    subprocess.run([given.build / "normlab", "compare", *folders, "--json", compared], check=True)
    mean = json.loads(compared.read_text())["arms"][0]["mean"]
    if not mean >= LEAST:  # a NaN fails
        sys.exit(f"{mean:.3f} % on average, and {LEAST} % are needed")


def main():
    given = arguments()
    if given.out:
        given.out.mkdir(parents=True)
        measure(given, given.out)
    else:
        with tempfile.TemporaryDirectory() as folder:
            measure(given, pathlib.Path(folder))


if __name__ == "__main__":
    main()
