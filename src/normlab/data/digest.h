// Checksums of data as they are written in lists of files: lower-case hexadecimal.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

namespace normlab {

// MD5 only because some publishers give no other sum: it finds damage, not forgery.
enum class Hash { kSha256, kMd5 };

class Digest {
 public:
  explicit Digest(Hash hash);
  ~Digest();
  Digest(Digest&&) noexcept;
  Digest& operator=(Digest&&) noexcept;

  void add(std::span<const std::byte> bytes);

  // The sum of all that was added; call it once, last.
  std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string hex_digest(Hash hash, std::span<const std::byte> bytes);

// Of a file as it is on the disk. Throws Error if it cannot be read.
std::string hex_digest_of_file(Hash hash, const std::filesystem::path& path);

}  // namespace normlab
