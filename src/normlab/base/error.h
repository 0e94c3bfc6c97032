// The exceptions of normlab. Every message is one or two lines that say what is wrong, where, and
// what to do about it; only the command line catches them (cli/main.cc) and turns them into an
// exit code. A program that uses the library catches `Error`.
#pragma once

#include <stdexcept>
#include <string>

#include "normlab/base/text.h"

namespace normlab {

// Something failed: a damaged file, no network, a loss that is no number. Exit code 1.
class Error : public std::runtime_error {
 public:
  // Names that the user gave are in it, so it is made printable().
  explicit Error(const std::string& message) : std::runtime_error(printable(message)) {}
};

// A file or folder cannot be written: the disk is full, the folder is read-only. What was there
// before still is. Exit code 1.
class WriteError : public Error {
 public:
  using Error::Error;
};

// What the user wrote cannot be meant: an unknown flag, key or norm, groups that do not divide the
// channels, a model whose shapes do not fit. Exit code 2.
class UsageError : public Error {
 public:
  using Error::Error;
};

// The user asked to stop (Ctrl-C). What was finished is kept. Exit code 130.
class Interrupted : public Error {
 public:
  using Error::Error;
};

}  // namespace normlab
