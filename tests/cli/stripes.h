// A small data set that can be learned, as four IDX files.
#pragma once

#include <filesystem>

namespace normlab {

struct Stripes {
  int side = 12;
  int classes = 3;  // directions
  int train_images = 320;
  int test_images = 96;
};

// Creates `folder` with images of noisy stripes: a class is a direction (the sixth is the second
// again, and so on), the phase is random.
void write_stripes(const std::filesystem::path& folder, const Stripes& stripes);

}  // namespace normlab
