#include "normlab/train/digests.h"

#include <charconv>
#include <span>

#include "normlab/data/digest.h"

namespace normlab {
namespace {

std::uint64_t digest_of(std::span<const float> values) {
  const std::string hex = hex_digest(Hash::kSha256, std::as_bytes(values));
  std::uint64_t digest = 0;
  std::from_chars(hex.data(), hex.data() + 16, digest, 16);
  return digest;
}

}  // namespace

std::vector<std::uint64_t> digest_arrays(const Network& network) {
  std::vector<std::uint64_t> digests;
  for (const ParameterView& view : network.parameters()) {
    digests.push_back(digest_of(network.parameter_values().subspan(view.offset, view.count)));
  }
  for (const ParameterView& view : network.buffers()) {
    digests.push_back(digest_of(network.buffer_values().subspan(view.offset, view.count)));
  }
  return digests;
}

std::vector<std::string> array_names(const Network& network) {
  std::vector<std::string> names;
  for (const ParameterView& view : network.parameters()) names.push_back(view.name);
  for (const ParameterView& view : network.buffers()) names.push_back(view.name);
  return names;
}

}  // namespace normlab
