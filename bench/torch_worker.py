#!/usr/bin/python3
"""PyTorch's side of every comparison: work in blocks, as bench/serve.h describes.

usage: torch_worker.py steps|evaluations|epoch --model FILE --norm NAME [--l1 X] [--batch-size N] [--threads N]

Everything is what its users would write: modules, autograd, torch.optim.SGD, DataLoader,
torchvision's transforms.
"""

import argparse
import os
import pathlib
import sys
import tempfile
import time
import tomllib

# A hand-set core type of OpenBLAS is no part of a fair measurement; it must go before torch loads.
os.environ.pop("OPENBLAS_CORETYPE", None)

try:
    import torch
except ImportError as error:
    sys.exit(f"torch_worker.py: {error}; it needs the packages of scripts/packages/parity.txt")

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/parity"))
import mnist
import networks

BATCHES = 16
LEARNING_RATE, MOMENTUM = 0.01, 0.9
LOADERS = 2
# Before the clock starts in a block of an epoch: what the loaders prepared while they were idle is
# used up (two batches ahead for each), and the loaders keep pace with the training again.
UNTIMED = 8


class Steps:
    """The bare training step on batches that lie ready in memory."""

    def __init__(self, options, shape):
        self.images_per_unit, self.l1, self.done = options.batch_size, options.l1, 0
        self.network = networks.build(options.model, options.norm)
        self.optimizer = torch.optim.SGD(self.network.parameters(), LEARNING_RATE, MOMENTUM)
        self.x = torch.randn(BATCHES, options.batch_size, *shape).clamp(min=0) - 0.42
        self.labels = torch.randint(10, (BATCHES, options.batch_size))

    def train(self, x, labels):
        self.optimizer.zero_grad()
        networks.objective(self.network, x, labels, self.l1)[1].backward()
        self.optimizer.step()

    def seconds(self, units):
        begin = time.perf_counter()
        for self.done in range(self.done, self.done + units):
            self.train(self.x[self.done % BATCHES], self.labels[self.done % BATCHES])
        self.done += 1
        return time.perf_counter() - begin


class Evaluations:
    """eval() and no_grad() on batches of floats that lie ready in memory."""

    def __init__(self, options, shape):
        self.images_per_unit, self.done = options.batch_size, 0
        self.network = networks.build(options.model, options.norm).eval()
        self.x = torch.randn(BATCHES, options.batch_size, *shape)
        self.labels = torch.randint(10, (BATCHES, options.batch_size))

    def seconds(self, units):
        begin = time.perf_counter()
        loss = right = 0
        with torch.no_grad():
            for self.done in range(self.done, self.done + units):
                logits = self.network(self.x[self.done % BATCHES])
                labels = self.labels[self.done % BATCHES]
                loss += torch.nn.functional.cross_entropy(logits, labels, reduction="sum").item()
                right += (logits.argmax(1) == labels).sum().item()
        self.done += 1
        return time.perf_counter() - begin


class Epoch(Steps):
    """Batches of an epoch on MNIST, loaded and augmented by torchvision in two other processes."""

    def __init__(self, options, shape):
        super().__init__(options, shape)
        import torchvision
        from torchvision import transforms
        self.folder = tempfile.TemporaryDirectory()  # laid out as torchvision wants it
        raw = pathlib.Path(self.folder.name) / "MNIST/raw"
        raw.parent.mkdir()
        raw.symlink_to(mnist.folder())
        data = torchvision.datasets.MNIST(self.folder.name, train=True, transform=transforms.Compose([
            transforms.ColorJitter(brightness=0.1, contrast=0.1),
            transforms.RandomRotation(7, fill=1),
            transforms.ToTensor(),
            transforms.Normalize((0.1307,), (0.3081,)),
        ]))
        # Epoch after epoch in one row, so that the loaders start once.
        order = torch.cat([torch.randperm(len(data)) for _ in range(20)]).tolist()
        loader = torch.utils.data.DataLoader(data, options.batch_size, sampler=order, num_workers=LOADERS)
        self.batches = iter(loader)

    def seconds(self, units):
        for _ in range(UNTIMED):
            self.train(*next(self.batches))
        begin = time.perf_counter()
        for _ in range(units):
            self.train(*next(self.batches))
        return time.perf_counter() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    kinds = {"steps": Steps, "evaluations": Evaluations, "epoch": Epoch}
    parser.add_argument("kind", choices=kinds)
    parser.add_argument("--model", required=True)
    parser.add_argument("--norm", required=True)
    parser.add_argument("--l1", type=float, default=0.0)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.manual_seed(20)
    torch.set_num_threads(options.threads)
    with open(options.model, "rb") as file:
        shape = tomllib.load(file)["input"]
    work = kinds[options.kind](options, shape)
    print("ready", work.images_per_unit, flush=True)
    for line in sys.stdin:
        print(f"{work.seconds(int(line)):.9f}", flush=True)


if __name__ == "__main__":
    main()
