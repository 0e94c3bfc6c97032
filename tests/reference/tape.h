// Gradients of whole formulas: numbers that remember what they were computed from, so that the
// chain rule can be followed back ("reverse mode": Griewank & Walther, Evaluating Derivatives, 2nd
// ed. 2008, chapter 3). A norm's reference is then its forward alone, and its backward cannot
// repeat a slip of the kernel's. Central differences check it (norms/norm_test.cc).
//
// Over `Bounded` the gradient carries its error limits as everything else does: sums in any order,
// one rounding for each operation.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "reference/bounded.h"

namespace normlab::reference {

inline double value_of(double number) { return number; }
inline double value_of(const Bounded& number) { return number.value; }

// How sure it is that a > b: a maximum of two numbers that are as close as their errors has a
// gradient that may go either way.
inline double step_at(double a, double b) { return a > b ? 1.0 : 0.0; }
inline Bounded step_at(const Bounded& a, const Bounded& b) {
  const bool sure = std::abs(a.value - b.value) > a.error + b.error;
  return {a.value > b.value ? 1.0 : 0.0, sure ? 0.0 : 1.0};
}

template <class Number>
class Tape {
 public:
  // One operand of an operation, and the derivative of its result for it.
  struct Term {
    std::size_t operand;
    Number derivative;
  };

  std::size_t add(const std::vector<Term>& terms) {
    terms_.insert(terms_.end(), terms.begin(), terms.end());
    ends_.push_back(terms_.size());
    return ends_.size() - 1;
  }

  // The gradient for every number on the tape of sum seeds[i] * (number outputs[i]).
  std::vector<Number> gradient(const std::vector<std::size_t>& outputs,
                               const std::vector<Number>& seeds) const {
    std::vector<Sum<Number>> sums(ends_.size());
    for (std::size_t i = 0; i < outputs.size(); ++i) sums[outputs[i]].add(seeds[i]);
    std::vector<Number> result(ends_.size());
    for (std::size_t i = ends_.size(); i-- > 0;) {
      result[i] = sums[i].total();
      for (std::size_t t = i > 0 ? ends_[i - 1] : 0; t < ends_[i]; ++t) {
        sums[terms_[t].operand].add(result[i] * terms_[t].derivative);
      }
    }
    return result;
  }

 private:
  std::vector<Term> terms_;
  std::vector<std::size_t> ends_;  // of each number's terms
};

// A number on a tape, or a constant, which is on none.
template <class Number>
struct Variable {
  Number value{};
  Tape<Number>* tape = nullptr;
  std::size_t place = 0;

  Variable() = default;
  Variable(double constant) : value(constant) {}  // NOLINT: as 2.0 is a number, so it is a Variable
  Variable(Number the_value, Tape<Number>* the_tape, std::size_t the_place)
      : value(the_value), tape(the_tape), place(the_place) {}

  static Variable on(Tape<Number>& tape, const Number& value) {
    return {value, &tape, tape.add({})};
  }
};

template <class Number>
double value_of(const Variable<Number>& variable) {
  return value_of(variable.value);
}

template <class Number>
Variable<Number> unary(const Variable<Number>& a, const Number& value, const Number& derivative) {
  if (a.tape == nullptr) return {value, nullptr, 0};
  return {value, a.tape, a.tape->add({{a.place, derivative}})};
}

template <class Number>
Variable<Number> binary(const Variable<Number>& a, const Variable<Number>& b, const Number& value,
                        const Number& by_a, const Number& by_b) {
  if (a.tape == nullptr) return unary(b, value, by_b);
  if (b.tape == nullptr) return unary(a, value, by_a);
  return {value, a.tape, a.tape->add({{a.place, by_a}, {b.place, by_b}})};
}

// Found by argument-dependent lookup only, so that a double on either side becomes a constant.
template <class Number>
Variable<Number> operator-(const Variable<Number>& a) {
  return unary(a, -a.value, Number(-1.0));
}
template <class Number>
Variable<Number> operator+(const Variable<Number>& a, const Variable<Number>& b) {
  return binary(a, b, a.value + b.value, Number(1.0), Number(1.0));
}
template <class Number>
Variable<Number> operator-(const Variable<Number>& a, const Variable<Number>& b) {
  return binary(a, b, a.value - b.value, Number(1.0), Number(-1.0));
}
template <class Number>
Variable<Number> operator*(const Variable<Number>& a, const Variable<Number>& b) {
  return binary(a, b, a.value * b.value, b.value, a.value);
}
template <class Number>
Variable<Number> operator/(const Variable<Number>& a, const Variable<Number>& b) {
  const Number quotient = a.value / b.value;
  return binary(a, b, quotient, Number(1.0) / b.value, -quotient / b.value);
}
template <class Number>
Variable<Number> sqrt(const Variable<Number>& a) {
  using std::sqrt;
  const Number root = sqrt(a.value);
  return unary(a, root, Number(0.5) / root);
}
template <class Number>
Variable<Number> tanh(const Variable<Number>& a) {
  using std::tanh;
  const Number result = tanh(a.value);
  return unary(a, result, Number(1.0) - result * result);
}
template <class Number>
Variable<Number> abs(const Variable<Number>& a) {
  const double sign = value_of(a.value) < 0 ? -1.0 : 1.0;
  return unary(a, Number(sign) * a.value, Number(sign));
}
template <class Number>
Variable<Number> max(const Variable<Number>& a, const Variable<Number>& b) {
  const Number step = step_at(a.value, b.value);
  return binary(a, b, value_of(step) > 0 ? a.value : b.value, step, Number(1.0) - step);
}

inline double max(double a, double b) { return std::max(a, b); }
inline double abs(double a) { return std::abs(a); }

template <class Number>
class Sum<Variable<Number>> {
 public:
  void add(const Variable<Number>& term) {
    value_.add(term.value);
    if (term.tape == nullptr) return;
    tape_ = term.tape;
    terms_.push_back({term.place, Number(1.0)});
  }
  Variable<Number> total() const {
    if (tape_ == nullptr) return {value_.total(), nullptr, 0};
    return {value_.total(), tape_, tape_->add(terms_)};
  }

 private:
  Sum<Number> value_;
  Tape<Number>* tape_ = nullptr;
  std::vector<typename Tape<Number>::Term> terms_;
};

}  // namespace normlab::reference
