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

// The pictures of one run, where it has predictions.
struct RunPictures {
  Bytes misclassified_png;
  Bytes confusion_png;
};

struct DescribedPicture {
  std::string description;
  Bytes svg;
};

struct PageContent {
  std::string experiment;
  std::string data;  // "mnist"
  int test_images = 0;
  bool are_photographs = false;  // images with colours of their own, not to be inverted in the dark
  std::vector<JudgedRun> runs;
  std::vector<std::optional<RunPictures>> pictures;  // per run; none: not drawn
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
