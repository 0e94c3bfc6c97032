// What bad input must lead to: an exception of normlab's family whose message says enough.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <typeinfo>
#include <vector>

#include "normlab/base/error.h"

namespace normlab {

// Fails the test unless `action` throws E and the message holds every one of `parts`.
template <class E = Error, class Action>
void expect_error(Action&& action, const std::vector<std::string>& parts) {
  try {
    action();
  } catch (const E& error) {
    const std::string message = error.what();
    for (const std::string& part : parts) {
      EXPECT_NE(message.find(part), std::string::npos)
          << "the message \"" << message << "\" does not say \"" << part << "\"";
    }
    return;
  } catch (const std::exception& error) {
    FAIL() << "another exception, " << typeid(error).name() << ": " << error.what();
  }
  FAIL() << "no exception";
}

// The message of the E that `action` throws; the test fails if it throws none or another.
template <class E = Error, class Action>
std::string message_of(Action&& action) {
  try {
    action();
  } catch (const E& error) {
    return error.what();
  } catch (const std::exception& error) {
    ADD_FAILURE() << "another exception, " << typeid(error).name() << ": " << error.what();
    return "";
  }
  ADD_FAILURE() << "no exception";
  return "";
}

}  // namespace normlab
