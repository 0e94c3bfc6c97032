#include "normlab/nn/tile_layout.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "nn/test_networks.h"
#include "normlab/tensor/tiles.h"
#include "norms/table.h"

namespace normlab {
namespace {

// A tile's memory, with what stands where. Places may be shared by arrays that
// begin together, and must not overlap otherwise.
class Memory {
 public:
  void write(std::size_t place, std::size_t floats, const std::string& what) {
    for (auto& [other, array] : arrays_) {
      const bool apart = other + array.floats <= place || place + floats <= other;
      if (other != place && !apart) array.what = "part of " + what;
    }
    arrays_[place] = {floats, what};
  }
  void expect(std::size_t place, const std::string& what) const {
    const auto found = arrays_.find(place);
    ASSERT_NE(found, arrays_.end()) << what;
    EXPECT_EQ(found->second.what, what);
  }

 private:
  struct Array {
    std::size_t floats;
    std::string what;
  };
  std::map<std::size_t, Array> arrays_;
};

// A step, layer by layer, in which nothing is computed.
void expect_nothing_is_lost(const Network& network) {
  const auto layers = network.layers();
  const TileLayout layout(layers);
  Memory memory;
  const auto x = [&](std::size_t i) { return layout.x[i]; };
  const auto saved = [&](std::size_t i) { return layout.saved[i]; };
  const auto dx = [&](std::size_t i) { return layout.dx[i]; };
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
  memory.write(layout.log_probabilities, tile_size(layers.back()->output_shape()), "loss");
  memory.write(dx(layers.size()), tile_size(layers.back()->stored_shape()),
               "gradient " + std::to_string(layers.size()));
  for (std::size_t i = layers.size(); i-- > 0;) {
    const Layer& layer = *layers[i];
    SCOPED_TRACE(std::to_string(i) + ", " + layer.type_name());
    memory.expect(dx(i + 1), "gradient " + std::to_string(i + 1));
    if (layer.reads_input()) memory.expect(x(i), y[i]);
    if (layer.reads_output()) memory.expect(x(i + 1), y[i + 1]);
    if (layer.memory().saved > 0) memory.expect(saved(i), "saved " + std::to_string(i));
    if (dx(i) == dx(i + 1)) {
      EXPECT_TRUE(layer.in_place());
    }
    if (dx(i) == x(i)) {
      EXPECT_TRUE(layer.dx_may_be_x() || (layer.in_place() && dx(i) == dx(i + 1)));
    }
    const std::size_t floats =
        tile_size(i > 0 ? layers[i - 1]->stored_shape() : network.input_shape());
    const auto expect_apart_from = [&](const char* what, std::size_t place, std::size_t size) {
      EXPECT_TRUE(dx(i) + floats <= place || place + size <= dx(i)) << "dx and " << what;
    };
    const std::size_t y_floats = tile_size(layer.stored_shape());
    if (dx(i) != dx(i + 1)) expect_apart_from("dy", dx(i + 1), y_floats);
    if (layer.reads_input() && dx(i) != x(i)) expect_apart_from("x", x(i), floats);
    if (layer.reads_output()) expect_apart_from("y", x(i + 1), y_floats);
    expect_apart_from("what is saved", saved(i), layer.memory().saved);
    memory.write(dx(i), floats, "gradient " + std::to_string(i));
    EXPECT_LE(dx(i) + floats, layout.tile_floats);
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
      EXPECT_NE(std::count(layout.x.begin(), layout.x.end(), layout.dx[i]), 0) << i;
    }
  }
}

}  // namespace
}  // namespace normlab
