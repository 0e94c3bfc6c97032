// Where and with what an experiment was run: environment.json.
#pragma once

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
// threads; the sums of the data; the time of the start.
std::string describe_environment(int threads, const std::vector<DataSum>& data);

// "Debian GNU/Linux 12 (bookworm), Linux 6.1.0 x86_64".
std::string system_name();
// "AMD EPYC 7763"; "unknown" where the system does not say.
std::string processor_name();

}  // namespace normlab
