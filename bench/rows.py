"""The table of what is asked: one row a figure, beside what it must reach."""

import dataclasses
import math
import statistics
import sys


@dataclasses.dataclass
class Row:
    what: str
    values: list  # one per alternating pair; the median counts
    unit: str  # "%", "x" or "MB"
    at_least: float = None
    aim: float = None
    note: str = ""

    def __post_init__(self):
        # The less the better for memory alone. A NaN misses.
        broken = any(math.isnan(value) for value in self.values)
        self.value = math.nan if broken else statistics.median(self.values)
        good = self.at_least is None or (
            self.value <= self.at_least if self.unit == "MB" else self.value >= self.at_least)
        self.missed = not good

    def number(self, value):
        if value is None:
            return ""
        return {"%": f"{100 * value:.0f} %", "x": f"{value:.2f}", "MB": f"{value:.0f} MB"}[self.unit]

    def spread(self):
        if len(self.values) == 1:
            return "one run"
        return f"{self.number(min(self.values))} to {self.number(max(self.values))}".replace(" % to", " to")

    def line(self):
        verdict = "missed" if self.missed else ""
        return (f"  {self.what:50}{self.number(self.value):>8}  {self.spread():14}{self.number(self.at_least):>8}"
                f"{self.number(self.aim):>8}  {verdict:8}{self.note}").rstrip()

    def report(self):
        return {"what": self.what, "value": self.value, "values": self.values, "unit": self.unit,
                "at_least": self.at_least, "aim": self.aim, "missed": self.missed, "note": self.note}


HEADER = f"  {'':50}{'median':>8}  {'spread':14}{'at least':>8}{'aim':>8}"


class Table:
    """Collects rows, and shows each as it is measured."""

    def __init__(self):
        self.rows = []

    def begin(self, title):
        print(f"\n{title}\n\n{HEADER}", flush=True)

    def add(self, row):
        self.rows.append(row)
        print(row.line(), flush=True)

    def missed(self):
        """The rows below their "at least", which also go to stderr."""
        missed = [row for row in self.rows if row.missed]
        if missed:
            print(f"{len(missed)} of {len(self.rows)} rows miss what they must reach: "
                  + "; ".join(row.what for row in missed), file=sys.stderr)
        return missed
