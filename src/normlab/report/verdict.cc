#include "normlab/report/verdict.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "normlab/base/text.h"

namespace normlab {
namespace {

// Sums of decimals that cancel leave 1e-15.
bool is_zero(double difference) { return std::abs(difference) < 1e-9; }

// "p = 0.0312", "p < 0.0001".
std::string p_text(double p) {
  const std::string text = probability_text(p);
  return text.starts_with("<") ? "p " + text : "p = " + text;
}

// All of its digits count: "0.0625", "1.53e-05".
std::string smallest_text(double p) { return fmt::format("{:.3g}", p); }

std::string seeds_text(const PairStatistics& pair) {
  if (pair.is_paired || pair.first_runs == pair.second_runs) {
    return fmt::format("{} {}", pair.first_runs, pair.first_runs == 1 ? "seed" : "seeds");
  }
  return fmt::format("{} and {} seeds", pair.first_runs, pair.second_runs);
}

// "LN beats GN by 0.03 ± 0.05 points over 30 seeds".
std::string comparison_text(const std::string& first, const std::string& second,
                            const PairStatistics& pair) {
  const auto reach = pair.difference.reach();
  const std::string by = reach
                             ? fmt::format("{} ± {}", points(pair.difference.mean), points(*reach))
                             : points(pair.difference.mean);
  return fmt::format("{} beats {} by {} points over {}", first, second, by, seeds_text(pair));
}

std::string single_runs(const std::string& first, const std::string& second,
                        const PairStatistics& pair) {
  const std::string beats =
      is_zero(pair.difference.mean)
          ? fmt::format("{} and {} are right on as many images", first, second)
          : fmt::format("{} beats {} by {} points", first, second, points(pair.difference.mean));
  if (!pair.mcnemar) return beats + " with one seed each, which decides nothing";
  return fmt::format(
      "{} ({} images that only it gets right, {} that only the other does): {} "
      "(exact McNemar test, {})",
      beats, pair.mcnemar->only_first, pair.mcnemar->only_second,
      pair.holm <= kSignificance
          ? "these two trained networks differ by more than the test set's chance"
          : "no evidence that these two trained networks differ",
      p_text(pair.holm));
}

// The p-value that this pair could reach at best, corrected as the first of the family.
bool can_be_seen(const PairStatistics& pair, std::size_t comparisons) {
  return pair.permutation.smallest_p_value * static_cast<double>(comparisons) <= kSignificance;
}

std::string no_evidence(const PairStatistics& pair, std::size_t comparisons) {
  std::string text = "no evidence of a difference";
  const int runs = std::min(pair.first_runs, pair.second_runs);
  if (!can_be_seen(pair, comparisons)) {
    if (kArrangements * kSignificance < static_cast<double>(comparisons)) {
      return text + fmt::format(
                        "; among {} comparisons no number of seeds could show one: compare "
                        "fewer arms, or all with one (--against)",
                        with_thousands(static_cast<std::int64_t>(comparisons)));
    }
    text += fmt::format(
        "; with {} none could be seen{}, as p cannot be below {}", seeds_text(pair),
        comparisons == 1 ? std::string() : fmt::format(" among {} comparisons", comparisons),
        smallest_text(pair.permutation.smallest_p_value));
  }
  if (pair.seeds_needed && *pair.seeds_needed > runs) {
    text += fmt::format("; {} seeds would be needed to see {}", with_thousands(*pair.seeds_needed),
                        points(pair.difference.mean));
  }
  return text;
}

}  // namespace

std::string points(double difference) {
  const double size = std::abs(difference);
  if (is_zero(size)) return "0";
  return size < 0.01 ? fmt::format("{:.2g}", difference) : fmt::format("{:.2f}", difference);
}

std::string probability_text(double p) {
  return p < 0.0001 ? "< 0.0001" : fmt::format("{:.4f}", p);
}

bool is_real(const PairStatistics& pair) {
  return std::min(pair.first_runs, pair.second_runs) >= kFewestSeeds && pair.holm <= kSignificance;
}

std::string verdict(const Comparison& comparison, const PairStatistics& pair) {
  const std::string& first = comparison.arms.arms[pair.first].name;
  const std::string& second = comparison.arms.arms[pair.second].name;
  const std::size_t comparisons = comparison.pairs.size();
  const int runs = std::min(pair.first_runs, pair.second_runs);
  if (std::max(pair.first_runs, pair.second_runs) == 1) return single_runs(first, second, pair);

  std::string text =
      is_zero(pair.difference.mean)
          ? fmt::format("{} and {} have the same mean over {}", first, second, seeds_text(pair))
          : comparison_text(first, second, pair);
  if (runs < kFewestSeeds) {
    return text + fmt::format(": fewer than {} seeds decide nothing", kFewestSeeds);
  }
  if (is_real(pair)) {
    return text + fmt::format(": the difference is real ({}{})", p_text(pair.holm),
                              comparisons == 1 ? "" : " after Holm's correction");
  }
  return text + ": " + no_evidence(pair, comparisons);
}

std::vector<std::string> comparison_notes(const Comparison& comparison) {
  std::vector<std::string> notes;
  std::vector<std::string> few;
  for (const Arm& arm : comparison.arms.arms) {
    if (static_cast<int>(arm.runs.size()) < kFewestSeeds) few.push_back(arm.name);
  }
  if (!few.empty()) {
    notes.push_back(fmt::format(
        "{} {} fewer than {} seeds: these are the numbers, and they decide nothing about the arms.",
        fmt::join(few, ", "), few.size() == 1 ? "has" : "have", kFewestSeeds));
  }
  if (comparison.arms.test_images > 0) {
    notes.push_back(
        fmt::format("Floor: what the choice of these {} test images adds to the error of every "
                    "mean; more seeds "
                    "do not lessen it. Most of it falls out of a difference, as all arms are "
                    "tested on the same "
                    "images.",
                    with_thousands(comparison.arms.test_images)));
  }
  return notes;
}

}  // namespace normlab
