#include "normlab/kernels/log_softmax.h"

#include <cstddef>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "normlab/kernels/log_softmax.cc"
#include <hwy/foreach_target.h>

#include "hwy/contrib/math/math-inl.h"
#include "normlab/kernels/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace normlab::HWY_NAMESPACE {

void log_softmax_forward(float* log_probabilities, const float* logits, int classes) {
  const std::size_t end = static_cast<std::size_t>(classes) * kLanes;
  for (std::size_t piece = 0; piece < kLanes; piece += kPiece) {
    Vector largest = load(logits + piece);
    for (std::size_t at = piece; at < end; at += kLanes) {
      const Vector value = load(logits + at);
      // A NaN wins and stays: Highway's Exp makes 0 of it, and a diverged run would go unseen.
      largest = hn::IfThenElse(hn::Or(hn::Gt(value, largest), hn::IsNaN(value)), value, largest);
    }
    Vector sum = hn::Zero(kTag);
    for (std::size_t at = piece; at < end; at += kLanes) {
      const Vector shifted = hn::Sub(load(logits + at), largest);
      sum = hn::Add(sum, hn::Exp(kTag, shifted));
      store(shifted, log_probabilities + at);
    }
    const Vector log_sum = hn::Log(kTag, sum);
    for (std::size_t at = piece; at < end; at += kLanes) {
      store(hn::Sub(load(log_probabilities + at), log_sum), log_probabilities + at);
    }
  }
}

void log_softmax_nll_backward(float* dlogits, const float* log_probabilities,
                              const std::uint8_t* labels, int lanes, int classes, float scale) {
  HWY_ALIGN float scales[kLanes];
  HWY_ALIGN float targets[kLanes];
  for (int lane = 0; lane < kLanes; ++lane) {
    scales[lane] = lane < lanes ? scale : 0.0f;
    targets[lane] = lane < lanes ? static_cast<float>(labels[lane]) : -1.0f;
  }
  for (int k = 0; k < classes; ++k) {
    for (std::size_t piece = 0; piece < kLanes; piece += kPiece) {
      const std::size_t at = static_cast<std::size_t>(k) * kLanes + piece;
      const Vector softmax = hn::Exp(kTag, load(log_probabilities + at));
      const Vector onehot = hn::IfThenElseZero(
          hn::Eq(load(targets + piece), broadcast(static_cast<float>(k))), broadcast(1.0f));
      const Vector weight = load(scales + piece);
      const Vector gradient = hn::Mul(hn::Sub(softmax, onehot), weight);
      // Chosen, not multiplied: an unused lane may hold a NaN.
      store(hn::IfThenElseZero(hn::Ne(weight, hn::Zero(kTag)), gradient), dlogits + at);
    }
  }
}

}  // namespace normlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace normlab {
namespace {
HWY_EXPORT(log_softmax_forward);
HWY_EXPORT(log_softmax_nll_backward);
}  // namespace

void log_softmax_forward(float* log_probabilities, const float* logits, int classes) {
  HWY_DYNAMIC_DISPATCH(log_softmax_forward)(log_probabilities, logits, classes);
}

TileScore nll_forward(const float* log_probabilities, const std::uint8_t* labels, int lanes,
                      int classes) {
  TileScore score;
  for (int lane = 0; lane < lanes; ++lane) {
    const auto at = [&](int k) { return log_probabilities[k * kLanes + lane]; };
    int predicted = 0;
    for (int k = 1; k < classes; ++k) {
      if (at(k) > at(predicted)) predicted = k;
    }
    score.loss -= static_cast<double>(at(labels[lane]));
    score.correct += predicted == labels[lane] ? 1 : 0;
  }
  return score;
}

void log_softmax_nll_backward(float* dlogits, const float* log_probabilities,
                              const std::uint8_t* labels, int lanes, int classes, float scale) {
  HWY_DYNAMIC_DISPATCH(log_softmax_nll_backward)
  (dlogits, log_probabilities, labels, lanes, classes, scale);
}

}  // namespace normlab
#endif  // HWY_ONCE
