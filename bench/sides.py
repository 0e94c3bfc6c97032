"""Two programs that work in blocks, in turns."""

import os
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
SETTLE = 0.1  # seconds after a block: threads that still spin go to sleep, loaders fill their queues


# PyTorch's threads wait for each other actively, and where others take the processors its speed falls
# by far more than what they took. Beyond this share a ratio says little.
DISTURBED = 0.05


class Side:
    """One or more equal processes that do blocks of work at the same time (bench/serve.h)."""

    def __init__(self, command, processes=1):
        self.name = " ".join(map(str, command))
        self.processes = [subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE,
                                           stdout=subprocess.PIPE, text=True) for _ in range(processes)]
        self.images = sum(int(self._answer(process).removeprefix("ready ")) for process in self.processes)

    def _answer(self, process):
        line = process.stdout.readline()
        if not line:
            sys.exit(f"failed, see above: {self.name}")
        return line.strip()

    def seconds(self, units):
        """Of the slowest process, each doing that many units of work."""
        for process in self.processes:
            process.stdin.write(f"{units}\n")
            process.stdin.flush()
        return max(float(self._answer(process)) for process in self.processes)

    def rate(self, units):
        """Images a second of all processes together."""
        return self.images * units / self.seconds(units)

    def units_in(self, seconds):
        """How many units of work take about so long."""
        self.seconds(2)  # first touch of memory, choice of algorithms
        units = 2
        while (took := self.seconds(units)) < seconds / 8:
            units *= 2
        return max(1, round(units * seconds / took))

    def close(self):
        for process in self.processes:
            process.stdin.close()
        if any([process.wait() for process in self.processes]):
            sys.exit(f"failed, see above: {self.name}")


def used(process):
    """Seconds of processors that a child at work, and those of its children that ended, took so far."""
    with open(f"/proc/{process.pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return sum(int(ticks) for ticks in fields[11:15]) / os.sysconf("SC_CLK_TCK")


class Neighbours:
    """The share of the processors that went to other programs since this was made."""

    def __init__(self, children=()):
        self.begin = self._now()
        # When a child ends, all that it took is known as ours: its start, too, which was before.
        self.before = sum(map(used, children))

    @staticmethod
    def _now():
        with open("/proc/stat") as file:
            ticks = [int(field) for field in file.readline().split()[1:9]]
        all_busy = sum(ticks) - ticks[3] - ticks[4]  # without idle and waiting for disks
        return all_busy / os.sysconf("SC_CLK_TCK"), sum(os.times()[:4]), time.monotonic()

    def share(self):
        """Of children, only those that have ended are known as ours."""
        busy, ours, seconds = (now - then for now, then in zip(self._now(), self.begin))
        return max(0.0, (busy - (ours - self.before)) / (seconds * os.cpu_count()))


class Network:
    """A model, what fills its norms, and the factor of the L1 penalty."""

    def __init__(self, name, model, norm, l1=0.0):
        self.name, self.model, self.norm, self.l1 = name, pathlib.Path(model), norm, l1

    def options(self, threads, batch=128):
        return ["--model", self.model, "--norm", self.norm, "--l1", self.l1, "--batch-size", batch,
                "--threads", threads]


class Sides:
    """Makes either side of a comparison."""

    def __init__(self, command, pairs, seconds):
        self.command, self.pairs, self.seconds = command, pairs, seconds

    def ours(self, kind, network, threads, batch=128, processes=1):
        return Side([*self.command, kind, *network.options(threads, batch)], processes)

    def theirs(self, kind, network, threads, batch=128, processes=1):
        worker = ROOT / "bench/torch_worker.py"
        return Side(["/usr/bin/python3", worker, kind, *network.options(threads, batch)], processes)

    def alternate(self, first, second):
        """Rates of both in alternating blocks, so that what else the machine does hits both."""
        neighbours = Neighbours(first.processes + second.processes)
        sides = {"first": first, "second": second}
        units = {name: side.units_in(self.seconds) for name, side in sides.items()}
        rates = {name: [] for name in sides}
        for _ in range(self.pairs):
            for name, side in sides.items():
                rates[name].append(side.rate(units[name]))
                time.sleep(SETTLE)
        for side in sides.values():
            side.close()
        return Comparison(rates["first"], rates["second"], neighbours.share())


class Comparison:
    """Images a second of two sides, pair by pair."""

    def __init__(self, first, second, neighbours):
        self.first, self.second, self.neighbours = first, second, neighbours
        self.ratios = [a / b for a, b in zip(first, second)]

    def text(self):
        text = f"{statistics.median(self.first):,.0f} and {statistics.median(self.second):,.0f} images/s"
        if self.neighbours > DISTURBED:
            text += f"; disturbed: other programs took {100 * self.neighbours:.0f} % of the processors"
        return text

    def report(self):
        return {"neighbours": self.neighbours, "images_per_second": [self.first, self.second], "ratios": self.ratios}
