"""Beside PyTorch: training steps, sweeps, epochs, evaluations; and what needs no peer."""

import os
import statistics
import subprocess
import tempfile

from rows import Row
from sides import ROOT, Network

SESSION6 = ROOT / "models/session6.toml"
NETWORKS = [Network("GN", SESSION6, "group"), Network("LN", SESSION6, "layer"),
            Network("BN+L1", SESSION6, "batch", 0.009)]
SHAPES = [Network("LeNet-5", ROOT / "models/lenet5.toml", "batch"),
          Network("3x32x32, 32 to 64 channels", ROOT / "bench/models/wide32.toml", "batch"),
          Network("5x5 and stride 2", ROOT / "bench/models/strided5x5.toml", "batch")]
STEP_LIMITS = {"BN+L1": 6.0, "LN": 5.5, "GN": 5.0}
TORCH_EVALUATION_BATCHES = [128, 500, 1000]


class Results:
    """Where a comparison's numbers go: a row of the table, and the report."""

    def __init__(self, table, report):
        self.table, self.report = table, report

    def add(self, what, comparison, at_least, aim, note=""):
        self.table.add(Row(what, comparison.ratios, "x", at_least, aim,
                           comparison.text() + (f"; {note}" if note else "")))
        self.report.append({"what": what, **comparison.report()})


def steps(sides, results, threads):
    for network in NETWORKS:
        results.add(f"training step, {network.name}", sides.alternate(
            sides.ours("steps", network, threads), sides.theirs("steps", network, threads)),
            STEP_LIMITS[network.name], 10)
    for network in NETWORKS:
        results.add(f"a process per core, {network.name}", sides.alternate(
            sides.ours("steps", network, 1, processes=threads),
            sides.theirs("steps", network, 1, processes=threads)), 4, 7)
    for batch, at_least, aim in ((32, 5, 8), (8, 3.5, 6)):
        for network in NETWORKS:
            results.add(f"training step, batch {batch}, {network.name}", sides.alternate(
                sides.ours("steps", network, threads, batch),
                sides.theirs("steps", network, threads, batch)), at_least, aim)


def scaling(sides, results, threads):
    """All threads over one; for two, "at least" is 1.9 and the aim 1.98."""
    if threads == 1:
        return
    for network in NETWORKS:
        results.add(f"{threads} threads over one, {network.name}", sides.alternate(
            sides.ours("steps", network, threads), sides.ours("steps", network, 1)),
            0.95 * threads, 0.99 * threads)


def shapes(sides, results, threads, networks, at_least):
    for network in networks:
        results.add(f"training step, {network.name}", sides.alternate(
            sides.ours("steps", network, threads), sides.theirs("steps", network, threads)), at_least, None)


def epoch(sides, results, threads):
    for network in NETWORKS:
        results.add(f"epoch, loading and augmentation, {network.name}", sides.alternate(
            sides.ours("epoch", network, threads), sides.theirs("epoch", network, threads)), 7, 12)


def evaluation(sides, results, threads):
    for network in NETWORKS:
        rates = {}
        for batch in TORCH_EVALUATION_BATCHES:
            side = sides.theirs("evaluations", network, threads, batch)
            units = side.units_in(0.3)
            rates[batch] = statistics.median(side.rate(units) for _ in range(3))
            side.close()
        best = max(rates, key=rates.get)
        results.add(f"evaluation, {network.name}", sides.alternate(
            sides.ours("evaluations", network, threads), sides.theirs("evaluations", network, threads, best)),
            6, 10, f"its best batch: {best}")


def memory(normlab, table):
    """The most that any process of a whole run of one epoch holds at a time, gnuplot's included."""
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.Popen([normlab, "run", "--epochs", "1", "--out", f"{folder}/run"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        errors = run.stderr.read()
        _, status, usage = os.wait4(run.pid, 0)
        run.returncode = os.waitstatus_to_exitcode(status)
    if run.returncode != 0:
        raise SystemExit(f"normlab run failed:\n{errors}")
    table.add(Row("peak memory of normlab run, 1 epoch", [usage.ru_maxrss / 1000], "MB", 200, 120))
