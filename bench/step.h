// The whole training step, a number of them whenever a line on the standard input asks for it.
#pragma once

#include <filesystem>

#include "normlab/nn/norm.h"

namespace normlab::bench {

struct StepOptions {
  std::filesystem::path root;  // of the sources: models/ and the golden files
  NormKind norm = NormKind::kBatch;
  float l1 = 0.0f;
  int batch_size = 128;
  int threads = 1;
};

// Checks one step against PyTorch's golden file (throws Error if it is off: what is wrong is not
// timed), writes "ready", then for every line with a number of steps one line with their seconds.
// Each step is forward, loss, backward and the optimizer's step with momentum and L1 penalty, on
// session6 with its dropout, over batches that lie ready in memory.
void serve_steps(const StepOptions& options);

}  // namespace normlab::bench
