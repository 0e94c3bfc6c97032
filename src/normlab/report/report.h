// Figures and page of a run directory, made from the files in it and the test images.
#pragma once

#include <filesystem>
#include <string>

#include "normlab/data/dataset.h"

namespace normlab {

// Writes accuracy and loss (.png, .svg), misclassified.png and confusion.png of every run that has
// predictions of this test set, or misclassified-<arm>.png and confusion-<arm>.png of the runs that
// repeat one another, seeds and differences (.png, .svg) if any do, and report.html, each
// atomically. `network_summary` is the text shown for the network. Throws Error
// if a file is missing or damaged, no run's predictions are those of `test_set`, or gnuplot is not
// there.
void write_report(const std::filesystem::path& run_directory, const Dataset& test_set,
                  const std::string& network_summary);

}  // namespace normlab
