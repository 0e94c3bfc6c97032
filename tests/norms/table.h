// The table by which the tests know every norm: its formula (formulas.h) and settings worth trying.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "norms/formulas.h"

namespace normlab {

// One norm. `Number` of a formula is double, or a variable of a tape over double or Bounded.
struct NormCase {
  template <class Number>
  using Formula = formulas::NormOutput<Number> (*)(const formulas::NormInput<Number>&);

  std::string name;         // as in files
  std::vector<Norm> tries;  // settings; kind is filled in
  // Whether its backward leaves out what it takes for constant. Central differences see the same
  // gradient only where that is constant: with the last of the settings.
  bool stops_gradient = false;
  Formula<double> in_double = nullptr;
  Formula<reference::Variable<double>> in_variables = nullptr;
  Formula<reference::Variable<reference::Bounded>> in_bounded_variables = nullptr;
};

std::span<const NormCase> norm_cases();
// The settings with which central differences of the formula are its gradient.
std::vector<Norm> differentiable_tries(const NormCase& norm);
const NormCase& norm_case(NormKind kind);

// What a norm makes of its input, and the gradient of sum dy * y.
template <class Number>
struct NormGradient {
  reference::Array4<Number> y;
  reference::Array4<Number> dx;
  std::map<std::string, std::vector<Number>> dparameters;
  std::map<std::string, std::vector<double>> buffers;
};

template <class Number>
NormGradient<Number> differentiate(NormCase::Formula<reference::Variable<Number>> formula,
                                   const formulas::NormInput<Number>& input,
                                   const reference::Array4<Number>& dy) {
  using reference::Variable;
  reference::Tape<Number> tape;
  const auto put = [&](const std::vector<Number>& values) {
    std::vector<Variable<Number>> result;
    for (const Number& value : values) result.push_back(Variable<Number>::on(tape, value));
    return result;
  };
  formulas::NormInput<Variable<Number>> variables{reference::shaped_like<Variable<Number>>(input.x),
                                                  {},
                                                  input.buffers,
                                                  input.norm,
                                                  input.training};
  variables.x.values = put(input.x.values);
  for (const auto& parameter : input.parameters) {
    variables.parameters[parameter.first] = put(parameter.second);
  }
  const auto output = formula(variables);

  std::vector<std::size_t> places;
  for (const auto& y : output.y.values) places.push_back(y.place);
  const std::vector<Number> all = tape.gradient(places, dy.values);
  const auto take = [&](const std::vector<Variable<Number>>& of) {
    std::vector<Number> result;
    for (const auto& variable : of) result.push_back(all[variable.place]);
    return result;
  };
  NormGradient<Number> result{reference::shaped_like<Number>(input.x),
                              reference::shaped_like<Number>(input.x),
                              {},
                              output.buffers};
  for (std::size_t i = 0; i < output.y.values.size(); ++i) {
    result.y.values[i] = output.y.values[i].value;
  }
  result.dx.values = take(variables.x.values);
  for (const auto& parameter : variables.parameters) {
    result.dparameters[parameter.first] = take(parameter.second);
  }
  return result;
}

}  // namespace normlab
