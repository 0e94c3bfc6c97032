#include "normlab/report/curves.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <functional>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "normlab/report/arms_table.h"
#include "normlab/report/comparison.h"
#include "normlab/report/labels.h"
#include "normlab/report/line_figure.h"
#include "normlab/report/text.h"
#include "normlab/statistics/descriptive.h"

namespace normlab {
namespace {

using Score = double (*)(const Scores&);

// Bands of more arms hide one another.
constexpr std::size_t kMostBands = 8;

// The runs' mean after an epoch; NaN if a value of theirs is not finite. Of few runs the interval
// would be wider than the figure.
LinePoint point_of(int epoch, const std::vector<double>& values, bool with_band) {
  LinePoint point{.x = static_cast<double>(epoch), .y = std::nan(""), .interval = {}};
  const auto is_finite = [](double value) { return std::isfinite(value); };
  if (!std::all_of(values.begin(), values.end(), is_finite)) return point;
  point.y = mean(values);
  if (with_band && values.size() >= static_cast<std::size_t>(kFewestSeeds)) {
    point.interval = t_interval(values);
  }
  return point;
}

// The runs that an arm's line is the mean of: those that have finished, or, where none has, all.
std::vector<const RunResult*> counted_runs(const ArmOfRuns& arm) {
  std::vector<const RunResult*> finished;
  std::ranges::copy_if(arm.runs, std::back_inserter(finished),
                       [](const RunResult* run) { return run->status == RunStatus::kFinished; });
  return finished.empty() ? arm.runs : finished;
}

// One line for each run, or for each arm where runs repeat one another: 60 lines could not be told
// apart. It ends where the first run does, as a mean over the others would jump there.
std::vector<Line> curves_of(const ExperimentResults& results, Score score,
                            const std::function<std::string(double)>& show) {
  const bool repeated = has_repeated_arms(results);
  const std::vector<ArmOfRuns> arms = arms_of(results);
  std::vector<std::string> names;
  for (const ArmOfRuns& arm : arms) names.push_back(arm.name);
  const std::vector<std::string> labels = distinct_labels(names, 22);
  std::vector<Line> curves;
  for (const ArmOfRuns& arm : arms) {
    Line curve;
    std::string last = "–";
    const std::vector<const RunResult*> runs = counted_runs(arm);
    const std::size_t finished = static_cast<std::size_t>(std::ranges::count(
        arm.runs, RunStatus::kFinished, [](const RunResult* run) { return run->status; }));
    const std::size_t epochs = (*std::ranges::min_element(runs, {}, [](const RunResult* run) {
                                 return run->epochs.size();
                               }))->epochs.size();
    for (std::size_t at = 0; at < epochs; ++at) {
      std::vector<double> values;
      for (const RunResult* run : runs) values.push_back(score(seen_scores(run->epochs[at])));
      const LinePoint point = point_of(static_cast<int>(at) + 1, values, arms.size() <= kMostBands);
      last = show(point.y);
      if (std::isfinite(point.y)) curve.points.push_back(point);
    }
    const bool has_last = finished > 0 || arm.runs.size() == 1;
    // The last value first, so that the values stand in a column.
    curve.title = fmt::format("{}  {}", has_last ? last : "–", labels[curves.size()]);
    const RunStatus status = arm.runs.front()->status;
    if (finished < arm.runs.size() && arm.runs.size() > 1) {
      curve.title += fmt::format(" ({} of {} runs)", finished, arm.runs.size());
    } else if (arm.runs.size() > 1) {
      curve.title += fmt::format(" ({} runs)", arm.runs.size());
    } else if (status != RunStatus::kFinished) {
      curve.title += fmt::format(" ({})", to_string(status));
    } else if (repeated) {
      curve.title += " (1 run)";
    }
    curves.push_back(std::move(curve));
  }
  return curves;
}

// Labels on the axis of epochs: at most 15 of them, 1, 2 or 5 times a power of ten apart.
int epoch_step(int epochs) {
  for (int power = 1;; power *= 10) {
    for (const int step : {power, 2 * power, 5 * power}) {
      if (epochs / step <= 15) return step;
    }
  }
}

// "test", or "validation" where that is what was scored after every epoch.
std::string scored_set(const ExperimentResults& results) {
  for (const RunResult& run : results.runs) {
    if (!run.epochs.empty() && run.epochs.front().validation) return "validation";
  }
  return "test";
}

std::string capitalised(std::string text) {
  text.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(text.front())));
  return text;
}

LineFigure figure_of(const ExperimentResults& results, const std::string& what,
                     std::vector<Line> curves) {
  LineFigure figure;
  figure.lines = std::move(curves);
  int epochs = 1;
  bool has_intervals = false;
  for (const Line& line : figure.lines) {
    for (const LinePoint& point : line.points) {
      epochs = std::max(epochs, static_cast<int>(point.x));
      // The band of a single epoch has no width.
      has_intervals = has_intervals || (point.interval && line.points.size() > 1);
    }
  }
  figure.title =
      fmt::format("{}: {} {}", shorten(results.experiment, 50), scored_set(results), what);
  if (has_repeated_arms(results)) figure.title += ", mean over runs";
  if (has_intervals) figure.title += " and its 95 % interval";
  const double margin = std::max(0.4, 0.02 * epochs);
  figure.x_label = "Epoch";
  figure.x_axis = fmt::format("set xrange [{}:{}]\nset xtics {}\n", std::max(1 - margin, 0.4),
                              epochs + margin, epoch_step(epochs));
  figure.has_bands = true;
  figure.marker_every = 1 + epochs / 30;
  figure.legend_title = "Last epoch";
  return figure;
}

}  // namespace

std::string accuracy_figure(const ExperimentResults& results, int test_images) {
  LineFigure figure =
      figure_of(results, "accuracy",
                curves_of(
                    results, [](const Scores& scores) { return scores.accuracy; },
                    [](double accuracy) { return fmt::format("{:.2f} %", accuracy); }));
  figure.y_label = capitalised(scored_set(results)) + " accuracy (%), error rate on a log scale";
  use_error_axis(figure, test_images);
  return line_figure(figure);
}

std::string loss_figure(const ExperimentResults& results) {
  LineFigure figure =
      figure_of(results, "loss",
                curves_of(
                    results, [](const Scores& scores) { return scores.loss; }, format_loss));
  figure.y_label =
      capitalised(scored_set(results)) + " loss (mean negative log-likelihood, nats), log scale";
  use_loss_axis(figure);
  return line_figure(figure);
}

}  // namespace normlab
