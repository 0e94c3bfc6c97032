// Standard output while something is at work: lines that stay, and on a terminal one below them
// that is drawn again and again.
#pragma once

#include <string>

#include "normlab/cli/terminal.h"

namespace normlab {

class LiveOutput {
 public:
  explicit LiveOutput(bool quiet) : terminal_(standard_output()), quiet_(quiet) {}
  ~LiveOutput() { clear(); }
  LiveOutput(const LiveOutput&) = delete;
  LiveOutput& operator=(const LiveOutput&) = delete;

  const Terminal& terminal() const { return terminal_; }
  bool has_live_line() const { return terminal_.is_terminal && !quiet_; }

  void keep(const std::string& line);  // unless quiet
  void show(const std::string& live_line);
  void clear();  // the live line

  // On the standard error, also for those who want quiet.
  void remark(const std::string& text);
  void failed(const std::string& run, const std::string& message);

 private:
  Terminal terminal_;
  bool quiet_;
  bool is_shown_ = false;  // the live line
};

}  // namespace normlab
