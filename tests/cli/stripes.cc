#include "cli/stripes.h"

#include <cstdint>
#include <string>
#include <vector>

#include "data_sets/idx_files.h"
#include "normlab/base/file.h"
#include "normlab/base/random.h"

namespace normlab {
namespace {

// Rows, columns, diagonals, and what lies between them.
std::uint8_t pixel(int label, int row, int column, int phase, RandomStream& random) {
  const int position = label == 0 ? row : label == 1 ? column : (label - 1) * row + column;
  const int bright = (position + phase) % 4 < 2 ? 150 : 30;
  return static_cast<std::uint8_t>(bright + static_cast<int>(random.below(100)));
}

void write_split(const std::filesystem::path& folder, const std::string& prefix,
                 const Stripes& stripes, int images, std::uint32_t stream) {
  std::vector<std::uint8_t> pixels;
  std::vector<std::uint8_t> labels;
  for (int i = 0; i < images; ++i) {
    RandomStream random(20, Purpose::kOrder, stream, static_cast<std::uint32_t>(i));
    const int label = i % stripes.classes;
    const auto phase = static_cast<int>(random.below(4));
    labels.push_back(static_cast<std::uint8_t>(label));
    for (int row = 0; row < stripes.side; ++row) {
      for (int column = 0; column < stripes.side; ++column) {
        pixels.push_back(pixel(label, row, column, phase, random));
      }
    }
  }
  const auto count = static_cast<std::uint32_t>(images);
  const auto side = static_cast<std::uint32_t>(stripes.side);
  write_file_atomically(folder / (prefix + "-images-idx3-ubyte"),
                        as_text(idx_file({count, side, side}, pixels)));
  write_file_atomically(folder / (prefix + "-labels-idx1-ubyte"),
                        as_text(idx_file({count}, labels)));
}

}  // namespace

void write_stripes(const std::filesystem::path& folder, const Stripes& stripes) {
  std::filesystem::create_directory(folder);
  write_split(folder, "train", stripes, stripes.train_images, 1);
  write_split(folder, "t10k", stripes, stripes.test_images, 2);
}

}  // namespace normlab
