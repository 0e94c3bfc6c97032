// The numbers of SciPy in golden.csv (make_golden.py).
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace normlab {

class GoldenCase {
 public:
  void add(const std::string& quantity, double value) { values_[quantity] = value; }

  bool has(const std::string& quantity) const { return values_.contains(quantity); }

  // Fails the test if there is none.
  double operator[](const std::string& quantity) const;

  // prefix0, prefix1, ...
  std::vector<double> list(const std::string& prefix) const;

  const std::map<std::string, double>& values() const { return values_; }

 private:
  std::map<std::string, double> values_;
};

// By name. Read once.
const std::map<std::string, GoldenCase>& golden_cases();

// Those with samples a and b.
std::vector<std::string> sample_cases();

}  // namespace normlab
