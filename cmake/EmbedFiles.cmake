# Writes a C++ file that holds the given text files, so that the program finds what it ships with
# wherever it is run from:
#   cmake -DOUTPUT=shipped_files.cc -DROOT=/source "-DFILES=models/a.toml,..." -P EmbedFiles.cmake
string(REPLACE "," ";" FILES "${FILES}")
set(entries "")
foreach(file IN LISTS FILES)
  file(READ "${ROOT}/${file}" text)
  string(APPEND entries "    {\"${file}\", R\"shipped(${text})shipped\"},\n")
endforeach()
file(WRITE "${OUTPUT}" "// Written by cmake/EmbedFiles.cmake.
#include \"normlab/experiment/shipped.h\"

namespace normlab {

std::span<const ShippedFile> shipped_files() {
  static const ShippedFile files[] = {
${entries}  };
  return files;
}

}  // namespace normlab
")
