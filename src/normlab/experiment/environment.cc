#include "normlab/experiment/environment.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/utsname.h>

#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>

#include "normlab/base/workers.h"
#include "normlab/experiment/build_info.h"
#include "normlab/kernels/simd.h"

namespace normlab {
namespace {

// The rest of the first line that begins with `key`, without separators and quotes.
std::string value_in_file(const char* path, const std::string& key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(key)) continue;
    const auto first = line.find_first_not_of(" \t:=\"", key.size());
    const auto last = line.find_last_not_of("\" \t");
    if (first != std::string::npos) return line.substr(first, last - first + 1);
  }
  return "unknown";
}

}  // namespace

std::string system_name() {
  struct utsname name {};
  ::uname(&name);
  return fmt::format("{}, {} {} {}", value_in_file("/etc/os-release", "PRETTY_NAME"), name.sysname,
                     name.release, name.machine);
}

std::string processor_name() { return value_in_file("/proc/cpuinfo", "model name"); }

std::string describe_environment(int threads, const std::vector<DataSum>& data) {
  using Json = nlohmann::ordered_json;
  const BuildInfo build = build_info();
  Json libraries = Json::object();
  for (const LibraryVersion& library : library_versions())
    libraries[library.name] = library.version;
  Json sums = Json::object();
  for (const DataSum& sum : data) sums[sum.dataset][sum.part] = sum.sha256;
  const Json environment = {
      {"normlab", build.version},
      {"commit", build.commit},
      {"compiler", build.compiler},
      {"flags", build.flags},
      {"build_type", build.build_type},
      {"libraries", libraries},
      {"system", system_name()},
      {"processor", processor_name()},
      {"instruction_set", instruction_set()},
      {"fused_multiply_add", has_fused_multiply_add()},
      {"threads", threads},
      {"available_threads", available_threads()},
      {"started", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)))},
      {"data_sha256", sums}};
  return environment.dump(2);
}

}  // namespace normlab
