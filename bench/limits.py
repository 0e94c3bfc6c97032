"""Beside what the machine can do: its peaks, every kernel, and where the time of a step goes."""

import statistics

from rows import Row

OPERATIONS = {"conv2d_forward": ("convolution forward", 0.90, 0.97),
              "conv2d_backward_input": ("convolution, input gradient", 0.85, 0.95),
              "conv2d_backward_weight": ("convolution, weight gradient", 0.80, 0.92)}
LEAST_SHOWN = 1e-6  # seconds; what takes less is in the report only
STEP_LIMITS = {"GN": (0.80, 0.95), "LN": (0.80, 0.95), "BN+L1": (0.70, 0.90)}


def show_machine(machine):
    print(f"  {'':34}{'1 thread':>8}{machine['threads']:>8} threads")
    for peak in machine["peak"]:
        what = f"multiply-add peak, {peak['instruction_set']}" + ("" if peak["fused"] else " (not fused)")
        print(f"  {what:34}{peak['one_thread']:8.0f}{peak['all_threads']:9.0f}  GFLOP/s")
    for where, what in (("copy_in_memory", "copying in memory"), ("copy_in_cache", "copying in the cache")):
        copy = machine[where]
        print(f"  {what:34}{copy['one_thread']:8.1f}{copy['all_threads']:9.1f}  GB/s, read and written")


def show_kernels(result, machine):
    print(f"\nKernels on one tile of 16 images and one thread, {result['instruction_set']}, each alone, compared with "
          "plain loops in double before.\nShares of the multiply-add peak, measured in turns with it: median (and range).\n")
    print(f"  {'convolution':32}{'shape':30}{'us':>8}{'GFLOP/s':>9}{'peak':>7}{'of peak':>9}")
    for kernel in result["kernels"]:
        if kernel["operations"]:
            rate = kernel["operations"] / kernel["seconds"] / 1e9
            shares = [100 * share for share in kernel["shares"]]
            print(f"  {kernel['operation']:32}{kernel['shape']:30}{kernel['seconds'] * 1e6:8.2f}{rate:9.1f}"
                  f"{kernel['peak']:7.0f}{statistics.median(shares):8.0f}%  ({min(shares):.0f} to {max(shares):.0f})")
    copy = machine["copy_in_cache"]["one_thread"]
    print(f"\n  {'bound by memory':32}{'shape':30}{'us':>8}{'GB/s':>9}{'of copying':>12}{'ns/number':>11}")
    for kernel in result["kernels"]:
        if not kernel["operations"] and kernel["seconds"] >= LEAST_SHOWN:
            rate = kernel["bytes"] / kernel["seconds"] / 1e9
            print(f"  {kernel['operation']:32}{kernel['shape']:30}{kernel['seconds'] * 1e6:8.2f}{rate:9.1f}"
                  f"{100 * rate / copy:11.0f}%{kernel['seconds'] / kernel['numbers'] * 1e9:11.3f}")


def kernel_rows(result):
    """The share of each kind of 3x3 convolution where it is worst: direct sums, which the limit counts."""
    for operation, (what, at_least, aim) in OPERATIONS.items():
        kernels = [kernel for kernel in result["kernels"]
                   if kernel["kernel"] == "3x3" and kernel["operation"] == operation]
        if not kernels:
            continue
        worst = min(kernels, key=lambda kernel: statistics.median(kernel["shares"]))
        yield Row(f"{what}, 3x3, share of peak", worst["shares"], "%", at_least, aim,
                  f"least of {len(kernels)}: {worst['shape']}")


class Account:
    """What normlab_bench measured of one network's step, in microseconds of one thread for one tile of 16 images."""

    def __init__(self, measured, machine):
        self.measured = measured
        tiles = -(-measured["batch_size"] // 16)
        work = measured["multiply_adds"]["training_step"]
        self.step = measured["step"]["seconds"] * measured["threads"] / tiles * 1e6
        self.peak = measured["step"]["peak"]  # of all threads
        self.limit = self.peak * 1e9 / (2 * work)
        self.images_per_second = measured["batch_size"] / measured["step"]["seconds"]
        self.copy = machine["copy_in_cache"]["one_thread"]
        # A batch of no multiple of 16 fills its last tile in part; the limit counts only images.
        images = measured["batch_size"] / tiles
        self.ideal = 2 * images * work * measured["threads"] / (self.peak * 1e9) * 1e6

    def show(self, network):
        adds = self.measured["multiply_adds"]
        share = statistics.median(self.measured["step"]["shares"])
        print(f"\n{network.name} in {network.model.name}: {adds['forward']:,} multiply-adds forward and "
              f"{adds['training_step']:,} a training step for each image.\n"
              f"At a peak of {self.peak:.0f} GFLOP/s on {self.measured['threads']} threads direct convolution can "
              f"train {self.limit:,.0f} images a second;\nthe step trains {self.images_per_second:,.0f} in batches of "
              f"{self.measured['batch_size']}, {100 * share:.0f} % of that. Layer by layer, microseconds a tile:\n")
        self.show_layers()
        self.show_rest()

    def show_layers(self):
        width = 2 + max(len(layer["name"]) for layer in self.measured["layers"])
        print(f"  {'layer':{width}}{'kind':18}{'output':>10}{'multiply-adds':>15}{'forward':>9}{'backward':>10}"
              f"{'of step':>9}{'of peak':>9}{'of copying':>12}")
        for layer in self.measured["layers"]:
            seconds = layer["forward_seconds"] + layer["backward_seconds"]
            adds = layer["multiply_adds"]["training_step"]
            peak = f"{100 * 2 * 16 * adds / seconds / 1e9 / self.measured['layers_peak']:8.0f}%" if adds else " " * 9
            moved = layer["forward_bytes"] + layer["backward_bytes"]
            share = moved / max(seconds, 1e-12) / 1e9 / self.copy
            # A ReLU that left its work to a neighbour moves nothing.
            copy = "" if adds or share > 5 else f"{100 * share:11.0f}%"
            print(f"  {layer['name']:{width}}{layer['type']:18}{layer['output']:>10}{f'{adds:,}' if adds else '':>15}"
                  f"{layer['forward_seconds'] * 1e6:9.1f}{layer['backward_seconds'] * 1e6:10.1f}"
                  f"{100 * seconds * 1e6 / self.step:8.1f}%{peak}{copy}")

    def show_rest(self):
        """The whole step as a sum over kinds of layers, and what the limit would allow it."""
        parts = {"loss": self.measured["loss_seconds"] * 1e6}
        for layer in self.measured["layers"]:
            microseconds = (layer["forward_seconds"] + layer["backward_seconds"]) * 1e6
            kind = "convolutions" if layer["multiply_adds"]["training_step"] else layer["type"]
            parts[kind] = parts.get(kind, 0) + microseconds
        rest = self.step - sum(parts.values())
        parts["optimizer, sums over tiles, waiting" if rest > 0 else "saved by doing several layers at once"] = rest
        parts = sorted(parts.items(), key=lambda part: -part[1])
        print()
        for what, microseconds in [*parts, ("the step", self.step), ("its multiply-adds at the peak", self.ideal)]:
            print(f"  {what:38}{microseconds:9.1f} us{100 * microseconds / self.step:8.1f} %", flush=True)

    def row(self, network):
        at_least, aim = STEP_LIMITS[network.name]
        return Row(f"training step, {network.name}, share of the limit", self.measured["step"]["shares"], "%",
                   at_least, aim)
