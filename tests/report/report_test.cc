#include "normlab/report/report.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <limits>
#include <set>

#include "data_sets/mnist_test_set.h"
#include "expect_error.h"
#include "normlab/base/file.h"
#include "normlab/formats/png.h"
#include "normlab/report/arms_table.h"
#include "normlab/report/confusion.h"
#include "normlab/report/curves.h"
#include "normlab/report/gallery.h"
#include "normlab/report/gnuplot.h"
#include "normlab/report/line_figure.h"
#include "normlab/report/page.h"
#include "report/sample.h"
#include "temporary_folder.h"

namespace normlab {
namespace {

constexpr int kImages = 300;

// A run directory as an experiment leaves it, before any figure is made.
void make_run_directory(const std::filesystem::path& folder, const Dataset& data) {
  const ExperimentResults results = sample_results(data.size());
  write_results(folder / "results.json", results);
  write_file_atomically(folder / "experiment.toml",
                        std::string_view("name = \"t\"\n[[run]]\nname = \"<GN>\"\n"));
  for (const auto& [name, mistakes] : {std::pair{"GN", 15}, std::pair{"BN-L1", 3}}) {
    std::filesystem::create_directories(folder / name);
    write_predictions(folder / name / "predictions.csv", sample_predictions(data, mistakes));
  }
}

// What a reader of HTML would stumble over: a tag that is not closed, or closes another.
std::string first_fault(const std::string& html) {
  const std::set<std::string> empty = {"meta", "img", "br", "!DOCTYPE"};
  std::vector<std::string> open;
  std::size_t at = 0;
  while ((at = html.find('<', at)) != std::string::npos) {
    std::size_t end = at + 1;
    for (bool quoted = false; end < html.size() && (quoted || html[end] != '>'); ++end) {
      if (html[end] == '"') quoted = !quoted;
      if (!quoted && html[end] == '<') return "a tag within a tag: " + html.substr(at, 60);
    }
    if (end >= html.size()) return "a tag without end: " + html.substr(at, 60);
    const std::string tag = html.substr(at + 1, end - at - 1);
    const std::string name = tag.substr(0, tag.find_first_of(" \n"));
    if (name.front() == '/') {
      if (open.empty() || open.back() != name.substr(1)) return "closed by mistake: " + name;
      open.pop_back();
    } else if (!empty.contains(name)) {
      open.push_back(name);
    }
    // The text of a style sheet is no markup.
    at = name == "style" ? html.find("</style>", end) : end;
  }
  return open.empty() ? "" : "not closed: " + open.back();
}

// Every address that the page refers to.
std::vector<std::string> addresses(const std::string& html) {
  std::vector<std::string> found;
  for (const std::string attribute : {" src=\"", " href=\"", "url(", "@import"}) {
    std::size_t at = 0;
    while ((at = html.find(attribute, at)) != std::string::npos) {
      at += attribute.size();
      found.push_back(html.substr(at, html.find('"', at) - at));
    }
  }
  return found;
}

TEST(Report, MakesEveryFigureAndAPageOfItsOwn) {
  const TemporaryFolder folder;
  const Dataset data = sample_test_set(kImages);
  make_run_directory(folder.path(), data);
  write_report(folder.path(), data, "Layer (type) <Conv2d>\nTotal params: 7,832\n");

  for (const char* name : {"accuracy.png", "loss.png"}) {
    const Image image = read_png(folder / name);
    EXPECT_EQ(image.width, kLineFigureWidth) << name;
    EXPECT_EQ(image.height, kLineFigureHeight) << name;
    EXPECT_GT(pixels_like(image, 0x00, 0x72, 0xb2), 500) << name;  // the first run's curve
    EXPECT_GT(pixels_like(image, 0xd5, 0x5e, 0x00), 500) << name;  // the second's
    EXPECT_GT(pixels_like(image, 0x00, 0x9e, 0x73), 20) << name;   // the third's, in the legend
  }
  for (const char* run : {"GN", "BN-L1"}) {
    const Image gallery = read_png(folder / run / "misclassified.png");
    EXPECT_EQ(gallery.width, kGalleryWidth);
    EXPECT_GT(pixels_like(gallery, 0x00, 0x72, 0xb2), 100) << run;  // true classes
    const Image confusion = read_png(folder / run / "confusion.png");
    EXPECT_EQ(confusion.width, kConfusionWidth);
    EXPECT_GT(pixels_like(confusion, 194, 62, 0), 1000) << run;  // the most frequent mistake
  }
  EXPECT_FALSE(std::filesystem::exists(folder / "hot"));
  const std::string svg = read_text_file(folder / "accuracy.svg");
  EXPECT_NE(svg.find("Test accuracy (%)"), std::string::npos);
  EXPECT_NE(svg.find("Epoch"), std::string::npos);

  const std::string page = read_text_file(folder / "report.html");
  EXPECT_EQ(first_fault(page), "");
  const auto found = addresses(page);
  EXPECT_GE(found.size(), 6u + 6u);  // two curves and two pictures of each run, and the contents
  for (const std::string& address : found) {
    EXPECT_TRUE(address.starts_with("data:image/") || address.starts_with("#"))
        << address.substr(0, 80);
  }
  for (const char* part :
       {"95.00 %", "93.30 %", "7,832", "hot &lt;i&gt;", "the loss is nan &amp; no &lt;number&gt;",
        "What this can and cannot show", "trial &lt;b&gt;&amp;&quot;bold", "&lt;Conv2d&gt;",
        "name = &quot;t&quot;", "data.a &lt;b&gt;",
        "There are no predictions of these test images"}) {
    EXPECT_NE(page.find(part), std::string::npos) << part;
  }
}

TEST(Report, TheSameFilesGiveTheSamePage) {
  const TemporaryFolder folder;
  const Dataset data = sample_test_set(kImages);
  make_run_directory(folder.path(), data);
  write_report(folder.path(), data, "");
  const std::string first = read_text_file(folder / "report.html");
  write_report(folder.path(), data, "");
  EXPECT_TRUE(read_text_file(folder / "report.html") == first);
}

TEST(Report, CountsTheMistakesOfRunsThatRepeatOneAnotherTogether) {
  const TemporaryFolder folder;
  const Dataset data = sample_test_set(kImages);
  make_run_directory(folder.path(), data);
  ExperimentResults results = sample_results(kImages);
  const auto repeat = [&](std::uint64_t seed, RunStatus status, int mistakes) {
    RunResult run = results.runs[0];
    run.name = fmt::format("GN seed {}", seed);
    run.folder = fmt::format("GN-seed-{}", seed);
    run.seed = seed;
    run.status = status;
    run.epochs.back().test_correct = kImages - mistakes;
    std::filesystem::create_directories(folder / run.folder);
    write_predictions(folder / run.folder / "predictions.csv", sample_predictions(data, mistakes));
    results.runs.push_back(run);
  };
  repeat(2, RunStatus::kFinished, 4);
  repeat(3, RunStatus::kInterrupted, 40);
  write_results(folder / "results.json", results);
  write_report(folder.path(), data, "");

  EXPECT_EQ(read_png(folder / "misclassified-GN.png").width, kGalleryWidth);
  EXPECT_EQ(read_png(folder / "confusion-GN.png").width, kConfusionWidth);
  EXPECT_FALSE(std::filesystem::exists(folder / "GN" / "misclassified.png"));
  EXPECT_TRUE(std::filesystem::exists(folder / "BN-L1" / "misclassified.png"));
  const std::string page = read_text_file(folder / "report.html");
  EXPECT_EQ(first_fault(page), "");
  for (const char* part :
       {"GN: the most frequent mistakes of 2 seeds. 15 of 300 test images are misclassified by at "
        "least one seed, 4 by all.",
        "BN+L1: the most confident mistakes. 3 of 300 test images are misclassified."}) {
    EXPECT_NE(page.find(part), std::string::npos) << part;
  }
  EXPECT_EQ(page.find("isputed"), std::string::npos);
}

TEST(Report, SaysWhatADisputedLabelIs) {
  const TemporaryFolder folder;
  const Dataset data = mnist_test_set();
  make_run_directory(folder.path(), data);
  write_report(folder.path(), data, "");
  const std::string page = read_text_file(folder / "report.html");
  for (const char* part :
       {"Disputed are 15 labels", "arXiv:2103.14749",
        "15 of 10,000 test images are misclassified, none of them with a disputed label."}) {
    EXPECT_NE(page.find(part), std::string::npos) << part;
  }
}

TEST(Report, RefusesPredictionsOfOtherData) {
  const TemporaryFolder folder;
  Dataset data = sample_test_set(kImages);
  make_run_directory(folder.path(), data);
  data.labels[7] = static_cast<std::uint8_t>((data.labels[7] + 1) % 10);
  expect_error([&] { write_report(folder.path(), data, ""); },
               {"predictions.csv", "not those of the test set of sample"});
}

TEST(Report, LeavesOutARunThatLearnedFromOtherData) {
  const TemporaryFolder folder;
  const Dataset data = sample_test_set(kImages);
  make_run_directory(folder.path(), data);
  write_predictions(folder / "GN" / "predictions.csv",
                    sample_predictions(sample_test_set(kImages, 7), 3));
  write_report(folder.path(), data, "");
  EXPECT_FALSE(std::filesystem::exists(folder / "GN" / "confusion.png"));
  EXPECT_TRUE(std::filesystem::exists(folder / "BN-L1" / "confusion.png"));
}

TEST(Report, SaysWhatIsMissing) {
  const TemporaryFolder folder;
  const Dataset data = sample_test_set(kImages);
  expect_error([&] { write_report(folder.path(), data, ""); }, {"results.json"});
  make_run_directory(folder.path(), data);
  write_file_atomically(folder / "results.json", std::string_view("{"));
  expect_error([&] { write_report(folder.path(), data, ""); }, {"results.json", "damaged"});
}

class PathGuard {
 public:
  explicit PathGuard(const std::string& path) : before_(std::getenv("PATH")) {
    ::setenv("PATH", path.c_str(), 1);
  }
  ~PathGuard() { ::setenv("PATH", before_.c_str(), 1); }

 private:
  std::string before_;
};

TEST(Gnuplot, SaysWhatToInstall) {
  const TemporaryFolder folder;
  const PathGuard guard(folder.path());
  expect_error([] { run_gnuplot("set terminal svg\nplot 1\n"); },
               {"gnuplot cannot be started", "apt install gnuplot-nox"});
}

TEST(Gnuplot, HandsItsComplaintOn) {
  expect_error([] { run_gnuplot("set terminal svg\nplot nonsense(\n"); },
               {"gnuplot made no figure"});
  expect_error([] { run_gnuplot(""); }, {"gnuplot made no figure"});
}

// As with a full disk of temporary files: gnuplot ends with 0 all the same.
TEST(Gnuplot, HalfAFigureIsNone) {
  const TemporaryFolder folder;
  const std::string path = std::getenv("PATH");
  for (const std::string picture :
       {"<svg><g transform", "\\211PNG\\r\\n\\032\\n0123", "no picture"}) {
    write_file_atomically(folder / "gnuplot",
                          "#!/bin/sh\ncat >/dev/null\nprintf '" + picture + "'\n");
    std::filesystem::permissions(folder / "gnuplot", std::filesystem::perms::owner_all);
    const PathGuard guard(folder.path().string() + ":" + path);
    expect_error([] { run_gnuplot("set terminal svg\nplot 1\n"); }, {"only a part of a figure"});
  }
}

TEST(Gnuplot, NoNameIsACommand) {
  const TemporaryFolder folder;
  const std::string touch = (folder / "touched").string();
  const std::vector<std::string> names = {"it's'; system('touch " + touch + "') #",
                                          "\"; system(\"touch " + touch + "\") #",
                                          "`touch " + touch + "`",
                                          "$(touch " + touch + ")",
                                          "a\nsystem('touch " + touch + "')",
                                          "{/Bold x}_y^z \\n @p %d",
                                          "END",
                                          "äöü 中文 …"};
  const Dataset data = sample_test_set(kImages);
  for (const std::string& name : names) {
    ExperimentResults results = sample_results(kImages);
    results.experiment = name;
    for (RunResult& run : results.runs) run.name = name;
    Dataset named = data;
    for (std::string& class_name : named.class_names) class_name = name;
    const MistakeCounts counts = sample_mistakes(data, 12);
    const std::string terminal = svg_terminal(700, 400);
    EXPECT_NO_THROW(run_gnuplot(terminal + accuracy_figure(results, kImages))) << name;
    EXPECT_NO_THROW(run_gnuplot(terminal + gallery_figure(name, counts, named))) << name;
    EXPECT_NO_THROW(run_gnuplot(terminal + confusion_figure(name, counts, named.class_names)))
        << name;
  }
  EXPECT_FALSE(std::filesystem::exists(touch));
}

TEST(Curves, AnyHistoryCanBeDrawn) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<std::vector<double>> histories = {
      {},           {97.1}, {100, 100, 100}, {0, 0},       {10, 9.8},
      {99.9, kNan}, {kNan}, {99.16, 99.16},  {60, 99.999}, std::vector<double>(1000, 99)};
  for (std::size_t i = 0; i < histories.size(); ++i) {
    ExperimentResults results = sample_results(kImages);
    for (RunResult& run : results.runs) run.epochs = sample_history(histories[i], kImages);
    results.runs[0].epochs = sample_history(histories[0], kImages);
    for (const std::string& figure : {accuracy_figure(results, kImages), loss_figure(results)}) {
      const auto bytes = run_gnuplot(png_terminal(700, 400) + figure);
      EXPECT_EQ(decode_png(bytes, "curves").width, 700) << i;
    }
  }
}

TEST(Curves, TwelveRunsAndMoreDiffer) {
  ExperimentResults results = sample_results(kImages);
  const RunResult run = results.runs[0];
  results.runs.assign(28, run);
  for (std::size_t i = 0; i < results.runs.size(); ++i) results.runs[i].arm += std::to_string(i);
  const std::string script = accuracy_figure(results, kImages);
  std::set<std::string> appearances;
  std::size_t at = 0;
  while ((at = script.find("with linespoints", at)) != std::string::npos) {
    const std::size_t end = script.find("pointtype", at);
    appearances.insert(script.substr(at, end - at));
    at = end;
  }
  EXPECT_EQ(appearances.size(), 28u);  // of colour and dash together
}

// 60 lines could not be told apart.
TEST(Curves, RunsThatRepeatOneAnotherAreOneLineOfTheirMean) {
  ExperimentResults results = sample_results(kImages);
  RunResult run = results.runs[0];
  results.runs.assign(2, run);
  run.arm = "other";
  results.runs.insert(results.runs.end(), 58, run);
  results.runs[0].epochs = sample_history({80, 90}, kImages);
  results.runs[1].epochs = sample_history({82, 94, 96}, kImages);
  const std::string script = accuracy_figure(results, kImages);
  EXPECT_NE(script.find("$line0 << END\n1 19 19 19\n2 8 8 8\nEND\n"), std::string::npos) << script;
  EXPECT_NE(script.find("(58 runs)"), std::string::npos);
  EXPECT_EQ(script.find("$line2"), std::string::npos);
}

TEST(Arms, TheTableHasMeanAndDeviationOfWhatHasFinished) {
  ExperimentResults results = sample_results(kImages);
  RunResult run = results.runs[0];
  results.runs.clear();
  for (const double accuracy : {90.0, 92.0, 97.0}) {  // mean 93, squares 9 + 1 + 16 = 26
    run.epochs = sample_history({50, accuracy}, kImages);
    results.runs.push_back(run);
  }
  run.status = RunStatus::kFailed;
  run.epochs = sample_history({10}, kImages);
  results.runs.push_back(run);
  const Table table = arms_table(results);
  ASSERT_EQ(table.rows.size(), 1u);
  const std::vector<std::string>& row = table.rows[0];
  EXPECT_EQ(row[1], "3 of 4");
  EXPECT_EQ(row[2], "93.000 %");
  EXPECT_EQ(row[3], "3.606");  // sqrt(26 / 2)
  EXPECT_EQ(row[4], "90.00 %");
  EXPECT_EQ(row[5], "97.00 %");
}

TEST(Confusion, OfSeveralRunsTheNumbersAreMeans) {
  const Dataset data = sample_test_set(kImages);
  MistakeCounts counts;
  for (const int mistakes : {11, 1, 0}) counts.add(sample_predictions(data, mistakes));
  const std::string script = confusion_figure("GN", counts, data.class_names);
  // Zero is taken for one by 2, 1 and 0 of its 30 images; two for three by 1, 0 and 0.
  EXPECT_NE(script.find("set label '1.0' at 1,0 "), std::string::npos) << script;
  EXPECT_NE(script.find("set label '0.3' at 3,2 "), std::string::npos);
  EXPECT_NE(script.find("set label '29' at 0,0 "), std::string::npos);
  EXPECT_NE(script.find("The mean over 3 seeds: 296 of 300 test images"), std::string::npos);
  EXPECT_NE(confusion_figure("GN", sample_mistakes(data, 11), data.class_names)
                .find("set label '2' at 1,0 "),
            std::string::npos);
}

TEST(Confusion, ManyClassesCanBeDrawn) {
  for (const int classes : {2, 26, 62}) {
    const Dataset data = sample_test_set(kImages, classes);
    const std::string script = confusion_figure("GN", sample_mistakes(data, 12), data.class_names);
    const auto bytes = run_gnuplot(png_terminal(kConfusionWidth, kConfusionHeight) + script);
    EXPECT_EQ(decode_png(bytes, "confusion").height, kConfusionHeight);
  }
}

TEST(Page, OfManyUnfinishedRunsThreeAreNamed) {
  PageContent content;
  content.test_images = kImages;
  for (int seed = 1; seed <= 5; ++seed) {
    JudgedRun run;
    run.result.name = fmt::format("GN {}", seed);
    run.result.status = seed == 4 ? RunStatus::kFailed : RunStatus::kInterrupted;
    content.runs.push_back(run);
  }
  const std::string page = make_page(content);
  EXPECT_NE(page.find("<strong>GN 3</strong> is not finished"), std::string::npos);
  EXPECT_NE(page.find("<strong>GN 4</strong> failed"), std::string::npos);
  EXPECT_EQ(page.find("<strong>GN 5</strong>"), std::string::npos);
  EXPECT_NE(page.find("1 more is not finished."), std::string::npos);
}

TEST(Page, AFigureIsNotShownWiderThanItWasDrawn) {
  PageContent content;
  content.test_images = kImages;
  content.sweep_svgs = {{"A grid", {}, 700}};
  const std::string page = make_page(content);
  const std::size_t figure = page.find("alt=\"A grid\"");
  ASSERT_NE(figure, std::string::npos);
  EXPECT_NE(page.rfind("max-width: 700px", figure), std::string::npos);
}

}  // namespace
}  // namespace normlab
