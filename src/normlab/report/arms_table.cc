#include "normlab/report/arms_table.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "normlab/report/text.h"
#include "normlab/statistics/descriptive.h"

namespace normlab {

std::vector<ArmOfRuns> arms_of(const ExperimentResults& results) {
  std::vector<ArmOfRuns> arms;
  for (const RunResult& run : results.runs) {
    auto arm = std::find_if(arms.begin(), arms.end(),
                            [&](const ArmOfRuns& each) { return each.name == run.arm; });
    if (arm == arms.end()) arm = arms.insert(arms.end(), {run.arm, {}});
    arm->runs.push_back(&run);
  }
  return arms;
}

bool has_repeated_arms(const ExperimentResults& results) {
  return arms_of(results).size() < results.runs.size();
}

Scores seen_scores(const EpochRecord& record) {
  return record.validation.value_or(
      Scores{record.test_loss, record.test_accuracy, record.test_correct});
}

Table arms_table(const ExperimentResults& results) {
  Table table;
  // 79 columns with names as short as the norms', so that terminals of 80 do not wrap it.
  table.head = {"Runs of", "Finished", "Mean acc.", "SD", "Least", "Greatest", "Loss", "Norm"};
  table.is_number = {false, true, true, true, true, true, true, false};
  for (const ArmOfRuns& arm : arms_of(results)) {
    std::vector<double> accuracies;
    double loss = 0;
    for (const RunResult* run : arm.runs) {
      if (run->status != RunStatus::kFinished || run->epochs.empty()) continue;
      if (!std::isfinite(run->epochs.back().test_accuracy)) continue;
      accuracies.push_back(run->epochs.back().test_accuracy);
      loss += run->epochs.back().test_loss;
    }
    const auto count = static_cast<double>(accuracies.size());
    std::vector<std::string> row = {arm.name,
                                    fmt::format("{} of {}", accuracies.size(), arm.runs.size())};
    if (accuracies.empty()) {
      row.insert(row.end(), 5, "–");
    } else {
      const auto [least, greatest] = std::minmax_element(accuracies.begin(), accuracies.end());
      row.push_back(fmt::format("{:.3f} %", mean(accuracies)));
      const auto deviation = standard_deviation(accuracies);
      row.push_back(deviation ? fmt::format("{:.3f}", *deviation) : "–");
      row.push_back(fmt::format("{:.2f} %", *least));
      row.push_back(fmt::format("{:.2f} %", *greatest));
      row.push_back(format_loss(loss / count));
    }
    row.push_back(describe(arm.runs.front()->norm));
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace normlab
