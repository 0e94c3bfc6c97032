#!/usr/bin/env python3
"""Checks results.json of a finished experiment: how many runs and epochs, and the last accuracy."""
import argparse
import json
import math
import sys

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("results")
parser.add_argument("--runs", type=int, required=True)
parser.add_argument("--epochs", type=int, required=True)
parser.add_argument("--accuracy", type=float, required=True, help="percent that each run must reach")
arguments = parser.parse_args()

with open(arguments.results) as file:
    runs = json.load(file)["runs"]
faults = []
if len(runs) != arguments.runs:
    faults.append(f"{len(runs)} runs, not {arguments.runs}")
for run in runs:
    name, epochs = run["name"], run["epochs"]
    if run["status"] != "finished" or len(epochs) != arguments.epochs:
        faults.append(f"{name}: {run['status']} after {len(epochs)} epochs, not {arguments.epochs}")
        continue
    last = epochs[-1]
    print(f"{name}: {run['parameters']} parameters, test loss {last['test_loss']:.4f}, "
          f"accuracy {last['test_accuracy']:.2f} %")
    # Written so that a NaN fails too.
    if not last["test_accuracy"] >= arguments.accuracy:
        faults.append(f"{name}: accuracy {last['test_accuracy']} % is below {arguments.accuracy} %")
    if not math.isfinite(last["test_loss"]):
        faults.append(f"{name}: test loss is {last['test_loss']}")
    if run["parameters"] <= 0:
        faults.append(f"{name}: {run['parameters']} parameters")
if faults:
    sys.exit("\n".join(faults))
