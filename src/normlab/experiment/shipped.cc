#include "normlab/experiment/shipped.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "normlab/base/error.h"
#include "normlab/base/file.h"
#include "normlab/base/nearest.h"

namespace normlab {
namespace {

// "session6" of "experiments/session6.toml".
std::vector<std::string> names_of(const std::string& kind) {
  std::vector<std::string> names;
  for (const ShippedFile& file : shipped_files()) {
    const std::filesystem::path path = file.path;
    if (path.parent_path() == kind) names.push_back(path.stem().string());
  }
  return names;
}

}  // namespace

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
    if (is_file && std::filesystem::exists(place, ignored)) {
      throw UsageError(fmt::format("{}: is no regular file; a TOML file is needed, or one of: {}",
                                   place.string(), fmt::join(names_of(kind), ", ")));
    }
  }
  for (const ShippedFile& file : shipped_files()) {
    if (file.path == shipped_name) return file;
  }
  const std::vector<std::string> known = names_of(kind);
  throw UsageError(fmt::format(
      "\"{}\": no such file, and none of the {} that come with normlab is called so; the nearest "
      "is {} (all: {})",
      name, kind, nearest_name(name, known), fmt::join(known, ", ")));
}

}  // namespace normlab
