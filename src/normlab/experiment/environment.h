// Where and with what an experiment was run: environment.json.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace normlab {

// A file of a data set, or a part of it, with the SHA-256 of its bytes.
struct DataSum {
  std::string dataset;  // "mnist"
  std::string part;     // "train images"
  std::string sha256;
};

// As JSON: version, commit, compiler, flags, libraries; system, processor, instruction set,
// threads; the algorithms of the runs' convolutions; the sums of the data; the time of the start.
std::string describe_environment(int threads, const std::set<std::string>& convolutions,
                                 const std::vector<DataSum>& data);

// What of the environment in this JSON, recorded elsewhere or at another time, is otherwise here
// and may change bits, a line each: "compiler: GNU 12.2.0 there, Clang 14.0.6 here".
std::vector<std::string> environment_differences(const std::string& recorded);

// Whether the environment in this JSON had fused multiply-add; nothing if it does not say.
std::optional<bool> had_fused_multiply_add(const std::string& recorded);

// Which other machines give the bits of the instruction set in use: "the same on every instruction
// set with fused multiply-add".
std::string bits_text();

// "Debian GNU/Linux 12 (bookworm), Linux 6.1.0 x86_64".
std::string system_name();
// "AMD EPYC 7763"; "unknown" where the system does not say.
std::string processor_name();

}  // namespace normlab
