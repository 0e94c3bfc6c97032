#include "normlab/data/digest.h"

#include <fmt/core.h>
#include <openssl/evp.h>

#include <array>
#include <fstream>
#include <new>
#include <vector>

#include "normlab/base/error.h"

namespace normlab {

struct Digest::State {
  State() : context(EVP_MD_CTX_new()) {
    if (context == nullptr) throw std::bad_alloc();
  }
  ~State() { EVP_MD_CTX_free(context); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  EVP_MD_CTX* context;
};

Digest::Digest(Hash hash) : state_(std::make_unique<State>()) {
  const EVP_MD* const method = hash == Hash::kSha256 ? EVP_sha256() : EVP_md5();
  if (EVP_DigestInit_ex(state_->context, method, nullptr) != 1) {
    throw Error("OpenSSL refuses to compute a checksum (MD5 is off where FIPS mode is on)");
  }
}

Digest::~Digest() = default;
Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;

void Digest::add(std::span<const std::byte> bytes) {
  EVP_DigestUpdate(state_->context, bytes.data(), bytes.size());
}

std::string Digest::hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> sum{};
  unsigned int size = 0;
  EVP_DigestFinal_ex(state_->context, sum.data(), &size);
  std::string text;
  for (unsigned int i = 0; i < size; ++i) text += fmt::format("{:02x}", sum[i]);
  return text;
}

std::string hex_digest(Hash hash, std::span<const std::byte> bytes) {
  Digest digest(hash);
  digest.add(bytes);
  return digest.hex();
}

std::string hex_digest_of_file(Hash hash, const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  Digest digest(hash);
  std::vector<char> chunk(std::size_t{1} << 20);
  while (file) {
    file.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
    digest.add(std::as_bytes(std::span(chunk)).first(static_cast<std::size_t>(file.gcount())));
  }
  if (!file.eof()) throw Error(fmt::format("{}: cannot be read", path.native()));
  return digest.hex();
}

}  // namespace normlab
