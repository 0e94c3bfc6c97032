#include "normlab/report/findings.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>

#include "normlab/base/text.h"
#include "normlab/report/text.h"
#include "normlab/report/verdict.h"
#include "normlab/statistics/binomial.h"
#include "normlab/statistics/holm.h"
#include "normlab/statistics/mcnemar.h"

namespace normlab {
namespace {

// Runs that have an accuracy, the best first; equals in their order.
std::vector<const JudgedRun*> ranked(const std::vector<JudgedRun>& runs) {
  std::vector<const JudgedRun*> order;
  for (const JudgedRun& run : runs) {
    if (run.result.status == RunStatus::kFinished && !run.result.epochs.empty() &&
        std::isfinite(run.result.epochs.back().test_accuracy)) {
      order.push_back(&run);
    }
  }
  std::stable_sort(order.begin(), order.end(), [](const JudgedRun* a, const JudgedRun* b) {
    return a->result.epochs.back().test_accuracy > b->result.epochs.back().test_accuracy;
  });
  return order;
}

int images(double points, int test_images) {
  return static_cast<int>(std::lround(points * test_images / 100));
}

std::string test_set_sentence(const JudgedRun& best, int test_images) {
  const double accuracy = best.result.epochs.back().test_accuracy;
  const double error = binomial_floor(accuracy, test_images);
  if (error == 0) {
    return fmt::format(
        "A test set of {} images cannot tell an accuracy of {:.0f} % from one that is up to {:.2f} "
        "points away (three images): whatever happens less often leaves no trace in it.",
        with_thousands(test_images), accuracy, 300.0 / test_images);
  }
  return fmt::format(
      "The test set is a sample. At {:.2f} % of {} images the standard error of an accuracy is "
      "±{:.2f} percentage points, or {} {}: another {} images of the same kind would easily move "
      "the number by that much.",
      accuracy, with_thousands(test_images), error, images(error, test_images),
      images(error, test_images) == 1 ? "image" : "images", with_thousands(test_images));
}

std::string seed_sentence(const std::vector<const JudgedRun*>& order) {
  std::set<std::uint64_t> seeds;
  for (const JudgedRun* run : order) seeds.insert(run->result.seed);
  if (seeds.size() > 1) {
    return fmt::format(
        "The runs have {} different seeds. Those that differ in nothing but the seed show how much "
        "chance alone moves a result; settings should be compared by their means over seeds.",
        seeds.size());
  }
  return fmt::format(
      "Every run was trained once, from seed {}. Other initial weights and another order of the "
      "images give other results, and one seed cannot say by how much. So these numbers show that "
      "each network learns, and how far; a small difference between two of them is no evidence "
      "that "
      "one normalization is better. That takes several seeds of each.",
      *seeds.begin());
}

// What differs from the best in more than its norm says nothing about the norm alone.
std::string confounding_sentence(const std::vector<const JudgedRun*>& order) {
  const RunResult& best = order.front()->result;
  std::vector<std::string> names;
  for (const JudgedRun* run : order) {
    const RunResult& result = run->result;
    if (result.norm.kind == best.norm.kind || result.l1 == best.l1) continue;
    if (std::find(names.begin(), names.end(), result.arm) == names.end()) {
      names.push_back(result.arm);
    }
  }
  if (names.empty()) return "";
  return fmt::format(
      "{} {} from {} in the normalization and in the L1 penalty at once, so the distance between "
      "them cannot be laid to either alone.",
      fmt::join(names, ", "), names.size() == 1 ? "differs" : "differ", best.arm);
}

}  // namespace

std::vector<std::string> findings(const std::vector<JudgedRun>& runs, int test_images) {
  const auto order = ranked(runs);
  if (order.empty()) return {"No run has finished yet, so there is nothing to compare."};
  std::vector<std::string> paragraphs = {test_set_sentence(*order.front(), test_images),
                                         seed_sentence(order)};
  if (const std::string sentence = confounding_sentence(order); !sentence.empty()) {
    paragraphs.push_back(sentence);
  }
  return paragraphs;
}

Table comparison_table(const std::vector<JudgedRun>& runs) {
  Table table;
  table.head = {"On the same images", "Difference", "Only the first is right",
                "Only the second is right", "Holm p"};
  table.is_number = {false, true, true, true, true};
  const auto order = ranked(runs);
  std::vector<double> p_values;
  for (std::size_t i = 1; i < order.size(); ++i) {
    const JudgedRun& best = *order.front();
    const JudgedRun& other = *order[i];
    if (!best.predictions || !other.predictions) continue;
    const McNemar comparison = mcnemar(best.predictions->right(), other.predictions->right());
    const int difference = comparison.only_first - comparison.only_second;
    p_values.push_back(comparison.p_value);
    table.rows.push_back(
        {fmt::format("{} and {}", best.result.name, other.result.name),
         fmt::format("{} {}", difference, std::abs(difference) == 1 ? "image" : "images"),
         fmt::format("{}", comparison.only_first), fmt::format("{}", comparison.only_second)});
  }
  const std::vector<double> corrected = holm(p_values);
  for (std::size_t i = 0; i < corrected.size(); ++i) {
    table.rows[i].push_back(probability_text(corrected[i]));
  }
  return table;
}

}  // namespace normlab
