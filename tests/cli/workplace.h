// A folder with a tiny data set, a tiny network and an experiment on them, to try the program in.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/program.h"
#include "temporary_folder.h"

namespace normlab {

class Workplace {
 public:
  // 12x12 images of three kinds of noisy stripes: data/ with `train_images` and 96 test images,
  // tiny.toml (the network) and tiny-experiment.toml: 3 epochs in batches of 16, runs GN and BN+L1.
  explicit Workplace(int train_images = 320);

  const std::filesystem::path& path() const { return folder_.path(); }
  std::filesystem::path operator/(const std::string& name) const { return folder_ / name; }

  Outcome run(const std::vector<std::string>& arguments) const {
    return run_program(path(), arguments);
  }
  // normlab run tiny-experiment.toml --no-report --out `out` and `more`.
  std::vector<std::string> run_arguments(const std::string& out,
                                         const std::vector<std::string>& more = {}) const;

  std::string read(const std::string& name) const;
  void write(const std::string& name, const std::string& text) const;
  bool has(const std::string& name) const { return std::filesystem::exists(folder_ / name); }

 private:
  TemporaryFolder folder_;
};

}  // namespace normlab
