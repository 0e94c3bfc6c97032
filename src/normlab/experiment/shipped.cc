#include "normlab/experiment/shipped.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "normlab/base/error.h"
#include "normlab/base/file.h"
#include "normlab/base/nearest.h"

namespace normlab {

ShippedFile find_text(const std::string& kind, const std::string& name,
                      const std::filesystem::path& folder) {
  const bool is_file = name.ends_with(".toml") || name.find('/') != std::string::npos;
  const std::string shipped_name =
      fmt::format("{}/{}{}", kind, name, name.ends_with(".toml") ? "" : ".toml");
  std::vector<std::filesystem::path> places = {shipped_name};
  if (is_file) places = {folder / name, name};
  for (const std::filesystem::path& place : places) {
    std::error_code ignored;
    if (std::filesystem::is_regular_file(place, ignored)) {
      return {place.string(), read_text_file(place)};
    }
  }
  std::vector<std::string> known;
  for (const ShippedFile& file : shipped_files()) {
    if (file.path == shipped_name) return file;
    if (const std::filesystem::path path = file.path; path.parent_path() == kind) {
      known.push_back(path.stem().string());
    }
  }
  throw UsageError(
      fmt::format("{}: no such file, and none of the {} that come with normlab is "
                  "called so; the nearest is {} (all: {})",
                  name, kind, nearest_name(name, known), fmt::join(known, ", ")));
}

}  // namespace normlab
