#include "normlab/experiment/build_info.h"

#include <features.h>
#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

#include <curl/curl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <png.h>
#include <toml++/toml.h>
#include <zlib.h>

#include <nlohmann/json.hpp>

#include "build_info_values.h"

namespace normlab {

namespace {

// Its exp, sin and cos are used outside the kernels.
std::string c_library_version() {
#ifdef __GLIBC__
  return std::string("glibc ") + gnu_get_libc_version();
#else
  return "unknown";
#endif
}

}  // namespace

BuildInfo build_info() { return {kVersion, kCommit, kCompiler, kFlags, kBuildType}; }

std::vector<LibraryVersion> library_versions() {
  return {{"c library", c_library_version()},
          {"curl", curl_version_info(CURLVERSION_NOW)->version},
          {"fmt", fmt::format("{}.{}.{}", FMT_VERSION / 10000, FMT_VERSION / 100 % 100,
                              FMT_VERSION % 100)},
          {"highway", kHighwayVersion},
          {"nlohmann-json", fmt::format("{}.{}.{}", NLOHMANN_JSON_VERSION_MAJOR,
                                        NLOHMANN_JSON_VERSION_MINOR, NLOHMANN_JSON_VERSION_PATCH)},
          {"openssl", OpenSSL_version(OPENSSL_VERSION_STRING)},
          {"png", png_get_libpng_ver(nullptr)},
          {"tomlplusplus", fmt::format("{}.{}.{}", TOML_LIB_MAJOR, TOML_LIB_MINOR, TOML_LIB_PATCH)},
          {"zlib", zlibVersion()}};
}

}  // namespace normlab
