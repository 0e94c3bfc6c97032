#include "normlab/cli/interruption.h"

#include <atomic>
#include <csignal>

namespace normlab {
namespace {

// A signal handler may touch what needs no lock, and threads ask.
std::atomic<bool> interrupted = false;
static_assert(std::atomic<bool>::is_always_lock_free);

extern "C" void note_interruption(int) { interrupted = true; }

}  // namespace

void note_interruptions() {
  struct sigaction action {};
  action.sa_handler = note_interruption;
  // The handler goes with the first signal, so that the second one ends the program; system calls
  // go on, so that a file being written stays whole.
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  // The terminal was closed; under nohup that does not matter.
  struct sigaction before {};
  sigaction(SIGHUP, nullptr, &before);
  if (before.sa_handler != SIG_IGN) sigaction(SIGHUP, &action, nullptr);
}

bool was_interrupted() { return interrupted; }

}  // namespace normlab
