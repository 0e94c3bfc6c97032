// How far a result in float may lie from the exact one: numbers that carry their error limit.
//
// The references are written once, over a type Number. With `double` they give the value; with
// `Bounded` they give the value and, operation by operation, a limit of the error that the same
// formula makes when it is evaluated in float. The limits are derived, not chosen ("running error
// analysis": Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., sections 3.3, 4.2):
//
//   one operation      a rounding of at most u |result|, u = 2^-24, added to what the operands'
//                      errors become in it;
//   a sum of n terms   whatever the order, and with fused multiply-adds or without, at most
//                      n u sum |terms|, added to the terms' own errors (4.3 there).
//
// One rounding is counted as 2u = the epsilon of float. The factor of two pays for what the first
// order leaves out and for kernels that arrange a formula differently: b * (1 / m) for b / m
// rounds twice where the formula rounds once.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

namespace normlab::reference {

inline constexpr double kRounding = std::numeric_limits<float>::epsilon();

// What exp and log may be off by, in roundings: Highway's vector versions promise 1 and 4 ULP.
inline constexpr double kElementaryRoundings = 4;

struct Bounded {
  double value = 0;
  double error = 0;

  Bounded() = default;
  Bounded(double exact) : value(exact) {}  // NOLINT: as 2.0 is a number, so it is a Bounded
  Bounded(double the_value, double the_error) : value(the_value), error(the_error) {}

  // The value with the error of its operands and of one more rounding.
  static Bounded rounded(double value, double error) {
    return {value, error + kRounding * std::abs(value)};
  }
};

inline Bounded operator-(const Bounded& a) { return {-a.value, a.error}; }
inline Bounded operator+(const Bounded& a, const Bounded& b) {
  return Bounded::rounded(a.value + b.value, a.error + b.error);
}
inline Bounded operator-(const Bounded& a, const Bounded& b) { return a + -b; }
inline Bounded operator*(const Bounded& a, const Bounded& b) {
  return Bounded::rounded(a.value * b.value, std::abs(a.value) * b.error +
                                                 std::abs(b.value) * a.error + a.error * b.error);
}
inline Bounded operator/(const Bounded& a, const Bounded& b) {
  const double quotient = a.value / b.value;
  const double closest = std::abs(b.value) - b.error;  // the divisor cannot be nearer to zero
  if (!(closest > 0)) return {quotient, std::numeric_limits<double>::infinity()};
  return Bounded::rounded(quotient, (a.error + std::abs(quotient) * b.error) / closest);
}
inline bool operator>(const Bounded& a, const Bounded& b) { return a.value > b.value; }
inline bool operator<(const Bounded& a, const Bounded& b) { return a.value < b.value; }

// Of something that cannot be negative, not even computed in float.
inline Bounded sqrt(const Bounded& a) {
  const double root = std::sqrt(a.value);
  return Bounded::rounded(root, root - std::sqrt(std::max(a.value - a.error, 0.0)));
}
// Results below the smallest normal float may be flushed to zero.
inline Bounded exp(const Bounded& a) {
  const double result = std::exp(a.value);
  return {result, result * (std::expm1(a.error) + kElementaryRoundings * kRounding) +
                      static_cast<double>(std::numeric_limits<float>::min())};
}
// Its slope is nowhere above 1.
inline Bounded tanh(const Bounded& a) {
  const double result = std::tanh(a.value);
  return {result, a.error + kElementaryRoundings * kRounding * std::abs(result)};
}
inline Bounded log(const Bounded& a) {
  const double result = std::log(a.value);
  if (!(a.error < a.value)) return {result, std::numeric_limits<double>::infinity()};
  return {result,
          -std::log1p(-a.error / a.value) + kElementaryRoundings * kRounding * std::abs(result)};
}

// A sum of terms that may be added in any order.
template <class Number>
class Sum;

template <>
class Sum<double> {
 public:
  void add(double term) { total_ += term; }
  double total() const { return total_; }

 private:
  double total_ = 0;
};

template <>
class Sum<Bounded> {
 public:
  void add(const Bounded& term) {
    ++terms_;
    total_ += term.value;
    magnitude_ += std::abs(term.value);
    error_ += term.error;
  }
  Bounded total() const { return {total_, error_ + terms_ * kRounding * magnitude_}; }

 private:
  double terms_ = 0;
  double total_ = 0;
  double magnitude_ = 0;  // sum |terms|
  double error_ = 0;
};

}  // namespace normlab::reference
