// Runs a test on every instruction set that this machine has.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "normlab/kernels/simd.h"

namespace normlab {

// While it lives, kernels run on this instruction set, and failures say so.
class InstructionSetScope {
 public:
  explicit InstructionSetScope(const std::string& name)
      : trace_(__FILE__, __LINE__, "instruction set " + name) {
    use_instruction_set(name);
  }
  ~InstructionSetScope() { use_instruction_set(""); }
  InstructionSetScope(const InstructionSetScope&) = delete;
  InstructionSetScope& operator=(const InstructionSetScope&) = delete;

 private:
  ::testing::ScopedTrace trace_;
};

template <class Body>
void on_every_instruction_set(const Body& body) {
  for (const std::string& name : available_instruction_sets()) {
    const InstructionSetScope scope(name);
    body();
  }
}

}  // namespace normlab
