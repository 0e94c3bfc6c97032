// report.html: everything about an experiment on one page, in one file that needs no network.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "normlab/report/comparison.h"
#include "normlab/report/findings.h"

namespace normlab {

using Bytes = std::vector<std::byte>;

// The pictures of a run, or of the runs of an arm.
struct MistakePictures {
  std::string name;         // of the run or of the arm
  std::string description;  // of the first picture, in sentences
  Bytes misclassified_png;  // empty without predictions
  Bytes confusion_png;
};

struct DescribedPicture {
  std::string description;
  Bytes svg;
  int width;  // pixels that it was drawn for, and is shown with at most
};

struct PageContent {
  std::string experiment;
  std::string data;  // "mnist"
  int test_images = 0;
  bool are_photographs = false;  // images with colours of their own, not to be inverted in the dark
  std::vector<JudgedRun> runs;
  std::vector<MistakePictures> mistakes;  // per arm
  int disputed_labels = 0;                // that are known of the test set
  Bytes accuracy_svg;
  Bytes loss_svg;
  Table results;
  // Of an experiment that repeats its arms, with its pictures (report/arm_figures.h).
  std::optional<Comparison> comparison;
  Bytes seeds_svg;
  Bytes differences_svg;                     // empty for a single arm
  std::vector<DescribedPicture> sweep_svgs;  // report/sweep_figures.h
  std::optional<Table> arms;                 // where runs repeat one another
  std::optional<Table> recipe;
  std::string experiment_text;  // experiment.toml
  std::string network_summary;
  std::string environment;  // JSON
};

// The whole page. Text is escaped, pictures are inside, and the page's own policy forbids the
// browser to fetch anything.
std::string make_page(const PageContent& content);

}  // namespace normlab
