#include "normlab/nn/tile_layout.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "nn/test_networks.h"
#include "normlab/tensor/tiles.h"
#include "norms/table.h"

namespace normlab {
namespace {

// A tile's and its worker's memory, with what stands where. Places may be shared by arrays that
// begin together, and must not overlap otherwise.
class Memory {
 public:
  void write(std::pair<bool, std::size_t> place, std::size_t floats, const std::string& what) {
    for (auto& [other, array] : arrays_) {
      const bool apart = other.first != place.first ||
                         other.second + array.floats <= place.second ||
                         place.second + floats <= other.second;
      if (other != place && !apart) array.what = "part of " + what;
    }
    arrays_[place] = {floats, what};
  }
  void expect(std::pair<bool, std::size_t> place, const std::string& what) const {
    const auto found = arrays_.find(place);
    ASSERT_NE(found, arrays_.end()) << what;
    EXPECT_EQ(found->second.what, what);
  }

 private:
  struct Array {
    std::size_t floats;
    std::string what;
  };
  std::map<std::pair<bool, std::size_t>, Array> arrays_;
};

// A step, layer by layer, in which nothing is computed. Between a meeting's observation and what
// follows it, the worker has other tiles: what is not in the tile is lost.
void expect_nothing_is_lost(const Network& network) {
  const auto layers = network.layers();
  const TileLayout layout(layers);
  Memory memory;
  const auto x = [&](std::size_t i) { return std::pair(true, layout.x[i]); };
  const auto saved = [&](std::size_t i) { return std::pair(true, layout.saved[i]); };
  const auto dx = [&](std::size_t i) {
    return std::pair(layout.dx[i].in_tile, layout.dx[i].offset);
  };
  // What layers that pass their input through, or do it where it stands, leave under another name.
  std::vector<std::string> y = {"the input"};
  memory.write(x(0), tile_size(network.input_shape()), y[0]);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const Layer& layer = *layers[i];
    memory.expect(x(i), y[i]);
    const bool same = layer.passes_through() && layout.x[i + 1] == layout.x[i];
    y.push_back(same ? y[i] : "output of " + std::to_string(i) + ", a " + layer.type_name());
    memory.write(x(i + 1), tile_size(layer.stored_shape()), y.back());
    if (layer.memory().saved > 0) {
      memory.write(saved(i), layer.memory().saved, "saved " + std::to_string(i));
    }
  }
  memory.write({true, layout.log_probabilities}, tile_size(layers.back()->output_shape()), "loss");
  memory.write(dx(layers.size()), tile_size(layers.back()->stored_shape()),
               "gradient " + std::to_string(layers.size()));
  for (std::size_t i = layers.size(); i-- > 0;) {
    const Layer& layer = *layers[i];
    SCOPED_TRACE(std::to_string(i) + ", " + layer.type_name());
    memory.expect(dx(i + 1), "gradient " + std::to_string(i + 1));
    if (layer.reads_input()) memory.expect(x(i), y[i]);
    if (layer.reads_output()) memory.expect(x(i + 1), y[i + 1]);
    if (layer.memory().saved > 0) memory.expect(saved(i), "saved " + std::to_string(i));
    if (layer.meeting()) {
      EXPECT_TRUE(layout.dx[i + 1].in_tile);
    }
    if (dx(i) == dx(i + 1)) {
      EXPECT_TRUE(layer.in_place());
    }
    if (dx(i) == x(i)) {
      EXPECT_TRUE(layer.dx_may_be_x() || (layer.in_place() && dx(i) == dx(i + 1)));
    }
    const Shape shape = i > 0 ? layers[i - 1]->stored_shape() : network.input_shape();
    memory.write(dx(i), tile_size(shape), "gradient " + std::to_string(i));
    EXPECT_LE(layout.dx[i].offset + tile_size(shape),
              layout.dx[i].in_tile ? layout.tile_floats : layout.worker_floats);
  }
}

TEST(TileLayout, KeepsWhatTheBackwardReads) {
  reference::Random random(217);
  for (const char* text : kTestNetworks) {
    for (const NormCase& each : norm_cases()) {
      for (const Norm& norm : each.tries) {
        const Network network = random_network(random, text, norm);
        SCOPED_TRACE(network.model().name + ", " + describe(norm));
        expect_nothing_is_lost(network);
      }
    }
  }
}

// A convolution's and a pooling norm's gradient go over their inputs.
TEST(TileLayout, PutsGradientsOverTheActivationsTheyBelongTo) {
  reference::Random random(218);
  for (const NormKind kind : {NormKind::kGroup, NormKind::kBatch}) {
    const Network network = random_network(random, kPooledRelus, {.kind = kind, .groups = 2});
    const TileLayout layout(network.layers());
    for (std::size_t i = 1; i <= network.layers().size(); ++i) {
      EXPECT_TRUE(layout.dx[i].in_tile) << i;
      EXPECT_NE(std::count(layout.x.begin(), layout.x.end(), layout.dx[i].offset), 0) << i;
    }
  }
}

}  // namespace
}  // namespace normlab
