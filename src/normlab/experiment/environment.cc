#include "normlab/experiment/environment.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>

#include "normlab/base/workers.h"
#include "normlab/experiment/build_info.h"
#include "normlab/kernels/matrix_unit.h"
#include "normlab/kernels/simd.h"

namespace normlab {
namespace {

using Json = nlohmann::ordered_json;

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

// The text at a path like "libraries.highway".
std::string text_at(const nlohmann::ordered_json& json, const std::string& path) {
  const auto* value = &json;
  std::size_t begin = 0;
  while (begin < path.size()) {
    const std::size_t end = std::min(path.find('.', begin), path.size());
    const std::string key = path.substr(begin, end - begin);
    if (!value->is_object() || !value->contains(key)) return "unknown";
    value = &(*value)[key];
    begin = end + 1;
  }
  return value->is_string() ? value->get<std::string>() : value->dump();
}

}  // namespace

std::string bits_text() {
  return has_fused_multiply_add()
             ? "the same on every instruction set with fused multiply-add"
             : "the same on every instruction set without fused multiply-add, others than with it";
}

std::string system_name() {
  struct utsname name {};
  ::uname(&name);
  return fmt::format("{}, {} {} {}", value_in_file("/etc/os-release", "PRETTY_NAME"), name.sysname,
                     name.release, name.machine);
}

std::string processor_name() { return value_in_file("/proc/cpuinfo", "model name"); }

std::string describe_environment(int threads, const std::set<std::string>& convolutions,
                                 const std::vector<DataSum>& data) {
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
      {"bf16_products", bf16_products()},
      {"bits", bits_text()},
      {"threads", threads},
      {"convolution", convolutions},
      {"available_threads", available_threads()},
      {"started", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)))},
      {"data_sha256", sums}};
  return environment.dump(2);
}

std::optional<bool> had_fused_multiply_add(const std::string& recorded) {
  const auto environment = nlohmann::json::parse(recorded, nullptr, /*allow_exceptions=*/false);
  if (!environment.is_object() || !environment.contains("fused_multiply_add")) return std::nullopt;
  const auto& value = environment["fused_multiply_add"];
  return value.is_boolean() ? std::optional(value.get<bool>()) : std::nullopt;
}

std::vector<std::string> environment_differences(const std::string& recorded) {
  const auto there = nlohmann::ordered_json::parse(recorded);
  const auto here = nlohmann::ordered_json::parse(describe_environment(1, {}, {}));
  std::vector<std::string> differences;
  // Threads are left out: results do not depend on them.
  for (const std::string key :
       {"normlab", "commit", "compiler", "flags", "build_type", "libraries.highway",
        "libraries.c library", "instruction_set", "fused_multiply_add", "processor", "system"}) {
    const std::string was = text_at(there, key);
    const std::string is = text_at(here, key);
    if (was != is) differences.push_back(fmt::format("{}: {} there, {} here", key, was, is));
  }
  return differences;
}

}  // namespace normlab
