#include "nn/reference_network.h"

#include <algorithm>
#include <functional>
#include <stdexcept>

#include "normlab/base/random.h"
#include "reference/batch_norm.h"
#include "reference/conv2d.h"
#include "reference/dropout.h"
#include "reference/group_norm.h"
#include "reference/linear.h"
#include "reference/log_softmax.h"
#include "reference/pool2d.h"
#include "reference/relu.h"

namespace normlab {
namespace {

using Array = reference::Array4<double>;
using Values = std::vector<double>;

const ParameterView* find(std::span<const ParameterView> views, const std::string& name) {
  const auto found = std::ranges::find(views, name, &ParameterView::name);
  return found == views.end() ? nullptr : &*found;
}

// One run through the network; each layer leaves behind how to go back through it.
class Run {
 public:
  Run(const Network& network, const Values& parameters, const Values& buffers,
      const ReferenceBatch& batch, bool training)
      : network_(network), parameters_(parameters), batch_(batch), training_(training) {
    result_.gradient.assign(parameters.size(), 0.0);
    result_.buffers = buffers;
  }

  ReferenceResult run() {
    Array x = batch_.x;
    std::uint32_t position = 0;
    for (const LayerSpec& spec : network_.model().layers) x = layer(spec, x, ++position);
    result_.log_probabilities = reference::log_softmax(x);
    result_.loss = reference::negative_log_likelihood(result_.log_probabilities, batch_.labels);
    result_.correct = reference::count_correct(result_.log_probabilities, batch_.labels);
    if (training_) {
      Array gradient = reference::log_softmax_backward(
          reference::negative_log_likelihood_backward(result_.log_probabilities, batch_.labels,
                                                      1.0 / batch_.x.n),
          x);
      for (auto back = backward_.rbegin(); back != backward_.rend(); ++back) {
        gradient = (*back)(gradient);
      }
    }
    return result_;
  }

 private:
  using Backward = std::function<Array(const Array& dy)>;

  Array layer(const LayerSpec& spec, const Array& x, std::uint32_t position) {
    switch (spec.type) {
      case LayerType::kConv:
        return conv(spec, x);
      case LayerType::kLinear:
        return linear(spec, x);
      case LayerType::kRelu:
        backward_.push_back([x](const Array& dy) { return reference::relu_backward(dy, x); });
        return reference::relu(x);
      case LayerType::kNorm:
        return norm(spec, x, network_.options().norm.kind);
      case LayerType::kBatchNorm:
        return norm(spec, x, NormKind::kBatch);
      case LayerType::kLayerNorm:
        return norm(spec, x, NormKind::kLayer);
      case LayerType::kGroupNorm:
        return norm(spec, x, NormKind::kGroup);
      case LayerType::kInstanceNorm:
        return norm(spec, x, NormKind::kInstance);
      case LayerType::kMaxPool:
      case LayerType::kAveragePool:
      case LayerType::kGlobalAveragePool:
        return pool(spec, x);
      case LayerType::kDropout:
      case LayerType::kDropout2d:
        return dropout(spec, x, position);
      case LayerType::kFlatten:
        return flatten(x);
    }
    throw std::logic_error("a layer that the reference does not know");
  }

  // The values of one parameter array; empty if the layer has none of that name.
  Values values(const LayerSpec& spec, const char* suffix) const {
    const ParameterView* view = find(network_.parameters(), spec.name + "." + suffix);
    if (view == nullptr) return {};
    const auto first = parameters_.begin() + static_cast<std::ptrdiff_t>(view->offset);
    return {first, first + static_cast<std::ptrdiff_t>(view->count)};
  }

  void set_gradient(const LayerSpec& spec, const char* suffix, const Values& gradient) {
    const ParameterView* view = find(network_.parameters(), spec.name + "." + suffix);
    if (view == nullptr) return;
    if (view->count != gradient.size()) throw std::logic_error(view->name + " has another size");
    std::ranges::copy(gradient,
                      result_.gradient.begin() + static_cast<std::ptrdiff_t>(view->offset));
  }

  double* buffer(const LayerSpec& spec, const char* suffix) {
    return result_.buffers.data() + find(network_.buffers(), spec.name + "." + suffix)->offset;
  }

  Array conv(const LayerSpec& spec, const Array& x) {
    Array w(spec.out, x.c, spec.kernel_height, spec.kernel_width);
    w.values = values(spec, "weight");
    const reference::Conv2d options{spec.stride, spec.padding};
    backward_.push_back([this, spec, x, w, options](const Array& dy) {
      auto gradients = reference::conv2d_backward(dy, x, w, options);
      set_gradient(spec, "weight", gradients.dw.values);
      set_gradient(spec, "bias", gradients.dbias);
      return gradients.dx;
    });
    return reference::conv2d(x, w, values(spec, "bias"), options);
  }

  Array linear(const LayerSpec& spec, const Array& x) {
    Array w(spec.out, x.c * x.h * x.w, 1, 1);
    w.values = values(spec, "weight");
    backward_.push_back([this, spec, x, w](const Array& dy) {
      auto gradients = reference::linear_backward(dy, x, w);
      set_gradient(spec, "weight", gradients.dw.values);
      set_gradient(spec, "bias", gradients.dbias);
      return gradients.dx;
    });
    return reference::linear(x, w, values(spec, "bias"));
  }

  Array norm(const LayerSpec& spec, const Array& x, NormKind kind) {
    if (kind == NormKind::kNone) return x;
    const Norm& chosen = network_.options().norm;
    const double eps = static_cast<double>(chosen.eps);
    const reference::Affine<double> affine{values(spec, "weight"), values(spec, "bias")};
    if (kind == NormKind::kBatch) return batch_norm(spec, x, affine, eps);
    const int groups = kind == NormKind::kLayer      ? 1
                       : kind == NormKind::kInstance ? x.c
                                                     : spec.groups.value_or(chosen.groups);
    backward_.push_back([this, spec, x, affine, groups, eps](const Array& dy) {
      auto gradients = reference::group_norm_backward(dy, x, affine, groups, eps);
      set_gradient(spec, "weight", gradients.dgamma);
      set_gradient(spec, "bias", gradients.dbeta);
      return gradients.dx;
    });
    return reference::group_norm(x, affine, groups, eps).y;
  }

  Array batch_norm(const LayerSpec& spec, const Array& x, const reference::Affine<double>& affine,
                   double eps) {
    double* const mean = buffer(spec, "running_mean");
    double* const var = buffer(spec, "running_var");
    if (!training_) {
      return reference::batch_norm_evaluation(x, affine, {mean, mean + x.c}, {var, var + x.c}, eps);
    }
    const auto forward = reference::batch_norm(x, affine, eps);
    const double momentum = static_cast<double>(network_.options().norm.momentum);
    for (int c = 0; c < x.c; ++c) {
      const auto channel = static_cast<std::size_t>(c);
      mean[c] = reference::running_mean(mean[c], forward.mean[channel], momentum);
      var[c] = reference::running_var(var[c], forward.var[channel], x.n * x.h * x.w, momentum);
    }
    backward_.push_back([this, spec, x, affine, eps](const Array& dy) {
      auto gradients = reference::batch_norm_backward(dy, x, affine, eps);
      set_gradient(spec, "weight", gradients.dgamma);
      set_gradient(spec, "bias", gradients.dbeta);
      return gradients.dx;
    });
    return forward.y;
  }

  Array pool(const LayerSpec& spec, const Array& x) {
    const bool global = spec.type == LayerType::kGlobalAveragePool;
    const reference::Pool2d options =
        global ? reference::Pool2d{x.h, x.w, 1}
               : reference::Pool2d{spec.kernel_height, spec.kernel_width, spec.stride};
    if (spec.type == LayerType::kMaxPool) {
      backward_.push_back(
          [x, options](const Array& dy) { return reference::max_pool2d_backward(dy, x, options); });
      return reference::max_pool2d(x, options);
    }
    backward_.push_back([x, options](const Array& dy) {
      return reference::average_pool2d_backward(dy, x, options);
    });
    return reference::average_pool2d(x, options);
  }

  // What falls is drawn as written down in normlab/base/random.h: a stream for each sample and
  // layer, one number per channel or number of the sample, dropped if below the probability.
  Array dropout(const LayerSpec& spec, const Array& x, std::uint32_t position) {
    if (!training_) return x;
    const bool by_channel = spec.type == LayerType::kDropout2d;
    const float probability = network_.options().dropout.value_or(spec.probability);
    std::vector<bool> kept;
    for (const std::uint32_t id : batch_.sample_ids) {
      RandomStream random(batch_.seed, Purpose::kDropout, batch_.epoch, id, position);
      const int count = by_channel ? x.c : x.c * x.h * x.w;
      for (int i = 0; i < count; ++i) kept.push_back(!(random.uniform() < probability));
    }
    const auto run = [kept, by_channel, probability](const Array& array) {
      const double share = static_cast<double>(probability);
      return by_channel ? reference::dropout2d(array, kept, share)
                        : reference::dropout(array, kept, share);
    };
    backward_.push_back(run);
    return run(x);
  }

  Array flatten(const Array& x) {
    Array y(x.n, x.c * x.h * x.w, 1, 1);
    y.values = x.values;
    backward_.push_back([x](const Array& dy) {
      Array dx = x;
      dx.values = dy.values;
      return dx;
    });
    return y;
  }

  const Network& network_;
  const Values& parameters_;
  const ReferenceBatch& batch_;
  bool training_;
  std::vector<Backward> backward_;
  ReferenceResult result_;
};

Values in_double(std::span<const float> values) { return {values.begin(), values.end()}; }

}  // namespace

ReferenceNetwork::ReferenceNetwork(const Network& network)
    : parameters(in_double(network.parameter_values())),
      buffers(in_double(network.buffer_values())),
      network_(network) {}

ReferenceResult ReferenceNetwork::train(const ReferenceBatch& batch) const {
  return Run(network_, parameters, buffers, batch, true).run();
}

ReferenceResult ReferenceNetwork::evaluate(const ReferenceBatch& batch) const {
  return Run(network_, parameters, buffers, batch, false).run();
}

}  // namespace normlab
