#!/usr/bin/env python3
"""Writes schedules.csv: the learning rates of torch.optim.lr_scheduler that tests/train compare with.

Run with Debian's python3-torch:  python3 tests/golden/make_schedules.py
"""

import csv
import pathlib
import warnings

import torch
from torch.optim import lr_scheduler

EPOCHS = 12
STEPS = 5
RATE = 0.05

# name, scheduler, whether it is stepped after every batch (or after every epoch)
CASES = [
    ("constant", lambda o: lr_scheduler.ConstantLR(o, factor=1.0), False),
    ("step", lambda o: lr_scheduler.StepLR(o, step_size=4, gamma=0.1), False),
    ("step-1-0.9", lambda o: lr_scheduler.StepLR(o, step_size=1, gamma=0.9), False),
    ("multi-step", lambda o: lr_scheduler.MultiStepLR(o, milestones=[2, 3, 9], gamma=0.3), False),
    ("cosine", lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=EPOCHS, eta_min=0.0), False),
    ("cosine-0.002", lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=EPOCHS, eta_min=0.002), False),
    ("one-cycle", lambda o: lr_scheduler.OneCycleLR(
        o, max_lr=RATE, epochs=EPOCHS, steps_per_epoch=STEPS, cycle_momentum=False), True),
    ("one-cycle-0.45-10-100", lambda o: lr_scheduler.OneCycleLR(
        o, max_lr=RATE, epochs=EPOCHS, steps_per_epoch=STEPS, pct_start=0.45, div_factor=10.0,
        final_div_factor=100.0, cycle_momentum=False), True),
]

warnings.filterwarnings("ignore")
with open(pathlib.Path(__file__).with_name("schedules.csv"), "w", newline="") as file:
    table = csv.writer(file, lineterminator="\n")
    table.writerow(["schedule", "epoch", "step", "rate"])
    for name, make, per_step in CASES:
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=RATE)
        schedule = make(optimizer)
        for epoch in range(EPOCHS):
            for step in range(STEPS):
                table.writerow([name, epoch, step, repr(optimizer.param_groups[0]["lr"])])
                last = epoch == EPOCHS - 1 and step == STEPS - 1
                if per_step and not last:
                    schedule.step()
            if not per_step:
                schedule.step()
