#include "normlab/report/report.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <utility>

#include "normlab/base/error.h"
#include "normlab/base/file.h"
#include "normlab/data/disputed_labels.h"
#include "normlab/experiment/experiment.h"
#include "normlab/report/arm_figures.h"
#include "normlab/report/arms_table.h"
#include "normlab/report/confusion.h"
#include "normlab/report/curves.h"
#include "normlab/report/gallery.h"
#include "normlab/report/gnuplot.h"
#include "normlab/report/line_figure.h"
#include "normlab/report/mistakes.h"
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

// What is known of the runs from their predictions of the test set.
struct Judgement {
  std::vector<JudgedRun> runs;
  std::map<std::string, MistakeCounts> mistakes;  // by arm, of those that have predictions
};

// A run may have learned from other data, and is then left without; if that is true of every run,
// the data have changed. Of runs that repeat one another those that have finished are counted, one
// by one, and nothing else is kept of their predictions.
Judgement judge(const fs::path& run_directory, const ExperimentResults& results,
                const Dataset& test_set) {
  Judgement judgement;
  const bool are_repeated = has_repeated_arms(results);
  fs::path stranger;
  for (const RunResult& run : results.runs) {
    const fs::path path = run_directory / run.folder / "predictions.csv";
    judgement.runs.push_back({run, std::nullopt});
    if (are_repeated && run.status != RunStatus::kFinished) continue;
    if (!fs::exists(path)) continue;
    Predictions predictions = read_predictions(path);
    if (!fit(predictions, test_set)) {
      stranger = path;
      continue;
    }
    judgement.mistakes[run.arm].add(predictions);
    if (!are_repeated) judgement.runs.back().predictions = std::move(predictions);
  }
  if (judgement.mistakes.empty() && !stranger.empty()) {
    throw Error(fmt::format(
        "{}: its labels are not those of the test set of {}; the data have changed since. Check "
        "them: normlab data verify {}",
        stranger.native(), test_set.name, test_set.name));
  }
  return judgement;
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
                                              axis_figure(axis, results, content.test_images)),
                                  kLineFigureWidth});
  }
  const SweptGrid grid = swept_grid(experiment);
  if (grid.arms.empty()) return;
  content.sweep_svgs.push_back(
      {fmt::format("Mean test accuracy by {} and {}", grid.rows.key, grid.columns.key),
       write_figure(run_directory / "grid", grid_figure_width(grid), grid_figure_height(grid),
                    grid_figure(grid, results, content.test_images)),
       grid_figure_width(grid)});
}

// Where a picture of an arm lies: in the folder of its run, or beside the folders of its runs.
fs::path picture_path(const fs::path& run_directory, const ArmOfRuns& arm,
                      const std::string& picture) {
  if (arm.runs.size() == 1) return run_directory / arm.runs.front()->folder / (picture + ".png");
  std::string name = fmt::format("{}-{}.png", picture, folder_of(arm.name));
  std::replace(name.begin(), name.end(), '/', '-');  // which a file from elsewhere may hold
  return run_directory / name;
}

// misclassified.png and confusion.png of an arm.
MistakePictures draw_mistakes(const fs::path& run_directory, const ArmOfRuns& arm,
                              const MistakeCounts& counts, const Dataset& test_set) {
  MistakePictures pictures;
  pictures.name = arm.runs.size() == 1 ? arm.runs.front()->name : arm.name;
  if (counts.runs() == 0) return pictures;
  // What one run got wrong says little about the others.
  if (counts.runs() == 1 && arm.runs.size() > 1) pictures.name += ", one seed";
  pictures.description = fmt::format("{}. {}.", gallery_title(pictures.name, counts),
                                     gallery_summary(counts, test_set));
  pictures.misclassified_png =
      run_gnuplot(png_terminal(kGalleryWidth, gallery_height(counts, test_set)) +
                  gallery_figure(pictures.name, counts, test_set));
  write_file_atomically(picture_path(run_directory, arm, "misclassified"),
                        pictures.misclassified_png);
  pictures.confusion_png =
      run_gnuplot(png_terminal(kConfusionWidth, kConfusionHeight) +
                  confusion_figure(pictures.name, counts, test_set.class_names));
  write_file_atomically(picture_path(run_directory, arm, "confusion"), pictures.confusion_png);
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
  Judgement judgement = judge(run_directory, results, test_set);
  content.runs = std::move(judgement.runs);
  for (const ArmOfRuns& arm : arms_of(results)) {
    content.mistakes.push_back(
        draw_mistakes(run_directory, arm, judgement.mistakes[arm.name], test_set));
  }
  content.disputed_labels = static_cast<int>(disputed_labels(test_set).size());
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
