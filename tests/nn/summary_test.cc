#include "normlab/nn/summary.h"

#include <gtest/gtest.h>

#include <string>

#include "normlab/base/file.h"
#include "normlab/nn/model.h"

namespace normlab {
namespace {

std::string summary_of(const std::string& model, const Norm& norm) {
  return summary(Network(load_model(NORMLAB_SOURCE_DIR "/models/" + model + ".toml"),
                         {.norm = norm, .dropout = {}}));
}

TEST(Summary, Session6IsAsItsUsersKnowIt) {
  EXPECT_EQ(summary_of("session6", {.kind = NormKind::kBatch}),
            read_text_file(NORMLAB_TEST_DATA "/summary-bn.txt"));
  EXPECT_EQ(summary_of("session6", {.kind = NormKind::kGroup, .groups = 4}),
            read_text_file(NORMLAB_TEST_DATA "/summary-gn.txt"));
}

TEST(Summary, NamesAreThoseOfPyTorch) {
  const std::string layer = summary_of("session6", {.kind = NormKind::kLayer});
  EXPECT_NE(layer.find("         GroupNorm-3            [-1, 8, 26, 26]              16\n"),
            std::string::npos)
      << layer;
  const std::string instance = summary_of("session6", {.kind = NormKind::kInstance});
  EXPECT_NE(instance.find("    InstanceNorm2d-3            [-1, 8, 26, 26]              16\n"),
            std::string::npos)
      << instance;
}

TEST(Summary, ANetworkWithoutNormHasNoRowsForIt) {
  const std::string none = summary_of("session6", {.kind = NormKind::kNone});
  EXPECT_EQ(none.find("Norm"), std::string::npos) << none;
  EXPECT_NE(none.find("Total params: 7,656\n"), std::string::npos) << none;
}

TEST(Summary, LinearLayersAreFlat) {
  const std::string lenet = summary_of("lenet5", {.kind = NormKind::kBatch});
  EXPECT_NE(lenet.find("          Flatten-9                  [-1, 400]               0\n"),
            std::string::npos)
      << lenet;
  EXPECT_NE(lenet.find("          Linear-10                  [-1, 120]          48,120\n"),
            std::string::npos)
      << lenet;
  // 5x5x6+6, 5x5x6x16+16, 400x120+120, 120x84+84, 84x10+10, and scale and shift of 6 + 16.
  EXPECT_NE(lenet.find("Total params: 61,750\n"), std::string::npos) << lenet;
}

}  // namespace
}  // namespace normlab
