// Log-softmax and the negative log-likelihood in plain loops. Logits are [N][classes][1][1].
#pragma once

#include <cstdint>
#include <vector>

#include "reference/array.h"

namespace normlab::reference {

// z - max z - log sum exp(z - max z), per sample.
template <class Number>
Array4<Number> log_softmax(const Array4<Number>& logits);

// dL/dlogits = dL/dl - softmax * sum over classes of dL/dl, where l = log_softmax(logits).
template <class Number>
Array4<Number> log_softmax_backward(const Array4<Number>& dlog_probabilities,
                                    const Array4<Number>& logits);

// sum over the samples of -log_probabilities[n][labels[n]].
template <class Number>
Number negative_log_likelihood(const Array4<Number>& log_probabilities,
                               const std::vector<std::uint8_t>& labels);

// The gradient of `scale` times that sum: -scale at each sample's label, 0 elsewhere.
template <class Number>
Array4<Number> negative_log_likelihood_backward(const Array4<Number>& log_probabilities,
                                                const std::vector<std::uint8_t>& labels,
                                                double scale);

// How many samples have their first largest log-probability at the label.
int count_correct(const Array4<double>& log_probabilities, const std::vector<std::uint8_t>& labels);

}  // namespace normlab::reference
