// What an experiment that repeats its arms gets beyond one that does not.
#include "normlab/report/arm_figures.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "normlab/formats/png.h"
#include "normlab/report/gnuplot.h"
#include "normlab/report/repeated_arms.h"
#include "report/comparison_folders.h"
#include "temporary_folder.h"

namespace normlab {
namespace {

class RepeatedArms : public testing::Test {
 protected:
  RepeatedArms() {
    append_arm(runs_, "GN", {990, 980, 985, 970, 975, 988});
    append_arm(runs_, "LN", {992, 983, 986, 972, 976, 991});
    write_experiment(folder_.path(), results_of(runs_));
  }

  Image draw(const std::string& script, int height) {
    write_file_atomically(folder_ / "figure.png",
                          run_gnuplot(png_terminal(kArmFigureWidth, height) + script));
    Image image = read_png(folder_ / "figure.png");
    EXPECT_EQ(image.height, height);
    return image;
  }

  // Pixels of a colour in a figure.
  int pixels(const std::string& script, int height, int red, int green, int blue) {
    const Image image = draw(script, height);
    int count = 0;
    for (int row = 0; row < image.height; ++row) {
      for (int column = 0; column < image.width; ++column) {
        const std::uint8_t* pixel = image.at(row, column);
        count += std::abs(pixel[0] - red) < 12 && std::abs(pixel[1] - green) < 12 &&
                 std::abs(pixel[2] - blue) < 12;
      }
    }
    return count;
  }

  TemporaryFolder folder_;
  std::vector<RunOfArm> runs_;
};

TEST_F(RepeatedArms, FiguresShowSeedsAndColourWhatIsReal) {
  const Comparison real = compare_repeated_arms(folder_.path()).value();
  const int height = seeds_figure_height(real);
  EXPECT_GT(pixels(seeds_figure(real, "it's <b>"), height, 0x56, 0xb4, 0xe9), 12 * 20);
  EXPECT_GT(pixels(seeds_figure(real, "x"), height, 0x00, 0x72, 0xb2), 100);
  const int lower = differences_figure_height(real);
  EXPECT_GT(pixels(differences_figure(real, "x"), lower, 0x00, 0x72, 0xb2), 100);
  runs_.back().right = 900;  // seed 6 now speaks against LN
  write_experiment(folder_.path(), results_of(runs_));
  const Comparison open = compare_repeated_arms(folder_.path()).value();
  EXPECT_EQ(pixels(differences_figure(open, "x"), lower, 0x00, 0x72, 0xb2), 0);
  EXPECT_GT(pixels(differences_figure(open, "x"), lower, 0x8a, 0x8a, 0x8a), 100);
}

TEST_F(RepeatedArms, TheTitleIsNotCutOffBesideLongLabels) {
  runs_.clear();
  append_arm(runs_, "GN convolution=winograd", {990, 980, 985, 970, 975, 988});
  append_arm(runs_, "LN convolution=winograd", {992, 983, 986, 972, 976, 991});
  write_experiment(folder_.path(), results_of(runs_));
  const Comparison long_names = compare_repeated_arms(folder_.path()).value();
  const std::string name(60, 'n');
  for (const auto& [script, height] :
       {std::pair(differences_figure(long_names, name), differences_figure_height(long_names)),
        std::pair(seeds_figure(long_names, name), seeds_figure_height(long_names))}) {
    const Image image = draw(script, height);
    for (int row = 0; row < image.height; ++row) {
      EXPECT_GT(image.at(row, image.width - 3)[0], 240) << "row " << row;
    }
  }
}

TEST_F(RepeatedArms, OfManyPairsTheTitleSaysWhichAreShown) {
  const Comparison few = compare_repeated_arms(folder_.path()).value();
  EXPECT_NE(differences_figure(few, "x").find("x: differences with 95 % intervals"),
            std::string::npos);
  runs_.clear();
  for (int arm = 0; arm < 10; ++arm) {
    append_arm(runs_, "GN convolution=winograd " + std::to_string(arm), {990, 980, 985 + arm});
  }
  write_experiment(folder_.path(), results_of(runs_));
  const Comparison many = compare_repeated_arms(folder_.path()).value();
  const std::string script = differences_figure(many, std::string(60, 'n'));
  EXPECT_NE(script.find("the 40 of 45 differences of least p"), std::string::npos);
  const Image image = draw(script, differences_figure_height(many));
  for (int row = 0; row < image.height; ++row) {
    EXPECT_GT(image.at(row, image.width - 3)[0], 240) << "row " << row;
  }
}

TEST_F(RepeatedArms, OneArmOrEqualValuesMakeFiguresToo) {
  runs_.clear();
  append_arm(runs_, "GN", {990, 990});
  write_experiment(folder_.path(), results_of(runs_));
  const Comparison one = compare_repeated_arms(folder_.path()).value();
  EXPECT_TRUE(one.pairs.empty());
  EXPECT_GT(pixels(seeds_figure(one, "x"), seeds_figure_height(one), 0x56, 0xb4, 0xe9), 20);
}

TEST_F(RepeatedArms, StatisticsAreAddedToTheResults) {
  add_statistics(folder_.path());
  const auto json = nlohmann::json::parse(read_text_file(folder_ / "results.json"));
  const auto& statistics = json.at("statistics");
  EXPECT_EQ(statistics.at("arms").size(), 2u);
  EXPECT_EQ(statistics.at("arms")[0].at("runs")[1].at("folder"), "GN-2");
  EXPECT_EQ(statistics.at("pairs")[0].at("first"), "LN");
  EXPECT_NEAR(statistics.at("pairs")[0].at("p_value").get<double>(), 2.0 / 64, 1e-12);
  EXPECT_EQ(json.at("runs").size(), 12u);
  EXPECT_EQ(read_results(folder_ / "results.json").runs.size(), 12u);
}

TEST_F(RepeatedArms, WithoutRepetitionThereAreNone) {
  write_experiment(folder_.path(), results_of({{"GN", 1, 980}, {"LN", 1, 990}}));
  const std::string before = read_text_file(folder_ / "results.json");
  add_statistics(folder_.path());
  EXPECT_EQ(read_text_file(folder_ / "results.json"), before);
  EXPECT_FALSE(compare_repeated_arms(folder_.path()));
}

}  // namespace
}  // namespace normlab
