# `cmake --install` gives the program, its models and experiments, and for other projects
#
#   find_package(normlab REQUIRED)
#   target_link_libraries(mine PRIVATE normlab::normlab)
include(CMakePackageConfigHelpers)

set(NORMLAB_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/normlab)
set(NORMLAB_SHARE_DIR ${CMAKE_INSTALL_DATADIR}/normlab)

install(TARGETS normlab-cli RUNTIME)
install(TARGETS normlab EXPORT normlab-targets ARCHIVE)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/models ${PROJECT_SOURCE_DIR}/experiments
        DESTINATION ${NORMLAB_SHARE_DIR} FILES_MATCHING PATTERN "*.toml")

# Kernel bodies (*-inl.h) are compiled once per instruction set and need Highway; the command line
# is no library.
install(DIRECTORY ${PROJECT_SOURCE_DIR}/src/normlab DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.h" PATTERN "*.inc"
        PATTERN "*-inl.h" EXCLUDE PATTERN "cli" EXCLUDE)

install(EXPORT normlab-targets NAMESPACE normlab:: DESTINATION ${NORMLAB_CMAKE_DIR})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/normlab-config.cmake.in
                              ${PROJECT_BINARY_DIR}/normlab-config.cmake
                              INSTALL_DESTINATION ${NORMLAB_CMAKE_DIR})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/normlab-config-version.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/normlab-config.cmake
              ${PROJECT_BINARY_DIR}/normlab-config-version.cmake
        DESTINATION ${NORMLAB_CMAKE_DIR})
