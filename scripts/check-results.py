#!/usr/bin/env python3
"""Checks results.json of a finished experiment: epochs, parameters and last test accuracy of each run.

    scripts/check-results.py runs/latest/results.json --epochs 15 --parameters 7832 GN=99.0 LN=99.0
"""
import argparse
import json
import math
import sys

parser = argparse.ArgumentParser(
    description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("results")
parser.add_argument("--epochs", type=int, required=True)
parser.add_argument("--parameters", type=int, required=True)
parser.add_argument("runs", nargs="+", metavar="RUN=PERCENT", help="each run that must be there")
arguments = parser.parse_args()
least = {name: float(percent) for name, percent in (run.split("=") for run in arguments.runs)}

with open(arguments.results) as file:
    runs = json.load(file)["runs"]
faults = []
if [run["name"] for run in runs] != list(least):
    faults.append(f"runs {[run['name'] for run in runs]}, not {list(least)}")
for run in runs:
    name, epochs = run["name"], run["epochs"]
    if run["parameters"] != arguments.parameters:
        faults.append(f"{name}: {run['parameters']} parameters, not {arguments.parameters}")
    if run["status"] != "finished" or len(epochs) != arguments.epochs:
        faults.append(f"{name}: {run['status']} after {len(epochs)} epochs, not {arguments.epochs}")
        continue
    accuracy, loss = epochs[-1]["test_accuracy"], epochs[-1]["test_loss"]
    if loss is None or accuracy is None:  # JSON has no NaN
        faults.append(f"{name}: the last epoch has no test loss or accuracy")
        continue
    print(f"{name}: test loss {loss:.4f}, accuracy {accuracy:.2f} %")
    # Both are written so that a NaN fails.
    if not accuracy >= least.get(name, 100):
        faults.append(f"{name}: accuracy {accuracy} % is below {least.get(name, 100)} %")
    if not math.isfinite(loss):
        faults.append(f"{name}: test loss is {loss}")
if faults:
    sys.exit("\n".join(faults))
