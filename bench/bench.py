#!/usr/bin/python3
"""Measures normlab beside what the machine can do at most, and beside PyTorch.

    bench/bench.py build/release                  # `make bench` does this; about eight minutes
    bench/bench.py build/release --no-limits      # only shows, never fails for being slow
    bench/bench.py build/release --only steps     # one part
    bench/bench.py build/release --model my.toml --norm layer   # the account of another model

Ends with 1 if a result is wrong or a row of the table misses its "at least". Everything also goes to
build/bench.json. docs/performance.md says how it is measured and how to read it.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import subprocess
import sys

import comparisons
import limits
from rows import Table
from sides import ROOT, Network, Sides

PARTS = ["kernels", "account", "steps", "scaling", "shapes", "evaluation", "epoch", "memory"]


def pytorch_version():
    """As Debian's package has it, which is what bench/torch_worker.py runs on."""
    package = subprocess.run(["dpkg-query", "-W", "-f=${Version}", "python3-torch"], stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, text=True, check=False).stdout
    return package or "of unknown version"


def processor():
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path, help="build folder, such as build/release")
    parser.add_argument("--only", metavar="PART", action="append", choices=PARTS,
                        help=f"measure this part; may be given again ({', '.join(PARTS)})")
    parser.add_argument("--no-limits", action="store_true", help="do not fail for being slow")
    parser.add_argument("--model", type=pathlib.Path,
                        help="machine, kernels, account and training step of this model instead")
    parser.add_argument("--norm", help="what fills the norms of --model (default: batch)")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="default: all")
    parser.add_argument("--instruction-set", default="", help="of kernels and account; the best by default")
    parser.add_argument("--convolution", choices=("direct", "winograd", "bf16"), default="winograd",
                        help="as train.convolution (default: winograd)")
    parser.add_argument("--pairs", type=int, default=7, help="alternations of either side (at least 5)")
    parser.add_argument("--seconds", type=float, default=0.7, help="length of each block")
    given = parser.parse_args()
    given.build = given.build.resolve()
    if given.pairs < 5:
        parser.error("--pairs: a median and a spread need at least 5")
    if given.threads < 1:
        parser.error(f"--threads {given.threads}: at least 1 is needed")
    for program in (given.build / "bench/normlab_bench", given.build / "normlab"):
        if not program.is_file():
            parser.error(f"no such file: {program}; build it with -DNORMLAB_TESTS=ON -DNORMLAB_BENCH=ON")
    if given.norm and not given.model:
        parser.error("--norm says what fills the norms of a --model; without one, all three are measured")
    if given.model and not given.model.is_file():
        parser.error(f"--model: no such file: {given.model}")
    return given


def own_network(given):
    return Network(f"{given.model.stem} with {given.norm or 'batch'} norm", given.model, given.norm or "batch")


def normlab_bench(given):
    return [given.build / "bench/normlab_bench", "--convolution", given.convolution]


def measure_limits(given, table, report, parts):
    """Machine, kernels and account."""
    program = [*normlab_bench(given), "--instruction-set", given.instruction_set]

    def measure(*command):
        return json.loads(subprocess.run([*program, *map(str, command)], check=True, stdout=subprocess.PIPE,
                                         text=True).stdout)

    networks = [own_network(given)] if given.model else comparisons.NETWORKS
    report["machine"] = measure("machine", "--threads", given.threads)
    limits.show_machine(report["machine"])
    rows = []
    if "kernels" in parts:
        report["kernels"] = measure("kernels", "--model", networks[0].model)
        limits.show_kernels(report["kernels"], report["machine"])
        rows += limits.kernel_rows(report["kernels"])
    if "account" in parts:
        report["account"] = {}
        for network in networks:
            measured = measure("account", *network.options(given.threads))
            report["account"][network.name] = measured
            account = limits.Account(measured, report["machine"])
            account.show(network)
            if not given.model:
                rows.append(account.row(network))
    if rows and not given.model:
        table.begin("Shares of what the machine can do:")
        for row in rows:
            table.add(row)


def measure_comparisons(given, table, report, parts):
    sides = Sides(normlab_bench(given), given.pairs, given.seconds)
    report["comparisons"] = []
    results = comparisons.Results(table, report["comparisons"])
    threads = given.threads
    table.begin(f"Beside PyTorch on {threads} threads, in batches of 128 unless said otherwise; {given.pairs} pairs of "
                "blocks in turn:")
    if given.model:
        if "steps" in parts:
            comparisons.shapes(sides, results, threads, [own_network(given)], at_least=None)
        return
    for part, measure in {"steps": comparisons.steps, "scaling": comparisons.scaling,
                          "evaluation": comparisons.evaluation, "epoch": comparisons.epoch}.items():
        if part in parts:
            measure(sides, results, threads)
    if "shapes" in parts:
        comparisons.shapes(sides, results, threads, comparisons.SHAPES, at_least=3)
    if "memory" in parts:
        comparisons.memory(given.build / "normlab", table)


def main():
    given = arguments()
    parts = given.only or PARTS
    table = Table()
    report = {"date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
              "processor": processor(), "threads": given.threads, "pytorch": pytorch_version(),
              "pairs": given.pairs, "block_seconds": given.seconds,
              "convolution": given.convolution}
    print(f"{report['processor']}, {given.threads} threads; PyTorch {report['pytorch']}\n")

    if {"kernels", "account"} & set(parts):
        measure_limits(given, table, report, parts)
    if set(parts) - {"kernels", "account"}:
        measure_comparisons(given, table, report, parts)

    report["rows"] = [row.report() for row in table.rows]
    path = ROOT / "build/bench.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(report, indent=1) + "\n")
    print(f"\nwritten to {path.relative_to(ROOT)}", flush=True)
    return 1 if table.missed() and not given.no_limits else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(f"{error.cmd[0]} failed; see above")
    except KeyboardInterrupt:
        sys.exit(130)
