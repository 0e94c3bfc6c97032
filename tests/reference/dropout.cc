#include "reference/dropout.h"

namespace normlab::reference {

template <class Number>
Array4<Number> dropout(const Array4<Number>& x, const std::vector<bool>& kept, double probability) {
  Array4<Number> y = x;
  for (std::size_t i = 0; i < y.values.size(); ++i) {
    y.values[i] = kept[i] ? x.values[i] / Number(1 - probability) : Number(0);
  }
  return y;
}

template <class Number>
Array4<Number> dropout2d(const Array4<Number>& x, const std::vector<bool>& kept,
                         double probability) {
  std::vector<bool> each;
  for (const bool channel_kept : kept) {
    for (int pixel = 0; pixel < x.h * x.w; ++pixel) each.push_back(channel_kept);
  }
  return dropout(x, each, probability);
}

template Array4<double> dropout(const Array4<double>&, const std::vector<bool>&, double);
template Array4<Bounded> dropout(const Array4<Bounded>&, const std::vector<bool>&, double);
template Array4<double> dropout2d(const Array4<double>&, const std::vector<bool>&, double);
template Array4<Bounded> dropout2d(const Array4<Bounded>&, const std::vector<bool>&, double);

}  // namespace normlab::reference
