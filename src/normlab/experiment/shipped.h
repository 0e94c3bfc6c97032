// The experiments and models that come with normlab. They are part of the program, so that
// `normlab run` works from any folder, installed or not.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>

namespace normlab {

struct ShippedFile {
  std::string path;  // "models/session6.toml"
  std::string text;
};

std::span<const ShippedFile> shipped_files();

// The text of an experiment or model named on the command line or in a file; `kind` is
// "experiments" or "models". With a slash or ".toml" it is a file, sought from `folder` and then
// from the working folder. A plain name is that of <kind>/<name>.toml in the working folder or of a
// shipped one. Throws UsageError that names the nearest shipped one.
ShippedFile find_text(const std::string& kind, const std::string& name,
                      const std::filesystem::path& folder = {});

}  // namespace normlab
