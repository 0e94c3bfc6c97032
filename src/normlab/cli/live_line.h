// The lines that show work going on, as text. What does not fit into `width` columns less one is
// left out, the least needed first: a line that wraps cannot be redrawn.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "normlab/cli/terminal.h"
#include "normlab/train/trainer.h"

namespace normlab {

// An epoch at work; `seconds_left` of the whole experiment.
std::string live_line(const Progress& progress, double seconds_left, int width,
                      const Terminal& terminal);

struct SweepAtWork {
  struct Run {
    std::string name;
    double epochs_done = 0;
    int epochs = 0;
  };
  std::size_t ended = 0;  // of `runs`
  std::size_t runs = 0;
  double share = 0;  // of the work that is done, what is at work counted too
  double seconds_left = 0;
  std::vector<Run> at_work;
};

std::string live_line(const SweepAtWork& sweep, int width, const Terminal& terminal);

}  // namespace normlab
