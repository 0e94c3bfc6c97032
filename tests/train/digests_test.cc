#include "normlab/train/digests.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "nn/test_networks.h"
#include "normlab/nn/model.h"

namespace normlab {
namespace {

Network batch_norm_network() {
  NetworkOptions options;
  options.norm.kind = NormKind::kBatch;
  Network network(parse_model(kEveryLayer, "every layer"), options);
  network.initialise(7);
  return network;
}

std::uint64_t digest_at(const Network& network, const std::string& name) {
  const std::vector<std::string> names = array_names(network);
  const auto at = std::ranges::find(names, name) - names.begin();
  return digest_arrays(network).at(static_cast<std::size_t>(at));
}

// As Python has them: hashlib.sha256(struct.pack("<6f", 1, 1, 1, 1, 1, 1)).hexdigest()[:16].
TEST(Digests, AreTheFirstDigitsOfTheSha256OfTheBytes) {
  const Network network = batch_norm_network();
  EXPECT_EQ(digest_at(network, "2.norm.weight"), 0xf46913286d895f62u);
  EXPECT_EQ(digest_at(network, "2.norm.bias"), 0x9d908ecfb6b256deu);
  EXPECT_EQ(digest_at(network, "2.norm.running_mean"), 0x9d908ecfb6b256deu);
  EXPECT_EQ(digest_at(network, "2.norm.running_var"), 0xf46913286d895f62u);
}

TEST(Digests, EveryNumberCountsInItsArrayAlone) {
  Network network = batch_norm_network();
  const std::vector<std::uint64_t> before = digest_arrays(network);
  ASSERT_EQ(before.size(), array_names(network).size());
  std::size_t array = 0;
  const auto try_views = [&](std::span<const ParameterView> views, std::span<float> values) {
    for (const ParameterView& view : views) {
      for (const std::size_t at : {view.offset, view.offset + view.count - 1}) {
        const float kept = values[at];
        values[at] = kept + 0.5f;
        std::vector<std::uint64_t> expected = before;
        const std::vector<std::uint64_t> after = digest_arrays(network);
        EXPECT_NE(after[array], before[array]) << view.name;
        expected[array] = after[array];
        EXPECT_EQ(after, expected) << view.name;
        values[at] = kept;
      }
      ++array;
    }
  };
  try_views(network.parameters(), network.parameter_values());
  try_views(network.buffers(), network.buffer_values());
  EXPECT_EQ(array, before.size());
  EXPECT_EQ(digest_arrays(network), before);
}

}  // namespace
}  // namespace normlab
