// What a program must do for its standard streams so that nothing is lost without a word.
#pragma once

namespace normlab {

// Opens /dev/null for each of the three that is closed: otherwise the next file would take its
// number, and what is printed would go into that file.
void open_standard_streams();

// Throws Error if anything that was printed to standard output did not arrive.
void flush_standard_output();

}  // namespace normlab
