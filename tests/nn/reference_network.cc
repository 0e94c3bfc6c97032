#include "nn/reference_network.h"

#include <algorithm>
#include <functional>
#include <stdexcept>

#include "normlab/base/random.h"
#include "norms/table.h"
#include "reference/conv2d.h"
#include "reference/dropout.h"
#include "reference/linear.h"
#include "reference/log_softmax.h"
#include "reference/normalize.h"
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

  ReferenceResult run(bool with_gradient) {
    Array x = batch_.x;
    for (const auto& [position, spec] : arranged()) x = layer(*spec, x, position);
    result_.log_probabilities = reference::log_softmax(x);
    result_.loss = reference::negative_log_likelihood(result_.log_probabilities, batch_.labels);
    result_.correct = reference::count_correct(result_.log_probabilities, batch_.labels);
    if (with_gradient) {
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
  using Arranged = std::vector<std::pair<std::uint32_t, const LayerSpec*>>;

  // Position in the model and layer, in the order of the work. A ReLU changes places with one norm
  // at most; of two ReLUs beside a norm that is an activation too, the one before it goes.
  Arranged arranged() const {
    Arranged all;
    std::uint32_t position = 0;
    for (const LayerSpec& spec : network_.model().layers) all.emplace_back(++position, &spec);
    const Norm& norm = network_.options().norm;
    const auto is = [&](std::size_t i, LayerType type) {
      return i < all.size() && all[i].second->type == type;
    };
    const auto erase = [&](std::size_t i) { all.erase(all.begin() + static_cast<long>(i)); };
    const bool activates =
        to_string(norm.kind) == "filter-response" || to_string(norm.kind) == "evonorm-s0";
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (!is(i, LayerType::kNorm)) continue;
      const bool relu_before = i > 0 && is(i - 1, LayerType::kRelu);
      const bool relu_after = is(i + 1, LayerType::kRelu);
      if (activates) {
        if (relu_before) {
          erase(--i);
        } else if (relu_after) {
          erase(i + 1);
        }
      } else if (norm.placement == NormPlacement::kBefore && relu_before) {
        std::swap(all[i - 1], all[i]);
        ++i;
      } else if (norm.placement == NormPlacement::kAfter && relu_after) {
        std::swap(all[i], all[i + 1]);
        ++i;
      }
    }
    return all;
  }

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

  static constexpr double kWeightEps = 1e-5;

  // Whether no layer with weights follows.
  bool is_last(const LayerSpec& spec) const {
    const LayerSpec* last = nullptr;
    for (const LayerSpec& each : network_.model().layers) {
      if (each.type == LayerType::kConv || each.type == LayerType::kLinear) last = &each;
    }
    return last->name == spec.name;
  }

  // What change(weights of a filter, where they begin) makes of each.
  template <class Change>
  static Values per_filter(const Values& w, std::size_t filters, const Change& change) {
    const std::size_t size = w.size() / filters;
    Values result;
    for (std::size_t first = 0; first < w.size(); first += size) {
      const auto from = w.begin() + static_cast<std::ptrdiff_t>(first);
      const Values changed = change(Values(from, from + static_cast<std::ptrdiff_t>(size)), first);
      result.insert(result.end(), changed.begin(), changed.end());
    }
    return result;
  }

  Array conv(const LayerSpec& spec, const Array& x) {
    Array w(spec.out, x.c, spec.kernel_height, spec.kernel_width);
    const Values plain = values(spec, "weight");
    const bool standardized = network_.options().norm.weight_standardization && !is_last(spec);
    const auto filters = static_cast<std::size_t>(spec.out);
    w.values = standardized ? per_filter(plain, filters,
                                         [](const Values& filter, std::size_t) {
                                           return reference::normalize(filter, kWeightEps).xhat;
                                         })
                            : plain;
    const reference::Conv2d options{spec.stride, spec.padding};
    backward_.push_back([this, spec, x, w, options, plain, standardized, filters](const Array& dy) {
      auto gradients = reference::conv2d_backward(dy, x, w, options);
      Values dw = gradients.dw.values;
      if (standardized) {
        dw = per_filter(plain, filters, [&](const Values& filter, std::size_t first) {
          const auto from = gradients.dw.values.begin() + static_cast<std::ptrdiff_t>(first);
          return reference::normalize_backward(
              Values(from, from + static_cast<std::ptrdiff_t>(filter.size())), filter, kWeightEps);
        });
      }
      set_gradient(spec, "weight", dw);
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

  // Any norm, by its formula.
  Array norm(const LayerSpec& spec, const Array& x, NormKind kind) {
    if (kind == NormKind::kNone) return x;
    formulas::NormInput<double> input{x, {}, {}, network_.options().norm, training_};
    input.norm.kind = kind;
    input.norm.groups = spec.groups.value_or(input.norm.groups);
    for_each_view(spec, network_.parameters(), [&](const ParameterView&, const auto& suffix) {
      input.parameters[suffix] = values(spec, suffix.c_str());
    });
    for_each_view(spec, network_.buffers(), [&](const ParameterView& view, const auto& suffix) {
      const auto first = result_.buffers.begin() + static_cast<std::ptrdiff_t>(view.offset);
      input.buffers[suffix] = {first, first + static_cast<std::ptrdiff_t>(view.count)};
    });
    const auto output = norm_case(kind).in_double(input);
    if (!training_) return output.y;
    for (const auto& buffer : output.buffers) {
      std::ranges::copy(buffer.second, this->buffer(spec, buffer.first.c_str()));
    }
    backward_.push_back([this, spec, kind, input](const Array& dy) {
      const auto gradient = differentiate<double>(norm_case(kind).in_variables, input, dy);
      for (const auto& parameter : gradient.dparameters) {
        set_gradient(spec, parameter.first.c_str(), parameter.second);
      }
      return gradient.dx;
    });
    return output.y;
  }

  // Calls visit(view, suffix) for the arrays that belong to a layer.
  template <class Visit>
  static void for_each_view(const LayerSpec& spec, std::span<const ParameterView> views,
                            const Visit& visit) {
    for (const ParameterView& view : views) {
      const std::string prefix = spec.name + ".";
      if (view.name.starts_with(prefix) &&
          view.name.find('.', prefix.size()) == std::string::npos) {
        visit(view, view.name.substr(prefix.size()));
      }
    }
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
  return Run(network_, parameters, buffers, batch, true).run(true);
}

ReferenceResult ReferenceNetwork::train_forward(const ReferenceBatch& batch) const {
  return Run(network_, parameters, buffers, batch, true).run(false);
}

ReferenceResult ReferenceNetwork::evaluate(const ReferenceBatch& batch) const {
  return Run(network_, parameters, buffers, batch, false).run(false);
}

}  // namespace normlab
