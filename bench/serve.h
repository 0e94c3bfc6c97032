// Work in blocks, whenever a line on the standard input asks for one: normlab's side of every
// comparison. bench/torch_worker.py speaks the same way.
//
// When all is made and checked, writes "ready" and how many images a unit of work has; then, for
// every line with a number of units, one line with their seconds.
#pragma once

#include "workload.h"

namespace normlab::bench {

// A unit is a bare training step over a batch that lies ready in memory.
void serve_steps(const WorkloadOptions& options);

// A unit is train/evaluate.h's look at 10,000 images of bytes.
void serve_evaluations(const WorkloadOptions& options);

// A unit is a batch of an epoch of train/trainer.h on MNIST: shuffled, augmented, normalized,
// trained on.
void serve_epoch(const WorkloadOptions& options);

}  // namespace normlab::bench
