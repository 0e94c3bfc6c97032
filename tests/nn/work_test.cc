#include "normlab/nn/work.h"

#include <gtest/gtest.h>

#include <string>

#include "normlab/nn/layer.h"
#include "normlab/nn/model.h"

namespace normlab {
namespace {

Network network_of(const std::string& text) {
  return Network(parse_model(text, "test"), {.norm = {.kind = NormKind::kGroup}, .dropout = {}});
}

TEST(Work, OfSession6IsThatOfItsConvolutions) {
  const Network network(load_model(NORMLAB_SOURCE_DIR "/models/session6.toml"),
                        {.norm = {.kind = NormKind::kBatch}, .dropout = {}});
  // out x in x kernel x pixels of the output, from the first convolution to the last.
  const std::uint64_t first = 8 * 1 * 9 * 26 * 26;
  const std::uint64_t others = 16 * 8 * 9 * 26 * 26 + 8 * 16 * 13 * 13 + 8 * 8 * 9 * 11 * 11 +
                               16 * 8 * 9 * 9 * 9 + 24 * 16 * 9 * 7 * 7 + 24 * 24 * 7 * 7 +
                               16 * 24 + 10 * 16;
  const Work work = work_of(network);
  EXPECT_EQ(work.forward, first + others);
  EXPECT_EQ(work.backward_weight, first + others);
  EXPECT_EQ(work.backward_input, others);
  EXPECT_EQ(work.forward, 1'210'176u);
  EXPECT_EQ(work.training_step(), 3'581'856u);
}

TEST(Work, CountsLayerByLayer) {
  const Network network = network_of(R"(
name = "two"
input = [4, 7, 6]
layer = [
  {type = "relu"},
  {type = "conv", out = 8, kernel = [3, 2], stride = 2, padding = 1, bias = true},
  {type = "max_pool", kernel = 2},
  {type = "flatten"},
  {type = "linear", out = 5},
]
)");
  const std::vector<Work> works = work_per_layer(network);
  ASSERT_EQ(works.size(), network.layers().size());
  for (const std::size_t i : {0u, 2u, 3u}) EXPECT_EQ(works[i].training_step(), 0u) << i;
  // (7 + 2 - 3) / 2 + 1 = 4 rows, (6 + 2 - 2) / 2 + 1 = 4 columns.
  EXPECT_EQ(works[1].forward, 8u * 4 * 3 * 2 * 4 * 4);
  EXPECT_EQ(works[1].backward_weight, works[1].forward);
  EXPECT_EQ(works[1].backward_input, 0u);
  EXPECT_EQ(works[4].forward, 5u * 8 * 2 * 2);
  EXPECT_EQ(works[4].backward_weight, works[4].forward);
  EXPECT_EQ(works[4].backward_input, works[4].forward);
}

// Its scale and shift are parameters, whose gradients need that of its output.
TEST(Work, ANormBeforeTheFirstConvolutionWantsItsInputGradient) {
  const Network network = network_of(R"(
name = "norm first"
input = [4, 5, 5]
layer = [{type = "norm"}, {type = "conv", out = 3, kernel = 5}]
)");
  const std::vector<Work> works = work_per_layer(network);
  EXPECT_EQ(works[1].forward, 3u * 4 * 25);
  EXPECT_EQ(works[1].backward_input, works[1].forward);
}

}  // namespace
}  // namespace normlab
