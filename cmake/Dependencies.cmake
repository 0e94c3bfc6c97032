# Everything outside layers, kernels and training is a library; all are Debian 12 packages
# (scripts/packages/*.txt), and docs/third-party.md gives the reason and the licence of each.

# Linked: who uses an installed normlab needs these too (normlab-config.cmake.in asks for them).
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PNG REQUIRED)
find_package(CURL REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
# Highway and toml++ describe themselves to pkg-config in full, to CMake only on some releases.
find_package(PkgConfig REQUIRED)
pkg_check_modules(tomlplusplus REQUIRED IMPORTED_TARGET tomlplusplus)
pkg_check_modules(libhwy REQUIRED IMPORTED_TARGET libhwy)
add_library(hwy::hwy ALIAS PkgConfig::libhwy)

# Headers only, seen by no one outside.
find_package(Boost REQUIRED CONFIG)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_path(RANDOM123_INCLUDE_DIR Random123/philox.h REQUIRED)
add_library(random123 INTERFACE)
target_include_directories(random123 SYSTEM INTERFACE ${RANDOM123_INCLUDE_DIR})
