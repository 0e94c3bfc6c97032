#!/usr/bin/python3
"""Measures two builds of normlab beside each other, as when a change of the program is judged.

    bench/versus.py build/old build/release                    # training steps of all networks
    bench/versus.py build/old build/release --threads 1 --only GN --only LeNet-5 --pairs 25
    bench/versus.py build/old build/release --kernels --only LeNet-5   # each kernel's fastest round

Training steps: both programs at work in turns, and how many times as fast the second one is: the
median of the pairs and their range. Kernels: microseconds a tile, the fastest of several runs in turns,
half of them on each of two processors, as what else the machine does can only add to them.
"""

import argparse
import json
import os
import pathlib
import subprocess

import comparisons
from rows import Row, Table
from sides import Sides

NETWORKS = {network.name: network for network in comparisons.NETWORKS + comparisons.SHAPES}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("old", type=pathlib.Path, help="build folder, such as build/old")
    parser.add_argument("new", type=pathlib.Path, help="another")
    parser.add_argument("--only", metavar="NETWORK", action="append", choices=NETWORKS,
                        help=f"may be given again ({', '.join(NETWORKS)})")
    parser.add_argument("--kernels", action="store_true", help="kernels one by one instead of training steps")
    parser.add_argument("--convolution", choices=("direct", "winograd", "bf16"), default="winograd",
                        help="of the second program's steps, as train.convolution; the first keeps to winograd")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="default: all")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--pairs", type=int, default=9, help="alternations of both programs (at least 5)")
    parser.add_argument("--seconds", type=float, default=0.3, help="length of each block of steps")
    given = parser.parse_args()
    given.old, given.new = given.old.resolve(), given.new.resolve()
    if given.pairs < 5:
        parser.error("--pairs: a median and a spread need at least 5")
    for name in ("threads", "batch_size", "seconds"):
        if not getattr(given, name) > 0:
            parser.error(f"--{name.replace('_', '-')} {getattr(given, name)}: more than 0 is needed")
    for build in (given.old, given.new):
        if not program(build).is_file():
            parser.error(f"no such file: {program(build)}; build it with -DNORMLAB_TESTS=ON -DNORMLAB_BENCH=ON")
    return given


def program(build):
    return build / "bench/normlab_bench"


def compare_steps(given, networks):
    commands = [program(given.new), "--convolution", given.convolution], [program(given.old)]
    new, old = (Sides(command, given.pairs, given.seconds) for command in commands)
    table = Table()
    table.begin(f"{given.new} by {given.convolution} beside {given.old}, {given.threads} threads, batches of {given.batch_size}; "
                f"{given.pairs} pairs of blocks in turn:")
    for network in networks:
        comparison = new.alternate(*(side.ours("steps", network, given.threads, given.batch_size)
                                     for side in (new, old)))
        table.add(Row(f"training step, {network.name}", comparison.ratios, "x", note=comparison.text()))


def kernels(build, network, processor):
    """Seconds of each kernel, by operation and shape."""
    command = ["taskset", "-c", str(processor), program(build), "kernels", "--model", network.model]
    answer = subprocess.run(list(map(str, command)), check=True, stdout=subprocess.PIPE, text=True).stdout
    return {(kernel["operation"], kernel["shape"]): kernel["seconds"] for kernel in json.loads(answer)["kernels"]}


def compare_kernels(given, networks):
    processors = sorted(os.sched_getaffinity(0))[:2]
    models = {network.model: network for network in networks}  # the three runs share a model
    for network in models.values():
        print(f"\n{network.model.stem}, microseconds a tile, the fastest of {given.pairs} runs:\n\n"
              f"  {'':66}{'old':>9}{'new':>9}   old/new", flush=True)
        fastest = {given.old: {}, given.new: {}}
        for pair in range(given.pairs):
            for build, times in fastest.items():
                for kernel, seconds in kernels(build, network, processors[pair % len(processors)]).items():
                    times[kernel] = min(seconds, times.get(kernel, seconds))
        for (operation, shape), new in fastest[given.new].items():
            old = fastest[given.old].get((operation, shape))
            times = f"{1e6 * old:9.2f}{1e6 * new:9.2f}{old / new:10.2f}" if old else f"{'':9}{1e6 * new:9.2f}"
            print(f"  {operation:32}{shape:34}{times}")


def main():
    given = arguments()
    networks = [NETWORKS[name] for name in given.only or NETWORKS]
    if given.kernels:
        compare_kernels(given, networks)
    else:
        compare_steps(given, networks)


if __name__ == "__main__":
    main()
