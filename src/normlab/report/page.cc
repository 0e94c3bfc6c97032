#include "normlab/report/page.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "normlab/base/text.h"
#include "normlab/report/comparison_tables.h"
#include "normlab/report/html.h"
#include "normlab/report/page_style.h"
#include "normlab/report/text.h"

namespace normlab {
namespace {

using Json = nlohmann::ordered_json;

std::string section(const std::string& id, const std::string& title, const std::string& body) {
  return fmt::format("<section id=\"{}\">\n<h2>{}</h2>\n{}</section>\n", id, escape_html(title),
                     body);
}

std::string picture(const std::string& classes, const std::string& image_class,
                    const std::string& media_type, const Bytes& bytes,
                    const std::string& description) {
  return fmt::format("<figure class=\"{}\"><img class=\"{}\" src=\"{}\" alt=\"{}\"></figure>\n",
                     classes, image_class, data_uri(media_type, bytes), escape_html(description));
}

std::string wrapped(const std::string& classes, const std::string& body) {
  return fmt::format("<div class=\"{}\">\n{}</div>\n", classes, body);
}

std::string head(const PageContent& content) {
  // The policy makes the browser itself refuse to fetch anything.
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
      "img-src data:; style-src 'unsafe-inline'\">\n"
      "<title>{} – normlab</title>\n<style>{}</style>\n</head>\n",
      escape_html(content.experiment), kPageStyle);
}

std::string opening(const PageContent& content) {
  const std::size_t runs = content.runs.size();
  return fmt::format(
      "<header>\n<h1>{}</h1>\n<p class=\"lead\">{} {} on {}, {} test images</p>\n<nav>"
      "<a href=\"#results\">Results</a>{}{}<a href=\"#curves\">Curves</a>"
      "<a href=\"#mistakes\">Mistakes</a><a href=\"#recipe\">Recipe</a>"
      "<a href=\"#network\">Network</a><a href=\"#environment\">Environment</a></nav>\n</header>\n",
      escape_html(content.experiment), runs, runs == 1 ? "run" : "runs", escape_html(content.data),
      with_thousands(content.test_images),
      content.sweep_svgs.empty() ? "" : "<a href=\"#sweep\">Over settings</a>",
      content.comparison ? "<a href=\"#statistics\">Over seeds</a>" : "");
}

std::string results(const PageContent& content) {
  std::string body;
  if (content.arms) {
    body += wrapped("results", html_table(*content.arms));
    body += fmt::format("<details><summary>All {} runs</summary>\n{}</details>\n",
                        content.runs.size(), wrapped("results", html_table(content.results)));
  } else {
    body += wrapped("results", html_table(content.results));
  }
  // Failures are told one by one; a sweep that was stopped may have left dozens of runs.
  constexpr int kMostUnfinished = 3;
  int unfinished = 0;
  std::string trouble;
  for (const JudgedRun& run : content.runs) {
    if (run.result.status == RunStatus::kFinished) continue;
    const bool failed = run.result.status == RunStatus::kFailed;
    if (!failed && ++unfinished > kMostUnfinished) continue;
    trouble += fmt::format(
        "<p><strong>{}</strong> {}: {}</p>\n", escape_html(run.result.name),
        failed ? "failed" : "is not finished",
        escape_html(run.result.message.empty() ? "no reason was recorded" : run.result.message));
  }
  if (unfinished > kMostUnfinished) {
    trouble += fmt::format("<p>{} more {} not finished.</p>\n", unfinished - kMostUnfinished,
                           unfinished == kMostUnfinished + 1 ? "is" : "are");
  }
  if (!trouble.empty()) body += wrapped("note trouble", trouble);
  std::string note = "<p><strong>What this can and cannot show.</strong></p>\n";
  for (const std::string& paragraph : findings(content.runs, content.test_images)) {
    note += fmt::format("<p>{}</p>\n", escape_html(paragraph));
  }
  body += wrapped("note", note);
  // Beside the best of many runs the others would be judged by chance.
  const Table compared = content.arms ? Table() : comparison_table(content.runs);
  if (!compared.rows.empty()) {
    body += "<h3>The best run beside the others, image by image</h3>\n";
    body += wrapped("compared", html_table(compared));
    body +=
        "<p class=\"lead\">The last column: how often two equally good networks would split the "
        "images on which they disagree at least this unevenly (exact sign test), corrected for the "
        "number of rows (Holm). The first run was chosen because it is the best on these images, "
        "which favours it. And the test knows of the test set's chance only, not of the "
        "seed's.</p>\n";
  }
  return section("results", "Results", body);
}

std::string paragraphs(const std::string& lines) {
  std::string body;
  std::size_t begin = 0;
  for (std::size_t end = 0; (end = lines.find('\n', begin)) != std::string::npos; begin = end + 1) {
    body += fmt::format("<p>{}</p>\n", escape_html(lines.substr(begin, end - begin)));
  }
  return body;
}

// What repeated arms come to; nothing if there are none.
std::string statistics(const PageContent& content) {
  if (!content.comparison) return "";
  const Comparison& comparison = *content.comparison;
  std::string body = wrapped("note", paragraphs(verdict_lines(comparison)));
  if (comparison.pairs.empty()) body.clear();
  body += picture("broad", "drawn", "image/svg+xml", content.seeds_svg,
                  "Test accuracy of every seed, and the mean of each arm with its interval");
  body += wrapped("compared", html_table(arm_table(comparison)));
  if (!comparison.pairs.empty()) {
    body += picture("broad", "drawn", "image/svg+xml", content.differences_svg,
                    "Difference of each pair of arms with its interval");
    body += wrapped("compared", html_table(pair_table(comparison)));
  }
  const Table scores = score_table(comparison);
  if (!scores.rows.empty()) body += wrapped("compared", html_table(scores));
  std::string notes;
  for (const std::string& note : comparison.notes) notes += note + '\n';
  body += wrapped("note", paragraphs(notes));
  const std::string left_out = left_out_lines(comparison);
  if (!left_out.empty()) body += wrapped("note trouble", paragraphs("Left out:\n" + left_out));
  body +=
      "<p class=\"lead\">Runs of one arm differ in nothing but their seed. Intervals are at 95 %, "
      "p is "
      "that of a permutation test, Needed the seeds with which a difference of this size is found "
      "with probability 0.8.</p>\n";
  return section("statistics", "Over seeds", body);
}

// How the accuracy goes with what was swept; nothing if no number was.
std::string sweep(const PageContent& content) {
  std::string body;
  for (const DescribedPicture& drawn : content.sweep_svgs) {
    body += fmt::format("<div style=\"max-width: {}px\">{}</div>\n", drawn.width,
                        picture("broad", "drawn", "image/svg+xml", drawn.svg, drawn.description));
  }
  return body.empty() ? "" : section("sweep", "Over settings", body);
}

std::string curves(const PageContent& content) {
  std::string body =
      picture("broad", "drawn", "image/svg+xml", content.accuracy_svg, "Accuracy after each epoch");
  body += picture("broad", "drawn", "image/svg+xml", content.loss_svg, "Loss after each epoch");
  body +=
      "<p class=\"lead\">The loss is the mean negative log-likelihood of the images, without any "
      "penalty. The scale of the accuracy is that of the errors, logarithmic, so that 99.1 "
      "and 99.2 can be told apart.</p>\n";
  return section("curves", "Curves", body);
}

std::string mistakes(const PageContent& content) {
  std::string body;
  if (content.arms) {
    body +=
        "<p class=\"lead\">Finished runs that repeat one another are counted together. An image is "
        "shown with the wrong class that it is most often taken for, how many seeds do so, and the "
        "mean of the probabilities that these give the class. The numbers of a confusion matrix "
        "are means over the seeds.</p>\n";
  }
  if (content.disputed_labels > 0) {
    body += fmt::format(
        "<p class=\"lead\">Disputed are {} labels of these test images: fewer than three of five "
        "human raters agreed with them, so that a network that does not may be right "
        "(Northcutt, Athalye and Mueller, “Pervasive label errors in test sets destabilize machine "
        "learning benchmarks”, arXiv:2103.14749, who had 100 of the images rated).</p>\n",
        content.disputed_labels);
  }
  for (const MistakePictures& pictures : content.mistakes) {
    body += fmt::format("<h3>{}</h3>\n", escape_html(pictures.name));
    if (pictures.misclassified_png.empty()) {
      body += "<p class=\"lead\">There are no predictions of these test images.</p>\n";
      continue;
    }
    const char* image_class = content.are_photographs ? "photograph" : "drawn";
    body += picture("broad", image_class, "image/png", pictures.misclassified_png,
                    pictures.description);
    body += picture("square", "drawn", "image/png", pictures.confusion_png,
                    "Confusion matrix of " + pictures.name);
  }
  return section("mistakes", "Mistakes", body);
}

std::string recipe(const PageContent& content) {
  std::string body;
  if (content.recipe) body += wrapped("plain", html_table(*content.recipe));
  if (!content.experiment_text.empty()) {
    body += fmt::format("<details><summary>experiment.toml</summary>\n<pre>{}</pre></details>\n",
                        escape_html(content.experiment_text));
  }
  if (body.empty()) body = "<p class=\"lead\">There is no experiment.toml.</p>\n";
  return section("recipe", "Recipe", body);
}

std::string network(const PageContent& content) {
  const std::string body =
      content.network_summary.empty()
          ? "<p class=\"lead\">There is no summary.</p>\n"
          : fmt::format("<pre>{}</pre>\n", escape_html(content.network_summary));
  return section("network", "Network", body);
}

// {"a": {"b": 1}} as the rows a.b, 1.
void flatten(Table& table, const std::string& prefix, const nlohmann::ordered_json& value) {
  if (value.is_object()) {
    for (const auto& [key, inner] : value.items()) {
      flatten(table, prefix.empty() ? key : prefix + "." + key, inner);
    }
    return;
  }
  table.rows.push_back({prefix, value.is_string()
                                    ? value.get<std::string>()
                                    : value.dump(-1, ' ', false, Json::error_handler_t::replace)});
}

std::string environment(const PageContent& content) {
  Table table{{"What", "How"}, {}, {false, false}};
  const auto json = nlohmann::ordered_json::parse(content.environment, nullptr, false);
  if (json.is_object()) flatten(table, "", json);
  const std::string body = table.rows.empty() ? "<p class=\"lead\">Nothing is recorded.</p>\n"
                                              : wrapped("plain", html_table(table));
  return section("environment", "Environment", body);
}

}  // namespace

std::string make_page(const PageContent& content) {
  return head(content) + "<body>\n<main>\n" + opening(content) + results(content) + sweep(content) +
         statistics(content) + curves(content) + mistakes(content) + recipe(content) +
         network(content) + environment(content) +
         "<footer>Made by normlab. The numbers are in results.json beside this page; "
         "<code>normlab report</code> makes it again.</footer>\n</main>\n</body>\n</html>\n";
}

}  // namespace normlab
