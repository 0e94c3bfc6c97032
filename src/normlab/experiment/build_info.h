// What this program was built from and with.
#pragma once

#include <string>
#include <vector>

namespace normlab {

struct BuildInfo {
  std::string version;     // "0.1.0"
  std::string commit;      // of git, "-dirty" if files were changed; "unknown" outside git
  std::string compiler;    // "GNU 12.2.0"
  std::string flags;       // of the C++ compiler
  std::string build_type;  // "Release"
};

BuildInfo build_info();

struct LibraryVersion {
  std::string name;
  std::string version;
};

// The libraries that are used, with the versions that were compiled against or are loaded.
std::vector<LibraryVersion> library_versions();

}  // namespace normlab
