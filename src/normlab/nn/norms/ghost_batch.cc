// Ghost batch normalization (Hoffer, Hubara & Soudry, "Train longer, generalize better", NeurIPS
// 2017, algorithm 1): batch norm in sets of `norm.virtual_batch` samples that follow each other,
// each with a mean and variance of its own. Evaluation goes by the running statistics, which each
// set moves in turn, as if it were a batch.
//
// Samples that are left over join the last set, so that none is smaller than asked for and none is
// too small to be normalized. A set is a whole number of tiles: a multiple of 16.
#include <fmt/format.h>

#include <algorithm>

#include "normlab/base/error.h"
#include "normlab/nn/norms/batch.h"
#include "normlab/tensor/tiles.h"

namespace normlab {
namespace {

class GhostBatchNormLayer final : public BatchNormLayer {
 public:
  GhostBatchNormLayer(const LayerSpec& spec, const LayerPlace& place, const Norm& norm)
      : BatchNormLayer(spec, place, norm, "GhostBatchNorm2d"), at_once_(norm.virtual_batch) {}

 private:
  int samples_at_once(int samples) const override { return std::min(samples, at_once_); }

  int at_once_;
};

}  // namespace

const NormType norms::ghost_batch = {
    .name = "ghost-batch",
    .short_name = "GBN",
    .title = "Ghost batch",
    .noun = "ghost batch norm",
    .reads = kReadsEps | kReadsMomentum | kReadsAffine | kReadsVirtualBatch,
    .make = [](const LayerSpec& spec, const LayerPlace& place,
               const Norm& norm) -> std::unique_ptr<Layer> {
      if (norm.virtual_batch < kLanes || norm.virtual_batch % kLanes != 0) {
        throw UsageError(fmt::format("{}: a virtual batch is a multiple of {} samples, not {}",
                                     place.where, kLanes, norm.virtual_batch));
      }
      return std::make_unique<GhostBatchNormLayer>(spec, place, norm);
    }};

}  // namespace normlab
