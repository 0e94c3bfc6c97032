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

// The text of an experiment or model named on the command line or in a file. `kind` is
// "experiments" or "models"; the name may lack ".toml". In order: `folder`/name, name,
// <kind>/name in the working folder, shipped. Throws Error that lists the shipped ones, nearest
// first to be tried.
ShippedFile find_text(const std::string& kind, const std::string& name,
                      const std::filesystem::path& folder = {});

}  // namespace normlab
