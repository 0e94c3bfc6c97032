#include "normlab/train/order.h"

#include <numeric>
#include <utility>

#include "normlab/base/random.h"

namespace normlab {

std::vector<std::uint32_t> shuffled_order(int count, std::uint64_t seed, std::uint32_t epoch) {
  std::vector<std::uint32_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0u);
  RandomStream random(seed, Purpose::kOrder, epoch, 0);
  for (std::size_t left = order.size(); left > 1; --left) {
    std::swap(order[left - 1], order[random.below(static_cast<std::uint32_t>(left))]);
  }
  return order;
}

}  // namespace normlab
