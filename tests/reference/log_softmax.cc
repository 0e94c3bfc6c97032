#include "reference/log_softmax.h"

#include <cmath>

namespace normlab::reference {

template <class Number>
Array4<Number> log_softmax(const Array4<Number>& logits) {
  using std::exp;
  using std::log;
  Array4<Number> result = logits;
  for (int n = 0; n < logits.n; ++n) {
    Number largest = logits(n, 0, 0, 0);
    for (int k = 1; k < logits.c; ++k) largest = std::max(largest, logits(n, k, 0, 0));
    Sum<Number> sum;
    for (int k = 0; k < logits.c; ++k) sum.add(exp(logits(n, k, 0, 0) - largest));
    for (int k = 0; k < logits.c; ++k) {
      result(n, k, 0, 0) = logits(n, k, 0, 0) - largest - log(sum.total());
    }
  }
  return result;
}

template <class Number>
Array4<Number> log_softmax_backward(const Array4<Number>& dlog_probabilities,
                                    const Array4<Number>& logits) {
  using std::exp;
  const Array4<Number> log_probabilities = log_softmax(logits);
  Array4<Number> dlogits = shaped_like<Number>(logits);
  for (int n = 0; n < logits.n; ++n) {
    Sum<Number> sum;
    for (int k = 0; k < logits.c; ++k) sum.add(dlog_probabilities(n, k, 0, 0));
    for (int k = 0; k < logits.c; ++k) {
      dlogits(n, k, 0, 0) =
          dlog_probabilities(n, k, 0, 0) - exp(log_probabilities(n, k, 0, 0)) * sum.total();
    }
  }
  return dlogits;
}

template <class Number>
Number negative_log_likelihood(const Array4<Number>& log_probabilities,
                               const std::vector<std::uint8_t>& labels) {
  Sum<Number> sum;
  for (int n = 0; n < log_probabilities.n; ++n) {
    sum.add(-log_probabilities(n, labels[static_cast<std::size_t>(n)], 0, 0));
  }
  return sum.total();
}

template <class Number>
Array4<Number> negative_log_likelihood_backward(const Array4<Number>& log_probabilities,
                                                const std::vector<std::uint8_t>& labels,
                                                double scale) {
  Array4<Number> gradient = shaped_like<Number>(log_probabilities);
  for (int n = 0; n < gradient.n; ++n) {
    gradient(n, labels[static_cast<std::size_t>(n)], 0, 0) = Number(-scale);
  }
  return gradient;
}

int count_correct(const Array4<double>& log_probabilities,
                  const std::vector<std::uint8_t>& labels) {
  int correct = 0;
  for (int n = 0; n < log_probabilities.n; ++n) {
    int largest = 0;
    for (int k = 1; k < log_probabilities.c; ++k) {
      if (log_probabilities(n, k, 0, 0) > log_probabilities(n, largest, 0, 0)) largest = k;
    }
    if (largest == labels[static_cast<std::size_t>(n)]) ++correct;
  }
  return correct;
}

template Array4<double> log_softmax(const Array4<double>&);
template Array4<Bounded> log_softmax(const Array4<Bounded>&);
template Array4<double> log_softmax_backward(const Array4<double>&, const Array4<double>&);
template Array4<Bounded> log_softmax_backward(const Array4<Bounded>&, const Array4<Bounded>&);
template double negative_log_likelihood(const Array4<double>&, const std::vector<std::uint8_t>&);
template Bounded negative_log_likelihood(const Array4<Bounded>&, const std::vector<std::uint8_t>&);
template Array4<double> negative_log_likelihood_backward(const Array4<double>&,
                                                         const std::vector<std::uint8_t>&, double);
template Array4<Bounded> negative_log_likelihood_backward(const Array4<Bounded>&,
                                                          const std::vector<std::uint8_t>&, double);

}  // namespace normlab::reference
