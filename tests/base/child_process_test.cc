#include "normlab/base/child_process.h"

#include <gtest/gtest.h>

#include <csignal>
#include <system_error>

namespace normlab {
namespace {

TEST(ChildProcess, EndsWithItsExitCodeOrItsSignal) {
  EXPECT_EQ(exit_code_of(start_child({"sh", "-c", "exit 3"}, {})), 3);
  EXPECT_EQ(exit_code_of(start_child({"sh", "-c", "kill -TERM $$"}, {})), 128 + SIGTERM);
}

// Else every child would seem to have done its work.
TEST(ChildProcess, WhoseEndCannotBeKnownIsNoSuccess) {
  const auto before = std::signal(SIGCHLD, SIG_IGN);
  EXPECT_THROW(exit_code_of(start_child({"sh", "-c", "exit 3"}, {})), std::system_error);
  std::signal(SIGCHLD, before);
}

}  // namespace
}  // namespace normlab
