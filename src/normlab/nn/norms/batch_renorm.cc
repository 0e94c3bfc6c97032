// Batch renormalization (Ioffe, "Batch Renormalization: Towards Reducing Minibatch Dependence in
// Batch-Normalized Models", NeurIPS 2017, algorithm 1). While training, too, what comes out is
// near what the running statistics would give: with sigma = sqrt(var + eps),
//
//   r = clip(sigma_batch / sigma_running, 1/r_max, r_max)
//   d = clip((mean_batch - mean_running) / sigma_running, -d_max, d_max)
//   y = gamma * ((x - mean_batch) / sigma_batch * r + d) + beta
//
// r and d are constants to the backward; the running statistics are those before the batch. The
// clip is constant here, 3 and 5, with which the paper ends (`norm.r_max`, `norm.d_max`); 1 and 0,
// with which the paper begins, are batch norm. The paper keeps a running average of sigma, we of
// the unbiased variance, as batch norm does in PyTorch: so the two can be told apart by r and d
// alone, and evaluation is the same.
//
// y is batch norm's with another mean and deviation:
//
//   mean' = mean_batch - d * sigma_batch / r,   rstd' = r / sigma_batch
//
// and so its kernels do the work. dgamma and dbeta follow from mean' and rstd'. In dx, the sums
// over the batch are those of xhat_batch = (xhat' - d) / r; written by xhat', batch norm's formula
// holds with (dgamma - d * dbeta) / r^2 =: a in dgamma's place, and dbeta - d * a in dbeta's.
#include <algorithm>
#include <cmath>

#include "normlab/nn/norms/batch.h"

namespace normlab {
namespace {

class BatchRenormLayer final : public BatchNormLayer {
 public:
  // Two more arrays: r and d.
  BatchRenormLayer(const LayerSpec& spec, const LayerPlace& place, const Norm& norm)
      : BatchNormLayer(spec, place, norm, "BatchRenorm2d", 6),
        r_max_(static_cast<double>(norm.r_max)),
        d_max_(static_cast<double>(norm.d_max)) {}

 private:
  void settle(float* joined, std::size_t c, const Moments& set, float running_mean,
              float running_var) const override {
    const double sigma_batch = sigma(set.squares / set.count);
    const double sigma_running = sigma(static_cast<double>(running_var));
    const double r = std::clamp(sigma_batch / sigma_running, 1 / r_max_, r_max_);
    const double d =
        std::clamp((set.mean - static_cast<double>(running_mean)) / sigma_running, -d_max_, d_max_);
    joined[c] = static_cast<float>(set.mean - d * sigma_batch / r);
    joined[channels() + c] = static_cast<float>(r / sigma_batch);
    joined[4 * channels() + c] = static_cast<float>(r);
    joined[5 * channels() + c] = static_cast<float>(d);
  }

  void settle_sums(float* joined) const override {
    for (std::size_t c = 0; c < channels(); ++c) {
      float& dgamma = joined[2 * channels() + c];
      float& dbeta = joined[3 * channels() + c];
      const double r = static_cast<double>(joined[4 * channels() + c]);
      const double d = static_cast<double>(joined[5 * channels() + c]);
      const double a = (static_cast<double>(dgamma) - d * static_cast<double>(dbeta)) / (r * r);
      dgamma = static_cast<float>(a);
      dbeta = static_cast<float>(static_cast<double>(dbeta) - d * a);
    }
  }

  double sigma(double variance) const {
    return std::sqrt(variance + static_cast<double>(norm_eps(norm())));
  }

  double r_max_;
  double d_max_;
};

}  // namespace

const NormType norms::batch_renorm = {
    .name = "batch-renorm",
    .short_name = "BRN",
    .title = "Batch renorm",
    .noun = "batch renorm",
    .reads = kReadsEps | kReadsMomentum | kReadsAffine | kReadsLimits,
    .make = [](const LayerSpec& spec, const LayerPlace& place,
               const Norm& norm) -> std::unique_ptr<Layer> {
      return std::make_unique<BatchRenormLayer>(spec, place, norm);
    }};

}  // namespace normlab
