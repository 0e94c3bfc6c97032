// What the arms of an experiment differ in, as far as it can be drawn: a line over a number that
// was swept, or a grid over two settings.
#pragma once

#include <string>
#include <vector>

#include "normlab/experiment/experiment.h"

namespace normlab {

struct SweptAxis {
  struct Point {
    double value = 0;
    std::string arm;  // its name
  };
  // Arms that differ in the axis' key alone, and in keys that go along with it.
  struct Line {
    std::string label;          // what sets it apart from other lines: "batch", "group groups=4"
    std::vector<Point> points;  // in ascending order of the value, at least two
  };
  std::string key;                 // "train.batch_size"
  std::vector<std::string> along;  // keys with one value for each of its values
  std::vector<double> values;      // ascending
  std::vector<Line> lines;
};

// The numeric keys over which some line has at least three points; those that go along with another
// one are no axes of their own.
std::vector<SweptAxis> swept_axes(const Experiment& experiment);

struct SweptGrid {
  struct Side {
    std::string key;
    std::vector<std::string> labels;  // numbers in ascending order, else as they first appear
  };
  Side rows;
  Side columns;
  std::vector<std::vector<std::string>> arms;  // names, [rows][columns]
};

// The grid of an experiment whose arms are all the pairs of values of two independent keys, at
// least two of one and three of the other; no rows if it is another kind of experiment. The key
// with more values makes the columns.
SweptGrid swept_grid(const Experiment& experiment);

}  // namespace normlab
