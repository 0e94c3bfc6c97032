#include "normlab/report/curves.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <functional>
#include <utility>
#include <vector>

#include "normlab/report/arms_table.h"
#include "normlab/report/gnuplot.h"
#include "normlab/report/log_axis.h"
#include "normlab/report/text.h"

namespace normlab {
namespace {

// Okabe and Ito, "Color universal design" (2008), without its yellow, which is lost on white. With
// four dashes, 28 runs differ in colour or dash.
constexpr std::array kColours = {"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                 "#E69F00", "#56B4E9", "#000000"};
constexpr std::array kDashes = {"solid", "(14,5)", "(4,3)", "(14,4,3,4)"};
constexpr std::array kMarkers = {7, 5, 9, 13, 11, 6, 4, 8, 12, 10};

struct Curve {
  std::string title;
  std::vector<std::pair<int, double>> points;  // epoch, value > 0
};

struct Figure {
  std::string title;
  std::string y_label;
  bool upside_down = false;
  LogAxis axis;
  std::vector<Curve> curves;
  std::string legend_title;
};

std::vector<double> values_of(const std::vector<Curve>& curves) {
  std::vector<double> values;
  for (const Curve& curve : curves) {
    for (const auto& [epoch, value] : curve.points) values.push_back(value);
  }
  return values;
}

int last_epoch(const std::vector<Curve>& curves) {
  int last = 1;
  for (const Curve& curve : curves) {
    for (const auto& [epoch, value] : curve.points) last = std::max(last, epoch);
  }
  return last;
}

// Labels on the axis of epochs: at most 15 of them, 1, 2 or 5 times a power of ten apart.
int epoch_step(int epochs) {
  for (int power = 1;; power *= 10) {
    for (const int step : {power, 2 * power, 5 * power}) {
      if (epochs / step <= 15) return step;
    }
  }
}

std::string ticks_script(const LogAxis& axis) {
  std::string list;
  for (const Tick& tick : axis.ticks) {
    if (!list.empty()) list += ", ";
    const int level = tick.label.empty() ? 1 : 0;
    list += fmt::format("{} {:.12g} {}", quote(tick.label), tick.value, level);
  }
  return fmt::format("set ytics ({})\n", list);
}

std::string appearance(std::size_t curve) {
  return fmt::format(
      "with linespoints linecolor rgb '{}' linewidth 1.7 dashtype {} pointtype {} pointsize "
      "default",
      kColours[curve % kColours.size()], kDashes[curve % kDashes.size()],
      kMarkers[curve % kMarkers.size()]);
}

std::string script_of(const Figure& figure) {
  const int epochs = last_epoch(figure.curves);
  const double margin = std::max(0.4, 0.02 * epochs);
  std::string script = figure_style();
  // A label and no title: gnuplot centres a title above the axes, and a long one would not fit.
  script +=
      fmt::format("set label {} at graph 0, screen 0.95 left font ',22' textcolor rgb '#222222'\n",
                  quote(figure.title));
  script += fmt::format("set xlabel 'Epoch'\nset ylabel {} offset -0.5,0\n", quote(figure.y_label));
  script += fmt::format("set xrange [{}:{}]\nset xtics {}\n", std::max(1 - margin, 0.4),
                        epochs + margin, epoch_step(epochs));
  const auto [bottom, top] = figure.upside_down ? std::pair(figure.axis.high, figure.axis.low)
                                                : std::pair(figure.axis.low, figure.axis.high);
  script += fmt::format("set logscale y\nset yrange [{:.12g}:{:.12g}]\n", bottom, top);
  script += ticks_script(figure.axis);
  // Many runs need closer lines to stay on the page.
  const double spacing = std::clamp(22.0 / static_cast<double>(figure.curves.size() + 1), 0.7, 1.6);
  script += fmt::format(
      "set key outside right top vertical Left reverse samplen 3.2 spacing {:.2f} width 1 "
      "textcolor rgb '#222222' title {} left\n",
      spacing, quote(figure.legend_title));
  script += "set lmargin 11\nset tmargin 4\nset bmargin 4.5\n";

  std::string plots;
  for (std::size_t i = 0; i < figure.curves.size(); ++i) {
    const Curve& curve = figure.curves[i];
    if (!plots.empty()) plots += ", \\\n  ";
    if (curve.points.empty()) {
      plots += fmt::format("keyentry {} title {}", appearance(i), quote(curve.title));
      continue;
    }
    script += fmt::format("$run{} << END\n", i);
    for (const auto& [epoch, value] : curve.points) {
      script += fmt::format("{} {:.12g}\n", epoch, value);
    }
    script += "END\n";
    plots += fmt::format("$run{} using 1:2 {} pointinterval {} title {}", i, appearance(i),
                         1 + epochs / 30, quote(curve.title));
  }
  // The axes appear even if no run has a point yet.
  script += fmt::format("$corner << END\n1 {:.12g}\nEND\n", figure.axis.low);
  script += "plot $corner using 1:2 with dots linecolor rgb 'white' notitle";
  if (!plots.empty()) script += ", \\\n  " + plots;
  return script + "\n";
}

using Score = double (*)(const Scores&);

// One line for each run, or for each arm where runs repeat one another: 60 lines could not be told
// apart. A line's value is the mean over the runs that have come to the epoch.
std::vector<Curve> curves_of(const ExperimentResults& results, Score score,
                             const std::function<std::string(double)>& show) {
  const bool repeated = has_repeated_arms(results);
  std::vector<Curve> curves;
  for (const ArmOfRuns& arm : arms_of(results)) {
    Curve curve;
    std::string value = "–";
    std::size_t most = 0;
    for (const RunResult* run : arm.runs) most = std::max(most, run->epochs.size());
    for (std::size_t at = 0; at < most; ++at) {
      double sum = 0;
      int count = 0;
      for (const RunResult* run : arm.runs) {
        if (at >= run->epochs.size()) continue;
        sum += score(seen_scores(run->epochs[at]));
        ++count;
      }
      const double mean = sum / count;
      value = show(mean);
      if (std::isfinite(mean)) curve.points.emplace_back(static_cast<int>(at) + 1, mean);
    }
    // The last value first, so that the values stand in a column.
    curve.title = fmt::format("{}  {}", value, shorten(arm.name, 22));
    const RunStatus status = arm.runs.front()->status;
    if (arm.runs.size() > 1) {
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

// "test", or "validation" where that is what was scored after every epoch.
std::string scored_set(const ExperimentResults& results) {
  for (const RunResult& run : results.runs) {
    if (!run.epochs.empty() && run.epochs.front().validation) return "validation";
  }
  return "test";
}

std::string title_of(const ExperimentResults& results, const std::string& what) {
  return fmt::format("{}: {} {}{}", shorten(results.experiment, 50), scored_set(results), what,
                     has_repeated_arms(results) ? ", mean over runs" : "");
}

std::string capitalised(std::string text) {
  text.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(text.front())));
  return text;
}

}  // namespace

std::string accuracy_figure(const ExperimentResults& results, int test_images) {
  const double all_right = 50.0 / std::max(test_images, 1);
  Figure figure;
  figure.curves = curves_of(
      results, [](const Scores& scores) { return scores.accuracy; },
      [](double accuracy) { return fmt::format("{:.2f} %", accuracy); });
  for (Curve& curve : figure.curves) {
    for (auto& [epoch, value] : curve.points) value = std::clamp(100 - value, all_right, 100.0);
  }
  std::vector<double> errors = values_of(figure.curves);
  if (errors.empty()) errors = {1, 100};
  const auto label = [&](double error) { return fmt::format("{:.10g}", 100 - error); };
  figure.axis = make_log_axis(errors, 0.04, label);
  figure.axis.high = std::min(figure.axis.high, 110.0);
  std::erase_if(figure.axis.ticks, [](const Tick& tick) { return tick.value > 100.0; });
  if (*std::min_element(errors.begin(), errors.end()) <= all_right) {
    std::erase_if(figure.axis.ticks,
                  [&](const Tick& tick) { return tick.value < 1.3 * all_right; });
    figure.axis.ticks.insert(figure.axis.ticks.begin(), {all_right, "100"});
  }
  figure.title = title_of(results, "accuracy");
  figure.y_label = capitalised(scored_set(results)) + " accuracy (%), error rate on a log scale";
  figure.legend_title = "Last epoch";
  figure.upside_down = true;
  return script_of(figure);
}

std::string loss_figure(const ExperimentResults& results) {
  constexpr double kLeast = 1e-9;
  Figure figure;
  figure.curves = curves_of(
      results, [](const Scores& scores) { return scores.loss; }, format_loss);
  for (Curve& curve : figure.curves) {
    for (auto& [epoch, value] : curve.points) value = std::max(value, kLeast);
  }
  std::vector<double> losses = values_of(figure.curves);
  if (losses.empty()) losses = {0.01, 1};
  figure.axis =
      make_log_axis(losses, 0.04, [](double loss) { return fmt::format("{:.10g}", loss); });
  figure.title = title_of(results, "loss");
  figure.y_label =
      capitalised(scored_set(results)) + " loss (mean negative log-likelihood, nats), log scale";
  figure.legend_title = "Last epoch";
  return script_of(figure);
}

}  // namespace normlab
