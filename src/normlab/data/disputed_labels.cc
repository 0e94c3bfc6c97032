#include "normlab/data/disputed_labels.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "normlab/data/registry.h"

namespace normlab {
namespace {

constexpr std::array<DisputedLabel, 15> kMnist = {{
    {947, 8, 9, 0, 5, 0},
    {1621, 0, 6, 2, 3, 0},
    {1901, 9, 4, 2, 3, 0},
    {2130, 4, 9, 2, 2, 1},
    {2462, 2, 0, 0, 4, 1},
    {2597, 5, 3, 0, 4, 1},
    {2654, 6, 1, 0, 2, 3},
    {3520, 6, 4, 2, 0, 3},
    {3558, 5, 0, 1, 4, 0},
    {5937, 5, 3, 1, 3, 1},
    {6651, 0, 6, 0, 5, 0},
    {6783, 1, 6, 2, 3, 0},
    {8527, 4, 9, 2, 2, 1},
    {9679, 6, 3, 2, 0, 3},
    {9729, 5, 6, 2, 3, 0},
}};

// The sums are of the files; what was loaded from them may have been cut or changed since.
bool is_mnist_test_set(const Dataset& data) {
  const KnownDataset& mnist = known_dataset("mnist");
  constexpr std::size_t kTest = 1;
  return data.images_sha256 == mnist.image_files[kTest].sha256 &&
         data.labels_sha256 == mnist.label_files[kTest].sha256 &&
         data.labels.size() == mnist.images[kTest] &&
         std::all_of(kMnist.begin(), kMnist.end(), [&](const DisputedLabel& dispute) {
           return data.labels[static_cast<std::size_t>(dispute.index)] == dispute.given;
         });
}

}  // namespace

std::span<const DisputedLabel> disputed_labels(const Dataset& data) {
  if (!is_mnist_test_set(data)) return {};
  return kMnist;
}

}  // namespace normlab
