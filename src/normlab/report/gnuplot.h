// Figures by the gnuplot program.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace normlab {

// Runs gnuplot on a script that sets a terminal and no output, and returns the picture. Neither a
// shell nor a file name takes part, and the user's own settings of gnuplot do not. Throws Error
// that says what to install if there is no gnuplot, or what gnuplot complained of.
std::vector<std::byte> run_gnuplot(const std::string& script);

// Text as a gnuplot string: in single quotes, on one line, nothing in it is a command or markup.
std::string quote(const std::string& text);

// Terminals for pictures of this size on white; all text without markup.
std::string png_terminal(int width, int height);
std::string svg_terminal(int width, int height);

// What all figures share: quiet axes, fonts and greys.
std::string figure_style();

}  // namespace normlab
