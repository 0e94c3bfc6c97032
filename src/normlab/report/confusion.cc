#include "normlab/report/confusion.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "normlab/base/text.h"
#include "normlab/report/gnuplot.h"
#include "normlab/report/text.h"

namespace normlab {
namespace {

constexpr int kMostNumberedClasses = 26;  // beyond, numbers do not fit in the cells

struct Colour {
  double red, green, blue;
};

constexpr Colour kRight = {232, 238, 243};
constexpr Colour kFaint = {255, 243, 234};
constexpr Colour kStrong = {194, 62, 0};

Colour blend(const Colour& from, const Colour& to, double share) {
  const auto mix = [&](double a, double b) { return std::round(a + (b - a) * share); };
  return {mix(from.red, to.red), mix(from.green, to.green), mix(from.blue, to.blue)};
}

int packed(const Colour& colour) {
  return static_cast<int>(colour.red) << 16 | static_cast<int>(colour.green) << 8 |
         static_cast<int>(colour.blue);
}

// Counts with their row and column, summed over the runs.
struct Matrix {
  int classes = 0;
  int runs = 1;
  std::vector<int> counts;

  int at(int label, int predicted) const {
    return counts[static_cast<std::size_t>(label) * static_cast<std::size_t>(classes) +
                  static_cast<std::size_t>(predicted)];
  }
  int largest_mistake() const {
    int largest = 0;
    for (int label = 0; label < classes; ++label) {
      for (int predicted = 0; predicted < classes; ++predicted) {
        if (label != predicted) largest = std::max(largest, at(label, predicted));
      }
    }
    return largest;
  }
  int right() const {
    int sum = 0;
    for (int label = 0; label < classes; ++label) sum += at(label, label);
    return sum;
  }
  int row_sum(int label) const {
    int sum = 0;
    for (int predicted = 0; predicted < classes; ++predicted) sum += at(label, predicted);
    return sum;
  }
};

// The square root spreads small counts, of which there are most.
double strength(int count, int largest) {
  return std::sqrt(static_cast<double>(count) / std::max(largest, 1));
}

std::string cells(const Matrix& matrix) {
  const int largest = matrix.largest_mistake();
  std::string data = "$cells << END\n";
  for (int label = 0; label < matrix.classes; ++label) {
    for (int predicted = 0; predicted < matrix.classes; ++predicted) {
      const int count = matrix.at(label, predicted);
      Colour colour = {252, 252, 252};
      if (label == predicted) {
        colour = kRight;
      } else if (count > 0) {
        colour = blend(kFaint, kStrong, strength(count, largest));
      }
      data += fmt::format("{} {} {}\n", predicted, label, packed(colour));
    }
  }
  return data + "END\n";
}

// A count of one run; of several runs their mean, the smaller the finer.
std::string number(int count, int runs) {
  if (runs == 1) return with_thousands(count);
  const double mean = static_cast<double>(count) / runs;
  if (mean >= 9.95) return with_thousands(std::llround(mean));
  if (mean >= 0.095) return fmt::format("{:.1f}", mean);
  return fmt::format("{:.1g}", mean);
}

std::string numbers(const Matrix& matrix) {
  if (matrix.classes > kMostNumberedClasses) return "";
  const int size = matrix.classes <= 12 ? 15 : 9;
  const int largest = matrix.largest_mistake();
  std::string script;
  for (int label = 0; label < matrix.classes; ++label) {
    for (int predicted = 0; predicted < matrix.classes; ++predicted) {
      const int count = matrix.at(label, predicted);
      if (count == 0) continue;
      const bool wrong = label != predicted;
      const char* colour = wrong && strength(count, largest) > 0.6 ? "#ffffff" : "#333333";
      script += fmt::format("set label {} at {},{} center font ',{}' textcolor rgb '{}' front\n",
                            quote(number(count, matrix.runs)), predicted, label, size,
                            wrong ? colour : "#5a6672");
    }
  }
  return script;
}

std::string shares_of_right(const Matrix& matrix) {
  const int size = matrix.classes <= 12 ? 13 : matrix.classes <= kMostNumberedClasses ? 9 : 7;
  std::string script =
      fmt::format("set label 'right' at {},-0.8 left font ',{}' textcolor rgb '#666666'\n",
                  matrix.classes - 0.35, std::min(size, 13));
  for (int label = 0; label < matrix.classes; ++label) {
    const int sum = matrix.row_sum(label);
    const std::string share =
        sum == 0 ? "–" : fmt::format("{:.1f} %", 100.0 * matrix.at(label, label) / sum);
    script += fmt::format("set label {} at {},{} left font ',{}' textcolor rgb '#666666'\n",
                          quote(share), matrix.classes - 0.35, label, size);
  }
  return script;
}

std::string axes(const std::vector<std::string>& class_names) {
  std::size_t longest = 0;
  std::string list;
  for (std::size_t i = 0; i < class_names.size(); ++i) {
    const std::string name = shorten(class_names[i], 14);
    longest = std::max(longest, character_count(name));
    list += fmt::format("{}{} {}", i == 0 ? "" : ", ", quote(name), i);
  }
  const int size = class_names.size() <= 12 ? 15 : class_names.size() <= 30 ? 11 : 8;
  const bool is_long = longest > 3;
  std::string script =
      fmt::format("set xtics ({0}) font ',{1}' scale 0 {2}\nset ytics ({0}) font ',{1}' scale 0\n",
                  list, size, is_long ? "rotate by 40 right" : "");
  script += "set xlabel 'Predicted class' textcolor rgb '#333333'\n";
  script += "set ylabel 'True class' offset -1,0 textcolor rgb '#333333'\n";
  script += fmt::format(
      "set lmargin at screen {}\nset rmargin at screen 0.9\n"
      "set tmargin at screen 0.88\nset bmargin at screen {}\n",
      is_long ? 0.2 : 0.11, is_long ? 0.18 : 0.1);
  return script;
}

}  // namespace

std::string confusion_figure(const std::string& name, const MistakeCounts& counts,
                             const std::vector<std::string>& class_names) {
  const Matrix matrix{counts.classes(), counts.runs(), counts.confusions()};
  const std::string right =
      matrix.runs == 1
          ? with_thousands(matrix.right())
          : fmt::format(
                "The mean over {} seeds: {}", matrix.runs,
                with_thousands(std::llround(static_cast<double>(matrix.right()) / matrix.runs)));
  std::string script = "set encoding utf8\nunset border\nunset key\n";
  script +=
      fmt::format("set label {} at screen 0.03,0.965 left font ',22' textcolor rgb '#222222'\n",
                  quote(shorten(name, 40) + ": confusion matrix"));
  script +=
      fmt::format("set label {} at screen 0.03,0.925 left font ',14' textcolor rgb '#666666'\n",
                  quote(fmt::format("{} of {} test images are classified correctly", right,
                                    with_thousands(counts.images()))));
  script += axes(class_names);
  script += fmt::format("set xrange [-0.5:{0}]\nset yrange [{0}:-0.5]\n", matrix.classes - 0.5);
  script += numbers(matrix) + shares_of_right(matrix) + cells(matrix);
  script +=
      "plot $cells using 1:2:(0.475):(0.475):3 with boxxyerror fillstyle solid noborder "
      "linecolor rgb variable notitle\n";
  return script;
}

}  // namespace normlab
