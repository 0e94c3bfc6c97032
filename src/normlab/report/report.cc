#include "normlab/report/report.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>
#include <utility>

#include "normlab/base/error.h"
#include "normlab/base/file.h"
#include "normlab/experiment/experiment.h"
#include "normlab/report/arm_figures.h"
#include "normlab/report/arms_table.h"
#include "normlab/report/confusion.h"
#include "normlab/report/curves.h"
#include "normlab/report/gallery.h"
#include "normlab/report/gnuplot.h"
#include "normlab/report/line_figure.h"
#include "normlab/report/page.h"
#include "normlab/report/recipe_table.h"
#include "normlab/report/repeated_arms.h"
#include "normlab/report/sweep_figures.h"

namespace normlab {
namespace {

namespace fs = std::filesystem;

std::string text_if_there(const fs::path& path) {
  return fs::exists(path) ? read_text_file(path) : std::string();
}

// Nothing of an experiment file that is missing or that this version cannot read.
std::optional<Experiment> read_if_known(const std::string& text, const fs::path& path) {
  if (text.empty()) return std::nullopt;
  try {
    return parse_experiment(text, path.native());
  } catch (const UsageError&) {
    return std::nullopt;
  }
}

bool fit(const Predictions& predictions, const Dataset& test_set) {
  return predictions.classes == test_set.classes &&
         std::equal(predictions.labels.begin(), predictions.labels.end(), test_set.labels.begin(),
                    test_set.labels.end());
}

// The runs with their predictions of the test set. A run may have learned from other data, and is
// then left without; if that is true of every run, the data have changed.
std::vector<JudgedRun> judge(const fs::path& run_directory, const ExperimentResults& results,
                             const Dataset& test_set) {
  std::vector<JudgedRun> runs;
  fs::path stranger;
  bool any_fits = false;
  for (const RunResult& run : results.runs) {
    const fs::path path = run_directory / run.folder / "predictions.csv";
    runs.push_back({run, std::nullopt});
    if (!fs::exists(path)) continue;
    Predictions predictions = read_predictions(path);
    if (fit(predictions, test_set)) {
      runs.back().predictions = std::move(predictions);
      any_fits = true;
    } else {
      stranger = path;
    }
  }
  if (!any_fits && !stranger.empty()) {
    throw Error(fmt::format(
        "{}: its labels are not those of the test set of {}; the data have changed since. Check "
        "them: normlab data verify {}",
        stranger.native(), test_set.name, test_set.name));
  }
  return runs;
}

// A PNG and an SVG of one script; the SVG is handed back for the page.
Bytes write_figure(const fs::path& base, int width, int height, const std::string& script) {
  fs::path png = base;
  write_file_atomically(png += ".png", run_gnuplot(png_terminal(width, height) + script));
  Bytes picture = run_gnuplot(svg_terminal(width, height) + script);
  fs::path svg = base;
  write_file_atomically(svg += ".svg", picture);
  return picture;
}

Bytes write_lines(const fs::path& base, const std::string& script) {
  return write_figure(base, kLineFigureWidth, kLineFigureHeight, script);
}

// seeds.png, .svg and differences.png, .svg of an experiment that repeats its arms.
void draw_statistics(PageContent& content, const fs::path& run_directory) {
  content.comparison = compare_repeated_arms(run_directory);
  if (!content.comparison) return;
  const Comparison& comparison = *content.comparison;
  content.seeds_svg =
      write_figure(run_directory / "seeds", kArmFigureWidth, seeds_figure_height(comparison),
                   seeds_figure(comparison, content.experiment));
  if (comparison.pairs.empty()) return;
  content.differences_svg = write_figure(run_directory / "differences", kArmFigureWidth,
                                         differences_figure_height(comparison),
                                         differences_figure(comparison, content.experiment));
}

// over-KEY.png, .svg of every swept number, and grid.png, .svg.
void draw_sweep(PageContent& content, const fs::path& run_directory, const Experiment& experiment,
                const ExperimentResults& results) {
  for (const SweptAxis& axis : swept_axes(experiment)) {
    content.sweep_svgs.push_back({"Test accuracy over " + axis.key,
                                  write_lines(run_directory / ("over-" + axis.key),
                                              axis_figure(axis, results, content.test_images))});
  }
  const SweptGrid grid = swept_grid(experiment);
  if (grid.arms.empty()) return;
  content.sweep_svgs.push_back(
      {fmt::format("Mean test accuracy by {} and {}", grid.rows.key, grid.columns.key),
       write_figure(run_directory / "grid", grid_figure_width(grid), grid_figure_height(grid),
                    grid_figure(grid, results, content.test_images))});
}

RunPictures write_pictures(const fs::path& folder, const std::string& run,
                           const Predictions& predictions, const Dataset& test_set) {
  RunPictures pictures;
  pictures.misclassified_png = run_gnuplot(png_terminal(kGalleryWidth, kGalleryHeight) +
                                           gallery_figure(run, predictions, test_set));
  write_file_atomically(folder / "misclassified.png", pictures.misclassified_png);
  pictures.confusion_png = run_gnuplot(png_terminal(kConfusionWidth, kConfusionHeight) +
                                       confusion_figure(run, predictions, test_set.class_names));
  write_file_atomically(folder / "confusion.png", pictures.confusion_png);
  return pictures;
}

}  // namespace

void write_report(const fs::path& run_directory, const Dataset& test_set,
                  const std::string& network_summary) {
  const ExperimentResults results = read_results(run_directory / "results.json");
  PageContent content;
  content.experiment = results.experiment;
  content.data = test_set.name;
  content.test_images = test_set.size();
  content.are_photographs = test_set.shape.channels != 1;
  content.accuracy_svg =
      write_lines(run_directory / "accuracy", accuracy_figure(results, test_set.size()));
  content.loss_svg = write_lines(run_directory / "loss", loss_figure(results));
  content.runs = judge(run_directory, results, test_set);
  // Of runs that repeat one another the first one's pictures, not the best one's.
  std::set<std::string> shown;
  for (const JudgedRun& run : content.runs) {
    std::optional<RunPictures> pictures;
    if (run.predictions && shown.insert(run.result.arm).second) {
      pictures = write_pictures(run_directory / run.result.folder, run.result.name,
                                *run.predictions, test_set);
    }
    content.pictures.push_back(std::move(pictures));
  }
  draw_statistics(content, run_directory);
  if (has_repeated_arms(results)) content.arms = arms_table(results);
  content.results = results_table(results, test_set.size());
  content.experiment_text = text_if_there(run_directory / "experiment.toml");
  if (const auto experiment =
          read_if_known(content.experiment_text, run_directory / "experiment.toml")) {
    content.recipe = recipe_table(*experiment);
    draw_sweep(content, run_directory, *experiment, results);
  }
  content.network_summary = network_summary;
  content.environment = results.environment;
  write_file_atomically(run_directory / "report.html", make_page(content));
}

}  // namespace normlab
